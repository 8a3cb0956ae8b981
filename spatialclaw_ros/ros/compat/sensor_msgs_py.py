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

"""`sensor_msgs_py`: the distribution's own `point_cloud2`, or a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialclaw_ros.ros.compat import _distribution

FOUND = _distribution.find('sensor_msgs_py', 'sensor_msgs_py.point_cloud2')

if TYPE_CHECKING or FOUND.module is None:
    from spatialclaw_ros.ros.compat import _point_cloud2_standin as point_cloud2
else:
    from sensor_msgs_py import point_cloud2

__all__ = ['FOUND', 'point_cloud2']
