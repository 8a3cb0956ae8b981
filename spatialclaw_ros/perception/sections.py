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


"""Sections of a thing as a camera sees them, and whether an arc or a corner fits them better.

A section is a line of points, each the middle of many pixels: noise that hides the form of single
points is averaged out. An arc has the thing's width; a corner has two straight sides at a right
angle, of which one may be all that shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BINS = 15
LEAST_BINS = 6
_LEAST_PIXELS = 5
_SHARED_BY = 5  # neighbours that share their noise: matching windows of stereo make it so
_STRAYS = 0.13  # two of fifteen bins: a handle, pixels mixed with those behind
_RADII = (0.74, 0.82, 0.9, 0.97, 1.03)  # of half the width: a handle is a part of that
_TURNS = np.radians(np.linspace(4.0, 86.0, 17))
_PLACES = np.linspace(-1.0, 1.0, 17)
_SLACK, _SLACK_M = 0.03, 0.0005  # no mug is quite round, no box quite straight
_FITS = 2.5  # mean square of what fits: more, and neither form is the thing's
_MOST = 15.0  # that one section tells: what else may be wrong with it is not in its noise


@dataclass(frozen=True, eq=False)
class Profile:
    """A section, seen from one side.

    Args:
        across: (K,) metres, to one side.
        along: (K,) metres, away from who sees it.
        sigma: (K,) metres, of `along`.
        middle, half: of the whole width, metres across.
    """

    across: np.ndarray
    along: np.ndarray
    sigma: np.ndarray
    middle: float
    half: float


def section(
    across: np.ndarray, along: np.ndarray, sigma_m: float, ends: tuple[float, float],
    trim: float = 0.04,
) -> Profile | None:
    """Middles of points (N,) in even steps across.

    Args:
        across: metres.
        along: metres, away from the eye.
        sigma_m: of one point.
        ends: of the thing, metres across.
        trim: share of the width that is left out at each end.

    Returns:
        None where too few steps have points.
    """
    place, kept, middles = _placed(across, ends, trim)
    order = np.lexsort((along[kept], place))
    place, ordered = place[order], along[kept][order]
    first, last = (np.searchsorted(place, np.arange(BINS), side=side) for side in ('left', 'right'))
    count = last - first
    good = count >= _LEAST_PIXELS
    if np.count_nonzero(good) < LEAST_BINS:
        return None
    # a median has 1.25 times the deviation of a mean
    sigma = 1.25 * sigma_m / np.sqrt(np.maximum(1.0, count[good] / _SHARED_BY))
    return Profile(middles[good], ordered[(first + last - 1)[good] // 2], sigma,
                   sum(ends) / 2, (ends[1] - ends[0]) / 2)


def outermost(
    across: np.ndarray, outward: np.ndarray, sigma_m: float, trim: float = 0.03,
) -> Profile | None:
    """The outermost of an outline's points (N,) in even steps across, seen from outside.

    Args:
        across: metres.
        outward: metres, towards who sees it.
        sigma_m: of one point.
        trim: share of the width that is left out at each end.
    """
    if len(across) < BINS:
        return None
    ends = float(across.min()), float(across.max())
    place, kept, middles = _placed(across, ends, trim)
    farthest = np.full(BINS, -np.inf)
    np.maximum.at(farthest, place, outward[kept])
    good = np.isfinite(farthest)
    if np.count_nonzero(good) < LEAST_BINS:
        return None
    return Profile(middles[good], -farthest[good], np.full(int(good.sum()), sigma_m),
                   sum(ends) / 2, (ends[1] - ends[0]) / 2)


def _placed(
    across: np.ndarray, ends: tuple[float, float], trim: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step (M,) of each point that is in one, which points (N,) these are, middles (BINS,)."""
    low, high = (ends[0] + trim * (ends[1] - ends[0]), ends[1] - trim * (ends[1] - ends[0]))
    step = max((high - low) / BINS, 1e-6)
    place = np.floor((across - low) / step).astype(np.int64)
    kept = (place >= 0) & (place < BINS)
    return place[kept], kept, low + (np.arange(BINS) + 0.5) * step


def roundness(
    profile: Profile | None, turn_rad: float | None = None, shift: float = 0.06,
) -> float:
    """How much better an arc fits a section than a corner does, as a logarithm of odds.

    Args:
        profile: of the thing; None tells nothing.
        turn_rad: of the corner's side on the left, where that is known.
        shift: how far off the middle an arc as wide as the thing may be, of half its width.

    Returns:
        Half the difference of both sums of squares: positive for an arc, negative for a corner,
        between -`_MOST` and `_MOST`; 0 where neither fits.
    """
    if profile is None:
        return 0.0
    slack = profile.sigma ** 2 + (_SLACK * profile.half + _SLACK_M) ** 2
    arc = _misfit(profile, _arcs(profile, shift), slack)
    turns = _TURNS if turn_rad is None else np.array([min(max(turn_rad, 0.07), 1.5)])
    corner = _misfit(profile, _corners(profile, turns), slack)
    free = max(1.0, (1 - _STRAYS) * len(profile.across) - 3)
    best = min(arc, corner) / free
    if best > _FITS:
        return 0.0
    return float(np.clip((corner - arc) / 2 / max(1.0, best), -_MOST, _MOST))


def _arcs(profile: Profile, shift: float) -> np.ndarray:
    """(N, K) `along` of the near half of circles that are about as wide as the thing."""
    radius = profile.half * np.array(_RADII)[:, None, None]
    room = np.maximum(profile.half - radius, shift * profile.half)
    at = profile.middle + np.linspace(-1.0, 1.0, 7)[None, :, None] * room
    off = (profile.across - at) / radius
    return np.asarray(-radius * np.sqrt(np.maximum(1.0 - off * off, 0.02))).reshape(
        -1, len(profile.across))


def _corners(profile: Profile, turns: np.ndarray) -> np.ndarray:
    """(N, K) `along` of two sides at a right angle that meet anywhere, and of one straight on."""
    left, right = np.tan(turns)[:, None, None], 1.0 / np.tan(turns)[:, None, None]
    off = profile.across - profile.middle - profile.half * _PLACES[None, :, None]
    sides = np.where(off < 0, -left * off, right * off).reshape(-1, len(profile.across))
    return np.concatenate([sides, np.zeros((1, len(profile.across)))])


def _misfit(profile: Profile, forms: np.ndarray, slack: np.ndarray) -> float:
    """Least sum of squares over forms (N, K), as far away as fits best, strays left out."""
    off = profile.along - forms
    off -= np.median(off, axis=1, keepdims=True)
    squares = off * off / slack
    kept = math.ceil((1 - _STRAYS) * squares.shape[1])
    return float(np.partition(squares, kept - 1, axis=1)[:, :kept].sum(axis=1).min())
