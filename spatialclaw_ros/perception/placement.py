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


"""Where the cameras of a prediction stand in the robot's world, and how far TF agrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.geometry.similarity import align_poses
from spatialclaw_ros.perception.cross_views import contradictions
from spatialclaw_ros.perception.poses import place_frames, upright_pose
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.scale import MIN_BASELINE_M, Scale, pose_pairs
from spatialclaw_ros.perception.views import View
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE

_DISAGREEING_TRUST = 0.5
_NAMED = 4
_STANDS_OUT = 0.015
_STANDS_OUT_RATIO = 2.2
_PAIR_OFF = 0.05
_POINTS = 4000
_PLANE_SHARE = 0.012  # of the median distance, that a plane's points may lie off it


@dataclass(frozen=True, eq=False)
class Placement:
    """Poses of all views.

    Args:
        poses: (N, 4, 4) `T_world_camera`, metres.
        trust: for each view, what the agreement of TF and pictures leaves of its confidence.
        notes: sentences with the residuals.
    """

    poses: np.ndarray
    trust: tuple[float, ...]
    notes: tuple[str, ...]


def place_views(
    views: Sequence[View], depths_m: Sequence[np.ndarray], prediction: Prediction, scale: Scale,
    deadline: Deadline,
) -> Placement:
    """Place views by TF, those without it by the model, and all by the ground where TF is absent.

    TF is the robot's word and stays, also where the pictures contradict it; the contradiction is
    told, with its size, and lowers the confidence.

    Args:
        views: N of them.
        depths_m: N (H, W) metres.
        prediction: of the views.
        scale: of the prediction.
        deadline: of the query.

    Raises:
        PerceptionError: the model tells no poses, and TF lacks some.
    """
    whole = (1.0,) * len(views)
    if prediction.T_camera_model is None:
        frames = [replace(view.frame, intrinsics=view.camera) for view in views]
        by_index = {view.frame.index: depth for view, depth in zip(views, depths_m)}
        try:
            by_frame, notes = place_frames(frames, by_index)
        except PerceptionError as error:
            raise PerceptionError(f'{error} (the depth model sees each image alone)') from error
        return Placement(
            np.stack([by_frame[frame.index] for frame in frames]), whole, tuple(notes))
    cameras = invert(prediction.T_camera_model)
    cameras[:, :3, 3] *= scale.metres_per_unit
    known, _, told = pose_pairs(views, prediction)
    if not known:
        T_world_first, note = _upright(views, depths_m, cameras)
        return Placement(
            T_world_first @ invert(cameras[0]) @ cameras, whole, (note,))
    found = align_poses(cameras[known], told, scale=1.0)
    poses = found.pose(cameras)
    if scale.source in {'model', UNKNOWN_SCALE} or not scale.is_common:
        # known roughly, or of the depth alone: the scale must not count as a contradiction
        found = align_poses(cameras[known], told)
        if scale.source == 'sensor_depth' and found.spread_m >= MIN_BASELINE_M:
            poses = found.pose(cameras)
    trust = np.ones(len(views))
    for at, pose, agrees in zip(known, told, found.inliers):
        poses[at] = pose
        trust[at] = 1.0 if agrees else _DISAGREEING_TRUST
    notes = _residual_notes(
        [views[at].frame.index for at in known], found.inliers, found.residual_m,
        found.residual_rad)
    agreeing = [at for at, agrees in zip(known, found.inliers) if agrees]
    for at, away in _contradicting(views, depths_m, poses, agreeing, deadline):
        trust[at] = _DISAGREEING_TRUST
        off_m = away * _median(depths_m[at])
        notes.append(
            f'By TF, frame {views[at].frame.index} sees surfaces {off_m:.2f} m '
            f'({100 * away:.0f} %) off where other frames see them: its pose or depth is wrong.')
    lost = [str(view.frame.index) for view in views if view.frame.T_world_camera is None]
    if lost:
        notes.append(
            f'No TF for frames {", ".join(lost)}: the model places them beside the others.')
    return Placement(poses, tuple(float(each) for each in trust), tuple(notes))


def _contradicting(
    views: Sequence[View], depths_m: Sequence[np.ndarray], poses: np.ndarray,
    chosen: Sequence[int], deadline: Deadline,
) -> list[tuple[int, float]]:
    """Those of some views that stand out by what they see, and by how much, relative."""
    if len(chosen) < 2:
        return []
    away = contradictions(
        [views[at] for at in chosen], [depths_m[at] for at in chosen],
        poses[list(chosen)], deadline)
    if not np.isfinite(away).any():
        return []
    bound = max(_STANDS_OUT, _STANDS_OUT_RATIO * float(np.nanmedian(away)))
    if len(chosen) == 2:  # none of the two is the rule
        bound = _PAIR_OFF
    return [(at, float(each)) for at, each in zip(chosen, away) if each > bound]


def _median(depth_m: np.ndarray) -> float:
    return float(np.nanmedian(depth_m[::8, ::8]))


def _residual_notes(
    indices: Sequence[int], inliers: np.ndarray, away_m: np.ndarray, away_rad: np.ndarray,
) -> list[str]:
    if len(indices) < 2:
        return []
    away_deg = np.degrees(away_rad)
    if inliers.all():
        return [f'TF and pictures agree within {away_m.max():.3f} m, {away_deg.max():.1f} degrees '
                f'over {len(indices)} frames.']
    wrong = [at for at in np.argsort(-away_m) if not inliers[at]]
    named = '; '.join(
        f'{away_m[at]:.2f} m, {away_deg[at]:.1f} degrees in frame {indices[at]}'
        for at in wrong[:_NAMED])
    more = f' and {len(wrong) - _NAMED} more' if len(wrong) > _NAMED else ''
    rest = (f' The other {int(inliers.sum())} agree within {away_m[inliers].max():.3f} m, '
            f'{math.degrees(away_rad[inliers].max()):.1f} degrees.' if inliers.any() else '')
    return [f'TF and pictures disagree by {named}{more}: check TF, its time stamps and the '
            f'camera\'s mounting.{rest}']


def _upright(
    views: Sequence[View], depths_m: Sequence[np.ndarray], cameras: np.ndarray,
) -> tuple[np.ndarray, str]:
    """Upright pose of the first camera, from the points that all views see."""
    clouds = []
    each = max(64, _POINTS // len(views))
    for view, depth, pose in zip(views, depths_m, invert(cameras[0]) @ cameras):
        step = max(1, round(math.sqrt(depth.size / each)))
        rays, sample = view.camera.rays()[::step, ::step], depth[::step, ::step]
        points = rays * sample[..., None]
        clouds.append(transform_points(pose, points[np.isfinite(points).all(axis=2)]))
    cloud = np.concatenate(clouds)
    if not len(cloud):
        return upright_pose(cloud)
    distance = float(np.median(np.linalg.norm(cloud, axis=1)))
    return upright_pose(cloud, threshold_m=_PLANE_SHARE * distance)
