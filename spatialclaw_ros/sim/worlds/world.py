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


"""A simulated world: things, what they stand on, cameras, views, and how all of it moves.

The scene's frame is `odom`: z up, the floor at z = 0, metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.paths import Path

WORLD_FRAME = 'odom'
BASE_FRAME = 'base_link'
GRIPPER_FRAME = 'gripper_link'

Kind = Literal['tabletop', 'room']
KINDS: tuple[Kind, ...] = ('tabletop', 'room')


@dataclass(frozen=True, eq=False)
class Support:
    """A level rectangle that things stand on.

    Args:
        name: of the fixture that it is the top of: 'floor', 'table', 'shelf', ...
        center: (3,) middle of it, `odom`.
        size: along its own x and y, metres.
        yaw_rad: turn about z.
    """

    name: str
    center: np.ndarray
    size: tuple[float, float]
    yaw_rad: float = 0.0

    @property
    def height(self) -> float:
        """Above the floor, metres."""
        return float(self.center[2])

    @property
    def axes(self) -> np.ndarray:
        """(2, 2): its own x and y as rows, `odom`."""
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        return np.array([[c, s], [-s, c]])

    def point(self, x: float, y: float) -> np.ndarray:
        """(3,) `odom` of a point on it, from its middle along its own axes."""
        return self.center + np.array([*(self.axes.T @ (x, y)), 0.0])


@dataclass(frozen=True, eq=False)
class Link:
    """One TF transform.

    Args:
        frame: the child.
        parent: 'odom' or the frame of another link.
        path: `T_parent_frame` over time.
    """

    frame: str
    parent: str
    path: Path


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera of the robot or the room.

    Args:
        name: as in the node's parameters: 'wrist', 'front', 'side', 'head', ...
        frame: TF name of its optical frame; the link's parent is the camera's body.
        intrinsics: of colour and depth alike.
        moves: whether its pose changes over the views.
    """

    name: str
    frame: str
    intrinsics: PinholeCamera
    moves: bool


@dataclass(frozen=True)
class View:
    """One picture.

    Args:
        camera: who takes it.
        stamp_ns: when.
    """

    camera: str
    stamp_ns: int


@dataclass(frozen=True)
class Light:
    """Where light comes from; factors on the usual lamps.

    Args:
        window: (x, y, z) of the lamp that casts shadows, `odom`.
        brightness: factor on it.
        ambient: light from everywhere, 0 to 1.
    """

    window: tuple[float, float, float]
    brightness: float
    ambient: float


@dataclass(frozen=True, eq=False)
class World:
    """Everything there is to see, and from where it is seen.

    Args:
        seed: it was made from.
        kind: 'tabletop' or 'room'.
        things: what may be asked about by colour and noun; `kind` is '<colour> <noun>', and those
            of one kind are called '<colour> <noun> 1', '... 2'. Poses in `odom`; of a moving thing,
            that at the first view.
        fixtures: floor, wall, table, door, shelf, cabinet, by one plain noun each.
        supports: levels that things stand on, by name.
        stands_on: name of each thing to the support or thing that it stands on.
        rows: names of things that stand in a straight row, in order.
        motions: pose in `odom` over time of each thing that moves.
        links: the TF tree; parents come before children.
        cameras: one to three.
        views: in time order.
        light: lamps.
    """

    seed: int
    kind: Kind
    things: tuple[SceneObject, ...]
    fixtures: tuple[SceneObject, ...]
    supports: Mapping[str, Support]
    stands_on: Mapping[str, str]
    rows: tuple[tuple[str, ...], ...]
    motions: Mapping[str, Path]
    links: tuple[Link, ...]
    cameras: tuple[Camera, ...]
    views: tuple[View, ...]
    light: Light
    _objects: dict[str, SceneObject] = field(init=False, repr=False)
    _links: dict[str, Link] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        objects = {thing.name: thing for thing in (*self.things, *self.fixtures)}
        if len(objects) != len(self.things) + len(self.fixtures):
            raise ValueError('names of things and fixtures must differ')
        object.__setattr__(self, '_objects', objects)
        object.__setattr__(self, '_links', {link.frame: link for link in self.links})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the things, without the fixtures."""
        return tuple(thing.name for thing in self.things)

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of all TF frames, 'odom' first."""
        return (WORLD_FRAME, *self._links)

    @property
    def start_ns(self) -> int:
        """Stamp of the first view."""
        return self.views[0].stamp_ns

    @property
    def end_ns(self) -> int:
        """Stamp of the last view: the 'now' of a question."""
        return self.views[-1].stamp_ns

    def object(self, name: str) -> SceneObject:
        """A thing or fixture.

        Raises:
            KeyError: there is none of that name; the message lists those there are.
        """
        if name not in self._objects:
            raise KeyError(f'no object {name!r} in the world, there are {list(self._objects)}')
        return self._objects[name]

    def camera(self, name: str) -> Camera:
        """A camera.

        Raises:
            KeyError: there is none of that name.
        """
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise KeyError(f'no camera {name!r}, there are {[c.name for c in self.cameras]}')

    def T_world_object(self, name: str, stamp_ns: int) -> np.ndarray:
        """Pose of a thing or fixture in `odom` at a stamp, (4, 4)."""
        if name in self.motions:
            return self.motions[name].at(stamp_ns)
        return self.object(name).T_scene_object

    def T_world_frame(self, frame: str, stamp_ns: int) -> np.ndarray:
        """Pose of a TF frame in `odom` at a stamp, (4, 4).

        Raises:
            KeyError: there is no such frame; the message lists those there are.
        """
        pose = np.eye(4)
        while frame != WORLD_FRAME:
            if frame not in self._links:
                raise KeyError(f'no frame {frame!r} in the world, there are {list(self.frames)}')
            link = self._links[frame]
            pose = link.path.at(stamp_ns) @ pose
            frame = link.parent
        return pose

    def T_world_view(self, index: int) -> np.ndarray:
        """True pose of the optical frame in `odom` for a view, (4, 4)."""
        view = self.views[index]
        return self.T_world_frame(self.camera(view.camera).frame, view.stamp_ns)

    def pixels(self, index: int, points: np.ndarray) -> np.ndarray:
        """Where points (N, 3) in `odom` are in a view's picture, (N, 2); NaN behind the camera."""
        T_view_world = invert(self.T_world_view(index))
        camera = self.camera(self.views[index].camera).intrinsics
        return camera.project(transform_points(T_view_world, np.asarray(points, np.float64)))
