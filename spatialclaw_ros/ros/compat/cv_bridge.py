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

"""`cv_bridge`: the distribution's own where it works, or a stand-in.

The package index's `cv-bridge` is ROS 1's and reads 16UC1 as 8 bit; it is in no ament index and so
never taken. Distribution binaries built for NumPy 1 fail the probe under NumPy 2.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import Image

from spatialclaw_ros.ros.compat import _distribution


def _probe(module: ModuleType) -> str:
    message = Image(height=1, width=2, encoding='16UC1', step=4)
    message.data.frombytes(np.array([500, 1000], np.uint16).tobytes())
    color = Image(height=1, width=1, encoding='rgb8', step=3)
    color.data.frombytes(bytes([1, 2, 3]))
    try:
        bridge = module.CvBridge()
        depth = bridge.imgmsg_to_cv2(message)
        swapped = bridge.imgmsg_to_cv2(color, 'bgr8')
    except Exception as error:
        return f'fails its probe: {error}'
    if depth.dtype != np.uint16 or depth.tolist() != [[500, 1000]]:
        return 'reads 16UC1 wrongly'
    return '' if swapped.reshape(-1).tolist() == [3, 2, 1] else 'swaps colours wrongly'


FOUND = _distribution.find('cv_bridge', 'cv_bridge', _probe)

if TYPE_CHECKING or FOUND.module is None:
    from spatialclaw_ros.ros.compat._cv_bridge_standin import CvBridge, CvBridgeError
else:
    from cv_bridge import CvBridge, CvBridgeError

__all__ = ['FOUND', 'CvBridge', 'CvBridgeError']
