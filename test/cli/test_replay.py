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


"""`spatialclaw replay`: the same, a difference, and what can't be used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from trace_lab import FIND, LOOK, make_trace, reply

from spatialclaw_ros.agent.trace import TRACE_FILE
from spatialclaw_ros.cli.main import main
from spatialclaw_ros.kernel import Kernel

CODE = f"{LOOK}{FIND}import time\nprint(time.time(), len(a))\nReturnAnswer(1.5, unit='m')"


@pytest.fixture(scope='module')
def written(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('traces')
    with Kernel() as kernel:
        make_trace(kernel, root, replies=[reply(CODE, 'all at once')])
    return root / 'q1'


def test_the_same(written, capsys) -> None:
    assert main(['replay', str(written)]) == 0
    out = capsys.readouterr().out
    assert 'step 1  as before  all at once' in out
    assert '1 cell ran as before: OK, 1.500 m' in out


def test_a_difference(written, tmp_path, capsys) -> None:
    trace = shutil.copytree(written, tmp_path / 'q1')
    edit(trace, 'scale sensor', 'scale other')
    assert main(['replay', str(trace)]) == 1
    out = capsys.readouterr().out
    assert 'step 1: not as before: output (the cell reads the clock)' in out
    assert 'before: scale other_depth' in out
    assert 'now:    scale sensor_depth' in out


def test_what_it_prints_cannot_steer_a_terminal(written, tmp_path, capsys) -> None:
    trace = shutil.copytree(written, tmp_path / 'q1')
    edit(trace, 'scale sensor', '\\u001b[2Jscale \\u202eother')
    assert main(['replay', str(trace)]) == 1
    out = capsys.readouterr().out
    assert 'other_depth' in out
    assert not set('\x1b\u202e') & set(out)


def edit(trace: Path, old: str, new: str) -> None:
    path = trace / TRACE_FILE
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new), encoding='utf-8')


@pytest.mark.parametrize(('spoil', 'part'), [
    (lambda trace: shutil.rmtree(trace), 'is no trace'),
    (lambda trace: shutil.rmtree(trace / 'raw'), "can't be run again"),
    (lambda trace: (trace / TRACE_FILE).write_text('{}\n{}\n'), 'line 1 is broken'),
    (lambda trace: (trace / TRACE_FILE).write_text(
        '{"event": "started", "schema_version": 2, "question": {"text": "q"}}\n'),
     'ends before the query did'),
    (lambda trace: edit(trace, '"clock": [', f'"clock": [{10**30}, '), 'is broken'),
])
def test_what_cannot_be_used(written, tmp_path, capsys, spoil, part) -> None:
    trace = shutil.copytree(written, tmp_path / 'q1')
    spoil(trace)
    assert main(['replay', str(trace)]) == 2
    assert part in capsys.readouterr().out
