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


"""Traces that are broken, cut off, older or newer; and how many stay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from spatialclaw_ros.agent.trace import SCHEMA_VERSION, TRACE_FILE, TraceWriter
from spatialclaw_ros.agent.trace_keep import RAW, TraceLimits, folder_bytes, prune, traces_of
from spatialclaw_ros.agent.trace_page import write_page
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.errors import (
    BrokenTraceError,
    CutOffTraceError,
    NewerTraceError,
    NoTraceError,
)

STARTED = {'event': 'started', 'at_s': 0.0, 'schema_version': 2, 'question': {'text': 'q?'}}
PLANNED = {'event': 'planned', 'at_s': 0.1, 'text': 'the plan'}
WRITTEN = {'event': 'cell_written', 'at_s': 0.2, 'step': 1, 'purpose': 'p', 'reasoning': 'r',
           'next_goal': 'g', 'code': 'ReturnAnswer(1)\n'}
RAN = {'event': 'cell_ran', 'at_s': 0.3, 'step': 1, 'feedback': 'f', 'stdout': 'out'}
ANSWERED = {'event': 'answered', 'at_s': 0.4, 'value': 1.0, 'text': '1', 'steps': 1}
# as version 1 wrote them
FIRST = [
    {'event': 'started', 'at_s': 0.0, 'schema_version': 1, 'world_frame': 'odom', 'missing': [],
     'question': {'text': 'q?', 'answer_type': 'ANY', 'choices': [], 'frame_id': ''},
     'frames': [{'index': 0, 'camera': 'front', 'stamp_ns': 1, 'frame_id': 'o', 'has_depth': True,
                 'T_world_camera': None, 'image': 'frame_000.jpg'}]},
    PLANNED, WRITTEN,
    {'event': 'tool_called', 'at_s': 0.2, 'tool': 'ocr', 'args': {}, 'error': None, 'values': {},
     'duration_s': 0.1, 'arrays': {}},
    {**RAN, 'duration_s': 0.1, 'tool_calls': 1, 'restarted': False, 'error': None,
     'variables': [{'name': 'x', 'type': 'int', 'text': '1', 'nbytes': 0}]},
    {'event': 'cell_ran', 'at_s': 0.3, 'step': 2, 'feedback': 'f', 'reply': 'no code'},
    {**ANSWERED, 'answer_type': 'NUMBER', 'unit': 'm', 'sigma': None, 'frame': '', 'choice': -1,
     'evidence': {'frame_indices': [0], 'points': [], 'scale_source': '', 'notes': [],
                  'objects': [{'label': 'mug', 'points': 5, 'box_center': [0, 0, 0],
                               'box_size': [1, 1, 1], 'frames': [0], 'box_rotation':
                               [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}]}},
]


def write(folder: Path, *lines: object, end: str = '\n') -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / TRACE_FILE).write_text('\n'.join(texts) + end, encoding='utf-8')
    return folder


def test_version_1_is_read(tmp_path) -> None:
    trace = read_trace(write(tmp_path / 'q', *FIRST))
    assert (trace.status, trace.plan, len(trace.steps)) == ('OK', 'the plan', 2)
    assert [step.is_malformed for step in trace.steps] == [False, True]
    assert trace.steps[0].ran.variables[0].name == 'x'
    assert 'mug' in write_page(tmp_path / 'q').read_text()


@pytest.mark.parametrize('cut', [1, 2, 3, 4])
@pytest.mark.parametrize('rest', ['', '{"event": "cell_r'])
def test_a_cut_off_trace_is_read_as_far_as_it_goes(tmp_path, cut: int, rest: str) -> None:
    folder = write(tmp_path / 'q', *[STARTED, PLANNED, WRITTEN, RAN][:cut], end=f'\n{rest}')
    trace = read_trace(folder)
    assert trace.status == 'CUT_OFF'
    assert (trace.plan is not None) == (cut > 1)
    assert len(trace.steps) == (cut > 2)
    assert (cut == 3) == any(step.ran is None for step in trace.steps)
    with pytest.raises(CutOffTraceError, match='ends before'):
        trace.need_end()
    assert 'CUT_OFF' in write_page(folder).read_text()


@pytest.mark.parametrize(('lines', 'error', 'part'), [
    ([{**STARTED, 'schema_version': SCHEMA_VERSION + 1}], NewerTraceError, 'reads up to'),
    ([{**STARTED, 'schema_version': 99, 'question': 5}, {'event': 'new'}], NewerTraceError, '99'),
    ([STARTED, '{broken', RAN], BrokenTraceError, 'line 2'),
    ([STARTED, {'event': 'unheard_of'}, RAN], BrokenTraceError, 'line 2'),
    ([STARTED, {**WRITTEN, 'step': 'one'}, RAN], BrokenTraceError, 'line 2'),
    ([{**STARTED, 'schema_version': 'two'}, RAN], BrokenTraceError, 'line 1'),
    ([PLANNED], BrokenTraceError, 'does not begin'),
    ([STARTED, {'event': 'refused', 'evidence': {'extrinsics': {'x': []}}}], BrokenTraceError,
     'line 2'),
    (['[' * 100_000, RAN], BrokenTraceError, 'line 1'),
    ([], BrokenTraceError, 'does not begin'),
])
def test_what_is_not_a_trace_says_why(tmp_path, lines, error, part) -> None:
    with pytest.raises(error, match=part):
        read_trace(write(tmp_path / 'q', *lines, end='\n' if lines else ''))


def test_a_folder_without_a_trace_and_bytes_that_are_no_text(tmp_path) -> None:
    with pytest.raises(NoTraceError, match='has no trace'):
        read_trace(tmp_path)
    (tmp_path / TRACE_FILE).write_bytes(b'\xff\xfe')
    with pytest.raises(BrokenTraceError, match="can't be read"):
        read_trace(tmp_path)


@pytest.mark.parametrize(('end', 'status', 'answer'), [
    ({'event': 'refused', 'reason': 'no mug'}, 'REFUSED', 'no mug'),
    ({'event': 'failed', 'status': 'TIMEOUT', 'message': 'late', 'stage': 'run'},
     'TIMEOUT', 'late'),
    ({'event': 'broke_off', 'cause': 'Traceback\nValueError: x\n'}, 'BROKE_OFF', 'ValueError: x'),
])
def test_every_end_has_its_status(tmp_path, end, status, answer) -> None:
    trace = read_trace(write(tmp_path / 'q', STARTED, end))
    assert (trace.status, trace.answer) == (status, answer)


def some_traces(root: Path, count: int, raw_bytes: int = 0) -> None:
    for number in range(count):
        folder = write(root / f'q{number}', STARTED)
        (folder / RAW).mkdir()
        (folder / RAW / 'a.npz').write_bytes(b'x' * raw_bytes)
        os.utime(folder / TRACE_FILE, (1000 + number, 1000 + number))


def test_the_newest_stay(tmp_path) -> None:
    some_traces(tmp_path, 5)
    assert [path.name for path in traces_of(tmp_path)] == ['q4', 'q3', 'q2', 'q1', 'q0']
    prune(tmp_path, TraceLimits(keep=2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['q3', 'q4']


def test_the_oldest_lose_what_a_replay_needs_first(tmp_path) -> None:
    some_traces(tmp_path, 4, raw_bytes=10_000)
    prune(tmp_path, TraceLimits(most_bytes=25_000))
    assert [(tmp_path / f'q{n}' / RAW).is_dir() for n in range(4)] == [False, False, True, True]
    assert all((tmp_path / f'q{n}' / TRACE_FILE).is_file() for n in range(4))
    prune(tmp_path, TraceLimits(most_bytes=folder_bytes(tmp_path / 'q0') * 2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['q2', 'q3']


def test_what_is_not_a_trace_is_left_alone(tmp_path) -> None:
    root = tmp_path / 'traces'
    some_traces(root, 2, raw_bytes=5000)
    elsewhere = write(tmp_path / 'elsewhere', STARTED)
    (root / 'link').symlink_to(elsewhere)
    os.utime(elsewhere / TRACE_FILE, (1, 1))
    (root / 'photos').mkdir()
    (root / 'photos' / 'large').write_bytes(b'x' * 10_000)
    (root / TRACE_FILE).write_text('a file of that name')
    prune(root, TraceLimits(keep=1, most_bytes=1))
    assert sorted(path.name for path in root.iterdir()) == ['link', 'photos', 'trace.jsonl']
    assert (elsewhere / TRACE_FILE).is_file()


def test_a_trace_that_is_being_written_is_left_alone(tmp_path) -> None:
    writer = TraceWriter(tmp_path, 'q0')
    os.utime(tmp_path / 'q0' / TRACE_FILE, (1, 1))
    some_traces(tmp_path / 'more', 1)
    (tmp_path / 'more' / 'q0').rename(tmp_path / 'q1')
    prune(tmp_path, TraceLimits(keep=1, most_bytes=1))
    assert (tmp_path / 'q0' / TRACE_FILE).is_file()
    assert not (tmp_path / 'q1').exists()
    writer.close()


@pytest.mark.parametrize('limits', [{'keep': 0}, {'most_bytes': 0}])
def test_limits_are_checked(limits) -> None:
    with pytest.raises(ValueError, match='1 or more'):
        TraceLimits(**limits)
