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



"""A baseline, about the error that depth alone leaves: true masks, and the simplest means.

No phrase is read and nothing is segmented; the noise of depth and TF is all there is. As a run
beside the others it tells how much of their error comes from elsewhere. Who knows what shapes look
like from behind may do better where things are half seen: middles, and ways between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from spatialclaw_ros.eval.claw_sim.renders import Render
from spatialclaw_ros.eval.records import Question, Said
from spatialclaw_ros.geometry.box import oriented_box
from spatialclaw_ros.geometry.closest import closest_points
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.perception.rgbd import features_of

MOST_POINTS = 20_000
LEAST_POINTS = 30
BEND_M = 0.02
"""What lies nearer to the straight way may be noise."""
_TRIM = 0.5


def floor_answer(question: Question, render: Render) -> Said:
    """A metric question answered from true masks and the depth that was measured.

    Args:
        question: its tags say what it measures.
        render: what was seen.
    """
    measure, detail = question.tags['measure'], question.tags.get('detail', '')
    names = [name for name in question.tags.get('about', '').split(', ') if name]
    if measure in ('moved', 'path'):
        return _went(render, names[0], bends=measure == 'path')
    newest = [len(render.observation.frames) - 1] if measure == 'camera' else None
    clouds = [_cloud(render, name, newest) for name in names]
    if any(len(cloud) < LEAST_POINTS for cloud in clouds):
        return Said(status='REFUSED', message='true masks leave too few points with depth')
    value = _value(render, measure, detail, clouds)
    if value is None:
        return Said(status='REFUSED', message='depth or TF is not there')
    if isinstance(value, np.ndarray):
        return Said(status='OK', text=str(value.round(3)), unit='m', frame=question.frame,
                    value=tuple(float(x) for x in value))
    return Said(status='OK', text=f'{value:.3f} m', value=float(value), unit='m')


def _value(
    render: Render, measure: str, detail: str, clouds: Sequence[np.ndarray],
) -> float | np.ndarray | None:
    """Metres or a point; None where something is missing."""
    frames = render.observation.frames
    if measure == 'gap':
        return closest_points(*clouds).distance
    boxes = [oriented_box(cloud) for cloud in clouds]
    if measure == 'centers':
        return float(np.linalg.norm(boxes[0].center - boxes[1].center))
    if measure == 'camera':
        pose = frames[-1].T_world_camera
        eye = np.zeros(3) if pose is None else pose[:3, 3]
        return float(np.percentile(np.linalg.norm(clouds[0] - eye, axis=1), _TRIM))
    if measure in ('frame', 'point'):
        if detail not in render.observation.transforms:
            return None
        T = invert(render.observation.transforms[detail][-1])
        center = transform_points(T, boxes[0].center[None])[0]
        return center if measure == 'point' else float(np.linalg.norm(center))
    if measure == 'size':
        length, width, height = boxes[0].size
        return float({'length': max(length, width), 'height': height}.get(
            detail, min(length, width)))
    if measure == 'edge':
        table = _cloud(render, 'table')
        return _to_edge(clouds[0], table) if len(table) > LEAST_POINTS else None
    ground = _level(render, 'floor' if measure == 'level' else detail)
    high = _level(render, 'table') if measure == 'level' else float(
        np.percentile(clouds[0][:, 2], 100 - _TRIM))
    return None if ground is None or high is None else high - ground


def _went(render: Render, name: str, *, bends: bool) -> Said:
    """How far a thing's middle went from the first to the last frame that shows it.

    Args:
        render: what was seen.
        name: of the thing.
        bends: whether over the place that is farthest from the straight way, where one clearly is.
    """
    clouds = [_cloud(render, name, [index]) for index in range(len(render.masks))]
    places = np.array([oriented_box(each).center for each in clouds if len(each) >= LEAST_POINTS])
    if len(places) < 2:
        return Said(status='REFUSED', message='true masks leave too few points with depth')
    start, end = places[0], places[-1]
    value = float(np.linalg.norm(end - start))
    if bends and value > 0:
        along = np.clip((places - start) @ (end - start) / value ** 2, 0, 1)
        aside = np.linalg.norm(places - start - along[:, None] * (end - start), axis=1)
        corner = places[int(aside.argmax())]
        if aside.max() > BEND_M:
            value = float(np.linalg.norm(corner - start) + np.linalg.norm(end - corner))
    return Said(status='OK', text=f'{value:.3f} m', value=value, unit='m')


def _cloud(render: Render, name: str, frames: Sequence[int] | None = None) -> np.ndarray:
    """Points of a thing in the world, (N, 3), without those on edges, which are mixed.

    Args:
        render: what was seen.
        name: of the thing.
        frames: those alone; None for all.
    """
    parts = []
    for index, frame in enumerate(render.observation.frames):
        mask = render.masks[index].get(name) if frames is None or index in frames else None
        if mask is None or frame.depth_m is None or frame.intrinsics is None:
            continue
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        rows, columns = np.nonzero(
            inner & np.isfinite(frame.depth_m) & ~features_of(frame).edges)
        z = frame.depth_m[rows, columns].astype(np.float64)
        rays = frame.intrinsics.rays_at(np.column_stack([columns, rows]).astype(np.float64))
        pose = frame.T_world_camera
        if pose is None:
            if len(render.observation.frames) > 1:
                continue
            pose = np.eye(4)
        parts.append(transform_points(pose, rays * z[:, None]))
    cloud = np.concatenate(parts) if parts else np.empty((0, 3))
    return cloud[::1 + len(cloud) // MOST_POINTS]


def _level(render: Render, name: str) -> float | None:
    """Height of a table's top or of the floor."""
    cloud = _cloud(render, name)
    if len(cloud) < LEAST_POINTS:
        return None
    heights, edges = np.histogram(cloud[:, 2], bins=np.arange(
        cloud[:, 2].min(), cloud[:, 2].max() + 0.02, 0.01))
    peak = edges[int(heights.argmax())]
    return float(np.median(cloud[np.abs(cloud[:, 2] - peak - 0.005) < 0.015, 2]))


def _to_edge(cloud: np.ndarray, table: np.ndarray) -> float:
    """Level distance from a cloud to the nearest side of the box round a table's top."""
    top = table[table[:, 2] > np.percentile(table[:, 2], 50) - 0.02]
    box = oriented_box(top)
    own = (cloud - box.center) @ box.rotation
    return float((box.size[:2] / 2 - np.percentile(np.abs(own[:, :2]), 100 - _TRIM, axis=0)).min())
