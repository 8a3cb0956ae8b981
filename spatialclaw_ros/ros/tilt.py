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

import numpy as np

from spatialclaw_ros.geometry.plane import fit_plane_ransac
from spatialclaw_ros.workspace.observation import Frame, Observation

LEVEL_RAD, STEEP_RAD = math.radians(6.0), math.radians(65.0)
"""Tools look for tables and floors up to the first; what is steeper than the second is a wall."""
TILTED_RAD = math.radians(8.0)
HOLDS_S, HOLDS_THERE_S = 10.0, 300.0
"""How long a verdict holds, and where the camera still sees the same: a look takes milliseconds."""
_PLANES, _SHARE = 3, 0.15
_POINTS, _ITERATIONS = 500, 170
_MOST_KEPT = 16
_GRID, _SAME_DEPTH, _SAME_SHARE, _SAME_RAD = 8, 0.05, 0.7, math.radians(1.0)
_OFF_M, _OFF_SHARE = 0.01, 0.012
"""Metres, and share of the median distance, that points may lie off their plane."""


@dataclass(frozen=True, eq=False)
class _Verdict:
    """A tilt, and what was seen then: z of the world at the camera, some of the depth."""

    tilt_rad: float
    seen_s: float
    up: np.ndarray
    depth_m: np.ndarray

    def holds(self, frame: Frame) -> bool:
        age_s = time.monotonic() - self.seen_s
        if not HOLDS_S <= age_s < HOLDS_THERE_S:
            return age_s < HOLDS_S
        up, depth_m = _view(frame)
        if depth_m.shape != self.depth_m.shape or float(up @ self.up) < math.cos(_SAME_RAD):
            return False
        same = np.isclose(depth_m, self.depth_m, rtol=_SAME_DEPTH, equal_nan=True)
        return float(same.mean()) > _SAME_SHARE


class TiltWatch:
    """Looks for floors and tables that lie aslant in the world; any thread.

    Heights are measured along z of the world, and tables are searched where z is up. Where a frame
    is named as the world, nothing else levels it: a camera's own frame gives wrong numbers.

    A verdict that no longer holds is told once more, and `settle` makes a new one: that takes
    milliseconds, which who asked need not wait for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[str, str], _Verdict] = {}
        self._due: dict[tuple[str, str], Sequence[Frame]] = {}

    def doubt(self, observation: Observation) -> str:
        """One line where the largest planes are aslant, '' where one is level or none is seen."""
        world = observation.world_frame
        measured = [frame for frame in observation.frames if _is_measured(frame)]
        if not world or not measured:
            return ''
        newest = measured[-1]
        key = world, newest.frame_id
        with self._lock:
            verdict = self._verdicts.get(key)
        some = (measured[0], measured[len(measured) // 2], newest)
        if verdict is None:
            verdict = self._looked(key, some)
        elif not verdict.holds(newest):
            with self._lock:
                self._due[key] = some
        if not verdict.tilt_rad > TILTED_RAD:
            return ''
        return (
            f'world_frame {world!r} may not be z up: the largest plane is tilted by '
            f'{math.degrees(verdict.tilt_rad):.0f} degrees, and heights are measured along z; '
            "name a frame that stands upright, or leave world_frame and base_frame '' to have the "
            'world levelled by that plane')


    def settle(self) -> None:
        """Look anew where a verdict no longer holds; called when nobody waits."""
        with self._lock:
            due, self._due = self._due, {}
        for key, frames in due.items():
            self._looked(key, frames)

    def _looked(self, key: tuple[str, str], frames: Sequence[Frame]) -> _Verdict:
        # other queries must not wait for this look
        verdict = _Verdict(_agreed(frames), time.monotonic(), *_view(frames[-1]))
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


def _agreed(frames: Sequence[Frame]) -> float:
    """The tilt of the newest frame, the last, where others don't see a level plane; NaN for none.

    In a cluttered picture some plane fits through many things that lie at many heights.
    """
    found = tilt(*_seen(frames[-1]))
    if found > TILTED_RAD:
        for frame in {id(one): one for one in frames}.values():
            if frame is not frames[-1] and tilt(*_seen(frame)) <= TILTED_RAD:
                return math.nan
    return found


def _is_measured(frame: Frame) -> bool:
    parts = frame.depth_m, frame.intrinsics, frame.T_world_camera
    return all(part is not None for part in parts)


def _view(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """The world's z at a measured frame's camera, and copies of some of its depth."""
    assert frame.depth_m is not None
    assert frame.T_world_camera is not None
    steps = tuple(max(1, size // _GRID) for size in frame.depth_m.shape)
    return frame.T_world_camera[2, :3].copy(), frame.depth_m[
        steps[0] // 2::steps[0], steps[1] // 2::steps[1]].copy()


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
