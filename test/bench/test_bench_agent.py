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


"""The parts of the agent's benchmark: the model of zero latency, its log, prefixes, frames."""

from __future__ import annotations

import http.client
import io
import json
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from bench_photos import photos
from bench_run import Findings, run
from bench_table import Row, faster
from PIL import Image
from prefixes import share, text_before_pictures
from ready_model import ReadyModel


def post(connection: http.client.HTTPConnection, body: bytes) -> str:
    connection.request('POST', '/v1/chat/completions', body)
    return connection.getresponse().read().decode()


def test_the_model_replies_and_keeps_a_log(tmp_path) -> None:
    with ReadyModel(tmp_path) as model:
        model.will_reply(['one', 'two', 'three'])
        connection = http.client.HTTPConnection('127.0.0.1', model.port)
        began_s = time.monotonic()
        whole = json.loads(post(connection, b'{"messages": []}'))
        assert whole['choices'][0]['message']['content'] == 'one'
        lines = post(connection, b'{"stream": true}').split('\n\n')
        assert json.loads(lines[0].removeprefix('data: '))['choices'][0]['delta'][
            'content'] == 'two'
        assert lines[2] == 'data: [DONE]'
        large = b'{"messages": ["' + b'x' * 5_000_000 + b'"]}'
        post(connection, large)
        first, second, third = model.requests()
        assert [first.bytes, second.bytes, third.bytes] == [16, 16, len(large)]
        assert began_s < first.received_s <= first.replied_s < second.received_s
        assert json.loads(Path(first.body).read_text()) == {'messages': []}
        assert model.requests() == []
        model.will_reply(['late'], pause_s=0.2)
        post(connection, b'{}')
        request, = model.requests()
        assert request.replied_s - request.received_s > 0.19
        connection.close()


def said(role: str, *parts: object) -> dict[str, object]:
    return {'role': role, 'content': [
        {'type': 'text', 'text': part} if isinstance(part, str) else part for part in parts]}


PICTURE = {'type': 'image_url', 'image_url': {'url': 'data:'}}
FIRST = [{'role': 'system', 'content': 'S'}, said('user', 'question', PICTURE, 'plan')]


@pytest.mark.parametrize(('after', 'expected'), [
    ([*FIRST, said('assistant', 'x')], 1.0),
    (FIRST, 1.0),
    ([FIRST[0], said('user', 'Question')], pytest.approx(0.6, abs=0.2)),
    ([{'role': 'developer'}], pytest.approx(0.1, abs=0.1)),
])
def test_share_of_a_prefix(after, expected) -> None:
    assert share(FIRST, after) == expected


def test_text_before_the_first_picture() -> None:
    assert text_before_pictures(FIRST) == 'Squestion'


def test_frames_compress_as_photographs_do() -> None:
    frames = photos(2)
    assert not np.array_equal(frames[0], frames[1])
    for kind, options, low, high in (
            ('PNG', {}, 0.4, 0.6), ('JPEG', {'quality': 90}, 0.06, 0.1)):
        data = io.BytesIO()
        Image.fromarray(frames[1]).save(data, kind, **options)
        assert low < len(data.getvalue()) / frames[1].nbytes < high


@pytest.mark.parametrize(('times', 'faults', 'status'), [
    (2.0, [], 0), (20.0, [], 1), (2.0, ['it is wrong'], 1)])
def test_what_falls_short_ends_with_an_error(
    times, faults, status, monkeypatch, capsys,
) -> None:
    def measure(findings: Findings, short: bool) -> None:
        assert not short
        findings.rows.append(Row('it', [1.0], [10.0], faster(times)))
        findings.facts.append('a fact')
        findings.faults.extend(faults)

    monkeypatch.setattr('sys.argv', ['bench'])
    assert run('make it', 'Measures it.', measure) == status
    shown = capsys.readouterr()
    assert '- a fact\n' in shown.out
    assert all(fault in shown.err for fault in faults)


def test_a_benchmark_that_is_told_to_stop_stops_what_it_started(monkeypatch, capsys) -> None:
    stopped: list[bool] = []

    def measure(findings: Findings, short: bool) -> None:
        findings.rows.append(Row('it', [1.0]))
        with ExitStack() as started:
            started.callback(stopped.append, True)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr('sys.argv', ['bench'])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        run('make it', 'Measures it.', measure)
    assert (ended.value.code, stopped) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) is before
    assert '| it ' in capsys.readouterr().out
