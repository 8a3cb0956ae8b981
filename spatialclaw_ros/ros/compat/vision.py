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

"""The messages of `vision_msgs`, where an installation has them.

Wheels have no such package, so this one brings those messages with it there; what counts is that
they can be imported, not whose they are.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from spatialclaw_ros.ros.compat._distribution import Found, package_version

PACKAGE = 'vision_msgs'
NEEDED = ('Detection3DArray', 'LabelInfo', 'VisionClass')
REMEDY = 'install it: sudo apt install ros-$ROS_DISTRO-vision-msgs'


def _look() -> Found:
    version = package_version(PACKAGE) or ''
    try:
        module = importlib.import_module(f'{PACKAGE}.msg')
    except (ImportError, OSError) as error:
        return Found(PACKAGE, version, reason=str(error))
    fault = lacks(module)
    return Found(PACKAGE, version, None if fault else module, fault)


def lacks(module: ModuleType) -> str:
    """What an old version of the package lacks, '' for nothing."""
    missing = [name for name in NEEDED if not hasattr(module, name)]
    return f'it has no {", ".join(missing)}' if missing else ''


FOUND = _look()
