# Copyright 2026 The spatialclaw_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.


"""Where the files that this package installs beside its modules are: `share/spatialclaw_ros`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spatialclaw_ros.errors import DependencyError

PACKAGE = 'spatialclaw_ros'


def share_path(*parts: str) -> Path:
    """Return a path inside the installed share folder, e.g. `share_path('config', 'fastdds.xml')`.

    It lies in the prefix that this module was imported from, or in one that a sourced workspace
    names.

    Raises:
        DependencyError: The package is not installed; importing it from its sources is not enough.
    """
    prefixes = _prefixes()
    for prefix in prefixes:
        if _holds(prefix, PACKAGE):
            return prefix.joinpath('share', PACKAGE, *parts)
    raise DependencyError(
        f'{PACKAGE} is not installed: no share folder below {", ".join(map(str, prefixes))}. '
        'Build it with colcon and source the workspace, or run `pip install .` or `make install`.')


def has_package(name: str) -> bool:
    """Whether a ROS package is installed where this one is, or in a sourced workspace."""
    return any(_holds(prefix, name) for prefix in _prefixes())


def _prefixes() -> list[Path]:
    module = Path(__file__).absolute()
    prefixes = [parent.parent for parent in module.parents if parent.name in ('lib', 'lib64')]
    prefixes += map(Path, filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)))
    return [*prefixes, Path(sys.prefix)]


def _holds(prefix: Path, package: str) -> bool:
    return (prefix / 'share' / 'ament_index' / 'resource_index' / 'packages' / package).exists()
