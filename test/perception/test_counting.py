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


"""Plurals: as many things as there are, or a note that they can't be counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from spatialclaw_ros.perception.candidates import Candidate
from spatialclaw_ros.perception.counting import count_note
from spatialclaw_ros.perception.pieces import piece_of
from spatialclaw_ros.perception.prompt_parser import parse
from spatialclaw_ros.perception.solids import solid_score
from spatialclaw_ros.perception.tracking import Track
from spatialclaw_ros.workspace.calls import CANT_COUNT, ToolResult

Ask = Callable[..., ToolResult]
RED, GREEN, BLUE = (178, 26, 30), (34, 140, 52), (30, 62, 176)
EYE, TARGET = (-0.6, -2.2, 1.3), (1.4, -2.2, 0.2)


@pytest.fixture(scope='module')
def floor(drawing: Callable, thing: type):
    """Far away: bins of which the left hides a part of the right; a stool; boxes side by side."""
    x, y = 2.0, -1.9
    return drawing([
        thing('near', 'cylinder', (x, y, 0.0), (0.12, 0.3), GREEN),
        thing('far', 'cylinder', (x + 0.40, y + 0.22, 0.0), (0.12, 0.3), GREEN),
        thing('seat', 'cylinder', (1.2, -2.6, 0.42), (0.17, 0.05), RED),
        thing('leg', 'cylinder', (1.2, -2.6, 0.02), (0.035, 0.40), RED),
        thing('foot', 'cylinder', (1.2, -2.6, 0.0), (0.14, 0.02), RED),
        thing('low', 'box', (1.0, -1.75, 0.0), (0.2, 0.2, 0.12), BLUE),
        thing('high', 'box', (1.0, -1.55, 0.0), (0.2, 0.2, 0.35), BLUE)], (EYE,), TARGET,
        shadows=False)


@pytest.mark.parametrize(('prompt', 'count', 'sure'), [
    ('green bins', 2, True),  # apart by three times the noise of one pixel
    ('red stools', 1, True),  # the seat hides where the leg goes on
    ('blue boxes', 1, False),  # nothing tells one angular body from two
])
def test_how_many(floor, ask: Ask, prompt: str, count: int, sure: bool) -> None:
    result = ask(floor.observation, 'segment', mode='text', frame_indices=[0], prompts=[prompt])
    assert len(result.values['labels']) == count, result.values['notes']
    assert any(CANT_COUNT in note for note in result.values['notes']) is not sure


# Outlines in millimetres: a wine bottle, a ball, a pot with a handle.
BOTTLE = [(0, 0), (75, 0), (75, 190), (52, 220), (52, 300), (24, 300), (24, 220), (0, 190)]
BALL = [(round(40 * math.cos(at / 20)), round(40 * math.sin(at / 20))) for at in range(126)]
POT = [(0, 0), (200, 0), (200, 120), (350, 120), (350, 140), (200, 140), (200, 150), (0, 150)]


@pytest.mark.parametrize(('prompt', 'outline', 'lefts', 'sure'), [
    ('bottles', BOTTLE, (100,), True),
    ('bottles', BOTTLE, (100, 175), False),
    ('balls', BALL, (100,), True),
    ('balls', BALL, (100, 180), False),
    ('pots', POT, (100,), True),  # nothing tells a handle from another body
    ('cans', POT, (100,), False),
])
def test_an_outline_of_one_body_or_of_several(
    prompt: str, outline: Sequence[tuple[int, int]], lefts: Sequence[int], sure: bool,
) -> None:
    mask = np.zeros((480, 640), np.uint8)
    for left in lefts:
        cv2.fillPoly(mask, [np.add(outline, (left, 100)).astype(np.int32)], 1)
    track = Track()
    track.add(Candidate(
        0, piece_of(mask > 0), 'colour', 1.0, 1.0, np.empty((0, 3), np.float32), -1, math.nan,
        math.nan, 0.7, 0.5, math.nan))
    scene = SimpleNamespace(views={0: SimpleNamespace(geometry=None)})
    assert (count_note(scene, parse(prompt), [track], ()) == '') is sure


@pytest.mark.parametrize(('strays', 'least'), [(0, 0.99), (20, 0.9)])
def test_strays_beside_a_ball_leave_it_a_ball(strays: int, least: float) -> None:
    random = np.random.default_rng(3)
    ball = random.normal(0, 1, (800, 3))
    ball = 0.03 * ball[ball[:, 0] < 0] / np.linalg.norm(ball[ball[:, 0] < 0], axis=1)[:, None]
    beside = random.uniform((0, -0.05, -0.03), (0.08, 0.05, -0.02), (strays, 3))
    points = np.concatenate([ball + random.normal(0, 0.002, ball.shape), beside])
    assert solid_score('ball', points) > least
    assert solid_score('box', points) < 0.8
