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



"""Good models, each in its own manner, measure right; faults on the way cost no answer."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from model_lab import ANSWER, GOOD, LOOK, MEASURE, Outcome, ask, mentions
from scripted_vlm import ScriptedVlm
from scripted_vlm_checks import Request
from scripted_vlm_model import BROKEN, BUSY, SILENT, Act, Model, cell, faults_first, script

from spatialclaw_ros.agent.events import CellRan, CellWritten
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.kernel import Kernel

TALK = 'Let me think about the red box, the blue ball and the table that they are on. ' * 100
WRONG = '```python\nReturnAnswer(99.0)\n```\n'
THOUGHT = f'<think>\nPerhaps 99 m?\n{WRONG}No: measure.\n</think>\n\n'


def thinking(text: str, field: str) -> Act:
    return Act(text, thinking=f'Perhaps 99 m? {WRONG} No: measure.', thinking_field=field)


MODELS: dict[str, Model] = {
    'perfect': script(GOOD),
    'one character at a time': script(GOOD, chunk=1),
    'the whole reply at once': script(GOOD, chunk=0),
    'verbose': script([TALK + each + TALK for each in GOOD]),
    'two code blocks': script([each + WRONG for each in GOOD]),
    'two code blocks at once': script([each + WRONG for each in GOOD], chunk=0),
    'a wrong format first': script(['About 30 cm.', '', LOOK, MEASURE, ANSWER]),
    'an error first': script([cell('print(boxx)'), LOOK, MEASURE, ANSWER]),
    'a wrong type first': script([cell("ReturnAnswer('far')"), LOOK, MEASURE, ANSWER]),
    'reasoning in a field': script([thinking(each, 'reasoning_content') for each in GOOD]),
    'reasoning in a newer field': script([thinking(each, 'reasoning') for each in GOOD]),
    'reasoning in tags': script([THOUGHT + each for each in GOOD]),
    'reasoning in tags, one character at a time': script(
        [THOUGHT + each for each in GOOD], chunk=1),
    'a plan with code': script(GOOD, plan=f'Look at both.\n{WRONG}'),
    'a plan with a conclusion': script(GOOD, plan='The answer is 99 m.'),
    'an empty plan': script(GOOD, plan=''),
    'asked to wait': faults_first(script(GOOD), BUSY, BUSY),
    'an internal error': faults_first(script(GOOD), BROKEN),
    'an internal error for the planner': faults_first(script(GOOD), BROKEN, role='planner'),
    'half a stream': faults_first(script(GOOD), Act(LOOK, stop_after=70)),
    'hangs up once': faults_first(script(GOOD), Act(drop=True)),
}


@pytest.mark.parametrize('name', MODELS)
def test_a_good_model_measures_right(kernel: Kernel, name: str) -> None:
    with ScriptedVlm(MODELS[name]) as server:
        outcome = ask(kernel, server.url)
    outcome.check_right()
    assert not server.violations, server.violations
    assert '99' not in ''.join(
        event.code for event in outcome.events if isinstance(event, CellWritten))


def test_each_role_has_a_conversation_of_its_own(kernel: Kernel) -> None:
    eyes = cell("""
where = vlm.locate([InputImages[1]], 'the red box')
why = vlm.ask_with_thinking([InputImages[0], InputImages[1]], 'which colour has the ball?')
print('where:', where, 'why:', why)
""")
    model = script([eyes, *GOOD], locate='[[600, 400, 700, 500]]', think='The ball is blue.')
    with ScriptedVlm(model) as server:
        outcome = ask(kernel, server.url)
    outcome.check_right()
    assert mentions(outcome.feedback, '600, 400', 'The ball is blue.')
    assert not server.violations
    assert [seen.role for seen in server.seen] == [
        'planner', 'agent', 'locate', 'think', 'agent', 'agent', 'agent']
    assert len(server.of('planner')[0].request.images) == 0
    assert [len(server.of(role)[0].request.images) for role in ('locate', 'think')] == [1, 2]
    assert [seen.request.new_images for seen in server.of('agent')] == [4, 0, 2, 0]


def test_a_model_that_reads_its_feedback(kernel: Kernel) -> None:
    """What came back decides what is written, as with a real model."""
    def model(request: Request) -> str:
        if request.role == 'planner':
            return 'Find both.'
        if 'NameError' in request.feedback:
            return LOOK
        if '1 box 1 ball' in request.feedback:
            return MEASURE
        return ANSWER if 'ClosestPoints' in request.feedback else cell('print(near)')

    with ScriptedVlm(model) as server:
        outcome = ask(kernel, server.url)
    outcome.check_right()
    assert outcome.end.steps == 4


def test_several_queries_at_once(kernel: Kernel) -> None:
    together = threading.Barrier(3)

    def model(request: Request) -> Act | str:
        if request.role == 'agent' and not request.turns:
            together.wait(20.0)
        return script(GOOD)(request)

    with ScriptedVlm(model) as server:
        backbone = make_backbone('vllm', base_url=server.url, model='scripted')

        def query(number: int) -> Outcome:
            return ask(kernel, server.url, backbone=backbone, query_id=f'q{number}')

        with ThreadPoolExecutor(3) as pool:
            for outcome in pool.map(query, range(3)):
                outcome.check_right()
        backbone.close()
    assert not server.violations


def test_later_queries_begin_as_the_first_did(kernel: Kernel) -> None:
    """System prompts, which come first, are known to the server from the first query on."""
    with ScriptedVlm(script(GOOD)) as server:
        for number in range(2):
            ask(kernel, server.url, query_id=f'q{number}').check_right()
    assert not server.violations
    first, *_, later, _, _ = server.of('agent')
    assert later.request.turns == 0
    assert later.cached_tokens * 4 >= len(first.request.system)


def test_a_key_goes_into_the_header_alone(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    monkeypatch.setenv('SPATIALCLAW_API_KEY', 'sk-very-secret')
    with ScriptedVlm(script([cell('import os\nprint(os.environ)'), *GOOD])) as server:
        outcome = ask(kernel, server.url, trace_dir=tmp_path)
    outcome.check_right()
    for seen in server.seen:
        assert seen.headers['authorization'] == 'Bearer sk-very-secret'
        assert 'secret' not in json.dumps(seen.request.raw)
    for path in filter(Path.is_file, (tmp_path / 'q').rglob('*')):
        assert b'very-secret' not in path.read_bytes(), path


def test_what_the_silence_of_one_request_costs(kernel: Kernel) -> None:
    """Without a fault the time is the model's; the client adds no waits of its own."""
    with ScriptedVlm(script([replace(Act(each), silent_s=0.3) for each in GOOD])) as server:
        outcome = ask(kernel, server.url)
    outcome.check_right()
    assert outcome.session.timings['write'] >= 0.9
    assert SILENT.silent_s > outcome.elapsed_s


def test_malformed_replies_are_one_line_of_the_history(kernel: Kernel) -> None:
    with ScriptedVlm(script(['Hm. ' * 500, *GOOD])) as server:
        outcome = ask(kernel, server.url)
    outcome.check_right()
    said = server.of('agent')[-1].request.messages[2]
    assert said['role'] == 'assistant'
    assert '\n' not in said['content']
    assert len(said['content']) < 200
    assert isinstance(outcome.events[1], CellRan)
