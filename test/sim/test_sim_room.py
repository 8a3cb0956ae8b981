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



"""The drawn room: its picture and depth are its geometry, and perception is honestly misled."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.closest import closest_points
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.sim.raycast import Cuboid, cast, distance_m
from spatialclaw_ros.sim.room import EYES, Room, Thing, make_room, observe_room
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

FRAME = 1
HEATER_BOX = (325.0, 240.0, 485.0, 322.0)


@pytest.fixture(scope='module')
def exact() -> Observation:
    return observe_room(depth_noise=0.0)


def segment(observation: Observation, **args: object) -> ToolResult:
    arrays = {'boxes': np.array([args.pop('box')])} if 'box' in args else {}
    result = make_perception().handle(observation, ToolCall('segment', {
        'labels': ['it'], 'frame_indices': [FRAME], 'prompt_frame': FRAME, **args}, arrays),
        Deadline(30.0))
    assert result.error is None
    return result


def points(observation: Observation, mask: np.ndarray) -> np.ndarray:
    frame = observation.frames[FRAME]
    assert frame.depth_m is not None
    assert frame.intrinsics is not None
    assert frame.T_world_camera is not None
    pose = frame.T_world_camera
    return frame.intrinsics.unproject(frame.depth_m)[mask] @ pose[:3, :3].T + pose[:3, 3]


def nearest(room: Room, cloud: np.ndarray) -> str:
    """Thing of the room that points are mostly of."""
    def away(thing: Thing) -> float:
        return float(np.linalg.norm(np.median(cloud, axis=0) - thing.center))
    return min(room.things, key=away).name


def test_the_truth_is_the_geometry() -> None:
    room = make_room()
    assert room.distance_m('heater', 'door') == pytest.approx(1.30)
    assert room.distance_m('crate', 'door') > 2.0
    assert room.center_distance_m('heater', 'door') > 2.0
    with pytest.raises(KeyError, match='heater'):
        room.thing('stove')


@pytest.mark.parametrize(('a', 'b', 'truth'), [
    (((0, 0, 0), (1, 1, 1)), ((2, 0, 0), (3, 1, 1)), 1.0),
    (((0, 0, 0), (1, 1, 1)), ((4, 5, 0), (6, 6, 1)), 5.0),
    (((0, 0, 0), (1, 1, 1)), ((0.5, 0.5, 0.5), (2, 2, 2)), 0.0),
])
def test_distance_of_cuboids(a: tuple, b: tuple, truth: float) -> None:
    assert distance_m(
        [Cuboid(*a, (0, 0, 0))], [Cuboid(*b, (0, 0, 0))]) == pytest.approx(truth)


def test_a_cuboid_has_a_volume() -> None:
    with pytest.raises(ValueError, match='low < high'):
        Cuboid((0, 0, 0), (1, 1, 0), (0, 0, 0))


def test_depth_and_picture_of_a_cuboid() -> None:
    camera = PinholeCamera(64, 48, 50.0, 50.0, 31.5, 23.5)
    image, depth_m, which = cast([Cuboid((-0.5, -0.5, 2.0), (0.5, 0.5, 3.0), (200, 100, 50))],
                                 camera, np.eye(4))
    assert np.isnan(depth_m[0, 0])
    assert which[0, 0] == -1
    assert depth_m[24, 32] == pytest.approx(2.0)
    assert which[24, 32] == 0
    assert image[0, 0].max() < 20
    assert image[24, 32, 0] > 100
    assert np.isfinite(depth_m).sum() == pytest.approx(25 ** 2, rel=0.1)


def test_points_of_the_picture_lie_on_the_things(exact: Observation) -> None:
    everything = points(exact, np.isfinite(exact.frames[FRAME].depth_m))
    door = make_room().thing('door').parts[0]
    on_front = everything[np.abs(everything[:, 0] - door.low[0]) < 0.002]
    low, high = np.percentile(on_front, (1, 99), axis=0)
    np.testing.assert_allclose(low[1:], door.low[1:], atol=0.05)
    np.testing.assert_allclose(high[1:], door.high[1:], atol=0.05)


def test_it_is_the_same_every_time() -> None:
    one, other = observe_room(eyes=EYES[:1]), observe_room(eyes=EYES[:1])
    np.testing.assert_array_equal(one.frames[0].image, other.frames[0].image)
    np.testing.assert_array_equal(one.frames[0].depth_m, other.frames[0].depth_m)


@pytest.mark.parametrize(('args', 'name'), [
    ({'mode': 'text', 'prompts': ['white heater']}, 'crate'),
    ({'mode': 'text', 'prompts': ['brown door']}, 'door'),
    ({'mode': 'box', 'box': HEATER_BOX}, 'heater'),
])
def test_what_a_prompt_finds(exact: Observation, args: dict, name: str) -> None:
    """By its colour alone a heater is the crate: that is what must be looked at."""
    result = segment(exact, **args)
    masks = result.arrays[f'masks_{FRAME}']
    assert len(masks) == 1
    assert nearest(make_room(), points(exact, masks[0])) == name


def test_what_is_too_long_for_a_thing_is_said_to_be(exact: Observation) -> None:
    result = segment(exact, mode='text', prompts=['brown plank'])
    assert result.values['labels'] == []
    assert 'at most 1.2 m long' in result.values['notes'][0]


def test_the_closest_points_are_those_of_the_geometry(exact: Observation) -> None:
    heater = segment(exact, mode='box', box=HEATER_BOX)
    door = segment(exact, mode='text', prompts=['brown door'])
    near = closest_points(*(
        points(exact, each.arrays[f'masks_{FRAME}'][0]) for each in (heater, door)))
    assert near.distance == pytest.approx(1.30, abs=0.03)
