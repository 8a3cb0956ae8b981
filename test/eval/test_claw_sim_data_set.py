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



"""claw-sim as a data set: the public split stays as it is, the slice is even, true masks are right.

Nothing here draws: pictures are the business of the worlds' own tests.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError, PerceptionError
from spatialclaw_ros.eval.claw_sim import ClawSim, renders
from spatialclaw_ros.eval.claw_sim.families import FAMILIES
from spatialclaw_ros.eval.claw_sim.floor import floor_answer
from spatialclaw_ros.eval.claw_sim.renders import PackedMasks, Render, Renders
from spatialclaw_ros.eval.claw_sim.split import (
    PUBLIC_SETTINGS,
    even_slice,
    make_public,
    public_split,
)
from spatialclaw_ros.eval.claw_sim.true_masks import TrueSegmenter
from spatialclaw_ros.eval.claw_sim.version import VERSION
from spatialclaw_ros.eval.records import Question, Said, Simulated
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.perception.protocols import SegmentRequest
from spatialclaw_ros.sim.raycast import Cuboid, cast
from spatialclaw_ros.workspace.observation import Frame, Observation

PUBLIC_SHA = '3f36ce96a80913245e33c2713f8289629c112728721719ae0b3b6446dbb2b5ff'
HARD = ('row order', 'between', 'hidden count', 'fit', 'path length')


def told(question: Question) -> Question:
    """All that a question is asked and scored by; facts are for plots."""
    return msgspec.structs.replace(question, facts={})


def test_the_public_split_is_what_it_was() -> None:
    lines = [msgspec.json.encode(told(question)) for question in public_split()]
    assert hashlib.sha256(b'\n'.join(lines)).hexdigest() == PUBLIC_SHA


def test_the_generator_still_makes_it() -> None:
    made = make_public(worlds=1)
    assert len(made) >= 5
    for again, question in zip(made, public_split()):
        assert again.truth == pytest.approx(question.truth, abs=2e-4)
        assert told(msgspec.structs.replace(again, truth=question.truth)) == told(question)


def test_public_questions_are_whole() -> None:
    questions = public_split()
    assert len(questions) == 500
    assert len({question.id for question in questions}) == 500
    kinds = {'number': float, 'count': float, 'yes_no': bool, 'text': str, 'point': tuple}
    for question in questions:
        assert question.id.startswith(f'claw-sim-{VERSION}-')
        assert question.truth is None or type(question.truth) is kinds[question.answer]
        assert not question.options or question.truth in (None, *question.options)
        assert bool(question.tags.get('why')) is (question.truth is None)
        assert question.facts['views'] >= 1
    counts = Counter(question.category for question in questions)
    assert len(set(FAMILIES) & set(counts)) >= 28


def test_the_kind_of_an_answer_gives_no_refusal_away() -> None:
    kinds: dict[str, set[tuple[object, ...]]] = {}
    refusals = []
    for question in public_split():
        start = ' '.join(question.text.split()[:2])
        kind = question.answer, question.unit, bool(question.frame), bool(question.options)
        if question.truth is None:
            refusals.append((start, kind))
        else:
            kinds.setdefault(start, set()).add(kind)
    assert len(refusals) > 50
    assert [each for each in refusals if each[1] not in kinds.get(each[0], ())] == []


def test_the_slice_is_even() -> None:
    sliced = ClawSim(split='slice').questions()
    assert len(sliced) == 100
    everything = Counter(question.category for question in public_split())
    counts = Counter(question.category for question in sliced)
    assert set(counts) == set(everything)
    full = [counts[name] for name, total in everything.items() if total >= 5]
    assert max(full) - min(full) <= 1
    assert {question.tags['setting'] for question in sliced} == set(PUBLIC_SETTINGS)
    assert even_slice(sliced, 1000) == tuple(sliced)


def test_a_split_in_another_setting_is_of_that_setting() -> None:
    robot = ClawSim(setting='robot').questions()
    assert len(robot) > 450
    for question in robot:
        assert question.tags['setting'] == question.media[0].setting == 'robot'
        assert question.category not in ('no TF', 'no metres')
    perfect = {question.category for question in ClawSim('slice', setting='perfect').questions()}
    assert 'size' in perfect
    assert 'borderline' not in perfect  # exact depth may tell
    with pytest.raises(InvalidRequestError, match='seeds of your own'):
        ClawSim(setting='no_tf').questions()


def test_hints_change_nothing_of_what_is_asked() -> None:
    # one of each family and hint
    for question in {(each.category, each.hint): each for each in public_split()}.values():
        assert parse(f'{question.text}\n\n{question.hint}') == parse(question.text), question.text


def test_hard_questions_are_not_taken_for_others() -> None:
    questions = public_split()
    plain = {each.category: each for each in questions if each.category not in HARD}
    others = {type(parse(each.text)) for each in plain.values()} - {type(None)}
    for question in questions:
        if question.category in HARD:
            assert type(parse(question.text)) not in others, question.text


@pytest.mark.parametrize('given', [{'split': 'secret'}, {'setting': 'foggy'}])
def test_unknown_parts_are_named(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=r'claw-sim has no .*; it has: '):
        ClawSim(**given)


def test_scores_are_typed() -> None:
    question = Question(id='q', text='How tall?', media=(Simulated(seed=0),), answer='number',
                        truth=0.2, unit='m')
    near = Said(status='OK', value=0.215, unit='m')
    assert ClawSim().score(question, near).right
    assert not ClawSim().score(question, Said(status='OK', value=0.23, unit='m')).right


# ---- true masks
def thing(name: str, kind: str) -> SimpleNamespace:
    """A thing as the segmenter knows it."""
    return SimpleNamespace(name=name, kind=kind)


@pytest.fixture
def segmenter() -> TrueSegmenter:
    world: Any = SimpleNamespace(
        things=(thing('red box', 'red box'), thing('orange ball 1', 'orange ball'),
                thing('orange ball 2', 'orange ball'), thing('blue block', 'blue block')),
        fixtures=(thing('table', 'table'), thing('floor', 'floor')),
        supports={'table': None, 'floor': None},
        stands_on={'red box': 'table', 'orange ball 1': 'table', 'orange ball 2': 'floor',
                   'blue block': 'red box'})
    order = ['red box', 'orange ball 1', 'orange ball 2', 'blue block', 'table', 'floor']
    ids = np.repeat(np.arange(6), 20).reshape(6, 20).repeat(10, axis=0)
    masks = {name: ids == number for number, name in enumerate(order)}
    return TrueSegmenter(world, PackedMasks([masks, {'table': ids >= 0}]))


@pytest.mark.parametrize(('prompt', 'names'), [
    ('red box', ['red box']),
    ('orange balls', ['orange ball 1', 'orange ball 2']),
    ('orange balls on the table', ['orange ball 1']),
    ('ball on the floor', ['orange ball 2']),
    ('blue cube', ['blue block']),
    ('boxes', ['red box', 'blue block']),
    ('box on the table', ['red box', 'blue block']),
    ('red thing', ['red box']),
    ('objects', ['red box', 'orange ball 1', 'orange ball 2', 'blue block']),
    ('table', ['table']),
    ('table top', ['table']),
    ('green ball', []),
    ('banana', []),
])
def test_text_finds_the_true_masks(
    segmenter: TrueSegmenter, prompt: str, names: list[str],
) -> None:
    found = segmenter.segment(None, SegmentRequest('text', (0, 1), (prompt,)), Deadline(5))
    order = ['red box', 'orange ball 1', 'orange ball 2', 'blue block', 'table', 'floor']
    assert [int(np.flatnonzero(mask.any(axis=1))[0]) // 10 for mask in found.masks[0]] == [
        order.index(name) for name in names]
    assert found.labels == (prompt,) * len(names)
    assert found.masks[1].shape[0] == len(names)
    assert bool(found.notes) is not bool(names)


def test_points_and_boxes_find_the_thing_under_them(segmenter: TrueSegmenter) -> None:
    at = SegmentRequest('points', (0,), points=np.array([[5.0, 12.0]]),
                        point_labels=np.array([1]), prompt_frame=0, labels=('it',))
    found = segmenter.segment(None, at, Deadline(5))
    assert found.masks[0][0][12, 5]
    assert not found.masks[0][0][2, 5]
    box = SegmentRequest('box', (0,), boxes=np.array([[0.0, 20.0, 19.0, 29.0]]), prompt_frame=0)
    assert segmenter.segment(None, box, Deadline(5)).masks[0][0][25, 5]
    for left, top in ((50.0, 20.0), (-30.0, 20.0), (5.0, -30.0)):
        nowhere = SegmentRequest('box', (0,), boxes=np.array([[left, top, left + 10, top + 9]]),
                                 prompt_frame=0)
        assert not segmenter.segment(None, nowhere, Deadline(5)).labels
    outside = SegmentRequest('points', (0,), points=np.array([[5.0, 400.0]]), prompt_frame=0)
    with pytest.raises(PerceptionError, match='20 x 60 pixels'):
        segmenter.segment(None, outside, Deadline(5))
    with pytest.raises(PerceptionError, match='not of a crop'):
        segmenter.segment(None, SegmentRequest('text', prompts=('box',), image=np.zeros(
            (4, 4, 3), np.uint8)), Deadline(5))


def test_old_renders_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def look(world: int, setting: object) -> SimpleNamespace:
        made.append(world)
        frame = Frame(0, 'front', 0, 'optical', np.zeros((100, 100, 3), np.uint8))
        return SimpleNamespace(observation=Observation((frame,)),
                               masks=({'floor': np.ones((100, 100), bool)},))

    monkeypatch.setattr(renders, 'look', look)
    monkeypatch.setattr(renders, 'make_world', lambda seed: seed)
    kept = Renders(max_bytes=70_000)
    for seed in (1, 2, 1, 3, 1, 2):
        assert kept.get(seed, 'perfect').world == seed
    assert made == [1, 2, 3, 2]
    assert kept.nbytes <= 70_000


# ---- the floor of the error
@pytest.fixture(scope='module')
def render() -> Render:
    """Two boxes on a floor, half a metre apart, seen without noise."""
    camera = PinholeCamera(320, 240, 250.0, 250.0, 159.5, 119.5)
    pose = look_at(np.array([-1.5, 0.0, 1.5]), np.array([0.2, 0.0, 0.1]))
    names = ['floor', 'red box', 'blue box']
    image, depth_m, which = cast([
        Cuboid((-3, -3, -0.1), (5, 3, 0), (90, 90, 90)),
        Cuboid((0, -0.55, 0), (0.2, -0.25, 0.3), (200, 20, 20)),
        Cuboid((0, 0.25, 0), (0.2, 0.45, 0.1), (20, 20, 200))], camera, pose)
    masks = [{name: which == number for number, name in enumerate(names)}]
    frame = Frame(0, 'front', 0, 'optical', image, depth_m, camera, pose)
    world: Any = None
    return Render(world, Observation((frame,), 'odom', {'base_link': np.eye(4)[None]}),
                  PackedMasks(masks))


@pytest.mark.parametrize(('measure', 'detail', 'about', 'truth'), [
    ('gap', '', 'red box, blue box', 0.5),
    ('centers', '', 'red box, blue box', float(np.hypot(0.75, 0.1))),
    ('frame', 'base_link', 'red box', float(np.linalg.norm([0.1, 0.4, 0.15]))),
    ('size', 'height', 'red box', 0.3),
    ('size', 'width', 'red box', 0.2),
    ('top', 'floor', 'blue box', 0.1),
])
def test_exact_depth_leaves_about_a_pixel_of_error(
    render: Render, measure: str, detail: str, about: str, truth: float,
) -> None:
    question = Question(
        id='q', text='?', media=(Simulated(seed=0),), answer='number', truth=truth, unit='m',
        tags={'measure': measure, 'detail': detail, 'about': about})
    assert floor_answer(question, render).value == pytest.approx(truth, abs=0.025)


def test_the_floor_refuses_without_what_it_needs(render: Render) -> None:
    question = Question(
        id='q', text='?', media=(Simulated(seed=0),), answer='number', truth=1.0, unit='m',
        tags={'measure': 'frame', 'detail': 'gripper_link', 'about': 'red box'})
    assert floor_answer(question, render).refused
