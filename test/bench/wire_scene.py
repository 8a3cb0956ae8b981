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


"""What crosses in the wire's benchmark: 32 pictures, depth and confidence that come back."""

from __future__ import annotations

import cv2
import numpy as np
from bench_photos import photos

from spatialclaw_ros.perception.prediction import Prediction

VIEWS, HEIGHT, WIDTH = 32, 480, 640
_MAP_HEIGHT, _MAP_WIDTH = 378, 504
_DEPTH_NOISE = 0.002


def pictures() -> list[np.ndarray]:
    """32 frames (480, 640, 3) uint8 RGB that compress as photographs do."""
    return [np.ascontiguousarray(frame[:HEIGHT, :WIDTH]) for frame in photos(VIEWS)]


def intrinsics() -> np.ndarray:
    """(32, 3, 3) of the pictures."""
    matrix = np.array([[525.0, 0, 319.5], [0, 525.0, 239.5], [0, 0, 1]])
    return np.tile(matrix, (VIEWS, 1, 1))


def poses() -> np.ndarray:
    """(32, 4, 4): a camera that moves sideways."""
    found = np.tile(np.eye(4), (VIEWS, 1, 1))
    found[:, 0, 3] = np.linspace(0, 0.6, VIEWS)
    return found


def prediction(frames: list[np.ndarray]) -> Prediction:
    """Depth and confidence (378, 504) float32 of each: smooth, edges where the pictures have them,
    and the last digits as random as those of a network.
    """
    generator = np.random.default_rng(2)
    depths, confidences = [], []
    for frame in frames:
        gray = cv2.resize(
            cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (_MAP_WIDTH, _MAP_HEIGHT)) / np.float32(255)
        smooth = cv2.bilateralFilter(gray, 9, 0.1, 5)
        noise = generator.standard_normal(smooth.shape, np.float32) * np.float32(_DEPTH_NOISE)
        depths.append(np.float32(0.8) + 4 * smooth * (1 + noise))
        confidences.append(1 + np.exp(2 * smooth + 10 * noise))
    return Prediction(
        tuple(depths), tuple(confidences), poses()[:len(frames)], intrinsics()[:len(frames)],
        confidence_kind='exp_plus_one')
