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

"""How the rules backbone reads what came back, and what it refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.protocol import Brief, Turn
from spatialclaw_ros.backbone.rules import RulesBackbone
from spatialclaw_ros.backbone.rules.cells import code_of
from spatialclaw_ros.backbone.rules.looser import looser_prompts
from spatialclaw_ros.backbone.rules.nouns import plural, singular
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError
from spatialclaw_ros.workspace.calls import (
    CANT_BE_SURE,
    CANT_COUNT,
    CANT_TELL,
    OTHER_KIND,
    UNFAMILIAR,
)
from spatialclaw_ros.workspace.cell import CRASH, CellError, CellResult
from spatialclaw_ros.workspace.question import AnswerType, Question


@pytest.mark.parametrize(('label', 'looser'), [
    ('small red mug on the table', ('red mug on the table', 'red mug', 'red cup on the table',
                                    'red cup')),
    ('mug', ('cup',)),
    ('red game controller', ('red controller', 'red gamepad', 'red object')),
    ('controller', ('gamepad',)),
    ('handle of the mug', ()),
    ("mug's handle", ()),
    ('stapler', ()),
])
def test_looser_prompts(label: str, looser: tuple[str, ...]) -> None:
    assert looser_prompts(label) == looser


def test_looser_prompts_find_it(kit: Any) -> None:
    world = kit.world(prompts={
        'small red cup on the table': [], 'red cup on the table': [], 'red cup': [],
        'red mug on the table': [], 'red mug': [('mug', 0.9)]})
    outcome = kit.ask(world, 'How far is the small red cup on the table from the ball?')
    assert outcome.answer.value == pytest.approx(
        np.hypot(0.08, 0.27) - 0.09, abs=0.01)
    asked = [call.args['prompts'] for call in world.calls if call.tool == 'segment']
    assert [prompts[0] for prompts in asked] == [
        'small red cup on the table', 'red cup on the table', 'red cup', 'red mug on the table',
        'red mug']
    assert asked[0][1] == 'ball'
    assert all(len(prompts) == 1 for prompts in asked[1:])  # what was found is not sought again
    assert 'looser prompt' in outcome.turns[1].reply


def test_what_is_not_there_is_refused_with_what_was_seen(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'How far is the yellow banana from the mug?').answer
    assert answer.value is None
    assert '"yellow banana" was not found in any frame' in answer.reason
    assert 'found: mug' in answer.reason


def test_a_part_is_never_dropped(kit: Any, tabletop: Any) -> None:
    outcome = kit.ask(tabletop, 'How far is the handle of the mug from the box?')
    assert outcome.answer.value is None
    assert 'handle of the mug' in outcome.answer.reason
    assert len(outcome.turns) == 2


@pytest.mark.parametrize(('scores', 'value'), [((0.9, 0.5), True), ((0.9, 0.85), False)])
def test_two_candidates_are_told_apart_by_score_or_refused(
    kit: Any, scores: tuple[float, float], value: bool,
) -> None:
    world = kit.world(prompts={'cup': [('block 1', scores[1]), ('mug', scores[0])]})
    answer = kit.ask(world, 'How far is the cup from the ball?').answer
    if value:
        assert answer.value == pytest.approx(np.hypot(0.08, 0.27) - 0.09, abs=0.01)
    else:
        assert answer.value is None
        assert '2 candidates for "cup" of similar score (0.90, 0.85)' in answer.reason


def test_two_candidates_are_told_apart_by_where_the_others_are(kit: Any) -> None:
    world = kit.world(prompts={
        'cup': [('block 1', 0.9), ('mug', 0.88)], 'cup on the table': [('mug', 0.9)],
        'ball on the table': [('ball', 0.9)]})
    answer = kit.ask(world, 'How far is the cup from the ball on the table?').answer
    assert answer.value == pytest.approx(np.hypot(0.08, 0.27) - 0.09, abs=0.01)


@pytest.mark.parametrize(('rivals', 'value'), [
    (['block 0', 'block 1'], 'ball'),  # both farther from the mug than the ball is
    (['block 2', 'ball'], None),
])
def test_which_is_meant_matters_only_when_the_answer_depends_on_it(
    kit: Any, rivals: list[str], value: str | None,
) -> None:
    world = kit.world(prompts={
        'red thing': [(rivals[0], 0.9), (rivals[1], 0.9)]})
    answer = kit.ask(world, 'Which is closer to the mug: the red thing or the ball?').answer
    assert answer.value == value
    if value is None:
        assert '2 things fit "red thing"' in answer.reason


def test_missing_depth_is_named(kit: Any, tabletop: Any) -> None:
    world = kit.world(errors={'reconstruct': 'frame 0 has no depth; connect a depth topic'})
    outcome = kit.ask(world, 'How far is the mug from the ball?')
    assert outcome.answer.value is None
    assert 'has no depth; connect a depth topic' in outcome.answer.reason
    assert len(outcome.turns) == 2
    # masks are enough to count
    assert kit.ask(world, 'How many blocks are on the table?').answer.value == 3


def test_segmentation_that_fails_is_tried_another_way_then_refused(kit: Any) -> None:
    world = kit.world(errors={'segment': 'the segmenter is out of memory'})
    outcome = kit.ask(world, 'How far is the mug from the ball?')
    assert outcome.answer.value is None
    assert 'out of memory' in outcome.answer.reason
    assert 'segment_image_by_text' in outcome.codes[1]
    assert len(outcome.turns) == 3


def test_frames_one_by_one_still_find_one_mug(kit: Any) -> None:
    world = kit.world()
    port, failed = world.port, []

    def flaky(call: Any) -> Any:
        if call.tool == 'segment' and call.args.get('video') and not failed:
            failed.append(call)
            world.errors['segment'] = 'video is too long'
            result = port(call)
            world.errors.clear()
            return result
        return port(call)

    world.port = flaky
    answer = kit.ask(world, 'How far is the mug from the ball?').answer
    assert answer.value == pytest.approx(np.hypot(0.08, 0.27) - 0.09, abs=0.01)
    assert failed


def test_size_of_what_is_cut_off_is_refused(kit: Any) -> None:
    world = kit.world(target=(1.15, 0.75, 0.72))
    answer = kit.ask(world, 'How long is the table?').answer
    assert answer.value is None
    assert 'cut off by the image border' in answer.reason


def test_edge_that_may_be_out_of_view_is_refused(kit: Any) -> None:
    near = kit.solid('mug', 'cylinder', (0.04, 0.10), (1.40, 0.30, 0.77))
    world = kit.world((kit.floor, kit.table, near), eyes=[(1.4, -0.5, 1.2)] * 2,
                      target=(1.4, 0.3, 0.72))
    answer = kit.ask(world, 'How far is the mug from the edge of the table?').answer
    if answer.value is not None:
        assert answer.value == pytest.approx(0.16, abs=0.02)
    else:
        assert 'out of view' in answer.reason


def test_sides_that_are_not_seen_make_sigma_large(kit: Any) -> None:
    tall = kit.solid('cabinet', 'box', (0.5, 0.6, 1.8), (2.0, 0.0, 0.9))
    world = kit.world((kit.floor, tall), eyes=[(-0.6, 0.0, 1.2)] * 2, target=(2.0, 0.0, 0.9))
    width = kit.ask(world, 'How wide is the cabinet?').answer
    height = kit.ask(world, 'How tall is the cabinet?').answer
    assert width.value is None
    assert 'its far side is not seen, so its width is not known' in width.reason
    assert height.value == pytest.approx(1.8, abs=0.03)
    assert height.sigma < 0.01 * 1.8  # a camera's constant error is 0.8 % at 2.4 m


def test_ties_are_refused(kit: Any) -> None:
    twins = [kit.solid(name, 'box', (0.1, 0.1, 0.1), (1.1, y, 0.77))
             for name, y in (('left box', 0.2), ('right box', -0.2))]
    world = kit.world((kit.floor, kit.table, *twins))
    answer = kit.ask(world, 'Which is taller, the left box or the right box?').answer
    assert answer.value is None
    assert 'too close to tell' in answer.reason


def test_limit_within_noise_is_refused(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'Is the mug taller than 9.9 cm?').answer
    assert answer.value is None
    assert 'too close to the limit' in answer.reason


def test_value_between_two_choices_is_refused(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(
        tabletop, 'How tall is the mug?', AnswerType.CHOICE, ('5 cm', '15 cm')).answer
    assert answer.value is None
    assert 'between two choices' in answer.reason


def test_too_few_steps_is_said(kit: Any, tabletop: Any) -> None:
    answer = kit.ask(tabletop, 'How tall is the mug?', max_steps=1).answer
    assert answer.value is None
    assert 'not enough' in answer.reason


BRIEF = Brief(Question('How far is the mug from the box?'), {'cameras': {'front': {}}})


def written(*results: CellResult | None, brief: Brief = BRIEF) -> str:
    """What is written after some results."""
    backbone, turns = RulesBackbone(), []
    for result in results:
        turns.append(Turn(backbone.write(brief, '', turns, Deadline(5)).text, result, ''))
    return backbone.write(brief, '', turns, Deadline(5)).text


LOOKED = CellResult(stdout='''look {"label": "mug", "n": 1, "scores": [0.9], "points": [900]}
look {"label": "box", "n": 1, "scores": [0.9], "points": [900]}
''')
FEW = CellResult(stdout=LOOKED.stdout.replace('[900]', '[3]'))
MEASURED = CellResult(stdout='measure {"value": 0.3, "problem": ""}')
LOST = CellResult(error=CellError(CRASH, 'gone'))


@pytest.mark.parametrize(('results', 'words'), [
    ((), 'Purpose: Find "mug", "box"'),
    ((None,), 'Purpose: Find "mug", "box"'),
    ((LOOKED,), 'Purpose: Measure the distance'),
    ((CellResult(stdout='look {"label": "mug", "n": 1'),), 'could not be read back'),
    ((FEW,), 'only 3 of its pixels'),
    ((LOOKED, CellResult(error=CellError('ValueError', 'no'))), 'best frame alone'),
    ((LOOKED, CellResult(error=CellError('Timeout', 'no')),
      CellResult(error=CellError('Timeout', 'again'))), 'measuring failed: Timeout: again'),
    ((LOOKED, CellResult()), 'could not be read back'),
    ((LOOKED, CellResult(stdout='measure {"value": null, "problem": ""}')), 'gave no number'),
    ((LOOKED, CellResult(stdout='measure {"value": NaN, "problem": ""}')), 'gave no number'),
    ((LOOKED, MEASURED), 'ReturnAnswer(float('),
    ((LOOKED, MEASURED, CellResult()), 'the answer was not accepted'),
    # a worker that was lost: the same cell once more, whatever it was, and no more than that
    ((LOST,), 'Purpose: Find "mug", "box"'),
    ((LOST, LOOKED), 'Purpose: Measure the distance'),
    ((LOST, LOST), 'one by one'),
    ((LOST, None, LOST), 'one by one'),
    ((FEW, LOST), 'only 3 of its pixels'),
    ((LOOKED, LOST), 'Purpose: Measure the distance'),
    ((LOOKED, LOST, LOST), 'best frame alone'),
    ((LOST, LOOKED, LOST, MEASURED, LOST), 'ReturnAnswer(float('),
    ((LOOKED, MEASURED, LOST, LOST), 'the answer was not accepted: gone'),
])
def test_next_cell(results: tuple[CellResult | None, ...], words: str) -> None:
    assert words in written(*results)


@pytest.mark.parametrize('before', [(), (LOOKED,), (LOOKED, MEASURED), (FEW,)])
def test_a_cell_that_was_lost_is_the_same_once_more(before: tuple[CellResult, ...]) -> None:
    assert code_of(written(*before, LOST)) == code_of(written(*before))


def test_one_frame_alone_forgets_what_all_of_them_told() -> None:
    failed = CellResult(error=CellError('ValueError', 'no'))
    loop = code_of(written(LOOKED, failed)).split('# One frame alone')[1].split('\n\n')[0]
    told = {'spread': 1, 'foot': 2, 'drift': 3, 'tall': (4, 5), 'lacks': 6}
    seg = SimpleNamespace(get_masked_points=lambda recon, f, k, steady: f)
    thing = {'frames': [2, 0], 'whole': [0], 'k': 0, 'seg': seg, **told}
    exec('#' + loop, {'found': {'mug': [thing]}, 'recon': None})
    assert thing.items() >= {'frames': [0], 'whole': [0], 'points': 0}.items()
    assert not thing.keys() & told.keys()


@pytest.mark.parametrize('kept', [
    {'planes': {0: 'its plane there', 2: None}},  # each is of one frame's points alone
    {'apart': 0.02},  # that another camera has it elsewhere is so, whichever frame is taken
])
def test_one_frame_alone_keeps_what_does_not_come_from_all_of_them(kept: dict[str, Any]) -> None:
    failed = CellResult(error=CellError('ValueError', 'no'))
    loop = code_of(written(LOOKED, failed)).split('# One frame alone')[1].split('\n\n')[0]
    seg = SimpleNamespace(get_masked_points=lambda recon, f, k, steady: f)
    thing = {'frames': [2, 0], 'whole': [0], 'k': 0, 'seg': seg, **kept}
    exec('#' + loop, {'found': {'mug': [thing]}, 'recon': None})
    assert thing.items() >= kept.items()


def test_the_last_of_many_notes_stops_a_count() -> None:
    notes = '\n'.join(f'note camera {i} is dark' for i in range(7))
    looked = CellResult(stdout=f'look {{"label": "mugs", "n": 1, "scores": [0.9]}}\n{notes}\n'
                               f'note "mugs": {CANT_COUNT} them for sure: two may touch\n')
    brief = Brief(Question('How many mugs are there?'), {'cameras': {'front': {}}})
    assert f'{CANT_COUNT} them for sure' in written(looked, brief=brief)


@pytest.mark.parametrize(('question', 'refused'), [
    ('Is there a mug?', True), ('How many mugs are there?', False), ('Where is the mug?', False)])
def test_what_may_be_something_else_is_not_said_to_exist(question: str, refused: bool) -> None:
    label = 'mugs' if 'mugs' in question else 'mug'
    looked = CellResult(stdout=f'look {{"label": "{label}", "n": 1, "scores": [0.9]}}\n'
                               f'note "{label}": {CANT_BE_SURE} that it is a mug\n')
    brief = Brief(Question(question), {'cameras': {'front': {}}})
    assert (CANT_BE_SURE in written(looked, brief=brief)) is refused


@pytest.mark.parametrize(('question', 'words'), [
    ('How tall is the red plate?', 'it is angular'), ('Is there a red plate?', 'none')])
def test_no_looser_word_is_tried_for_what_is_another_thing(question: str, words: str) -> None:
    looked = CellResult(stdout='look {"label": "red plate", "n": 0, "scores": []}\n'
                               f'note Nothing fits "red plate": {OTHER_KIND}, for it is angular.\n')
    reply = written(looked, brief=Brief(Question(question), {'cameras': {'front': {}}}))
    assert words in reply
    assert 'dish' not in reply


@pytest.mark.parametrize(('note', 'named'), [
    (f'classical segmentation {UNFAMILIAR} a "mug" looks like; name a colour', True),
    (f'"red mug": {CANT_TELL} whether what is there is a mug: too little of its form shows.',
     False),
    (f'"mug": {CANT_TELL} without depth, only colours are seen; name a colour', False),
    (f'Nothing fits "red mug": {OTHER_KIND}, for it is angular.', False),
])
def test_frames_are_named_only_where_nobody_knows_what_a_thing_looks_like(
    note: str, named: bool,
) -> None:
    looked = CellResult(stdout=f'look {{"label": "red mug", "n": 0, "scores": []}}\nnote {note}\n')
    brief = Brief(Question('How tall is the red mug?'), {
        'cameras': {'front': {}}, 'tf_frames': ['base_link', 'gripper_link']})
    reply = written(looked, brief=brief)
    assert 'ReturnAnswer(None' in reply
    assert 'cup' not in reply
    assert ('; the TF frames are base_link, gripper_link' in reply) is named
    assert ('TF frames' in reply) is named


def test_same_turns_give_the_same_cell() -> None:
    assert written(LOOKED) == written(LOOKED)


def test_a_cancelled_query_writes_nothing() -> None:
    deadline = Deadline(5)
    deadline.cancel()
    with pytest.raises(CanceledError):
        RulesBackbone().write(BRIEF, '', [], deadline)


@pytest.mark.parametrize(('single', 'many'), [
    ('red block on the table', 'red blocks on the table'), ('box', 'boxes'), ('dish', 'dishes'),
    ('blue berry', 'blue berries'), ('toy', 'toys'), ('shelf', 'shelves'), ('person', 'people'),
])
def test_plural(single: str, many: str) -> None:
    assert plural(single) == many
    assert singular(many) == single
