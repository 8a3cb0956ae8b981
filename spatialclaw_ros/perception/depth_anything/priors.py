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



"""CameraInfo and TF in the form that the networks take them, where they are of use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatialclaw_ros.geometry.se3 import invert
from spatialclaw_ros.perception.depth_anything.images import Window

_FEWEST_VIEWS = 3
_LEAST_MOVEMENT_M = 0.05  # as `scale.MIN_BASELINE_M`: less is TF's own error
_LEAST_UNIT_M = 0.1  # the package's


def pose_prior(extrinsics: np.ndarray | None) -> np.ndarray | None:
    """Poses as the networks were trained with: of the first camera, in a unit of their own.

    The unit is the median distance to the first camera. Of two views that is half of nothing, and
    of cameras that stand still it is noise: both get no prior. Cameras on a line do; what fails
    for them in the package is only its alignment afterwards, which is not used here.

    Args:
        extrinsics: (N, 4, 4) world-to-camera, metres.

    Returns:
        (N, 4, 4); None where they are of no use.
    """
    if extrinsics is None or len(extrinsics) < _FEWEST_VIEWS:
        return None
    relative = extrinsics @ invert(extrinsics[0])
    away = np.sort(np.linalg.norm(invert(relative)[:, :3, 3], axis=1))
    unit_m = float(away[(len(away) - 1) // 2])
    if unit_m < _LEAST_MOVEMENT_M:
        return None
    relative[:, :3, 3] /= max(unit_m, _LEAST_UNIT_M)
    return np.asarray(relative)


def cameras_inside(
    intrinsics: np.ndarray, sizes: Sequence[tuple[int, ...]], windows: Sequence[Window],
) -> np.ndarray:
    """Intrinsics (N, 3, 3) of images in what the network sees, its pixels counted from the corner.

    Args:
        intrinsics: (N, 3, 3) of the images, pixels counted from their centres.
        sizes: N times height and width of the images.
        windows: where they lie in what the network sees.
    """
    inside = np.array(intrinsics, dtype=np.float64)
    for matrix, (height, width), window in zip(inside, sizes, windows):
        matrix[:2, 2] += 0.5
        matrix[0] *= window.width / width
        matrix[1] *= window.height / height
        matrix[:2, 2] += window.left, window.top
    return inside


def cameras_of_windows(intrinsics: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
    """Intrinsics (N, 3, 3) that a network tells, of the windows, pixels counted from centres."""
    own = np.array(intrinsics, dtype=np.float64)
    for matrix, window in zip(own, windows):
        matrix[:2, 2] -= window.left + 0.5, window.top + 0.5
    return own
