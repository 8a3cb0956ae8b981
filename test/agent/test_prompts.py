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



"""Prompts: assembled from what is loaded, the same for all queries of a robot, facts apart."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.agent.prompts import opening_text, planner_prompt, system_prompt
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.metadata import metadata_of
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question
from spatialclaw_ros.workspace.tolerance import Tolerance

ALL = frozenset({'reconstruct', 'segment', 'ocr', 'vlm'})
IMAGE = np.zeros((120, 160, 3), np.uint8)
FENCED = re.compile('^```', re.MULTILINE)


def observation_of(
    count: int, *, depth: bool = True, cameras: tuple[str, ...] = ('front',), **options: object,
) -> Observation:
    frames = tuple(
        Frame(i, cameras[i % len(cameras)], i * 100_000_000, 'optical', IMAGE,
              np.ones((120, 160), np.float32) if depth else None,
              PinholeCamera(160, 120, 150, 150, 80, 60), np.eye(4) if depth else None)
        for i in range(count))
    return Observation(frames, world_frame='odom', base_frame='base_link', **options)


@pytest.mark.parametrize('name', INTERFACES)
def test_system_prompts_are_the_same_for_all_queries_of_a_robot(name: str) -> None:
    several = metadata_of(observation_of(12, cameras=('front', 'rear')))
    other = metadata_of(observation_of(
        30, cameras=('front', 'rear'), depth=False, missing=('no depth for front',)))
    assert several != other
    for make in (system_prompt, planner_prompt):
        first, second = (make(INTERFACES[name], ALL, facts) for facts in (several, other))
        assert first.encode() == second.encode()
        assert '160x120' in first
        assert 'front' in first
        assert 'odom' in first


def test_what_differs_between_queries_is_in_the_opening() -> None:
    observation = observation_of(3, depth=False, missing=('no depth for front',))
    text = opening_text(
        Question('how far is the mug?'), metadata_of(observation), observation.frames,
        'Left: 30 steps.')
    for part in ('how far is the mug?', '3 frames', 'frames 0..2', 'without depth', 'without pose',
                 'not there: no depth for front', 'InputImages[0]', 'InputImages[2]: front, 0.20 s',
                 'Left: 30 steps.'):
        assert part in text


@pytest.mark.parametrize(('answer_type', 'parts'), [
    (AnswerType.ANY, ['whatever fits']),
    (AnswerType.NUMBER, ['one number in SI units']),
    (AnswerType.BOOLEAN, ['True or False']),
    (AnswerType.CHOICE, ['one of the choices', 'A) the mug', 'B) the box']),
    (AnswerType.TEXT, ['a short text']),
    (AnswerType.POINT, ['x, y, z in metres', 'into the frame gripper for you']),
])
def test_the_answer_is_described_in_words(answer_type, parts) -> None:
    choices = ('the mug', 'the box') if answer_type == AnswerType.CHOICE else ()
    frame = 'gripper' if answer_type == AnswerType.POINT else ''
    observation = observation_of(1)
    text = opening_text(
        Question('q?', answer_type, choices, frame), metadata_of(observation),
        observation.frames, 'Left: 1 step.')
    for part in parts:
        assert part in text


@pytest.mark.parametrize(('answer_type', 'tolerance', 'words'), [
    (AnswerType.ANY, Tolerance(), 'wanted to 0.1 m or 20 % of them, whichever is larger'),
    (AnswerType.NUMBER, Tolerance(0.02, 0.0, 5.0), 'wanted to 0.02 m, angles to 5 degrees'),
    (AnswerType.POINT, Tolerance(0.02, 0.03), 'Refuse what can not be known to that'),
    (AnswerType.BOOLEAN, Tolerance(), ''),
])
def test_the_tolerance_is_told_where_a_number_may_be_the_answer(
    answer_type, tolerance, words,
) -> None:
    observation = observation_of(1)
    text = opening_text(
        Question('q?', answer_type, tolerance=tolerance), metadata_of(observation),
        observation.frames, 'Left: 1 step.')
    assert ('wanted to' in text) == bool(words)
    assert words in text


@pytest.mark.parametrize('name', ['code', 'single_pass', 'tool_call'])
@pytest.mark.parametrize(('capability', 'words'), [
    ('reconstruct', ['recon.extrinsics[f]` is T_world_camera', 'scale_source', 'is_metric']),
    ('segment', ['tools.SAM3', 'Look at a mask']),
    ('ocr', ['tools.OCR']),
    ('vlm', ['vlm.locate', 'What `vlm` says']),
])
def test_a_tool_is_named_only_where_it_is_loaded(name, capability, words) -> None:
    facts = metadata_of(observation_of(2))
    with_it = system_prompt(INTERFACES[name], ALL, facts)
    without = system_prompt(INTERFACES[name], ALL - {capability}, facts)
    for word in words:
        assert (word in with_it) == (word != 'Look at a mask' or INTERFACES[name].has_steps)
        assert word not in without


def test_each_interface_is_told_what_it_can_do_and_no_more() -> None:
    facts = metadata_of(observation_of(2))
    texts = {name: system_prompt(each, ALL, facts) for name, each in INTERFACES.items()}
    for name in ('code', 'single_pass'):
        assert '```python' in texts[name]
        assert 'd @ R[:, 2]' in texts[name]
    assert 'runs once' in texts['single_pass']
    # who sees nothing of what comes back has nothing to look at, and no second reply
    for later, names in (
            ('Do several things', {'code'}), ('before you use it', {'code', 'tool_call'}),
            ('asked to commit', {'code', 'tool_call', 'none'})):
        assert {name for name, text in texts.items() if later in text} == names
    for python in ('`np`', 'scipy', 'plt', 'slice', 'R[:', 'Percentiles', "Metadata['fps']"):
        assert python not in texts['tool_call']
    assert 'get_centroid_3d' in texts['tool_call']
    for tool in ('tools.', 'ReturnAnswer', 'show(', 'recon', 'mask'):
        assert tool not in texts['none']
    assert '{"refuse": "why"}' in texts['none']
    for text in texts.values():
        assert 'never instructs you' in text
        assert 'When to refuse' in text


def test_the_planner_forbids_code_and_conclusions() -> None:
    facts = metadata_of(observation_of(2))
    text = planner_prompt(INTERFACES['code'], ALL, facts)
    assert 'Write no code, and conclude nothing' in text
    assert 'you see none' in text
    assert 'tools.SAM3' in text
    assert 'tools.' not in planner_prompt(INTERFACES['none'], ALL, facts)


@pytest.mark.parametrize('name', INTERFACES)
def test_prompts_are_short_and_hold_no_cell_to_copy(name: str) -> None:
    text = system_prompt(INTERFACES[name], ALL, metadata_of(observation_of(2)))
    assert len(text) < 12_000
    assert not FENCED.search(text)


def test_a_world_that_tf_does_not_give_is_said_to_be_made_up() -> None:
    observation = replace(observation_of(1), world_frame='', base_frame='')
    text = system_prompt(INTERFACES['code'], ALL, metadata_of(observation))
    assert 'made from the first camera' in text
    assert "robot's own frame" not in text


def test_many_choices_and_frames_stay_readable() -> None:
    observation = observation_of(400, cameras=('a', 'b', 'c'))
    choices = tuple(f'choice {i}' for i in range(64))
    text = opening_text(
        Question('q?', AnswerType.CHOICE, choices), metadata_of(observation),
        observation.frames[:32], 'Left: 1 step.')
    assert 'Z) choice 25\nAA) choice 26' in text
    assert len(text) < 5000
