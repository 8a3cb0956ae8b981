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

"""Finds the ROS distribution's own Python packages, and tells them from namesakes.

A package counts as the distribution's when the ament index lists it, its module can be imported
and it passes a small probe. The package index has ROS 1 packages of the same names (its cv-bridge
reads 16UC1 as 8 bit without an error); they are in no ament index.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ament_index_python.packages import PackageNotFoundError, get_package_prefix


@dataclass(frozen=True)
class Found:
    """What became of looking for one package.

    Args:
        package: ROS package name.
        version: from its package.xml; '' when it is not there.
        module: its Python module; None when the stand-in is used.
        reason: why the stand-in is used, '' when it is not.
    """

    package: str
    version: str = ''
    module: ModuleType | None = None
    reason: str = ''


def package_version(package: str) -> str | None:
    """Version of an installed ROS package, '' when it names none, None when it is not installed."""
    try:
        prefix = Path(get_package_prefix(package))
    except (PackageNotFoundError, LookupError, OSError, ValueError):
        return None
    manifest = prefix / 'share' / package / 'package.xml'
    if not manifest.is_file():
        return ''
    match = re.search(
        r'<version[^>]*>\s*([^<\s]+)', manifest.read_text(encoding='utf-8', errors='replace'))
    return match.group(1) if match else ''


def find(package: str, module: str, probe: Callable[[ModuleType], str] = lambda found: '') -> Found:
    """Look for a package of the distribution.

    Args:
        package: ROS package name, as in the ament index.
        module: Python module to import from it.
        probe: tries the module; returns what is wrong with it, '' for nothing.
    """
    version = package_version(package)
    if version is None:
        return Found(package, reason='not in the ament index')
    try:
        found = importlib.import_module(module)
    except (ImportError, AttributeError, OSError) as error:
        return Found(package, version, reason=f'can\'t be imported: {error}')
    fault = probe(found)
    return Found(package, version, None if fault else found, fault)
