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


"""Traces that run again: as replays on a fresh kernel, and as the replies of a backbone."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from trace_lab import FIND, LOOK, QUESTION, make_trace, reply

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.agent.trace import TRACE_FILE
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.agent.trace_replay import replay_trace
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.backbone.protocol import SeesImages
from spatialclaw_ros.backbone.recorded import RecordedBackbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, BrokenTraceError, CutOffTraceError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.calls import ToolCall

CLOCK = """
import time, random
start = time.time()
waited = 0
while time.monotonic_ns() % 7: waited += 1
print(start, waited, random.random(), np.random.default_rng().random())
ReturnAnswer(start)
"""


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def written(kernel, tmp_path_factory):
    root = tmp_path_factory.mktemp('traces')
    make_trace(kernel, root)
    return root / 'q1'


@pytest.fixture
def trace(written, tmp_path):
    return shutil.copytree(written, tmp_path / 'q1')


def differences(kernel, folder):
    return [found for _, found in replay_trace(read_trace(folder), kernel)]


def change(folder, kind: str, index: int, **fields) -> None:
    path = folder / TRACE_FILE
    lines = [json.loads(text) for text in path.read_text(encoding='utf-8').splitlines()]
    line = [each for each in lines if each['event'] == kind][index]
    line.update(fields)
    path.write_text(''.join(json.dumps(each) + '\n' for each in lines), encoding='utf-8')


def test_a_trace_runs_again_as_before(kernel, trace) -> None:
    assert differences(kernel, trace) == [None] * 4


def test_clocks_and_chance_are_as_they_were(kernel, tmp_path) -> None:
    make_trace(kernel, tmp_path, replies=[reply(CLOCK)])
    assert read_trace(tmp_path / 'q1').steps[0].ran.clock
    assert differences(kernel, tmp_path / 'q1') == [None]


def test_where_an_object_lies_is_no_difference(kernel, tmp_path) -> None:
    make_trace(kernel, tmp_path, replies=[reply("x = InputImages[0].crop((0, 0, 5, 5))\n"
                                                "print(repr(x), object())\nReturnAnswer('ok')")])
    assert ' at 0x' in read_trace(tmp_path / 'q1').steps[0].ran.stdout
    change(tmp_path / 'q1', 'cell_ran', 0, stdout=re.sub(
        '0x[0-9a-fA-F]+', '0x7f0000000010', read_trace(tmp_path / 'q1').steps[0].ran.stdout))
    assert differences(kernel, tmp_path / 'q1') == [None]


def test_a_cell_that_killed_its_worker_runs_again(kernel, tmp_path) -> None:
    replies = [reply('kept = 1'), reply('x = [bytearray(1 << 28) for _ in range(64)]'),
               reply('ReturnAnswer(kept)')]
    make_trace(kernel, tmp_path, replies=replies)
    assert read_trace(tmp_path / 'q1').steps[1].ran.restarted
    assert differences(kernel, tmp_path / 'q1') == [None] * 3


@pytest.mark.parametrize(('kind', 'index', 'fields', 'what', 'step'), [
    ('cell_ran', 0, {'stdout': 'other'}, 'output', 1),
    ('cell_ran', 3, {'error': None}, 'error', 4),
    ('cell_ran', 2, {'variables': []}, 'variables', 3),
    ('cell_ran', 0, {'images': []}, 'pictures', 1),
    ('cell_written', 1, {'code': FIND.replace('red box', 'red mug')}, 'tool calls', 3),
    ('cell_written', 0, {'code': f'{LOOK}\nrecon2 = tools.Reconstruct(InputImages[0])'},
     'tool calls', 1),
    ('cell_written', 1, {'code': "box = tools.SAM3(InputImages[0], 'red box')"}, 'variables', 3),
    ('answered', 0, {'value': 5.0}, 'answer', 5),
])
def test_the_first_difference_is_found(
    kernel, trace, kind, index, fields, what, step,
) -> None:
    change(trace, kind, index, **fields)
    found = differences(kernel, trace)
    assert found[:-1] == [None] * (len(found) - 1)
    assert (found[-1].what, found[-1].step) == (what, step)
    assert found[-1].before != found[-1].now


def test_a_picture_that_was_given_to_a_tool_is_compared(kernel, tmp_path) -> None:
    code = "seg = tools.SAM3(InputImages[0].crop((0, 0, 50, 50)), 'red box')\nReturnAnswer('x')"
    make_trace(kernel, tmp_path, replies=[reply(code)])
    assert differences(kernel, tmp_path / 'q1') == [None]
    change(tmp_path / 'q1', 'cell_written', 0, code=code.replace('50, 50', '50, 49'))
    assert differences(kernel, tmp_path / 'q1')[0].what == 'tool calls'


@pytest.mark.parametrize(('spoil', 'error'), [
    (lambda folder: shutil.rmtree(folder / 'raw'), CutOffTraceError),
    (lambda folder: (folder / 'raw/observation.npz').unlink(), CutOffTraceError),
    (lambda folder: (folder / 'raw/observation.npz').write_bytes(b'PK'), BrokenTraceError),
    (lambda folder: (folder / 'raw/call_001.npz').unlink(), BrokenTraceError),
    (lambda folder: (folder / 'raw/observation.json').write_text('{}'), BrokenTraceError),
    (lambda folder: change(folder, 'tool_called', 0, file='../../x.npz'), CutOffTraceError),
    (lambda folder: change(folder, 'started', 0, setup={'kernel': {'cpu_s': 'x'}}), None),
])
def test_what_cannot_run_again_says_so(kernel, trace, spoil, error) -> None:
    spoil(trace)
    if error is None:
        from spatialclaw_ros.agent.trace_replay import kernel_limits
        with pytest.raises(BrokenTraceError, match=r'setup\.kernel'):
            kernel_limits(read_trace(trace))
        return
    with pytest.raises(error):
        differences(kernel, trace)
    assert kernel.stats().sessions == 0


def test_recorded_plays_a_trace(kernel, written, tmp_path) -> None:
    backbone = make_backbone('recorded', script=str(written))
    *_, end = make_trace(kernel, tmp_path, backbone=backbone)
    assert isinstance(end, Answered)
    first, second = read_trace(written), read_trace(tmp_path / 'q1')
    assert second.plan == first.plan
    assert [s.written and s.written.reply for s in second.steps] == [
        s.written and s.written.reply for s in first.steps]
    assert [s.ran.stdout for s in second.steps] == [s.ran.stdout for s in first.steps]
    assert second.answer == first.answer
    assert second.started.question.text == QUESTION


def test_recorded_plays_version_1_and_refuses_what_is_none(tmp_path) -> None:
    lines = [{'event': 'started', 'schema_version': 1, 'question': {'text': 'q'}},
             {'event': 'planned', 'text': 'plan'},
             {'event': 'cell_ran', 'step': 1, 'feedback': 'f', 'reply': 'no code'},
             {'event': 'cell_written', 'step': 2, 'purpose': 'p', 'reasoning': 'r',
              'next_goal': 'g', 'code': 'x = 1\n'},
             {'event': 'cell_ran', 'step': 2, 'feedback': 'f', 'stdout': ''}]
    path = tmp_path / TRACE_FILE
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    backbone = RecordedBackbone.from_path(tmp_path)
    replies = [backbone.write(None, '', [None] * n, Deadline()).text for n in range(2)]
    assert replies == ['no code', 'Purpose: p\nReasoning: r\nNext goal: g\n```python\nx = 1\n```']
    assert not isinstance(backbone, SeesImages)
    for text in ('not json\n', '[]\n', '{"event": "planned"}\n', ''):
        path.write_text(text)
        with pytest.raises(BackboneError, match='play'):
            RecordedBackbone.from_path(path)
    with pytest.raises(BackboneError, match='play'):
        RecordedBackbone.from_path(tmp_path / 'none' / TRACE_FILE)


def test_recorded_answers_vlm_calls_as_before(tmp_path) -> None:
    asked = {'kind': 'locate', 'question': 'the mug', 'frame_indices': [0]}
    lines = [{'event': 'started', 'schema_version': 2, 'question': {'text': 'q'},
              'setup': {'capabilities': ['vlm']}},
             {'event': 'cell_written', 'step': 1, 'reply': 'r'},
             {'event': 'tool_called', 'tool': 'vlm', 'args': asked, 'error': None,
              'values': {'text': '500, 500'}},
             {'event': 'tool_called', 'tool': 'vlm', 'args': {**asked, 'question': 'x'},
              'error': 'no answer', 'values': {}},
             {'event': 'tool_called', 'tool': 'vlm', 'args': asked, 'error': None,
              'asked': {'image_0': [5, 6, 3]}, 'values': {'text': 'of a crop'}}]
    (tmp_path / TRACE_FILE).write_text(''.join(json.dumps(line) + '\n' for line in lines))
    backbone = RecordedBackbone.from_path(tmp_path)
    assert isinstance(backbone, SeesImages)
    assert backbone.look(ToolCall('vlm', dict(reversed(asked.items()))), None, Deadline()).text == (
        '500, 500')
    crop = ToolCall('vlm', asked, {'image_0': np.zeros((5, 6, 3), np.uint8)})
    assert backbone.look(crop, None, Deadline()).text == 'of a crop'
    for question, part in (('x', 'no answer'), ('never asked', 'no such')):
        with pytest.raises(BackboneError, match=part if part == 'no answer' else 'no answer to'):
            backbone.look(ToolCall('vlm', {**asked, 'question': question}), None, Deadline())
