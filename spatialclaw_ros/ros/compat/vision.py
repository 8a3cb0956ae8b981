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

"""The messages of `vision_msgs`, where an installation has that package."""

from __future__ import annotations

from types import ModuleType

from spatialclaw_ros.ros.compat import _distribution

PACKAGE = 'vision_msgs'
NEEDED = ('Detection3DArray', 'LabelInfo', 'VisionClass')
REMEDY = 'install it: sudo apt install ros-$ROS_DISTRO-vision-msgs'


def _lacks(module: ModuleType) -> str:
    """What an old version of the package lacks."""
    missing = [name for name in NEEDED if not hasattr(module, name)]
    return f'it has no {", ".join(missing)}' if missing else ''


FOUND = _distribution.find(PACKAGE, f'{PACKAGE}.msg', _lacks)
