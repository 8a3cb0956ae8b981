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



"""What a query may use up, what it is told on the way, and what it says when it stops."""

from __future__ import annotations

import json

import pytest
from analytic_scene import make_scene
from session_lab import Listening, ask, counted, feedbacks, fenced

from spatialclaw_ros.agent import AgentLimits
from spatialclaw_ros.agent.events import Answered, CellRan, Failed, Planned
from spatialclaw_ros.agent.planning import CODE_CUT, NO_PLAN
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.errors import (
    BackboneError,
    CanceledError,
    DeadlineExceededError,
    KernelError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception.status import ModelStatus, PerceptionStatus
from spatialclaw_ros.workspace.question import Status

ANSWER = fenced("ReturnAnswer(2.0, unit='m')")


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def scene():
    return make_scene()


def test_tokens_of_all_replies_count_and_end_the_query(kernel, scene) -> None:
    events = ask(
        kernel, scene, Listening(
            [counted(fenced('x = 1'), 400), counted(fenced('x = 2'), 400), ANSWER],
            plan=counted('Find.', 200)),
        limits=AgentLimits(max_steps=8, max_tokens=1000))
    told = feedbacks(events)
    assert '400 tokens' in told[0]
    assert '0 tokens' in told[1]
    assert 'Commit in this reply' in told[1]
    end = events[-1]
    assert isinstance(end, Failed)
    assert (end.status, end.stage, end.steps) == (Status.STEP_LIMIT, 'write', 2)
    assert 'while writing a reply: no answer within 1000 tokens' in end.message
    assert 'raise max_tokens' in end.message


def test_looking_ends_with_the_tokens(kernel, scene) -> None:
    class Seeing(Listening):
        def look(self, call, observation, deadline) -> Said:
            return counted('(1, 2)', 400)

    look = fenced("for _ in range(9):\n    print(vlm.locate(InputImages[0], 'the mug'))")
    events = ask(
        kernel, scene, Seeing([counted(look, 300), ANSWER]), limits=AgentLimits(max_tokens=1000))
    (told,) = feedbacks(events)
    assert told.count('(1, 2)') == 2
    assert 'no tokens are left to look with' in told
    assert (events[-1].status, events[-1].stage) == (Status.STEP_LIMIT, 'write')


def test_the_last_step_is_asked_to_commit_and_the_end_says_why(kernel, scene) -> None:
    backbone = Listening([fenced('x = 1'), fenced('y = undefined')])
    events = ask(kernel, scene, backbone, limits=AgentLimits(max_steps=2))
    told = feedbacks(events)
    assert 'Left: 1 step' in told[0]
    assert 'Commit in this reply' in told[0]
    assert 'Left: 2 steps' in backbone.brief.opening
    end = events[-1]
    assert (end.status, end.stage) == (Status.STEP_LIMIT, 'run')
    assert 'no answer after 2 steps, and the last cell failed (NameError' in end.message
    assert 'raise max_steps' in end.message


def test_pictures_beyond_the_budget_stay_here(kernel, scene, tmp_path) -> None:
    backbone = Listening([
        fenced("show([InputImages[0], InputImages[1]], label=['a', 'b'])"),
        fenced("show(InputImages[0], label='c')\nshow(InputImages[1], label='d')"), ANSWER])
    events = ask(kernel, scene, backbone, trace_dir=tmp_path, limits=AgentLimits(
        images_per_step=1, images_per_query=1))
    assert [[image.label for image in turn.images] for turn in backbone.turns] == [['a'], []]
    told = feedbacks(events)
    assert 'Images shown: a\n\nNot sent, because at most 1 of a step are: b' in told[0]
    assert 'Not sent, because at most 1 of a query are: c, d' in told[1]
    ran = [event for event in events if isinstance(event, CellRan)]
    assert [len(event.result.images) for event in ran] == [2, 2, 0]


def test_the_same_cell_with_the_same_error_is_noticed(kernel, scene) -> None:
    bad = fenced('print(undefined)')
    events = ask(kernel, scene, Listening([bad, bad, fenced('print(other)'), bad, ANSWER]))
    noticed = ['running it again changes nothing' in text for text in feedbacks(events)]
    assert noticed == [False, True, False, True, False]
    assert '3 times now' in feedbacks(events)[3]
    assert isinstance(events[-1], Answered)


def test_a_reply_that_cannot_be_read_is_one_line_in_the_history(kernel, scene) -> None:
    garbage = 'I would rather talk. ' * 50
    backbone = Listening([garbage, garbage, counted('', 4096, finish='length'), ANSWER])
    events = ask(kernel, scene, backbone)
    assert isinstance(events[-1], Answered)
    for turn in backbone.turns:
        assert turn.result is None
        assert '\n' not in turn.reply
        assert 'rather talk' not in turn.reply
    assert '0 fenced blocks' in backbone.turns[0].reply
    assert 'Nothing ran: your reply had 0 fenced blocks' in backbone.turns[0].feedback
    assert 'Left: 7 steps' in backbone.turns[0].feedback
    assert 'This fault came 2 times now' in backbone.turns[1].feedback
    assert 'reached the greatest length' in backbone.turns[2].feedback
    ran = [event for event in events if isinstance(event, CellRan)]
    assert ran[0].reply == garbage


def test_variables_come_and_go_in_the_feedback(kernel, scene) -> None:
    events = ask(kernel, scene, Listening([
        fenced('import numpy as np\nx = np.ones((3, 4))\ny = 1'), fenced('del x\ny = 2'), ANSWER]))
    first, second, _ = feedbacks(events)
    assert 'x: ndarray (3, 4) float64' in first
    assert 'y: int 2' in second
    assert 'Deleted variables: x' in second


def test_a_refusal_of_the_gate_is_told_as_such(kernel, scene) -> None:
    events = ask(kernel, scene, Listening([fenced('import os\nos.listdir()'), ANSWER]))
    assert feedbacks(events)[0].startswith('Not run (line 1): GateError')


def test_an_error_shows_the_cells_own_lines_alone(kernel, scene) -> None:
    events = ask(kernel, scene, Listening([
        fenced("def f(x):\n    return tools.SAM3.segment_image_by_box(x, [1, 2])\n"
               'f(InputImages[0])'), ANSWER]))
    told = feedbacks(events)[0]
    assert 'Error (line ' in told
    assert 'box must be' in told
    assert 'spatialclaw_ros' not in told
    assert 'site-packages' not in told
    assert '.py' not in told


@pytest.mark.parametrize(('plan', 'seen'), [
    ('', NO_PLAN), ('Find.\n```python\nx = 1\n```', f'Find.\n{CODE_CUT}'),
    (counted('', 4096, finish='length'), NO_PLAN)])
def test_a_bad_plan_costs_no_answer(kernel, scene, plan, seen) -> None:
    backbone = Listening([ANSWER], plan=plan)
    events = ask(kernel, scene, backbone)
    assert isinstance(events[-1], Answered)
    assert backbone.plan_seen == seen
    assert next(e.text for e in events if isinstance(e, Planned)) == seen


@pytest.mark.parametrize(('where', 'error', 'status', 'stage', 'doing'), [
    ('plan', BackboneError('no server'), Status.BACKBONE_UNAVAILABLE, 'plan', 'while planning'),
    ('write', BackboneError('no server'), Status.BACKBONE_UNAVAILABLE, 'write', 'while writing'),
    ('plan', DeadlineExceededError('late'), Status.TIMEOUT, 'plan', 'while planning'),
    ('write', CanceledError('enough'), Status.CANCELED, 'write', 'while writing'),
    ('tool', PerceptionUnavailableError('gone'), Status.PERCEPTION_UNAVAILABLE, 'run',
     'while running'),
    ('kernel', KernelError('no worker'), Status.INTERNAL_ERROR, 'kernel', 'while opening'),
])
def test_a_failed_query_names_the_stage_that_stopped_it(
    kernel, scene, monkeypatch, where, error, status, stage, doing,
) -> None:
    def fail(*_args, **_options):
        raise error

    backbone = Listening([fenced('tools.Reconstruct(InputImages)'), ANSWER])
    if where in ('plan', 'write'):
        monkeypatch.setattr(backbone, where, fail)
    elif where == 'kernel':
        monkeypatch.setattr(kernel, 'open', fail)
    else:
        monkeypatch.setattr('session_lab.TrueEyes.handle', fail)
    end = ask(kernel, scene, backbone)[-1]
    assert isinstance(end, Failed)
    assert (end.status, end.stage) == (status, stage)
    assert end.message.startswith(doing)
    assert str(error) in end.message


def test_out_of_time_tells_what_was_still_loading(kernel, scene, monkeypatch) -> None:
    def fail(*_args):
        raise DeadlineExceededError('late')

    models = (ModelStatus(role='masks', name='sam3', state='loading', progress=0.4, message='read'),
              ModelStatus(role='depth', name='da3-large', state='ready', progress=1.0))
    monkeypatch.setattr('session_lab.TrueEyes.handle', fail)
    monkeypatch.setattr(
        'session_lab.TrueEyes.status', lambda _: PerceptionStatus(models=models))
    end = ask(kernel, scene, Listening([fenced('tools.Reconstruct(InputImages)')]))[-1]
    assert end.status == Status.TIMEOUT
    assert end.message.endswith('late; perception was still loading sam3 40% (read)')


def test_the_trace_begins_with_what_was_set_up(kernel, scene, tmp_path) -> None:
    backbone = Listening([ANSWER])
    ask(kernel, scene, backbone, trace_dir=tmp_path,
        limits=AgentLimits(max_steps=5, max_tokens=100))
    lines = (tmp_path / 'q1' / 'trace.jsonl').read_text(encoding='utf-8').splitlines()
    setup = json.loads(lines[0])['setup']
    assert (setup['backbone'], setup['interface']) == ('listening', 'code')
    assert setup['capabilities'] == ['reconstruct', 'segment']
    assert setup['budgets']['max_steps'] == 5
    assert setup['budgets']['max_tokens'] == 100
    assert setup['system'] == backbone.brief.system
    assert setup['opening'] == backbone.brief.opening
    assert setup['key_frames'] == [0, 1, 2, 3]
