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


"""Fills the holes of sensor depth from a model's depth; what the sensor measured stays.

After the fit of a whole image, models still err by slow waves over the picture. So the ratio of
sensor to model is spread from where both are known into the holes, in a bilateral grid over x, y
and log depth (Chen, Paris and Durand, "Real-time Edge-Aware Image Processing with the Bilateral
Grid", SIGGRAPH 2007): across a hole's border on one surface it makes the fill meet the sensor, and
across a depth edge it does nothing, as nothing is known there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

FILL_CONFIDENCE = 0.25
"""Most that a filled pixel can have; a measured one of a metre or two has 0.9."""

_CELLS = 20  # over the image's width
_DEPTH_BINS_PER_LOG = 12.0
_BLUR = 0.7  # cells
_SUPPORT = 0.3  # of samples' weight, that is worth half of a correction
_MOST_CORRECTION = 0.25  # log; more is another surface
_TRUSTED = 0.15  # log; a sensor pixel farther off than this is an outlier of either
_DISTANCE_SHARE = 0.1  # of the image's width, from the nearest measured pixel, that halves trust
_SAMPLE_STEP = 2
_LEAST = 0.04


@dataclass(frozen=True, eq=False)
class Filled:
    """One image's depth, filled.

    Args:
        depth_m: (H, W) float32; NaN where neither knows.
        confidence: (H, W) float32 in [0, 1].
        filled: (H, W) bool, pixels that are the model's.
        near: (H, W) float32 in [0, 1], how well measured pixels beside it tell the model's error.
    """

    depth_m: np.ndarray
    confidence: np.ndarray
    filled: np.ndarray
    near: np.ndarray


def fill_holes(
    sensor_m: np.ndarray, sensor_confidence: np.ndarray, model_m: np.ndarray,
    model_confidence: np.ndarray,
) -> Filled:
    """Fill one image.

    Args:
        sensor_m: (H, W) float32 metres, NaN in holes.
        sensor_confidence: (H, W) float32 in [0, 1].
        model_m: (H, W) float32 metres, fitted to the sensor over the image; NaN where unknown.
        model_confidence: (H, W) float32 in [0, 1], what model, fit and reach leave.

    Returns:
        The sensor's values where it has any, elsewhere the model's, corrected near the sensor's;
        what the model itself is all but sure to have wrong stays a hole.
    """
    holes = ~np.isfinite(sensor_m)
    filled = holes & np.isfinite(model_m) & (model_confidence > _LEAST)
    if not filled.any():
        return Filled(sensor_m, sensor_confidence, filled, np.zeros_like(sensor_m))
    correction, support = _spread_correction(sensor_m, model_m)
    depth = np.where(filled, model_m * np.exp(correction), sensor_m)
    away = cv2.distanceTransform(holes.astype(np.uint8), cv2.DIST_L2, 3)
    away = away / np.float32(_DISTANCE_SHARE * holes.shape[1])
    near = np.maximum(1 / (1 + away * away), support)
    sure = np.float32(FILL_CONFIDENCE) * model_confidence * (np.float32(0.3) + 0.7 * near)
    confidence = np.where(filled, sure, sensor_confidence)
    return Filled(
        np.asarray(depth, dtype=np.float32), np.asarray(confidence, dtype=np.float32), filled,
        np.asarray(near, dtype=np.float32))


def _spread_correction(
    sensor_m: np.ndarray, model_m: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Log of sensor / model (H, W), and (H, W) in [0, 1] how well it is supported."""
    with np.errstate(invalid='ignore'):
        layer = np.log(model_m) * np.float32(_DEPTH_BINS_PER_LOG)
        ratio = np.log(sensor_m / model_m)
        usable = np.abs(ratio) < _TRUSTED
    known = np.isfinite(layer)
    bottom = float(layer[known].min())
    depths = int(layer[known].max() - bottom) + 2
    height, width = model_m.shape
    side = max(4.0, width / _CELLS)
    shape = (int(height / side) + 2, int(width / side) + 2, depths + 1)
    some = np.zeros(usable.shape, dtype=bool)
    some[::_SAMPLE_STEP, ::_SAMPLE_STEP] = True
    rows, columns = np.nonzero(usable & some)
    cell = np.ravel_multi_index((
        np.rint(rows / side).astype(np.intp), np.rint(columns / side).astype(np.intp),
        np.rint(layer[rows, columns] - bottom).astype(np.intp)), shape)
    count = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float32)
    total = np.bincount(
        cell, weights=ratio[rows, columns], minlength=int(np.prod(shape))).reshape(shape)
    full = np.float32((side / _SAMPLE_STEP)**2)
    weight = ndimage.gaussian_filter(count / full, _BLUR, mode='constant')
    value = ndimage.gaussian_filter(total.astype(np.float32) / full, _BLUR, mode='constant')
    rows, columns = np.nonzero(known & ~np.isfinite(sensor_m))
    at = np.stack([
        rows / np.float32(side), columns / np.float32(side), layer[rows, columns] - bottom])
    weight_at = ndimage.map_coordinates(weight, at, order=1, mode='nearest')
    value_at = ndimage.map_coordinates(value, at, order=1, mode='nearest')
    correction, support = np.zeros_like(model_m), np.zeros_like(model_m)
    # little weight pulls little: far from all measurements the fit of the image stands alone
    correction[rows, columns] = np.clip(
        value_at / (weight_at + _SUPPORT * 0.1), -_MOST_CORRECTION, _MOST_CORRECTION)
    support[rows, columns] = weight_at / (weight_at + _SUPPORT)
    return correction, support
