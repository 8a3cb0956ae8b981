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

import itertools
import math

import cv2
import numpy as np

MAX_ANGLE_DEG = 0.2
MAX_OFFSET_MM = 2.0
MAX_INLIERS_LOST = 0.002
MAX_MOVED_PX = 1
MIN_IN_BOTH = 0.7
MAX_CLOUD_APART = 0.02  # of the longer side
MAX_DIFFERING = 0.02
_VISIBLE = 48  # levels of 255, after a blur that is as wide as antialiasing
_SAME_COLOUR = 24
_DARK = 64
_STROKE_PX = 7
_REACH_PX = 6


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


def equal_clouds(name: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    """Compare where two samples of the same points lie, from above.

    Args:
        name: of what they are of, for the message.
        ours: (N, 3) metres.
        theirs: (M, 3) the reference's.

    Returns:
        Greatest difference in metres of x or y where 5, 25, 50, 75 and 95 % of them are reached.

    Raises:
        UnequalError: more than some of the longer side between 5 and 95 %.
    """
    reached, wanted = (np.percentile(points[:, :2], (5, 25, 50, 75, 95), axis=0)
                       for points in (ours, theirs))
    apart_m = float(np.abs(reached - wanted).max())
    most_m = MAX_CLOUD_APART * float((wanted[-1] - wanted[0]).max())
    if not apart_m <= most_m:
        raise UnequalError(
            f'{name}: the points are up to {1e3 * apart_m:.1f} mm off those of the reference, at '
            f'most {1e3 * most_m:.1f} mm may be')
    return apart_m


def equal_places(
    name: str, ours: np.ndarray, theirs: np.ndarray, colour: tuple[int, int, int],
) -> tuple[float, float]:
    """Compare where a colour is in two pictures of the same points.

    The middle of the pixels that have it would be a poor measure: of a small object half is under
    lettering, in no two pictures the same half. So one picture is moved over the other, and only
    what is lettered in neither counts: the move at which the most pixels have the colour in both,
    out of those that have it in either, must be about none, and that share must be high.

    Args:
        name: of what has the colour, for the message.
        ours: (H, W, 3) uint8; lettering is the dark parts.
        theirs: the reference's.
        colour: RGB.

    Returns:
        Greater of the columns and rows that theirs must be moved by; share of the pixels that have
        the colour in both then, out of those in either.

    Raises:
        UnequalError: the move is more than a pixel, or the share too low.
    """
    (on_ours, clear_ours), (on_theirs, clear_theirs) = (
        (_has(picture, colour), ~_lettered(picture)) for picture in (ours, theirs))
    fits = {}
    for rows, columns in itertools.product(range(-_REACH_PX, _REACH_PX + 1), repeat=2):
        at, moved = _overlap(ours.shape, rows, columns)
        clear = clear_ours[at] & clear_theirs[moved]
        both = np.count_nonzero(on_ours[at] & on_theirs[moved] & clear)
        either = np.count_nonzero((on_ours[at] | on_theirs[moved]) & clear)
        fits[rows, columns] = both / either if either else 0.0
    move = max(fits, key=fits.__getitem__)
    moved_px = max(map(abs, move))
    if moved_px > MAX_MOVED_PX or fits[move] < MIN_IN_BOTH:
        raise UnequalError(
            f'{name}: the pictures fit best when one is moved by {moved_px} pixels, at most '
            f'{MAX_MOVED_PX} may be needed; then {100 * fits[move]:.0f} % of the colour\'s pixels '
            f'are in both, at least {100 * MIN_IN_BOTH:g} % must be')
    return float(moved_px), float(fits[move])


def _has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(np.abs(picture.astype(np.int16) - np.array(colour)).max(axis=2)
                      <= _SAME_COLOUR)


def _lettered(picture: np.ndarray) -> np.ndarray:
    """Dark patches, and the bright letters in them."""
    dark = (picture.max(axis=2) <= _DARK).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(
        dark, cv2.MORPH_CLOSE, np.ones((_STROKE_PX, _STROKE_PX), dtype=np.uint8)) > 0)


def _overlap(
    shape: tuple[int, ...], rows: int, columns: int,
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of a picture that another one of its size covers when moved, in each of them."""
    ours, theirs = zip(*(
        (slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size - max(by, 0)))
        for by, size in ((rows, shape[0]), (columns, shape[1]))))
    return ours, theirs
