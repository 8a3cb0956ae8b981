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


"""How exact a depth camera is."""

from __future__ import annotations

import numpy as np


def depth_sigma_m(depth_m: np.ndarray | float) -> np.ndarray:
    """Standard deviation of a consumer RGB-D camera's depth.

    sigma = 1.2 mm + 1.9 mm/m^2 * (z - 0.4 m)^2: Nguyen, Izadi and Lovell, "Modeling Kinect Sensor
    Noise for Improved 3D Reconstruction and Tracking" (3DIMPVT 2012), axial noise of a surface
    turned by less than 60 degrees.

    Args:
        depth_m: metres along z, any shape.

    Returns:
        Metres, float64, NaN where the depth is unknown.
    """
    depth = np.asarray(depth_m, dtype=np.float64)
    return np.asarray(0.0012 + 0.0019 * np.square(depth - 0.4))


def depth_offset_sigma_m(depth_m: np.ndarray | float) -> np.ndarray:
    """Standard deviation, among cameras, of the error that all pixels of one camera share.

    No mean over pixels or views takes it away, but it hardly changes how far two things are apart
    that one camera sees. 0.0033 / m * z^2, as of an offset of inverse depth: the data sheet of
    Intel's D400 series promises an absolute error of at most 2 % at 2 m, which is taken for three
    standard deviations. Boehm, "Accuracy Investigation for Structured-light Based Consumer 3D
    Sensors" (PFG 2014), found the like of cameras with structured light.

    Args:
        depth_m: metres along z, any shape.

    Returns:
        Metres, float64, NaN where the depth is unknown.
    """
    return np.asarray(0.02 / 3 / 2 * np.square(np.asarray(depth_m, dtype=np.float64)))
