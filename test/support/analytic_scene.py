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


"""A scene of boxes and balls whose images, depth and masks are computed exactly, ray by ray."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at, transform_points
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

CAMERA = PinholeCamera(320, 240, 280.0, 280.0, 159.5, 119.5)
STEP_NS = 100_000_000
START_NS = 5_000_000_000


@dataclass(frozen=True)
class Box:
    """Axis-aligned box, metres."""

    name: str
    center: tuple[float, float, float]
    size: tuple[float, float, float]
    colour: tuple[int, int, int]

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Ray parameter of the first hit, inf without one."""
        half = np.array(self.size) / 2
        with np.errstate(divide='ignore', invalid='ignore'):
            near = (np.array(self.center) - half - origin) / rays
            far = (np.array(self.center) + half - origin) / rays
        enter = np.minimum(near, far).max(axis=-1)
        leave = np.maximum(near, far).min(axis=-1)
        return np.where((enter <= leave) & (enter > 0), enter, np.inf)


@dataclass(frozen=True)
class Ball:
    """Sphere, metres."""

    name: str
    center: tuple[float, float, float]
    radius: float
    colour: tuple[int, int, int]

    def hit(self, origin: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """Ray parameter of the first hit, inf without one."""
        away = origin - np.array(self.center)
        a = (rays * rays).sum(axis=-1)
        b = rays @ away
        root = b * b - a * (away @ away - self.radius**2)
        with np.errstate(invalid='ignore'):
            found = (-b - np.sqrt(root)) / a
        return np.where((root >= 0) & (found > 0), found, np.inf)


TABLE = Box('table', (1.0, 0.0, 0.36), (0.8, 1.2, 0.72), (150, 110, 70))
FLOOR = Box('floor', (2.0, 0.0, -0.05), (8.0, 8.0, 0.1), (120, 120, 125))
RED_BOX = Box('red box', (0.95, 0.2, 0.77), (0.10, 0.16, 0.10), (200, 30, 30))
BLUE_BALL = Ball('blue ball', (1.05, -0.25, 0.77), 0.05, (30, 60, 210))
SOLIDS = (FLOOR, TABLE, RED_BOX, BLUE_BALL)
EYES = ((0.0, 0.30, 1.30), (0.0, 0.10, 1.35), (0.05, -0.15, 1.30), (0.1, -0.35, 1.25))
LOOKED_AT = (1.0, 0.0, 0.75)


@dataclass
class AnalyticScene:
    """Frames of the scene, and a tool port that knows the truth.

    `calls` holds what was asked; `answers` replaces the result of a tool by its name.
    """

    observation: Observation
    identities: list[np.ndarray]
    scale_source: str = 'sensor_depth'
    calls: list[ToolCall] = field(default_factory=list)
    answers: dict[str, ToolResult] = field(default_factory=dict)

    def __call__(self, call: ToolCall) -> ToolResult:
        """Answer a tool call."""
        self.calls.append(call)
        if call.tool in self.answers:
            return self.answers[call.tool]
        return {
            'reconstruct': self._reconstruct, 'segment': self._segment, 'exists': self._exists,
        }[call.tool](call)

    def _reconstruct(self, call: ToolCall) -> ToolResult:
        frames = self.observation.select(call.args['frame_indices'])
        arrays: dict[str, np.ndarray] = {}
        for frame in frames:
            assert frame.intrinsics is not None
            assert frame.depth_m is not None
            assert frame.T_world_camera is not None
            arrays[f'depth_{frame.index}'] = frame.depth_m
            arrays[f'points_{frame.index}'] = transform_points(
                frame.T_world_camera, frame.intrinsics.unproject(frame.depth_m))
            arrays[f'confidence_{frame.index}'] = np.isfinite(frame.depth_m).astype(np.float32)
        arrays['extrinsics'] = np.stack([frame.T_world_camera for frame in frames])
        arrays['intrinsics'] = np.array([
            (c.fx, c.fy, c.cx, c.cy) for c in (frame.intrinsics for frame in frames) if c])
        return ToolResult(
            {'metric_scale': 1.0, 'scale_source': self.scale_source, 'notes': []}, arrays)

    def _chosen(self, call: ToolCall) -> list[int]:
        names = [solid.name for solid in SOLIDS]
        if call.args['mode'] == 'text':
            return [number for prompt in call.args['prompts']
                    for number, name in enumerate(names) if prompt in name]
        if call.args['mode'] == 'box':
            pixels = np.asarray(call.arrays['boxes']).reshape(-1, 2, 2).mean(axis=1)
        else:
            pixels = call.arrays['points'][call.arrays['point_labels'] == 1][:1]
        identity = self.identities[call.args['prompt_frame']]
        return [int(identity[int(y), int(x)]) for x, y in pixels]

    def _segment(self, call: ToolCall) -> ToolResult:
        frames = call.args['frame_indices']
        if 'image' in call.arrays:
            frames = [0]
            shape = call.arrays['image'].shape[:2]
            masks = {0: np.ones((1, *shape), dtype=bool)}
            labels = list(call.args['labels'])
        else:
            chosen = self._chosen(call)
            masks = {frame: np.stack([self.identities[frame] == number for number in chosen])
                     if chosen else np.zeros((0, *self.identities[frame].shape), dtype=bool)
                     for frame in frames}
            labels = [SOLIDS[number].name for number in chosen]
        scores = np.array([masks[frame].any(axis=(1, 2)) * 0.9 for frame in frames], np.float32)
        notes = [] if labels else [f'nothing fits {call.args["prompts"]}']
        return ToolResult(
            {'labels': labels, 'notes': notes},
            {'scores': scores, **{f'masks_{frame}': each for frame, each in masks.items()}})

    def _exists(self, call: ToolCall) -> ToolResult:
        found = any(call.args['object_name'] in solid.name for solid in SOLIDS)
        return ToolResult({'exists': found, 'score': float(found), 'notes': []})


def make_scene(
    eyes: Sequence[tuple[float, float, float]] = EYES, cameras: Sequence[str] = ('front',),
    noise_m: float = 0.0, transforms: dict[str, np.ndarray] | None = None,
    camera: PinholeCamera = CAMERA, holes: float = 0.0, **options: Any,
) -> AnalyticScene:
    """Render the scene from each eye, cameras taking turns.

    Args:
        eyes: places of the camera in the world.
        cameras: their names.
        noise_m: standard deviation of the depth.
        transforms: of the observation.
        camera: the intrinsics of all.
        holes: share of the image without depth, in patches of 8x8 pixels.
        **options: of the observation.
    """
    frames, identities = _rendered(tuple(eyes), tuple(cameras), noise_m, camera, holes)
    observation = Observation(frames, 'odom', transforms or {}, base_frame='base_link', **options)
    return AnalyticScene(observation, list(identities))


@functools.lru_cache(maxsize=8)
def _rendered(
    eyes: tuple[tuple[float, float, float], ...], cameras: tuple[str, ...], noise_m: float,
    camera: PinholeCamera, holes: float,
) -> tuple[tuple[Frame, ...], tuple[np.ndarray, ...]]:
    generator = np.random.default_rng(7)
    frames, identities = [], []
    for index, eye in enumerate(eyes):
        pose = look_at(np.array(eye), np.array(LOOKED_AT))
        rays = camera.rays().astype(np.float64) @ pose[:3, :3].T
        hits = np.stack([solid.hit(pose[:3, 3], rays) for solid in SOLIDS])
        identity = hits.argmin(axis=0)
        depth = hits.min(axis=0)
        identity[~np.isfinite(depth)] = -1
        depth = np.where(np.isfinite(depth), depth, np.nan)
        colours = np.array([*(solid.colour for solid in SOLIDS), (0, 0, 0)], dtype=np.uint8)
        shade = generator.integers(-6, 7, (*depth.shape, 1))
        image = np.clip(colours[identity] + shade, 0, 255).astype(np.uint8)
        depth = depth + generator.normal(0, 1, depth.shape) * noise_m
        if holes:
            patches = generator.random((camera.height // 8, camera.width // 8)) < holes
            depth[np.kron(patches, np.ones((8, 8), dtype=bool))] = np.nan
        name = cameras[index % len(cameras)]
        frames.append(Frame(
            index, name, START_NS + index * STEP_NS, f'{name}_optical', image,
            depth.astype(np.float32), camera, pose))
        identities.append(identity)
    return tuple(frames), tuple(identities)
