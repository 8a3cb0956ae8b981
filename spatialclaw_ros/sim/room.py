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



"""A room with a heater, a door, and a crate that looks like a heater: seen, and known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.noise import depth_sigma_m
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.sim.raycast import Cuboid, bounds, cast, distance_m
from spatialclaw_ros.workspace.observation import Frame, Observation

CAMERA = PinholeCamera(640, 480, 480.0, 480.0, 319.5, 239.5)
EYES = ((0.10, -0.45, 1.45), (0.10, -0.20, 1.45), (0.10, 0.05, 1.45), (0.10, 0.30, 1.45))
LOOKED_AT = (4.0, 0.0, 0.72)
STEP_NS = 500_000_000
WORLD_FRAME, BASE_FRAME, OPTICAL_FRAME = 'odom', 'base_link', 'head_color_optical_frame'
CAMERA_NAME = 'head'

Point = tuple[float, float, float]
WALL_X = 4.0
WHITE, GROOVE, BROWN = (252, 252, 250), (234, 234, 232), (133, 84, 47)
PLASTER, FLOOR, DARK = (146, 163, 186), (116, 116, 120), (52, 66, 92)


@dataclass(frozen=True)
class Thing:
    """An object of the room.

    Args:
        name: what a person calls it.
        parts: what it is made of.
    """

    name: str
    parts: tuple[Cuboid, ...]

    @property
    def center(self) -> np.ndarray:
        """(3,) middle of its bounding box, world."""
        low, high = bounds(self.parts)
        return np.asarray((low + high) / 2)


@dataclass(frozen=True)
class Room:
    """Things and what surrounds them.

    Args:
        things: what may be asked about.
        shell: floor, walls and window.
    """

    things: tuple[Thing, ...]
    shell: tuple[Cuboid, ...]

    def thing(self, name: str) -> Thing:
        """An object by its name.

        Raises:
            KeyError: the room has none of that name; the message lists those it has.
        """
        for thing in self.things:
            if thing.name == name:
                return thing
        raise KeyError(f'no {name!r} in the room, there are {[t.name for t in self.things]}')

    def distance_m(self, a: str, b: str) -> float:
        """Closest distance between two objects, from their geometry."""
        return distance_m(self.thing(a).parts, self.thing(b).parts)

    def center_distance_m(self, a: str, b: str) -> float:
        """Distance between the middles of two objects."""
        return float(np.linalg.norm(self.thing(a).center - self.thing(b).center))


def make_room() -> Room:
    """The room of `spatialclaw demo --interfaces`; the far wall is at x = 4 m."""
    return Room((_heater(), _door(), _crate()), (
        Cuboid((-1.0, -2.6, -0.05), (WALL_X, 2.6, 0.0), FLOOR),
        Cuboid((WALL_X, -2.6, 0.0), (WALL_X + 0.1, 2.6, 3.0), PLASTER),
        Cuboid((-1.0, -2.7, 0.0), (WALL_X, -2.6, 3.0), PLASTER),
        Cuboid((-1.0, 2.6, 0.0), (WALL_X, 2.7, 3.0), PLASTER),
        Cuboid((WALL_X - 0.02, -1.25, 1.0), (WALL_X, -0.15, 2.0), DARK)))


def _heater() -> Thing:
    """A panel radiator on the wall, ribbed, 12 cm above the floor."""
    left, right, bottom, top = -1.30, -0.10, 0.12, 0.72
    panel = Cuboid((3.88, left, bottom), (3.96, right, top), GROOVE)
    return Thing('heater', (panel, *_ribs(3.86, 3.88, left, right, bottom, top, 20)))


def _crate() -> Thing:
    """A slatted storage crate on the floor, as white and as ribbed as the heater."""
    left, right = -1.60, -1.08
    body = Cuboid((2.42, left, 0.0), (2.82, right, 0.50), GROOVE)
    return Thing('crate', (body, *_ribs(2.40, 2.42, left, right, 0.0, 0.50, 9)))


def _door() -> Thing:
    """A closed door with its handle, in the same wall."""
    leaf = Cuboid((3.95, 1.20, 0.0), (WALL_X, 2.10, 2.02), BROWN)
    return Thing('door', (leaf, Cuboid((3.90, 1.27, 1.02), (3.95, 1.39, 1.05), (90, 60, 40))))


def _ribs(
    front: float, back: float, left: float, right: float, bottom: float, top: float, count: int,
) -> Sequence[Cuboid]:
    """Upright ribs side by side on a front, half of it between them free."""
    pitch = (right - left) / count
    return [
        Cuboid((front, left + n * pitch, bottom), (back, left + (n + 0.5) * pitch, top), WHITE)
        for n in range(count)]


def observe_room(
    room: Room | None = None, eyes: Sequence[Point] = EYES, *, depth_noise: float = 1.0,
) -> Observation:
    """Look at the room from some places, as a robot that drives past would.

    Args:
        room: what is seen; `make_room()` when None.
        eyes: places of the camera, world, metres.
        depth_noise: factor on a consumer camera's depth noise; 0 for exact depth.

    Returns:
        A frame for each place, with depth, intrinsics and pose.
    """
    room = room or make_room()
    cuboids = [*room.shell, *(part for thing in room.things for part in thing.parts)]
    random = np.random.default_rng(0)
    frames, poses, bases = [], [], []
    for index, eye in enumerate(eyes):
        pose = look_at(np.array(eye), np.array(LOOKED_AT))
        image, depth_m, _ = cast(cuboids, CAMERA, pose, seed=index)
        noise = random.standard_normal(depth_m.shape) * depth_sigma_m(depth_m) * depth_noise
        frames.append(Frame(
            index, CAMERA_NAME, index * STEP_NS, OPTICAL_FRAME, image,
            (depth_m + noise).astype(np.float32), CAMERA, pose))
        base = np.eye(4)
        base[:2, 3] = eye[:2]
        bases.append(base)
        poses.append(pose)
    return Observation(
        tuple(frames), WORLD_FRAME,
        {BASE_FRAME: np.stack(bases), OPTICAL_FRAME: np.stack(poses)}, base_frame=BASE_FRAME)
