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

"""A table with known things on it, drawn by casting rays, and the real frames as observations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.perception import PerceptionTools, make_perception
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

TABLE_TOP_M = 0.75
WOOD = (186, 142, 100)


@dataclass(frozen=True)
class Thing:
    """A solid: 'box' (size x, y, z), 'ball' (radius) or 'cylinder' (radius, height)."""

    name: str
    kind: str
    base: tuple[float, float, float]
    size: tuple[float, ...]
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class Drawn:
    """An observation and, for each frame, the true mask of each thing."""

    observation: Observation
    masks: list[dict[str, np.ndarray]] = field(default_factory=list)


TABLE = Thing('table', 'box', (1.0, 0.0, TABLE_TOP_M - 0.04), (1.0, 1.4, 0.04), WOOD)
FLOOR = Thing('floor', 'box', (2.0, 0.0, -0.1), (12.0, 12.0, 0.1), (96, 98, 102))
WALL = Thing('wall', 'box', (3.2, 0.0, 0.0), (0.1, 12.0, 3.0), (205, 203, 196))


def _hit(thing: Thing, origin: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance along each ray (N,), inf for none, and outward normals (N, 3)."""
    base = np.array(thing.base)
    with np.errstate(divide='ignore', invalid='ignore'):
        if thing.kind == 'box':
            size = np.array(thing.size)
            low = base - (size[0] / 2, size[1] / 2, 0)
            near = (low - origin) / rays
            far = (low + size - origin) / rays
            enter, leave = np.minimum(near, far), np.maximum(near, far)
            t, axis = enter.max(axis=1), enter.argmax(axis=1)
            t = np.where((t < leave.min(axis=1)) & (t > 0), t, np.inf)
            normals = np.zeros_like(rays)
            rows = np.arange(len(rays))
            normals[rows, axis] = -np.sign(rays[rows, axis])
            return t, normals
        if thing.kind == 'ball':
            radius = thing.size[0]
            center = base + np.array([0, 0, radius])
            return _sphere(origin - center, rays, radius)
        radius, height = thing.size
        away = origin - base
        a = (rays[:, :2] ** 2).sum(axis=1)
        b = (away[:2] * rays[:, :2]).sum(axis=1)
        root = b * b - a * ((away[:2] ** 2).sum() - radius ** 2)
        t = np.where(root > 0, (-b - np.sqrt(root)) / a, np.inf)
        z = away[2] + t * rays[:, 2]
        t = np.where((z > 0) & (z < height) & (t > 0), t, np.inf)
        normals = np.zeros_like(rays)
        normals[:, :2] = (away + t[:, None] * rays)[:, :2] / radius
        lid = (height - away[2]) / rays[:, 2]
        point = away[:2] + lid[:, None] * rays[:, :2]
        on = (lid > 0) & (np.hypot(*point.T) < radius) & (lid < t)
        normals[on] = (0, 0, 1)
        return np.where(on, lid, t), normals


def _sphere(
    away: np.ndarray, rays: np.ndarray, radius: float,
) -> tuple[np.ndarray, np.ndarray]:
    a = (rays ** 2).sum(axis=1)
    b = rays @ away
    root = b * b - a * (away @ away - radius ** 2)
    with np.errstate(invalid='ignore'):
        t = np.where(root > 0, (-b - np.sqrt(root)) / a, np.inf)
    t = np.where(t > 0, t, np.inf)
    return t, (away + np.where(np.isfinite(t), t, 0)[:, None] * rays) / radius


def draw(
    things: Sequence[Thing], eyes: Sequence[tuple[float, float, float]] = ((0.0, -0.3, 1.45),),
    target: tuple[float, float, float] = (1.0, 0.0, 0.75), *, noise: float = 1.0,
    posed: bool = True, shadows: bool = True,
) -> Drawn:
    """Draw a table with things on it, seen from each eye, with a depth camera's noise."""
    camera = PinholeCamera(640, 480, 540.0, 540.0, 319.5, 239.5)
    generator = np.random.default_rng(7)
    lamp = np.array([0.3, 0.9, 2.6])
    scene = [*things, TABLE, FLOOR, WALL]
    frames, masks = [], []
    for index, eye in enumerate(eyes):
        pose = look_at(np.array(eye), np.array(target))
        rays = camera.rays().reshape(-1, 3).astype(float) @ pose[:3, :3].T
        depth, owner, normals = _cast(scene, np.array(eye), rays)
        points = np.array(eye) + np.nan_to_num(depth, posinf=0)[:, None] * rays
        to_lamp = lamp - points
        to_lamp /= np.linalg.norm(to_lamp, axis=1, keepdims=True)
        light = 0.45 + 0.55 * np.clip((normals * to_lamp).sum(axis=1), 0, 1)
        if shadows:
            dark, _, _ = _cast(list(things), points + 2e-3 * normals, to_lamp)
            light = np.where(np.isfinite(dark), np.minimum(light, 0.5), light)
        paint = np.array([thing.rgb for thing in scene], dtype=float)[owner]
        grain = 1 + 0.04 * np.sin(40 * points[:, 1] + 3 * np.sin(9 * points[:, 0]))
        light = np.where(owner == len(things), light * grain, light)
        image = 255 * np.power(np.power(paint / 255, 2.2) * light[:, None], 1 / 2.2)
        image += generator.normal(0, 2.0, image.shape)
        depth = np.where(np.isfinite(depth), depth, np.nan)
        depth = depth + noise * generator.normal(0, 1, depth.shape) * (
            0.0012 + 0.0019 * (depth - 0.4) ** 2)
        size = (camera.height, camera.width)
        masks.append({thing.name: (owner == i).reshape(size) for i, thing in enumerate(scene)})
        frames.append(Frame(
            index, 'wrist', index * 200_000_000, 'wrist_optical',
            np.clip(image, 0, 255).astype(np.uint8).reshape(*size, 3),
            depth.astype(np.float32).reshape(size), camera, pose if posed else None))
    return Drawn(Observation(tuple(frames), 'odom' if posed else ''), masks)


def _cast(
    scene: Sequence[Thing], origin: np.ndarray, rays: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    depth = np.full(len(rays), np.inf)
    owner = np.zeros(len(rays), dtype=int)
    normals = np.zeros_like(rays)
    for number, thing in enumerate(scene):
        if origin.ndim == 2:
            t = _shadow(thing, origin, rays)
            depth = np.minimum(depth, t)
            continue
        t, out = _hit(thing, origin, rays)
        closer = t < depth
        depth[closer], owner[closer], normals[closer] = t[closer], number, out[closer]
    return depth, owner, normals


def _shadow(thing: Thing, origins: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Whether rays from many origins pass a ball that stands for the thing."""
    rise = thing.size[0] if thing.kind == 'ball' else thing.size[-1] / 2
    radius = max(rise, 0.01) if thing.kind != 'box' else min(thing.size) / 2
    away = origins - (np.array(thing.base) + np.array([0, 0, rise]))
    b = (away * rays).sum(axis=1)
    root = b * b - ((away ** 2).sum(axis=1) - radius ** 2)
    return np.where((root > 0) & (b < -1.2 * radius), 1.0, np.inf)


@pytest.fixture(scope='session')
def drawing() -> Callable[..., Drawn]:
    """The function that draws scenes."""
    return draw


@pytest.fixture(scope='session')
def thing() -> type[Thing]:
    """The class of things that can be drawn."""
    return Thing


@pytest.fixture(scope='session')
def tools() -> PerceptionTools:
    """Perception as the node loads it by default."""
    return make_perception()


@pytest.fixture(scope='session')
def ask(tools: PerceptionTools) -> Callable[..., ToolResult]:
    """Send one tool call; keywords that are arrays go as arrays."""
    def send(observation: Observation, tool: str, **values: object) -> ToolResult:
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        args = {name: value for name, value in values.items() if name not in arrays}
        return tools.handle(observation, ToolCall(tool, args, arrays), Deadline(120))
    return send


@pytest.fixture(scope='session')
def kitchen(redkitchen: Path) -> Callable[[Sequence[int]], Observation]:
    """Observation of some of the real frames, by their number."""
    facts = json.loads((redkitchen / 'poses.json').read_text())
    camera = PinholeCamera(**{
        name: facts['camera'][name] for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy')})

    def load(numbers: Sequence[int]) -> Observation:
        frames = []
        for index, number in enumerate(numbers):
            stem = f'frame-{number:06d}'
            image = cv2.imread(str(redkitchen / f'{stem}.color.jpg'))
            depth = cv2.imread(str(redkitchen / f'{stem}.depth.png'), cv2.IMREAD_UNCHANGED)
            frames.append(Frame(
                index, 'kinect', round(number / 30 * 1e9), 'kinect_optical',
                np.ascontiguousarray(image[..., ::-1]),
                depth.astype(np.float32) * np.float32(facts['depth_unit_m']), camera,
                np.array(facts['T_world_camera'][f'{number:06d}'])))
        return Observation(tuple(frames), 'world')
    return load


@pytest.fixture
def host() -> Iterator[Any]:
    """Function that hosts laboratory models; see `hosting_lab.hosts`."""
    from hosting_lab import hosts
    with hosts() as make:
        yield make
