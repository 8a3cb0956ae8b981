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


"""What a query leaves behind: the folder, its lines, and what must not be in it."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from trace_lab import HOSTILE, QUESTION, make_trace, reply

from spatialclaw_ros.agent.events import Answered, CellRan, Planned
from spatialclaw_ros.agent.trace import SCHEMA_VERSION, TRACE_FILE, TraceWriter
from spatialclaw_ros.agent.trace_page import PAGE_FILE
from spatialclaw_ros.agent.trace_plain import exact, scrub, secrets_of, unexact
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.agent.trace_replay import read_observation
from spatialclaw_ros.agent.trace_store import TraceStore, load_arrays, result_arrays
from spatialclaw_ros.backbone.protocol import Exchange, Said
from spatialclaw_ros.errors import CutOffTraceError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult, ShownImage
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question

SECRET = 'zq-very-secret-key-0123'
IMAGE = np.full((30, 40, 3), 90, np.uint8)
OBSERVATION = Observation((Frame(0, 'front', 5, 'front_optical', IMAGE),), world_frame='odom')


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


def test_a_trace_reads_as_it_was_written(kernel, tmp_path) -> None:
    events = make_trace(kernel, tmp_path)
    trace = read_trace(tmp_path / 'q1')
    end = events[-1]
    assert isinstance(end, Answered)
    assert trace.started.schema_version == SCHEMA_VERSION
    assert trace.started.question.text == QUESTION
    assert trace.started.query_id == 'q1'
    assert (trace.status, trace.answer) == ('OK', end.text)
    assert trace.started.setup['interface'] == 'code'
    assert trace.started.setup['capabilities'] == ['reconstruct', 'segment']
    assert trace.started.frames[0].intrinsics['fx'] == 280.0
    assert [step.number for step in trace.steps] == [1, 2, 3, 4, 5]
    assert [step.is_malformed for step in trace.steps] == [False, True, False, False, False]
    assert [len(step.calls) for step in trace.steps] == [1, 0, 2, 0, 0]
    assert HOSTILE in trace.steps[0].ran.stdout
    assert trace.steps[0].written.reply.startswith('Purpose: look')
    assert trace.steps[3].ran.error.kind == 'AttributeError'
    assert len(trace.evidence.objects) == 2
    assert trace.end_s > 0.0
    folder = tmp_path / 'q1'
    files = {path.name for path in folder.iterdir()}
    assert {TRACE_FILE, PAGE_FILE, 'evidence.npz', 'frame_000.jpg', 'step_01_1.jpg'} <= files
    assert all((folder / name).is_file()
               for item in trace.evidence.objects for name in item.masks.values())


def test_the_thread_of_a_trace_ends_with_it(kernel, tmp_path) -> None:
    make_trace(kernel, tmp_path)
    assert not [t.name for t in threading.enumerate() if t.name.startswith('trace-')]


def test_what_a_replay_needs_is_there_to_the_last_bit(tmp_path) -> None:
    random = np.random.default_rng(0)
    result = ToolResult({'score': float('nan')}, {
        'masks_0': random.random((2, 7, 5)) > 0.5, 'depth_0': random.random((7, 5)),
        'none': np.zeros((0, 7, 5), bool)})
    call = ToolCall('segment', {'far': [1, float('inf')]}, {'image': IMAGE})
    writer = TraceWriter(tmp_path, 'q1')
    writer.started(OBSERVATION, Question('q?'))
    writer.tool_called(call, result, 0.1)
    writer.close()
    line = read_trace(tmp_path / 'q1').steps[0].calls[0]
    assert str(unexact(line.values)) == str(result.values)
    assert unexact(line.args) == call.args
    arrays = load_arrays(tmp_path / 'q1' / line.file)
    for name, array in result_arrays(call, result).items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


@pytest.mark.parametrize('value', [
    {'a': [1, 2.5, None, 'x', True]}, {'nan': float('nan')}, [float('-inf')], {}])
def test_exact_values_come_back(value) -> None:
    text = json.dumps(exact(value), allow_nan=False)
    assert repr(unexact(json.loads(text))) == repr(value)


def test_no_secret_is_in_a_trace(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('SOME_VLM_API_KEY', SECRET)
    writer = TraceWriter(tmp_path, 'q1')
    writer.started(OBSERVATION, Question(f'q? {SECRET}'), {
        'backbone': 'vllm', 'api_key': 'hidden-by-its-name', 'system': f'key {SECRET}',
        'endpoint': 'http://user:pass-word@host:8000/v1?api_key=in-the-address'})
    writer.exchanged(Said('x', SECRET, Exchange('planner', endpoint=f'http://h/?token={SECRET}')))
    writer.event(Planned(f'Authorization: Bearer {SECRET}'))
    writer.event(CellRan(1, CellResult(stdout=SECRET), f'feedback {SECRET}'))
    writer.close()
    written = b''.join(path.read_bytes() for path in tmp_path.rglob('*') if path.is_file())
    for secret in (SECRET, 'hidden-by-its-name', 'pass-word', 'in-the-address'):
        assert secret.encode() not in written


@pytest.mark.parametrize(('text', 'hidden'), [
    ('Bearer abcdefgh12345678', 'abcdefgh12345678'),
    ('sk-abcdefghijklmnop1234', 'sk-abcdefghijklmnop1234'),
    ('http://me:pw12@host/', 'pw12'),
])
def test_what_looks_like_a_key_is_left_out(text, hidden) -> None:
    assert hidden not in scrub(text)


@pytest.mark.parametrize('text', [
    'tokens: 12', 'http://host:8000/v1', 'the key frame', 'x = a["key"]', 'risk-free-method'])
def test_what_is_no_secret_stays(text) -> None:
    assert scrub(text) == text
    assert scrub({'max_tokens': '5', 'key_frames': [1]}) == {'max_tokens': '5', 'key_frames': [1]}


def test_secrets_come_from_names_that_say_so() -> None:
    found = secrets_of({'OPENAI_API_KEY': 'a' * 20, 'HF_TOKEN': 'b' * 20, 'PATH': 'c' * 20,
                        'SHORT_KEY': 'abc', 'KEYBOARD': 'd' * 20})
    assert sorted(found) == ['a' * 20, 'b' * 20]


def test_a_long_hostile_text_is_scrubbed_in_no_time() -> None:
    for text in ('a' * 200_000, 'a://' * 50_000, 'sk-' * 60_000, 'bearer ' * 30_000):
        assert isinstance(scrub(text), str)


def test_a_full_disk_ends_the_trace_not_the_query(kernel, tmp_path, caplog) -> None:
    folder = tmp_path / 'q1'
    folder.mkdir()
    (folder / 'frame_000.jpg').symlink_to('/dev/full')
    events = make_trace(kernel, tmp_path)
    assert isinstance(events[-1], Answered)
    assert 'cut short' in caplog.text
    assert not [t.name for t in threading.enumerate() if t.name.startswith('trace-')]


def test_a_disk_too_small_costs_the_replay_first(kernel, tmp_path, caplog) -> None:
    raw = tmp_path / 'q1' / 'raw'
    raw.mkdir(parents=True)
    (raw / 'call_001.npz').symlink_to('/dev/full')
    make_trace(kernel, tmp_path)
    assert caplog.text == ''
    assert (tmp_path / 'q1' / PAGE_FILE).is_file()
    assert not (raw / 'call_001.npz').is_symlink()
    with pytest.raises(CutOffTraceError, match=r'call_001\.npz could not be written: No space'):
        read_observation(read_trace(tmp_path / 'q1'))


def test_traces_that_are_cut_short_are_bounded_as_well(kernel, tmp_path) -> None:
    for number in range(4):
        folder = tmp_path / f'q{number}'
        folder.mkdir()
        (folder / 'frame_000.jpg').symlink_to('/dev/full')
        make_trace(kernel, tmp_path, folder.name, trace_keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['q2', 'q3']


def test_a_page_that_cannot_be_written_costs_no_answer(kernel, tmp_path, caplog) -> None:
    folder = tmp_path / 'q1'
    folder.mkdir()
    (folder / f'.{PAGE_FILE}.new').symlink_to('/dev/full')
    events = make_trace(kernel, tmp_path)
    assert isinstance(events[-1], Answered)
    assert 'cut short' in caplog.text
    assert read_trace(folder).status == 'OK'
    assert not (folder / f'.{PAGE_FILE}.new').is_symlink()


def test_a_query_never_waits_for_the_disk(tmp_path) -> None:
    fifo = tmp_path / 'slow'
    os.mkfifo(fifo)
    (tmp_path / 'q').mkdir()
    store = TraceStore(tmp_path / 'q', 10**9, 'trace-test')
    assert store.put(lambda: fifo.write_bytes(b'x'))  # until somebody reads
    kept = sum(store.put(lambda: None) for _ in range(1000))
    assert kept < 1000
    assert store.put_raw('late', {'a': np.zeros(3)}) == ''
    assert 'slower' in store.gap
    fifo.read_bytes()
    store.finish(lambda: None)
    store.wait()
    assert not json.loads((tmp_path / 'q/raw/stored.json').read_text())['replayable']


def test_a_trace_larger_than_all_may_be_keeps_its_page(kernel, tmp_path) -> None:
    replies = [reply("x = np.zeros(3)\nReturnAnswer('ok')")]
    make_trace(kernel, tmp_path, replies=replies, trace_mb=1)
    stored = json.loads((tmp_path / 'q1/raw/stored.json').read_text())
    assert not stored['replayable']
    assert 'trace_mb' in stored['reason']
    assert (tmp_path / 'q1' / PAGE_FILE).is_file()


def test_lines_are_strict_json(tmp_path) -> None:
    writer = TraceWriter(tmp_path, 'q1')
    writer.started(OBSERVATION, Question('q?', AnswerType.NUMBER), {'x': float('nan')})
    writer.event(Answered(float('inf'), AnswerType.NUMBER, 'inf'))
    writer.event(CellRan(1, CellResult(images=(ShownImage('\ud83d', IMAGE),)), '\u2028'))
    writer.close()
    for text in (tmp_path / 'q1' / TRACE_FILE).read_text(encoding='utf-8').splitlines():
        assert not re.search(r'\b(NaN|Infinity)\b', text)
    assert read_trace(tmp_path / 'q1').steps[0].ran.images[0].label == '\ud83d'
    assert Path(tmp_path / 'q1' / PAGE_FILE).is_file()
