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

"""What the rules backbone refuses as it knows that it does not know, and what it still answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.poses import place_frames


@pytest.mark.parametrize(('text', 'doubtful'), [
    ('How far is the mug from the red box?', 'mug'),
    ('Which is taller, the red box or the mug?', 'mug'),
    ('Is the mug between the red box and the ball?', 'mug'),
])
def test_two_names_of_one_thing_are_refused(kit: Any, text: str, doubtful: str) -> None:
    world = kit.world(prompts={
        'mug': [('box', 0.45)], 'red box': [('box', 0.9)], 'cup': [], 'red container': []})
    answer = kit.ask(world, text).answer
    assert answer.value is None
    assert f'"{doubtful}" is the doubtful one' in answer.reason
    assert 'score 0.45' in answer.reason


def test_a_looser_name_for_the_same_thing_is_the_doubtful_one(kit: Any) -> None:
    world = kit.world(prompts={'cup': [('ball', 0.95)], 'mug': [], 'ball': [('ball', 0.9)]})
    answer = kit.ask(world, 'How far is the mug from the ball?').answer
    assert answer.value is None
    assert '"mug" (score 0.95, looked for as "cup")' in answer.reason


def test_comparison_names_both_values_and_their_sigmas(kit: Any) -> None:
    twins = [kit.solid(name, 'box', (0.1, 0.1, high), (1.1, y, 0.72 + high / 2))
             for name, y, high in (('left box', 0.2, 0.1), ('right box', -0.2, 0.102))]
    answer = kit.ask(kit.world((kit.floor, kit.table, *twins)),
                     'Is the right box taller than the left box?').answer
    assert answer.value is None
    assert re.search(r'right box 0\.1\d* m \(sigma 0\.\d+\) and left box 0', answer.reason)
    assert 'would help' in answer.reason


def test_two_cameras_that_see_it_differently_are_named(kit: Any) -> None:
    world = kit.world(eyes=[(0.3, 0.0, 1.5), (2.1, 0.0, 1.5)], cameras=['front', 'back'])
    answer = kit.ask(world, 'Is the mug left of the box?').answer
    assert answer.value is None
    assert 'depends on which camera' in answer.reason
    for camera, truth in (('front', True), ('back', False)):
        asked = kit.ask(world, f'As seen from the {camera} camera, is the mug left of the box?')
        assert asked.answer.value is truth, asked.answer.reason


def unplaced(kit: Any) -> Any:
    """Two cameras without TF between them; the ball is hidden from the newer one."""
    screen = kit.solid('screen', 'box', (0.02, 0.4, 0.5), (1.6, -0.1, 0.97))
    world = kit.world(
        (kit.floor, kit.table, kit.mug, kit.box, kit.ball, screen),
        eyes=[(0.25, 0.0, 1.55), (2.6, -0.1, 1.1)], cameras=['front', 'back'])
    port = world.port
    frames = [replace(frame, T_world_camera=None) for frame in world.observation.frames]
    with pytest.raises(PerceptionError) as apart:
        place_frames(frames, {frame.index: frame.depth_m for frame in frames})

    def alone(call: Any) -> Any:
        if call.tool == 'reconstruct' and len(call.args['frame_indices']) > 1:
            world.errors['reconstruct'] = str(apart.value)
        result = port(call)
        world.errors.clear()
        return result

    world.port = alone
    return world


def test_one_camera_does_where_frames_can_not_be_placed(kit: Any) -> None:
    outcome = kit.ask(unplaced(kit), 'How far is the mug from the ball?')
    assert outcome.answer.value == pytest.approx(np.hypot(0.08, 0.27) - 0.09, abs=0.01)
    assert 'frame 0 of camera front alone' in outcome.turns[1].result.stdout
    assert len(outcome.turns) == 4
    named = kit.ask(unplaced(kit), 'How far is the ball from the back camera?').answer
    assert named.value is None
    moved = kit.ask(unplaced(kit), 'How far did the mug move?').answer
    assert moved.value is None
    assert 'can be placed' in moved.reason


@pytest.mark.parametrize(('text', 'value', 'words'), [
    ('Is there a mug?', True, ''), ('How many balls are there?', 1, ''),
    ('How many mugs are there?', None, 'no picture shows more than 1 of them'),
])
def test_several_cameras_without_depth(
    kit: Any, text: str, value: bool | int | None, words: str,
) -> None:
    world = unplaced(kit)
    world.port = type(world).port.__get__(world)
    world.errors['reconstruct'] = 'frame 0 has no depth; connect a depth topic'
    answer = kit.ask(world, text).answer
    assert answer.value == value
    assert words in answer.reason


def test_what_stands_before_a_thing_hides_where_it_ends(kit: Any) -> None:
    screen = kit.solid('screen', 'box', (0.02, 0.24, 0.5), (0.95, 0.13, 0.97))
    crate = kit.solid('crate', 'box', (0.3, 0.3, 0.3), (1.3, 0.0, 0.87))
    ball = kit.solid('ball', 'ball', (0.05,), (1.25, 0.4, 0.77))
    world = kit.world((kit.floor, kit.table, screen, crate, ball), eyes=[(0.1, 0.0, 1.3)])
    gap = kit.ask(world, 'How far is the crate from the ball?').answer
    assert gap.value is None  # 0.2 m in truth, but only the far half of the crate is seen
    assert re.search(r'it is about 0\.\d+ m, but with a sigma of 0\.', gap.reason)
    width = kit.ask(world, 'How wide is the crate?').answer
    assert width.value is None
    assert 'by what stands before it' in width.reason
    taller = kit.ask(world, 'Is the crate taller than the ball?').answer
    assert taller.value is True


@pytest.mark.parametrize(('cut', 'width'), [(True, None), (False, 0.10)])
def test_a_view_without_depth_tells_nothing(kit: Any, cut: bool, width: float | None) -> None:
    eyes = [(0.55, 0.3, 1.2) if cut else (0.25, 0.1, 1.55), (0.3, -0.2, 1.5)]
    world = kit.world(eyes=eyes, target=(1.15, 0.3 if cut else 0.0, 0.72))
    blind = world.observation.frames[1].depth_m
    blind[world.which[1] == world.names[1].index('box')] = np.nan
    answer = kit.ask(world, 'How wide is the box?').answer
    if width is None:
        assert answer.value is None
        assert 'cut off by the image border' in answer.reason
    else:
        assert answer.value == pytest.approx(width, abs=0.01), answer.reason
        assert answer.sigma < 0.02


def test_a_sheet_on_a_table_is_neither_said_to_be_above_nor_below(kit: Any) -> None:
    sheet = kit.solid('sheet', 'box', (0.2, 0.2, 0.002), (1.1, 0.0, 0.721))
    world = kit.world((kit.floor, kit.table, sheet), eyes=[(0.25, 0.0, 1.55)])
    answer = kit.ask(world, 'Is the sheet above or below the table?').answer
    assert answer.value is None
    assert 'both above and below would be said of it' in answer.reason
