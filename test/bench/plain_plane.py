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



"""The ground plane as it is written down plainly: every point scored by every hypothesis."""

from __future__ import annotations

import math

import numpy as np

HYPOTHESES = 1000
REFITS = 4


def fit_ground_plane(
    points: np.ndarray, threshold_m: float = 0.01, max_angle_rad: float = math.radians(20),
    seed: int = 0,
) -> tuple[np.ndarray, float]:
    """Level plane with the most points: RANSAC (Fischler and Bolles 1981), then least squares.

    Distances are written into one array again and again: fresh ones would cost it as much again.

    Args:
        points: (..., 3) float32 metres, NaN unknown.
        threshold_m: greatest distance of an inlier.
        max_angle_rad: greatest tilt; steeper hypotheses are drawn again, not scored.
        seed: of the random choice.

    Returns:
        (3,) unit normal with z > 0, and offset: normal . p + offset = 0.
    """
    points = points.reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    generator = np.random.default_rng(seed)
    away = np.empty(len(points), dtype=np.float32)
    best, most, scored = (np.array([0.0, 0.0, 1.0]), 0.0), -1, 0
    while scored < HYPOTHESES:
        a, b, c = points[generator.integers(0, len(points), 3)].astype(np.float64)
        normal = np.cross(b - a, c - a)
        length = float(np.linalg.norm(normal))
        if not abs(normal[2]) > length * math.cos(max_angle_rad):
            continue
        plane = normal / length, -float(normal @ a) / length
        count = int(np.count_nonzero(_distances(points, plane, away) <= threshold_m))
        scored += 1
        if count > most:
            best, most = plane, count
    for _ in range(REFITS):
        best = _least_squares(points[_distances(points, best, away) <= threshold_m])
    return best


def _distances(
    points: np.ndarray, plane: tuple[np.ndarray, float], out: np.ndarray,
) -> np.ndarray:
    normal, offset = plane
    np.matmul(points, normal.astype(np.float32), out=out)
    out += np.float32(offset)
    return np.abs(out, out=out)


def _least_squares(points: np.ndarray) -> tuple[np.ndarray, float]:
    chosen = points.astype(np.float64)
    center = chosen.mean(axis=0)
    chosen -= center
    normal = np.linalg.eigh(chosen.T @ chosen)[1][:, 0]
    normal = normal if normal[2] > 0 else -normal
    return normal, -float(normal @ center)
