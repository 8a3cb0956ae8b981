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



"""Metres from a network that sees each image alone, and their share in a nested model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spatialclaw_ros.errors import PerceptionError

SKY = 0.3
"""What the sky head tells from here on is sky, which has no depth; the package's threshold."""

_CANONICAL_PX = 300.0
_LEAST_PIXELS = 10
_LEAST_DEPTH = 1e-3
_LEAST_METRES = 1e-2


def metres(depths: Sequence[np.ndarray], intrinsics: np.ndarray) -> list[np.ndarray]:
    """Metres of what da3metric tells: depth for a focal length of 300 pixels.

    Args:
        depths: N maps (h, w) of the network.
        intrinsics: (N, 3, 3) of the images as the network saw them; the mean of both focal lengths
            counts, as in the package.
    """
    focal = intrinsics[:, (0, 1), (0, 1)].mean(axis=1)
    return [np.asarray(each * np.float32(px / _CANONICAL_PX)) for each, px in zip(depths, focal)]


def joined_scale(
    depths: Sequence[np.ndarray], confidence: Sequence[np.ndarray],
    depths_m: Sequence[np.ndarray], skies: Sequence[np.ndarray],
) -> float:
    """Metres in a unit of a multi-view network, by a metric one: least squares over all pixels.

    As the package's nested network does it, over the surer half of what is not sky.

    Args:
        depths: N maps (h, w) of the multi-view network.
        confidence: of these.
        depths_m: N maps (h, w) of the metric one.
        skies: of its sky head.

    Raises:
        PerceptionError: nothing but sky is in view.
    """
    depth, sure, depth_m, sky = (
        np.concatenate([each.ravel() for each in maps])
        for maps in (depths, confidence, depths_m, skies))
    ground = sky < SKY
    if int(ground.sum()) > _LEAST_PIXELS:
        used = (ground & (sure >= np.median(sure[ground])) & (depth_m > _LEAST_METRES)
                & (depth > _LEAST_DEPTH))
        unit, told = depth[used].astype(np.float64), depth_m[used].astype(np.float64)
        if unit.size:
            return float(unit @ told / (unit @ unit))
    raise PerceptionError(
        'the depth model sees nothing but sky in these frames, and so no scale; take others')
