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

"""Whether a depth image lies on its picture: where depth jumps, the picture has a line.

Not every line of a picture is a jump of depth, and of a picture that is full of lines some lie near
any jump by chance: that share is taken out. Noise makes small jumps where there are none, and two
gray things before each other a faint line: jumps that noise makes do not count, faint lines do.
"""

from __future__ import annotations

import cv2
import numpy as np

from spatialclaw_ros.perception.view import FrameView

_JUMP = 0.04  # of the depth, over two pixels: a level surface under 15 degrees of slope has less
_NOISE = 6.0  # sigmas, of two of nine neighbours that were evened out before
_FAINT, _STRONG = 15, 40  # of 255: steps of gray that begin and go on with a line
_NEAR_PX = 2.5
_LEAST_PX = 100
_ON_LINES = 0.65
"""Least share of jumps on lines. What is off along a line is on it all the same: of upright and of
level jumps in like number half stay where they are when depth is off to one side."""


def depth_is_registered(view: FrameView) -> bool:
    """Whether jumps of depth lie on lines of the picture to about two pixels.

    True where too little of either shows to tell, False without depth.
    """
    if view.geometry is None:
        return False
    jumps = _jumps(view)
    gray = cv2.cvtColor(view.smooth, cv2.COLOR_RGB2GRAY)
    lines = cv2.Canny(gray, _FAINT, _STRONG) > 0
    if min(np.count_nonzero(jumps), np.count_nonzero(lines)) < _LEAST_PX:
        return True
    near = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, 3) < _NEAR_PX
    by_chance = float(near.mean())
    return float(near[jumps].mean()) - by_chance > _ON_LINES * (1.0 - by_chance)


def _jumps(view: FrameView) -> np.ndarray:
    """(H, W) bool: pixels beside which depth jumps, by more than noise does."""
    assert view.geometry is not None
    features = view.geometry.features
    known = np.isfinite(features.depth_m) & (view.steady_depth > 0)
    inverse = np.zeros_like(features.depth_m)
    np.divide(np.float32(1.0), view.steady_depth, out=inverse, where=known)
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(inverse, kernel) - cv2.erode(inverse, kernel)
    least = np.maximum(_JUMP * inverse, _NOISE * np.nan_to_num(features.noise_per_m))
    return np.asarray((spread > least) & (cv2.erode(known.view(np.uint8), kernel) > 0))
