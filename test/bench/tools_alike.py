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



"""When two planes, or two pictures, are equal; what is not ends the benchmark."""

from __future__ import annotations

import math

import cv2
import numpy as np

MAX_ANGLE_DEG = 0.2
MAX_OFFSET_MM = 2.0
MAX_INLIERS_LOST = 0.002
MAX_CENTROID_PX = 2.0
MAX_DIFFERING = 0.02
_VISIBLE = 48  # levels of 255, after a blur that is as wide as antialiasing
_SAME_COLOUR = 24


class UnequalError(Exception):
    """Two results that must be equal are not."""


def equal_planes(
    points: np.ndarray, ours: tuple[np.ndarray, float], theirs: tuple[np.ndarray, float],
    threshold_m: float,
) -> tuple[float, float, float]:
    """Compare two planes through the same points.

    Args:
        points: (N, 3) metres, NaN unknown.
        ours: (3,) unit normal and offset.
        theirs: the reference's.
        threshold_m: greatest distance of an inlier.

    Returns:
        Angle in degrees; distance in millimetres at the middle of the reference's inliers; share
        of the points that are our inliers, less the reference's share.

    Raises:
        UnequalError: the planes differ, or ours holds fewer points.
    """
    points = points.reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    chord = float(np.linalg.norm(ours[0] - theirs[0]))
    angle_deg = math.degrees(2 * math.asin(min(1.0, chord / 2)))
    on_ours, on_theirs = (
        np.abs(points @ normal + offset) <= threshold_m for normal, offset in (ours, theirs))
    middle = points[on_theirs].mean(axis=0)
    offset_mm = 1e3 * abs(float(middle @ ours[0]) + ours[1] - float(middle @ theirs[0]) - theirs[1])
    gained = float(on_ours.mean() - on_theirs.mean())
    if angle_deg > MAX_ANGLE_DEG or offset_mm > MAX_OFFSET_MM or gained < -MAX_INLIERS_LOST:
        raise UnequalError(
            f'planes must agree to {MAX_ANGLE_DEG} degrees and {MAX_OFFSET_MM} mm and ours hold as '
            f'many points; they are {angle_deg:.3f} degrees and {offset_mm:.2f} mm apart, ours '
            f'holds {100 * gained:+.2f} % of the points')
    return angle_deg, offset_mm, gained


def equal_pictures(name: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    """Compare two pictures, pixel by pixel.

    Args:
        name: of the picture, for the message.
        ours: (H, W, 3) uint8.
        theirs: the reference's.

    Returns:
        Share of pixels that differ by more than antialiasing explains.

    Raises:
        UnequalError: of another size, or too many differ.
    """
    if ours.shape != theirs.shape:
        raise UnequalError(f'{name}: ours is {ours.shape}, the reference {theirs.shape}')
    soft = [cv2.blur(picture, (3, 3)) for picture in (ours, theirs)]
    share = float((cv2.absdiff(*soft).max(axis=2) > _VISIBLE).mean())
    if share > MAX_DIFFERING:
        raise UnequalError(
            f'{name}: {100 * share:.1f} % of the pixels differ, at most {100 * MAX_DIFFERING:g} % '
            'may, which is lettering')
    return share


def equal_places(
    name: str, ours: np.ndarray, theirs: np.ndarray, colour: tuple[int, int, int],
) -> float:
    """Compare where a colour is in two pictures.

    Args:
        name: of what has the colour, for the message.
        ours: (H, W, 3) uint8.
        theirs: the reference's.
        colour: RGB.

    Returns:
        Pixels between the middles of all places that have it.

    Raises:
        UnequalError: they are more than two pixels apart, or a picture has it nowhere.
    """
    centroids = []
    for picture in (ours, theirs):
        away = np.abs(picture.astype(np.int16) - np.array(colour)).max(axis=2)
        # the median: lettering covers some of it, not in the same places to the pixel
        centroids.append(np.median(np.argwhere(away <= _SAME_COLOUR), axis=0))
    apart_px = float(np.linalg.norm(centroids[0] - centroids[1]))
    if not apart_px <= MAX_CENTROID_PX:
        raise UnequalError(
            f'{name}: middles are {apart_px:.2f} pixels apart, at most {MAX_CENTROID_PX:g} '
            'may be')
    return apart_px
