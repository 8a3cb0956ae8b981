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

"""What was not seen is in the sigma of what it changes, and of nothing else."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.rules.snippets import join
from spatialclaw_ros.workspace.calls import ToolResult
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.tolerance import Tolerance

LOOSE = Tolerance(1.0, 1.0)


@pytest.mark.parametrize(('text', 'truth'), [
    ('Did the ball move?', True), ('In which direction did the ball move?', 'right'),
    ('How fast is the ball moving?', 1.0), ('How far did the ball move?', None),
])
def test_a_way_that_goes_on_unseen(kit: Any, text: str, truth: float | bool | str | None) -> None:
    """A ball rolls 0.3 m in 0.3 s and is gone for 0.2 s: 60 % of the clip show it."""
    still = (kit.floor, kit.table, kit.mug)
    scenes = [(*still, kit.solid('ball', 'ball', (0.05,), (1.1, 0.1 - 0.1 * step, 0.77)))
              for step in range(4)] + [still] * 2
    answer = kit.ask(kit.world(scenes, eyes=[(0.2, 0.0, 1.6)] * 6), text).answer
    if truth is None:
        assert answer.value is None
        assert 'it is about 0.3 m' in answer.reason
    elif isinstance(truth, float):
        assert answer.value == pytest.approx(truth, abs=0.05), answer.reason
        assert answer.sigma < 0.1
    else:
        assert answer.value == truth, answer.reason


def shifted(world: Any, *shifts: tuple[float, float, float]) -> Any:
    """The same world, where the pose of each frame is off."""
    for frame, shift in zip(world.observation.frames, shifts):
        pose = frame.T_world_camera.copy()
        pose[:3, 3] += shift
        object.__setattr__(frame, 'T_world_camera', pose)
    return world


@pytest.mark.parametrize('shifts', [(0.0, 0.0, 0.0), (0.0, 0.06, 0.0), (-0.06, 0.0, 0.06)])
@pytest.mark.parametrize(('text', 'truth'), [
    ('How far is the mug from the ball?', math.hypot(0.08, 0.27) - 0.09),
    ('How wide is the box?', 0.10),
])
def test_guessed_frames_that_disagree_are_not_put_into_layers(
    kit: Any, text: str, truth: float, shifts: tuple[float, ...],
) -> None:
    world = shifted(kit.world(eyes=[(0.25, 0.1, 1.55)] * 3), *((0.0, y, 0.0) for y in shifts))
    sensed = world.port

    def port(call: Any) -> ToolResult:
        result = sensed(call)
        guess = {'scale_source': 'model'} if call.tool == 'reconstruct' else {}
        return ToolResult({**result.values, **guess}, result.arrays)

    world.port = port
    answer = kit.ask(world, text).answer
    assert answer.value == pytest.approx(truth, abs=0.012), answer.reason
    assert math.isnan(answer.sigma)


@pytest.mark.parametrize(('eye_m', 'hidden'), [(0.85, True), (1.6, False)])
@pytest.mark.parametrize('text', [
    'How far is the crate from the board?',
    'What is the horizontal distance between the crate and the board?',
])
def test_a_hidden_far_side_counts_from_above_too(
    kit: Any, text: str, eye_m: float, hidden: bool,
) -> None:
    crate = kit.solid('crate', 'box', (0.2, 0.2, 0.2), (1.1, 0.0, 0.82))
    board = kit.solid('board', 'box', (0.02, 0.5, 0.6), (1.5, 0.0, 1.02))
    world = kit.world((kit.floor, kit.table, crate, board), eyes=[(0.1, 0.0, eye_m)])
    answer = kit.ask(world, text, tolerance=LOOSE).answer
    assert hidden or answer.value == pytest.approx(0.29, abs=0.01), answer.reason
    assert (answer.sigma > 0.2 / 4 - 0.005) is hidden, answer.sigma
    assert (answer.sigma < 0.02) is not hidden, answer.sigma
    refused = kit.ask(world, text, tolerance=Tolerance(0.03, 0.0)).answer
    assert (refused.value is None) is hidden


def test_what_is_round_is_so_from_above_too(kit: Any) -> None:
    board = kit.solid('board', 'box', (0.02, 0.5, 0.6), (1.5, 0.2, 1.02))
    world = kit.world((kit.floor, kit.table, kit.mug, kit.ball, board), eyes=[(0.1, 0.0, 0.9)])
    for name, truth in (('mug', 1.49 - 1.14), ('ball', 1.49 - 1.07)):
        answer = kit.ask(
            world, f'What is the horizontal distance between the {name} and the board?').answer
        assert answer.value == pytest.approx(truth, abs=0.01), answer.reason


@pytest.mark.parametrize(('text', 'covered', 'told'), [
    ('How far is the centre of the crate from the edge of the table?', True, False),
    ('How far is the centre of the crate from the edge of the table?', False, True),
])
def test_a_middle_that_is_hidden_is_at_no_distance_from_an_edge(
    kit: Any, text: str, covered: bool, told: bool,
) -> None:
    screen = kit.solid('screen', 'box', (0.02, 0.24, 0.5), (0.95, 0.13, 0.97))
    crate = kit.solid('crate', 'box', (0.2, 0.2, 0.2), (1.2, 0.0, 0.82))
    solids = (kit.floor, kit.table, crate, *[screen] * covered)
    answer = kit.ask(kit.world(solids, eyes=[(0.1, 0.0, 1.5)]), text).answer
    if told:
        assert answer.value == pytest.approx(0.4, abs=0.02), answer.reason
    else:
        assert answer.value is None
        assert 'its middle is not known' in answer.reason


@pytest.mark.parametrize(('off_m', 'least'), [(0.0, 0.005), (0.06, 0.02)])
def test_poses_that_are_off_count_upwards(kit: Any, off_m: float, least: float) -> None:
    world = shifted(kit.world(), (0.0, 0.0, off_m))
    answer = kit.ask(world, 'What is the vertical distance between the table and the floor?',
                     tolerance=LOOSE).answer
    assert least <= answer.sigma < least + 0.03
    assert abs(answer.value - 0.68) < 2 * answer.sigma


def turned(by: float) -> np.ndarray:
    """A camera at the origin, level, that looks along x, turned about the vertical axis."""
    pose = np.eye(4)
    pose[:2, :2] = [[math.cos(by), -math.sin(by)], [math.sin(by), math.cos(by)]]
    return pose


@pytest.mark.parametrize(('frames', 'by', 'camera', 'one'), [
    (((0,), (0, 1)), 0.01, 'front', True),  # a frame shows both
    (((0,), (1,)), 0.0, 'front', True),  # it stood still
    (((0,), (1,)), 0.01, 'front', False),  # it turned in between
    (((0,), (1,)), 0.0, 'back', False),
])
def test_a_pose_counts_between_what_no_view_shows_together(
    frames: tuple[tuple[int, ...], tuple[int, ...]], by: float, camera: str, one: bool,
) -> None:
    cameras = ['front', camera]
    names: dict[str, Any] = {
        'np': np, 'InputImages': SimpleNamespace(at=lambda f: SimpleNamespace(camera=cameras[f])),
        'recon': SimpleNamespace(
            extrinsics={0: turned(0.0), 1: turned(by)}, is_metric=True)}
    exec(join('placed'), names)
    names['tilts'].update({0: 0.005, 1: 0.005})
    things = []
    for y, seen in zip((-0.3, 0.3), frames):
        points = np.tile([2.0, y, 0.0], (30, 1))
        points = PointArray.make(points, np.full(30, 2.0), np.full(30, 0.0005))
        things.append({'points': points, 'frames': list(seen), 'whole': list(seen),
                       'spread': (np.eye(3) * 0.006 ** 2, 0.0)})
    doubt = names['between_doubt'](*things, np.array([0.0, 0.6, 0.0]))
    assert names['together'](*things) is one
    across = math.sqrt(2) * math.hypot(0.005 * 2.02, 0.003)  # turns of both, at 2 m
    assert (doubt > across) is not one
    assert doubt < (0.009 if one else 1.3 * across)


@pytest.mark.parametrize(('text', 'off_m', 'most'), [
    # what the camera is off as a whole at its 1 m, 3.3 mm, once, and the noise of its points
    ('How far is the ball from the camera?', 0.0033, 0.0055),
    ('How far is the centre of the ball from the camera?', 0.0033, 0.0065),
])
def test_what_a_camera_is_off_as_a_whole_counts_once(
    kit: Any, text: str, off_m: float, most: float,
) -> None:
    answer = kit.ask(kit.world(eyes=[(0.25, 0.1, 1.55)]), text).answer
    assert off_m < answer.sigma < most


def test_a_camera_knows_bearings_better_than_tf_places_it(kit: Any) -> None:
    world = kit.world(eyes=[(0.25, 0.1, 1.55)])
    own, of_robot = (kit.ask(world, f'What is the bearing of the ball from the {name}?').answer
                     for name in ('camera', 'gripper'))
    assert own.sigma < 0.005 < of_robot.sigma, (own.reason, of_robot.reason)


@pytest.mark.parametrize('down_deg', [20, 45, 90])
@pytest.mark.parametrize(('x', 'high', 'low'), [(2.0, 0.72, 0.0), (0.8, 1.0, 0.2), (1.5, 0.3, 0.3)])
def test_both_ends_of_a_height_are_lifted_together(
    down_deg: float, x: float, high: float, low: float,
) -> None:
    """An offset of inverse depth moves two points, one above the other; a camera is 1.4 m up."""
    down, share = math.radians(down_deg), 0.0001
    look = np.array([math.cos(down), 0.0, -math.sin(down)])
    pose = np.eye(4)
    pose[:3, :3] = np.column_stack([[0.0, -1.0, 0.0], np.cross(look, [0.0, -1.0, 0.0]), look])
    pose[:3, 3] = [0.0, 0.0, 1.4]
    ends = np.array([[x, 0.3, high], [x, 0.3, low]])
    depth = (ends - pose[:3, 3]) @ look
    moved = pose[:3, 3] + (ends - pose[:3, 3]) / (1 - share * depth)[:, None]
    names: dict[str, Any] = {'np': np, 'recon': SimpleNamespace(extrinsics={0: pose})}
    exec(join('rising'), names)
    p = PointArray.make(np.tile(ends[0], (9, 1)), np.full(9, depth[0]))
    told = [names['lift'](p, 0, end) * share / (0.02 / 6) for end in ends]
    assert told[0] - told[1] == pytest.approx(
        float(moved[0, 2] - high - (moved[1, 2] - low)), rel=0.001, abs=1e-9)


@pytest.mark.parametrize('origin', ['camera', 'gripper'])
def test_a_place_is_no_better_known_than_the_edge_that_a_camera_saw(kit: Any, origin: str) -> None:
    text = f'How far is the {origin} from the edge of the table?'
    answer = kit.ask(kit.world(eyes=[(0.25, 0.1, 1.55)]), text, tolerance=LOOSE).answer
    assert answer.sigma > 0.006, answer.reason


def test_a_long_table_is_drawn_out_by_what_its_camera_is_off(kit: Any) -> None:
    near, far = (kit.ask(kit.world(eyes=[(1.1 - x, 0.0, 0.72 + x)]), 'How long is the table?',
                         tolerance=LOOSE).answer for x in (1.3, 2.2))
    assert 0.006 < near.sigma < far.sigma, (near.reason, far.reason)
