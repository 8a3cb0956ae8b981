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

"""What this installation has of ROS' Python packages, and what each missing one costs."""

from __future__ import annotations

from typing import NamedTuple

from spatialclaw_ros.ros.compat import (
    cv_bridge,
    sensor_msgs_py,
    tf2,
    tf_transformations,
    vision,
)
from spatialclaw_ros.ros.compat._distribution import Found, package_version

DISTRIBUTION, STAND_IN, MISSING = 'distribution', 'stand-in', 'missing'


class Installed(NamedTuple):
    """One package.

    Args:
        package: ROS package name.
        state: 'distribution', 'stand-in' or 'missing'.
        version: of the distribution's package; '' when it is not there.
        cost: what using the stand-in, or having nothing, costs; '' for nothing.
    """

    package: str
    state: str
    version: str
    cost: str


STAND_IN_COSTS = {
    'tf2_ros_py': 'no tf2_frames service; a lookup takes about 20 us more',
    'cv_bridge': 'conversions between colour encodings only; images are decoded by this package '
                 'either way',
    'tf_transformations': 'its functions for rigid motions only',
    'sensor_msgs_py': 'nothing',
}
VISION_COST = 'no ~/label_info and no ~/detections'
MISSING_COSTS = {
    'ros2launch': 'no `ros2 launch`: start the node with spatialclaw_node',
    'ros2cli': 'no `ros2` command: ask with `spatialclaw ask`',
    'rosbag2_py': 'no `ros2 bag`: recordings are read through rosbags',
    'image_transport_plugins': 'other nodes of this machine can\'t send compressed images; '
                               'they are read all the same',
}


def installed() -> list[Installed]:
    """State of every package that this one can use of a ROS distribution."""
    states = [
        _state(found) for found in (
            tf2.FOUND, cv_bridge.FOUND, tf_transformations.FOUND, sensor_msgs_py.FOUND)]
    states.append(
        Installed(vision.PACKAGE, DISTRIBUTION, vision.FOUND.version, '')
        if vision.FOUND.module is not None else
        Installed(vision.PACKAGE, MISSING, '',
                  f'{VISION_COST}: {vision.FOUND.reason}; {vision.REMEDY}'))
    for package, cost in MISSING_COSTS.items():
        version = package_version(package)
        states.append(
            Installed(package, MISSING, '', cost) if version is None
            else Installed(package, DISTRIBUTION, version, ''))
    return states


def _state(found: Found) -> Installed:
    if found.module is not None:
        return Installed(found.package, DISTRIBUTION, found.version, '')
    cost = STAND_IN_COSTS[found.package]
    if found.version:
        cost = f'{found.reason}; {cost}'
    return Installed(found.package, STAND_IN, found.version, cost)
