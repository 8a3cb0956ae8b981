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

"""Where each camera stands: from TF, or made up from the largest horizontal plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.plane import Plane, fit_plane_ransac
from spatialclaw_ros.geometry.se3 import make_transform
from spatialclaw_ros.perception.depth import sigma_of
from spatialclaw_ros.workspace.calls import NOT_TOGETHER, UNKNOWN_UP
from spatialclaw_ros.workspace.observation import Frame

_UP_CAMERA = np.array([0.0, -1.0, 0.0])  # optical frame: y down
_MAX_TILT_RAD = math.radians(65)
_MIN_PLANE_SHARE = 0.08
_MAX_BESIDE = 2.0  # of a slice through something else, three times as thick a one holds 3 times
_MOST_TRIES = 4
_LEAST_BELOW_M = 0.02
_STATIC_SHARE = 0.9
_STATIC_OVERLAP = 0.3
_SAMPLE = 8


def place_frames(
    frames: Sequence[Frame], depths: Mapping[int, np.ndarray],
) -> tuple[dict[int, np.ndarray], list[str]]:
    """`T_world_camera` of every frame.

    Args:
        frames: at least one; with depth and intrinsics.
        depths: frame index to clean depth (H, W).

    Returns:
        Frame index to (4, 4) float64, and a note for each assumption made.

    Raises:
        PerceptionError: frames without TF can't be placed relative to the others.
    """
    lost = [frame for frame in frames if frame.T_world_camera is None]
    if not lost:
        return {frame.index: _posed(frame) for frame in frames}, []
    if len(lost) < len(frames):
        raise PerceptionError(
            f'frames {_list(lost)} have no transform to the world at their stamps, the others '
            f'have, so they {NOT_TOGETHER}; ask for the others alone, or publish TF for '
            f'"{lost[0].frame_id}"')
    notes = []
    if len(frames) > 1:
        _require_static(frames, depths)
        notes.append(
            'No TF: the camera is taken as standing still, as its depth images agree; '
            'all frames share one pose.')
    first = frames[0]
    pose, note = upright_world(first, depths[first.index])
    notes.append(note if len(frames) > 1 else (
        f'{note} It is that of frame {first.index} of camera "{first.camera}" alone.'))
    return {frame.index: pose for frame in frames}, notes


def upright_world(frame: Frame, depth_m: np.ndarray) -> tuple[np.ndarray, str]:
    """A made-up world: z up, origin below the camera, x where the camera looks.

    Args:
        frame: with intrinsics; the camera is taken as roughly upright.
        depth_m: (H, W), NaN where invalid.

    Returns:
        (4, 4) `T_world_camera` and a note that says what it rests on.
    """
    if frame.intrinsics is None:
        raise PerceptionError(f'frame {frame.index} has no intrinsics')
    rays = frame.intrinsics.rays()[::_SAMPLE, ::_SAMPLE]
    sample = depth_m[::_SAMPLE, ::_SAMPLE]
    points = (rays * sample[..., None])[np.isfinite(sample)]
    return upright_pose(points)


def upright_pose(points: np.ndarray, threshold_m: float = 0.015) -> tuple[np.ndarray, str]:
    """As `upright_world`, from points (K, 3) in the camera's frame.

    Where no plane that they lie on is level within 65 degrees, the note has the words of
    `UNKNOWN_UP`: a camera that looks straight down at a table sees it as one before a wall does.

    Args:
        points: metres, finite.
        threshold_m: how far off their plane points may lie.
    """
    plane = _level_plane(points, threshold_m)
    if plane is None:
        return _level(_UP_CAMERA, 0.0), (
            f'No TF and no horizontal plane in view: {UNKNOWN_UP}, the world is made up as if the '
            'camera were level, with the origin at the camera.')
    return _level(plane.normal, plane.offset), (
        'No TF: the world is made up from the largest horizontal plane in view '
        f'(z = 0, {plane.offset:.2f} m below the camera), x where the camera looks.')


def _level_plane(points: np.ndarray, threshold_m: float) -> Plane | None:
    """The largest plane in view, below the camera, that may be level, its normal up; or None.

    A plane of that slope may also be laid through a steeper one, and hold a slice of it and of what
    stands before it: beside a slice are as many points as in it. What is steeper is then left out.
    """
    least = _MIN_PLANE_SHARE * len(points)
    for _ in range(_MOST_TRIES):
        if len(points) < max(30, least):
            return None
        try:
            plane, inliers = fit_plane_ransac(
                points, threshold_m=threshold_m, normal_hint=_UP_CAMERA,
                max_angle_rad=_MAX_TILT_RAD)
        except ValueError:  # all that is seen is steeper
            return None
        if inliers.sum() < least:
            return None
        plane = plane.facing(_UP_CAMERA)
        thicker = np.abs(plane.distance(points)) <= 3 * threshold_m
        if thicker.sum() >= _MAX_BESIDE * inliers.sum():  # a slice, or noise as wide as that
            largest = fit_plane_ransac(points, threshold_m=threshold_m)[0].facing(_UP_CAMERA)
            if float(largest.normal @ _UP_CAMERA) < math.cos(_MAX_TILT_RAD):
                points = points[np.abs(largest.distance(points)) > 2 * threshold_m]
                continue
            plane = largest
        if plane.offset > _LEAST_BELOW_M:
            return plane
        points = points[np.abs(plane.distance(points)) > 2 * threshold_m]  # a wall, or a ceiling
    return None


def _level(up: np.ndarray, height: float) -> np.ndarray:
    forward = np.array([0.0, 0.0, 1.0])
    x = forward - (forward @ up) * up
    if np.linalg.norm(x) < 1e-3:  # straight down: the top of the picture is forward
        x = _UP_CAMERA - (_UP_CAMERA @ up) * up
    x = x / np.linalg.norm(x)
    return make_transform(np.stack([x, np.cross(up, x), up]), np.array([0.0, 0.0, height]))


def is_static(frames: Sequence[Frame], depths: Mapping[int, np.ndarray]) -> bool:
    """Whether one camera's depth images agree so well that it can't have moved."""
    if len({frame.camera for frame in frames}) > 1 or len({f.image.shape for f in frames}) > 1:
        return False
    first = depths[frames[0].index][::2, ::2]
    tolerance = 4 * sigma_of(first) + np.float32(0.004)
    for frame in frames[1:]:
        other = depths[frame.index][::2, ::2]
        both = np.isfinite(first) & np.isfinite(other)
        if both.mean() < _STATIC_OVERLAP:
            return False
        if (np.abs(other - first)[both] < tolerance[both]).mean() < _STATIC_SHARE:
            return False
    return True


def _require_static(frames: Sequence[Frame], depths: Mapping[int, np.ndarray]) -> None:
    cameras = sorted({frame.camera for frame in frames})
    if is_static(frames, depths):
        return
    why = (f'they come from {len(cameras)} cameras ({", ".join(cameras)})' if len(cameras) > 1
           else f'camera "{cameras[0]}" moved between them')
    raise PerceptionError(
        f'only one of frames {_list(frames)} can be placed: there is no TF for them and {why}, '
        f'so they {NOT_TOGETHER}; reconstruct one frame, as with frame_indices='
        f'[{frames[0].index}], or publish TF for "{frames[0].frame_id}"')


def _posed(frame: Frame) -> np.ndarray:
    return np.asarray(frame.T_world_camera, dtype=np.float64)


def _list(frames: Sequence[Frame]) -> str:
    return ', '.join(str(frame.index) for frame in frames)
