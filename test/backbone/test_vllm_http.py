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

"""The vllm backbone against a real HTTP server on loopback that speaks the OpenAI API."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import openai
import pytest

from spatialclaw_ros.backbone.protocol import Brief, SeesImages, Turn
from spatialclaw_ros.backbone.vllm import Limits, VllmBackbone, VllmConfig
from spatialclaw_ros.backbone.vllm.faults import fault_of
from spatialclaw_ros.backbone.vllm.keys import ApiKey
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, CanceledError, DeadlineExceededError
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.cell import CellResult, ShownImage
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

FRAME = Frame(0, 'front', 0, 'front_optical', np.zeros((900, 1200, 3), np.uint8))


class Handler(BaseHTTPRequestHandler):
    """Streams `server.words`, slowly where `server.pause_s` says so."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.requests.append(json.loads(body))
        if self.server.silent:  # until the client hangs up
            self.connection.settimeout(10.0)
            if not self.rfile.read(1):
                self.server.hung_up.set()
            return
        self.send_response(self.server.status)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Location', self.server.location)
        self.end_headers()
        try:
            if self.server.body:
                self.wfile.write(self.server.body)
                return
            for word in self.server.words:
                chunk = {'id': 'c', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'm',
                         'choices': [{'index': 0, 'delta': {'content': word}}]}
                self.wfile.write(f'data: {json.dumps(chunk)}\n\n'.encode())
                self.wfile.flush()
                time.sleep(self.server.pause_s)
            end = {'choices': [{'index': 0, 'delta': {}, 'finish_reason': 'stop'}]}
            self.wfile.write(f'data: {json.dumps(end)}\n\n'.encode())
            self.wfile.write(b'data: [DONE]\n\n')
        except (BrokenPipeError, ConnectionResetError):
            self.server.hung_up.set()

    def log_message(self, *_args) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    httpd.words, httpd.pause_s, httpd.status = ['Hello', ' there'], 0.0, 200
    httpd.silent, httpd.body, httpd.location = False, b'', ''
    httpd.requests, httpd.hung_up = [], threading.Event()
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    httpd.backbones = []
    yield httpd
    for backbone in httpd.backbones:
        backbone.close()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def backbone_of(server) -> VllmBackbone:
    made = VllmBackbone(VllmConfig(
        endpoints=(f'http://127.0.0.1:{server.server_address[1]}/v1',), model='m',
        limits=Limits(attempts=3, rest_s=0.01)))
    server.backbones.append(made)
    return made


BRIEF = Brief(
    Question('how far?'), system='SYSTEM', opening='OPENING', key_frames=(FRAME,))


def test_the_conversation_only_grows(server) -> None:
    backbone = backbone_of(server)
    assert backbone.write(BRIEF, 'PLAN', [], Deadline(10.0)).text == 'Hello there'
    shown = CellResult(images=(ShownImage('mask', np.zeros((8, 8, 3), np.uint8)),))
    turns = [
        Turn('reply 1', shown, 'feedback 1', shown.images), Turn('reply 2', None, 'feedback 2')]
    backbone.write(BRIEF, 'PLAN', turns, Deadline(10.0))
    first, second = (request['messages'] for request in server.requests)
    assert second[:len(first)] == first
    assert [m['role'] for m in second] == [
        'system', 'user', 'assistant', 'user', 'assistant', 'user']
    kinds = [part['type'] for part in second[1]['content']]
    assert kinds == ['text', 'text', 'image_url', 'text']
    assert [part['type'] for part in second[3]['content']] == [
        'text', 'text', 'image_url']
    assert second[1]['content'][0]['text'] == 'OPENING'


def test_the_planner_sees_no_images(server) -> None:
    backbone_of(server).plan(BRIEF, Deadline(10.0))
    assert 'image_url' not in json.dumps(server.requests)


def test_it_looks_at_images_for_cells(server) -> None:
    backbone = backbone_of(server)
    assert isinstance(backbone, SeesImages)
    call = ToolCall('vlm', {'kind': 'locate', 'question': 'the mug', 'frame_indices': [0]})
    result = backbone.look(call, Observation((FRAME,)), Deadline(10.0))
    assert result.text == 'Hello there'


def test_the_deadline_lets_go_of_a_slow_model(server) -> None:
    server.words, server.pause_s = ['a'] * 400, 0.05
    deadline = Deadline(0.6)
    with pytest.raises(DeadlineExceededError, match='waiting for the model'):
        backbone_of(server).write(BRIEF, '', [], deadline)
    assert deadline.elapsed_s < 5.0
    assert server.hung_up.wait(5.0)


def test_a_cancelled_query_does_not_wait_for_the_first_word(server) -> None:
    server.silent = True
    deadline = Deadline(30.0)
    threading.Timer(0.6, deadline.cancel).start()
    with pytest.raises(CanceledError):
        backbone_of(server).write(BRIEF, '', [], deadline)
    assert deadline.elapsed_s < 5.0
    assert server.requests
    assert server.hung_up.wait(5.0)


DONE = b'data: [DONE]\n\n'
NO_WORD = b'data: {"choices": [{"index": 0, "delta": null, "finish_reason": "length"}]}\n\n'


@pytest.mark.parametrize(('body', 'part'), [
    (b'<html>a web page</html>', 'OpenAI-compatible API'),
    (b'data: {oops\n\n' + DONE, 'not JSON'),
    (b'data: \xff\xfe\n\n' + DONE, 'not JSON'),
    (b'data: ' + b'[' * 100_000 + b'\n\n' + DONE, 'not JSON'),
    (b'data: {"error": {"message": "out of memory"}}\n\n' + DONE, 'out of memory'),
    (b'data: 5\n\n' + DONE, 'other things than objects'),
    (b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n', 'broke off in the middle'),
])
def test_a_useless_stream_is_named(server, body, part) -> None:
    server.body = body
    with pytest.raises(BackboneError, match=part) as caught:
        backbone_of(server).write(BRIEF, '', [], Deadline(10.0))
    assert "model 'm'" in str(caught.value)
    assert f'127.0.0.1:{server.server_address[1]}/v1' in str(caught.value)
    assert '3 attempts' in str(caught.value)
    assert len(server.requests) == 3


def test_an_empty_reply_is_one(server) -> None:
    server.body = NO_WORD + DONE
    said = backbone_of(server).write(BRIEF, '', [], Deadline(10.0))
    assert (said.text, said.exchange.finish, said.exchange.attempts) == ('', 'length', 1)


@pytest.mark.parametrize(('args', 'arrays', 'part'), [
    ({'frame_indices': [3]}, {}, r'\[0, 0\]'),
    ({'frame_indices': 'all'}, {}, r'\[0, 0\]'),
    ({'frame_indices': []}, {}, '0 pictures came'),
    ({}, {'image_0': np.zeros((4, 4), np.float32)}, 'uint8'),
    ({}, {'image_1': np.zeros((4, 4, 3), np.uint8)}, 'image_0 to image_0'),
    ({'frame_indices': [0]}, {'picture': np.zeros((4, 4, 3), np.uint8)}, 'image_0 to image_1'),
])
def test_a_wrong_look_is_told_to_the_cell(server, args, arrays, part) -> None:
    call = ToolCall('vlm', {'kind': 'think', 'question': 'what?', **args}, arrays)
    with pytest.raises(BackboneError, match=part):
        backbone_of(server).look(call, Observation((FRAME,)), Deadline(10.0))
    assert not server.requests


def test_a_refusing_server_is_named(server) -> None:
    server.status = 404
    with pytest.raises(BackboneError, match=r"model 'm' .* answered 404.*name"):
        backbone_of(server).write(BRIEF, '', [], Deadline(10.0))
    assert len(server.requests) == 1


def test_a_redirect_is_named_and_not_followed(server) -> None:
    server.status, server.location = 307, f'http://127.0.0.1:{server.server_address[1]}/there'
    with pytest.raises(BackboneError, match=r"answered 307, go to '.*/there'.*give the base URL"):
        backbone_of(server).write(BRIEF, '', [], Deadline(10.0))
    assert len(server.requests) == 1


def test_what_is_wrong_with_tls_is_said(server) -> None:
    url = f'https://127.0.0.1:{server.server_address[1]}/v1'
    backbone = VllmBackbone(VllmConfig(endpoints=(url,), limits=Limits(attempts=1)))
    with pytest.raises(BackboneError, match=r'does it speak https\?'):
        backbone.write(BRIEF, '', [], Deadline(10.0))
    backbone.close()
    error = openai.APIConnectionError(request=None)
    error.__cause__ = OSError('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')
    assert 'SSL_CERT_FILE' in fault_of(error, VllmConfig(), ApiKey()).advice


def test_an_absent_server_is_named() -> None:
    backbone = VllmBackbone(VllmConfig(endpoints=('http://127.0.0.1:9/v1',), model='m'))
    with pytest.raises(BackboneError, match=r':9/v1: the connection failed.*vllm serve'):
        backbone.write(BRIEF, '', [], Deadline(20.0))
    backbone.close()
