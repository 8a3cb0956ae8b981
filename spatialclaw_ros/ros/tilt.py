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

"""Whether z of a named world frame is up, as far as what the cameras see can tell."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spatialclaw_ros.geometry.plane import fit_plane_ransac
from spatialclaw_ros.workspace.observation import Frame, Observation

LEVEL_RAD, STEEP_RAD = math.radians(6.0), math.radians(65.0)
"""Tools look for tables and floors up to the first; what is steeper than the second is a wall."""
TILTED_RAD = math.radians(8.0)
HOLDS_S, HOLDS_THERE_S = 10.0, 300.0
"""How long a plane that was seen holds for another sight, and for the same one without a look."""
_PLANES, _SHARE = 3, 0.15
_POINTS, _ITERATIONS = 500, 170
_MOST_KEPT = 16
_GRID, _SAME_DEPTH, _SAME_SHARE, _SAME_RAD = 8, 0.05, 0.7, math.radians(1.0)
_OFF_M, _OFF_SHARE = 0.01, 0.012
"""Metres, and share of the median distance, that points may lie off their plane."""


class _Sight(NamedTuple):
    """What a camera sees of the world: its z at the camera, and some of the depth."""

    up: np.ndarray
    depth_m: np.ndarray

    def is_like(self, other: _Sight) -> bool:
        if self.depth_m.shape != other.depth_m.shape or (
                float(self.up @ other.up) < math.cos(_SAME_RAD)):
            return False
        same = np.isclose(self.depth_m, other.depth_m, rtol=_SAME_DEPTH, equal_nan=True)
        return float(same.mean()) > _SAME_SHARE


class _Look(NamedTuple):
    """All that a verdict is made of: little, so that nobody holds images for it.

    `parts` are points and the world's z of some frames, as `tilt` takes them, the newest last.
    """

    sight: _Sight
    parts: Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class _Verdict:
    """A tilt, NaN where no plane was seen, when that was, and what was seen then."""

    tilt_rad: float
    seen_s: float
    sight: _Sight

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.seen_s

    def holds(self, sight: _Sight) -> bool:
        """Of another sight it holds for a moment, if it is one at all."""
        return (self.age_s < HOLDS_S and not math.isnan(self.tilt_rad)) or (
            self.sight.is_like(sight))


class TiltWatch:
    """Looks for floors and tables that lie aslant in the world; any thread.

    Heights are measured along z of the world, and tables are searched where z is up. Where a frame
    is named as the world, nothing else levels it: a camera's own frame gives wrong numbers.

    A look takes milliseconds. One for a camera that sees something else is made at once: what was
    said of another sight may be wrong. Where it sees the same, that is told again, and once it is
    old `settle` makes it anew, which who asked need not wait for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[str, str], _Verdict] = {}
        self._due: dict[tuple[str, str], _Look] = {}

    def doubt(self, observation: Observation) -> str:
        """One line where the largest planes are aslant, '' where one is level or none is seen."""
        world = observation.world_frame
        measured = [frame for frame in observation.frames if _is_measured(frame)]
        if not world or not measured:
            return ''
        newest = measured[-1]
        key, sight = (world, newest.frame_id), _sight(newest)
        with self._lock:
            verdict = self._verdicts.get(key)
        holds = verdict is not None and verdict.holds(sight)
        if verdict is None or not holds or verdict.age_s >= HOLDS_THERE_S:
            some = {one.index: one for one in (measured[0], measured[len(measured) // 2], newest)}
            look = _Look(sight, [_seen(frame) for frame in some.values()])
            if verdict is None or not holds:
                verdict = self._looked(key, look)
            else:
                with self._lock:
                    self._due[key] = look
        if not verdict.tilt_rad > TILTED_RAD:
            return ''
        return (
            f'world_frame {world!r} may not be z up: the largest plane is tilted by '
            f'{math.degrees(verdict.tilt_rad):.0f} degrees, and heights are measured along z; '
            "name a frame that stands upright, or leave world_frame and base_frame '' to have the "
            'world levelled by that plane')

    def settle(self) -> None:
        """Make old verdicts anew; called when nobody waits."""
        with self._lock:
            due, self._due = self._due, {}
        for key, look in due.items():
            self._looked(key, look)

    def _looked(self, key: tuple[str, str], look: _Look) -> _Verdict:
        # other queries must not wait for this look
        verdict = _Verdict(_agreed(look.parts), time.monotonic(), look.sight)
        with self._lock:
            if len(self._verdicts) >= _MOST_KEPT:
                self._verdicts.clear()
            self._verdicts[key] = verdict
        return verdict


def tilt(points: np.ndarray, up: np.ndarray) -> float:
    """Angle between z of the world and the normal of the plane that is likely a table or floor.

    Args:
        points: (K, 3) in the optical frame, metres.
        up: (3,) z of the world there, a unit vector.

    Returns:
        Radians: of a level plane where any of the largest is one, else of the largest that is not
        steep; NaN where there is none.
    """
    least = max(3.0, _SHARE * len(points))
    off_m = max(_OFF_M, _OFF_SHARE * float(np.median(points[:, 2]))) if len(points) else 0.0
    found: list[float] = []
    while len(found) < _PLANES and len(points) >= least:
        try:
            plane, on = fit_plane_ransac(points, off_m, _ITERATIONS)
        except ValueError:  # all on one line
            break
        if on.sum() < least:
            break
        found.append(math.acos(min(1.0, abs(float(plane.normal @ up)))))
        if found[-1] <= LEVEL_RAD:
            return found[-1]
        points = points[np.abs(plane.distance(points)) > 2 * off_m]
    return next((each for each in found if each <= STEEP_RAD), math.nan)


def _agreed(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """The tilt of the newest part, the last, where others show no level plane; NaN for none.

    In a cluttered picture some plane fits through many things that lie at many heights.
    """
    found = tilt(*parts[-1])
    if found > TILTED_RAD and any(tilt(*part) <= TILTED_RAD for part in parts[:-1]):
        return math.nan
    return found


def _is_measured(frame: Frame) -> bool:
    parts = frame.depth_m, frame.intrinsics, frame.T_world_camera
    return all(part is not None for part in parts)


def _sight(frame: Frame) -> _Sight:
    """What a measured frame shows, copied."""
    assert frame.depth_m is not None
    assert frame.T_world_camera is not None
    steps = tuple(max(1, size // _GRID) for size in frame.depth_m.shape)
    return _Sight(frame.T_world_camera[2, :3].copy(), frame.depth_m[
        steps[0] // 2::steps[0], steps[1] // 2::steps[1]].copy())


def _seen(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Some of the points of a frame with depth, intrinsics and pose, as `tilt` takes them."""
    depth_m, camera, pose = frame.depth_m, frame.intrinsics, frame.T_world_camera
    assert depth_m is not None
    assert camera is not None
    assert pose is not None
    every = max(1, round(math.sqrt(depth_m.size / _POINTS)))
    # rays of those pixels alone: all of a camera with distortion take as long as a query may
    rows, columns = np.mgrid[:depth_m.shape[0]:every, :depth_m.shape[1]:every].reshape(2, -1)
    points = camera.rays_at(np.stack([columns, rows], axis=1)) * depth_m[rows, columns, None]
    return points[np.isfinite(points).all(axis=1)], pose[2, :3]
