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



"""The scripted server itself: what it must complain about, it complains about."""

from __future__ import annotations

import base64
import http.client
import io
import json
import urllib.request
from typing import Any

import pytest
from PIL import Image
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import Act, script

NAMED = {'type': 'text', 'text': 'InputImages[0]'}


def picture(size: tuple[int, int] = (64, 48), form: str = 'JPEG', cut: int = 0) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new('RGB', size).save(buffer, form)
    data = buffer.getvalue()[:-cut] if cut else buffer.getvalue()
    url = 'data:image/jpeg;base64,' + base64.b64encode(data).decode()
    return {'type': 'image_url', 'image_url': {'url': url}}


def user(*parts: dict[str, Any] | str) -> dict[str, Any]:
    return {'role': 'user', 'content': [
        {'type': 'text', 'text': part} if isinstance(part, str) else part for part in parts]}


def body(*messages: dict[str, Any], system: str = 'SYSTEM', **fields: Any) -> dict[str, Any]:
    return {'model': 'scripted', 'stream': True, 'max_tokens': 64, 'temperature': 0.6,
            'messages': [{'role': 'system', 'content': system}, *messages], **fields}


def post(server: ScriptedVlm, request: dict[str, Any] | bytes) -> tuple[int, bytes]:
    data = request if isinstance(request, bytes) else json.dumps(request).encode()
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=10.0)
    try:
        connection.request('POST', '/v1/chat/completions', data)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


AGENT = user('Question', NAMED, picture(), 'Plan')
SAID = {'role': 'assistant', 'content': 'reply'}


@pytest.mark.parametrize(('request_', 'complaint'), [
    (body(user('Plan this')), ''),
    (body(AGENT), ''),
    (body(AGENT, model='other'), "not 'other'"),
    (body(user(NAMED, picture((800, 600)))), 'long edge at most 768'),
    (body(user(NAMED, picture(form='PNG'))), 'PNG'),
    (body(user(NAMED, picture(cut=40))), 'does not decode'),
    (body(user(NAMED, {'type': 'image_url', 'image_url': {'url': 'http://x/y.jpg'}})), 'URI'),
    (body(user(*[NAMED, picture()] * 33)), '33 key frames'),
    (body(user('')), 'a part should be'),
    (body({'role': 'user', 'content': ' '}), 'is empty'),
    (body(SAID, AGENT), 'in turn'),
    (body(AGENT, SAID), 'in turn'),
    (body(AGENT, SAID, user('feedback')), 'does not begin with'),
    (body(AGENT, {**SAID, 'content': ''}, user('feedback')), 'should have a text'),
    (body(AGENT, system=' '), 'system prompt should be'),
    (body(AGENT, max_tokens=None), 'max_tokens'),
    (body(AGENT, temperature='hot'), 'temperature'),
])
def test_what_is_wrong_with_a_request(request_: dict[str, Any], complaint: str) -> None:
    with ScriptedVlm(script(['fine'])) as server:
        assert post(server, request_)[0] == 200
    if complaint:
        assert any(complaint in each for each in server.violations), server.violations
    else:
        assert server.violations == []


@pytest.mark.parametrize('data', [b'{oops', b'[]', b'{"messages": 5}'])
def test_what_is_no_request(data: bytes) -> None:
    with ScriptedVlm(script(['fine'])) as server:
        assert post(server, data)[0] == 400
    assert len(server.violations) == 1


def test_a_conversation_may_only_grow() -> None:
    grown = body(AGENT, SAID, user('feedback'))
    with ScriptedVlm(script(['fine'])) as server:
        for request in (body(AGENT), grown, grown, body(
                AGENT, SAID, user('feedback'), SAID, user('more'))):
            post(server, request)
        assert server.violations == []
        assert server.of('agent')[1].cached_tokens > 0
        post(server, body(AGENT, {**SAID, 'content': 'another'}, user('feedback')))
        assert server.violations == []  # what was said is the model's own; the rest is as before
        post(server, body(user('Other', NAMED, picture()), SAID, user('feedback')))
        post(server, body(AGENT, system='ANOTHER'))
    assert ['does not begin with' in each for each in server.violations] == [True, False]
    assert 'system prompt' in server.violations[1]


def test_it_streams_as_vllm_does() -> None:
    said = Act('Hello there', thinking='hm', chunk=5)
    with ScriptedVlm(script([said])) as server:
        status, data = post(server, body(AGENT, stream_options={'include_usage': True}))
        whole = json.loads(post(server, body(AGENT, stream=False))[1])
        with urllib.request.urlopen(f'{server.url}/models') as models:
            assert json.load(models)['data'][0]['id'] == 'scripted'
        with urllib.request.urlopen(f'http://127.0.0.1:{server.port}/health') as health:
            assert health.status == 200
    *events, done, rest = data.decode().split('\n\n')
    assert (status, done, rest) == (200, 'data: [DONE]', '')
    chunks = [json.loads(event.removeprefix('data: ')) for event in events]
    deltas = [chunk['choices'][0]['delta'] for chunk in chunks if chunk['choices']]
    assert deltas[0] == {'role': 'assistant', 'content': ''}
    assert ''.join(delta.get('content', '') for delta in deltas) == 'Hello there'
    assert ''.join(delta.get('reasoning_content', '') for delta in deltas) == 'hm'
    assert chunks[-2]['choices'][0]['finish_reason'] == 'stop'
    assert chunks[-1]['usage']['prompt_tokens'] > 0
    assert whole['choices'][0]['message']['content'] == 'Hello there'


@pytest.mark.parametrize(('act', 'status'), [
    (Act('busy', status=429, headers=(('Retry-After', '1'),)), 429), (Act(body=b'oops'), 200)])
def test_faults_are_sent_as_they_are(act: Act, status: int) -> None:
    with ScriptedVlm(lambda _request: act) as server:
        assert post(server, body(AGENT))[0] == status


def test_a_cut_stream_and_a_dropped_connection() -> None:
    with ScriptedVlm(lambda _request: Act('x' * 100, chunk=10, stop_after=30)) as server:
        with pytest.raises(http.client.IncompleteRead) as broken:
            post(server, body(AGENT))
        assert broken.value.partial.count(b'x' * 10) == 3
        server.model = lambda _request: Act(drop=True)
        with pytest.raises(http.client.RemoteDisconnected):
            post(server, body(AGENT))
