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


"""What a noun can mean: by tables of forms and sizes, and in pictures of things of one colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.perception import rating
from spatialclaw_ros.perception import sides as looking
from spatialclaw_ros.perception.candidates import measure
from spatialclaw_ros.perception.likeness import USUAL, likeness
from spatialclaw_ros.perception.pieces import Piece
from spatialclaw_ros.perception.prompt_parser import parse
from spatialclaw_ros.perception.scene import Scene
from spatialclaw_ros.perception.sides import UNTOLD, Sides
from spatialclaw_ros.perception.tracking import Track
from spatialclaw_ros.perception.view import view_of
from spatialclaw_ros.workspace.calls import CANT_BE_SURE, CANT_TELL, OTHER_KIND, ToolResult

Ask = Callable[..., ToolResult]


def seen(width: float, height: float, odds: float, ball: float = -20.0, **more: float) -> Sides:
    """A thing of some centimetres, seen whole from near."""
    facts = {'missing': 1.0, 'tall_m': height / 100, **more}
    return Sides(odds, ball, width / 100, height / 100, off_m=0.003, **facts)


ROUND, ANGULAR = 20.0, -20.0
MUG = seen(10.5, 9.5, ROUND)
CAN = seen(6.6, 11.5, ROUND)
BOTTLE = seen(7.0, 23.0, ROUND)
PLATE = seen(22.0, 1.8, ROUND)
BOWL = seen(15.0, 6.5, ROUND)
BALL = seen(7.0, 7.0, ROUND, 20.0)
BOX = seen(15.0, 9.0, ANGULAR)
BOOK = seen(22.0, 3.0, ANGULAR)
CHAIR = seen(55.0, 85.0, 0.0, fill=0.5)
STOOL = seen(35.0, 50.0, ROUND)
FROM_ABOVE = seen(7.0, 3.0, ROUND, 20.0, tall_m=0.07)  # of a ball, the upper half shows


@pytest.mark.parametrize(('noun', 'like', 'unlike'), [
    ('mug', (MUG, CAN), (BOTTLE, PLATE, BOWL, BALL, BOX, BOOK, CHAIR, STOOL)),
    ('can', (CAN, MUG), (BOTTLE, PLATE, BOWL, BALL, BOX, BOOK, CHAIR, STOOL)),
    ('bottle', (BOTTLE, CAN), (MUG, PLATE, BOWL, BALL, BOX, BOOK, CHAIR, STOOL)),
    ('plate', (PLATE,), (MUG, CAN, BOTTLE, BOWL, BALL, BOX, BOOK, CHAIR, STOOL)),
    ('bowl', (BOWL,), (MUG, CAN, BOTTLE, PLATE, BALL, BOX, BOOK, CHAIR, STOOL)),
    ('ball', (BALL, FROM_ABOVE), (MUG, CAN, BOTTLE, PLATE, BOWL, BOX, BOOK, CHAIR, STOOL)),
    ('box', (BOX, BOOK), (MUG, CAN, BOTTLE, PLATE, BOWL, BALL, CHAIR, STOOL)),
    ('book', (BOOK, BOX), (MUG, CAN, BOTTLE, PLATE, BOWL, BALL, CHAIR, STOOL)),
    ('tray', (PLATE, BOOK, BOWL), (MUG, CAN, BOTTLE, BALL, CHAIR, STOOL)),
    ('dish', (PLATE, BOOK, BOWL), (MUG, CAN, BOTTLE, BALL, CHAIR, STOOL)),
    ('lid', (PLATE, BOOK, BOWL), (MUG, CAN, BOTTLE, BALL, CHAIR, STOOL)),
    ('bin', (BOX, CAN, STOOL), ()),  # round or angular, small or large
])
def test_which_things_a_noun_can_mean(
    noun: str, like: tuple[Sides, ...], unlike: tuple[Sides, ...],
) -> None:
    assert [likeness(noun, each).why_not for each in like] == [''] * len(like)
    assert all(likeness(noun, each).why_not for each in unlike)
    assert all(likeness(noun, each).told for each in like)


@pytest.mark.parametrize('noun', USUAL)
def test_what_nobody_can_see_excludes_nothing(noun: str) -> None:
    """Nothing was measured, or a corner shows of something that is cut off and far away."""
    corner = Sides(0.0, 0.0, 0.03, 0.03, 0.03, 0.02, 1.0, math.inf)
    for sides in (UNTOLD, corner):
        assert likeness(noun, sides).why_not == ''
        assert not likeness(noun, sides).told


@pytest.mark.parametrize(('noun', 'sides', 'like'), [
    ('bottle', seen(7.0, 9.0, ROUND, missing=math.inf), True),  # its head is out of the picture
    ('bowl', seen(7.0, 9.0, ROUND, missing=1.3), False),  # not that wide behind what hides it
    ('bowl', seen(7.0, 9.0, ROUND, missing=math.inf), True),
    ('plate', seen(22.0, 9.0, 0.0, missing=math.inf), False),  # no part of a plate is so high
    ('book', seen(4.0, 24.0, ANGULAR), True),  # it stands on a shelf
])
def test_what_is_hidden_may_be_as_large_as_you_like(noun: str, sides: Sides, like: bool) -> None:
    assert (likeness(noun, sides).why_not == '') is like


@pytest.mark.parametrize(('noun', 'sides', 'told'), [
    ('plate', PLATE, True), ('plate', seen(22.0, 1.8, 0.0), False),  # round
    ('book', BOOK, True), ('book', seen(22.0, 3.0, 0.0), False),  # angular
    ('tray', seen(22.0, 3.0, 0.0), True),  # either
    ('tray', seen(22.0, 3.0, 0.0, missing=math.inf), False),  # may be high, or a corner of more
    ('ball', BALL, True), ('ball', seen(7.0, 7.0, ROUND, 0.0), False),
    ('bin', UNTOLD, True),  # any form and size will do
])
def test_whether_its_form_speaks_for_it(noun: str, sides: Sides, told: bool) -> None:
    found = likeness(noun, sides)
    assert (found.why_not, found.told) == ('', told)


Z = 0.75
PINK = (226, 118, 152)
THINGS = {
    'plate': ('cylinder', (0.10, 0.016)), 'book': ('box', (0.16, 0.23, 0.03)),
    'ball': ('ball', (0.04,)), 'can': ('cylinder', (0.033, 0.115)),
    'block': ('box', (0.055, 0.055, 0.055)), 'bowl': ('cylinder', (0.075, 0.06)),
}
ALIKE = ({'block', 'box', 'book'}, {'can', 'mug'})


@pytest.mark.parametrize('there', THINGS)
def test_a_thing_is_not_another_one_of_its_colour(
    drawing: Callable, thing: type, ask: Ask, there: str,
) -> None:
    kind, size = THINGS[there]
    drawn = drawing([thing('it', kind, (0.95, 0.0, Z), size, PINK)])
    for noun in ('plate', 'book', 'ball', 'can', 'mug', 'bottle', 'bowl', 'box'):
        result = ask(drawn.observation, 'segment', mode='text', frame_indices=[0],
                     prompts=[f'pink {noun}'])
        same = noun == there or any({noun, there} <= group for group in ALIKE)
        assert not any(CANT_BE_SURE in note for note in result.values['notes']), noun
        if same:
            assert len(result.values['labels']) == 1, (noun, result.values['notes'])
        elif {noun, there} != {'bottle', 'can'}:
            assert result.values['labels'] == [], noun


@pytest.mark.parametrize(('away', 'kind', 'exists'), [
    (2.2, 'cylinder', True), (2.2, 'box', False),
    (2.6, 'cylinder', None), (2.6, 'box', None),  # 400 pixels, 7 mm of noise
])
def test_what_shows_too_little_of_its_form_is_not_sure(
    drawing: Callable, thing: type, ask: Ask, away: float, kind: str, exists: bool | None,
) -> None:
    size = (0.045, 0.10) if kind == 'cylinder' else (0.08, 0.08, 0.10)
    drawn = drawing([thing('it', kind, (away, 0.0, 0.0), size, PINK)], ((0.0, 0.0, 0.5),),
                    (away, 0.0, 0.1), shadows=False)
    found = ask(drawn.observation, 'segment', mode='text', frame_indices=[0],
                prompts=['pink mug']).values
    answer = ask(drawn.observation, 'exists', frame_indices=[0], object_name='pink mug')
    if exists is None:
        assert found['labels'] == ['pink mug']  # who names it presumes that it is there
        assert any(CANT_BE_SURE in note for note in found['notes'])
        assert CANT_BE_SURE in (answer.error or '')
    else:
        assert (found['labels'] == ['pink mug']) is exists
        assert answer.values['exists'] is exists


@pytest.mark.parametrize(('prompt', 'rated', 'note'), [
    ('blue backpack', [(0.12, True)], ''),  # a noun of any form: too little of its colour
    ('blue', [(0.12, True)], ''),
    ('blue mug', [(0.12, True), (0.10, True)], ''),
    ('blue mug', [(0.24, False)], ''),  # had its form spoken for it, it would not do
    ('blue mug', [(0.30, False)], CANT_TELL),
    ('blue mug', [(0.30, False), (0.12, True)], CANT_TELL),
    ('blue mugs', [(0.30, False)], CANT_TELL),
])
def test_its_form_is_missed_only_where_nothing_else_is_missing(
    monkeypatch: pytest.MonkeyPatch, prompt: str, rated: list[tuple[float, bool]], note: str,
) -> None:
    items = [rating._Rated(score, Track(), {}, None, told) for score, told in rated]
    monkeypatch.setattr(rating, '_rated', lambda *_: items)
    monkeypatch.setattr(rating, 'count_note', lambda *_: '')
    things, notes = rating.scored(Scene({}, False), parse(prompt), prompt, [])
    assert things == []
    assert [note in each for each in notes] == [True] * bool(note)


@pytest.mark.parametrize(('has_depth', 'noun', 'labels', 'note'), [
    (True, 'can', 1, ''),
    (True, 'book', 0, OTHER_KIND),
    (False, 'can', 1, 'without depth'),
    (False, 'book', 1, 'without depth'),
])
def test_a_form_is_judged_by_depth(
    drawing: Callable, thing: type, ask: Ask, has_depth: bool, noun: str, labels: int, note: str,
) -> None:
    drawn = drawing([thing('it', 'cylinder', (0.95, 0.0, Z), (0.045, 0.13), PINK)]).observation
    frame = drawn.frames[0]
    depth_m = frame.depth_m if has_depth else None
    seen = replace(drawn, frames=(replace(frame, depth_m=depth_m),))
    found = ask(seen, 'segment', mode='text', frame_indices=[0], prompts=[f'pink {noun}']).values
    assert len(found['labels']) == labels, found['notes']
    notes = ' '.join(found['notes'])
    assert note in notes
    assert ('too little of its form' in notes) is False
    assert (OTHER_KIND in notes) is (note == OTHER_KIND)
    unsure = not has_depth
    assert ((CANT_BE_SURE if labels else CANT_TELL) in notes) is unsure
    said = ask(seen, 'exists', frame_indices=[0], object_name=f'pink {noun}')
    assert ((CANT_BE_SURE if labels else CANT_TELL) in (said.error or '')) is unsure
    assert not any('Nothing fits' in each and CANT_TELL in notes for each in found['notes'])
    assert unsure or said.values['exists'] is (noun == 'can')


CORNER = seen(7.0, 9.0, 3.0, missing=math.inf)


@pytest.mark.parametrize(('looks', 'told'), [
    ((UNTOLD, CORNER), CORNER), ((CORNER, UNTOLD), CORNER), ((UNTOLD, MUG), MUG),
    ((UNTOLD, UNTOLD), UNTOLD), ((CORNER, MUG), replace(MUG, round=23.0, ball=-40.0)),
])
def test_a_look_that_tells_nothing_takes_nothing_from_another(
    monkeypatch: pytest.MonkeyPatch, drawing: Callable, looks: tuple[Sides, Sides], told: Sides,
) -> None:
    frame = drawing([]).observation.frames[0]
    view = view_of(frame, frame.T_world_camera)
    piece = Piece(10, 10, np.ones((20, 20), bool), (480, 640))
    track = Track()
    track.seen.update({index: [measure(view, index, piece, 'colour', (), 1.0, True)]
                       for index in range(2)})
    monkeypatch.setattr(looking, '_look', lambda candidate, *_: looks[candidate.frame])
    assert looking.sides_of(track, {0: view, 1: view}) == told
