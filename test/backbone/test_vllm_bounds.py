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



"""A server that never comes to an end of anything: the query ends, and no memory is filled."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import AsyncGeneratorType, SimpleNamespace

import pytest

from spatialclaw_ros.backbone.protocol import Brief
from spatialclaw_ros.backbone.vllm import Limits, VllmBackbone, VllmConfig
from spatialclaw_ros.backbone.vllm.bounds import MAX_BODY_BYTES, bound, max_event_bytes
from spatialclaw_ros.backbone.vllm.config import Thinking
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.workspace.question import Question

READERS = ('_events', 'Response.aiter_bytes', 'Response.aiter_raw')
STREAM = b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
EVENT = b'data: {"choices":[{"delta":{"content":"%s"}}]}'
ZIPPED_BYTES = 1 << 22
MUCH = 1 << 28


def zipped() -> bytes:
    """A beginning that grows to a thousand times its size."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return squeeze.compress(b'a' * ZIPPED_BYTES) + squeeze.flush(zlib.Z_FULL_FLUSH)


@contextmanager
def pouring(head: bytes, more: bytes) -> Iterator[tuple[str, list[int]]]:
    """A server's URL, and how much it got rid of of what it pours out after a head."""
    poured: list[int] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                asked = b''
                while b'\r\n\r\n' not in asked:
                    asked += connection.recv(65536)
                poured.append(0)
                try:
                    connection.sendall(head)
                    while more and poured[-1] < MUCH:
                        connection.sendall(more)
                        poured[-1] += len(more)
                except OSError:
                    continue

    with socket.create_server(('127.0.0.1', 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f'http://127.0.0.1:{listening.getsockname()[1]}/v1', poured
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10.0)


def config(url: str) -> VllmConfig:
    return VllmConfig(
        endpoints=(url,), thinking=Thinking(max_chars=1000),
        limits=Limits(attempts=1, max_reply_chars=1000))


@pytest.mark.parametrize(('head', 'more', 'words'), [
    (STREAM + b'\r\ndata: ', b'a' * 65536, 'without an end of the event'),
    (STREAM + b'\r\n', b'data: a\n' * 8192, 'without an end of the event'),
    (STREAM + b'\r\n' + EVENT % b'x' + b'\n\ndata: ', b'a' * 65536, 'without an end of the event'),
    (STREAM + b'Content-Encoding: gzip\r\n\r\n', zipped(), 'without an end of the event'),
    (b'HTTP/1.1 500 No\r\n\r\n', b'a' * 65536, 'answered 500: aaa'),
    (b'HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\n\r\n', zipped(), 'answered 400: aaa'),
    (b'HTTP/1.1 200 OK\r\n', b'X-More: ' + b'a' * 8192 + b'\r\n', 'connection failed'),
], ids=['line', 'event', 'second event', 'zipped stream', 'error', 'zipped error', 'headers'])
def test_what_has_no_end_is_cut(head: bytes, more: bytes, words: str) -> None:
    with pouring(head, more) as (url, poured):
        settings = config(url)
        backbone = VllmBackbone(settings)
        start_s = time.monotonic()
        try:
            with pytest.raises(BackboneError, match=words) as caught:
                backbone.write(Brief(Question('how far?')), '', [], Deadline(60.0))
        finally:
            backbone.close()
        assert len(str(caught.value)) < 2000
        assert time.monotonic() - start_s < 30.0
        # what lies in the buffers of the system comes on top
        assert poured[0] < max_event_bytes(settings) + MAX_BODY_BYTES + (1 << 24)


@pytest.mark.parametrize(('answer', 'words'), [
    (b'HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf', 'answered 500: half '),
    (b'HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\n\r\nno gzip', 'answered 500 '),
    (b'HTTP/1.1 400 No\r\nContent-Length: 100\r\n\r\n{"error": ', 'answered 400: .*context'),
    (STREAM + b'Content-Encoding: gzip\r\n\r\nno gzip', 'connection failed'),
    (STREAM + b'\r\ndata: {"usage": {"prompt_tokens": ' + b'9' * 5000 + b'}}\n\n', 'not JSON'),
    (STREAM + b'\r\ndata: {"error": "too hot"}\n\n', 'too hot'),
])
def test_an_answer_that_breaks_is_an_attempt_that_failed(answer: bytes, words: str) -> None:
    with pouring(answer, b'') as (url, _):
        backbone = VllmBackbone(config(url))
        try:
            with pytest.raises(BackboneError, match=words):
                backbone.write(Brief(Question('how far?')), '', [], Deadline(60.0))
        finally:
            backbone.close()


def test_a_stream_that_was_not_read_to_its_end_is_closed() -> None:
    """What is left open the garbage collector finds, on a thread that can't close it."""
    cell = br'```python\nprint(1)\n```\n' + b'more ' * 100
    with pouring(STREAM + b'\r\n', EVENT % cell + b'\n\n') as (url, _):
        backbone = VllmBackbone(config(url))
        gc.disable()
        try:
            said = backbone.write(Brief(Question('how far?')), '', [], Deadline(60.0))
            open_ones = [one for one in gc.get_objects() if isinstance(one, AsyncGeneratorType)
                         and one.ag_frame is not None and one.__qualname__ in READERS]
        finally:
            gc.enable()
            backbone.close()
    assert 'print(1)' in said.text
    assert not open_ones


def test_what_a_server_counts_and_calls_things_is_bounded() -> None:
    event = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"%s"}],"usage":%s}\n\n'
    usage = b'{"prompt_tokens": 7, "completion_tokens": 99999999999999999999}'
    with pouring(STREAM + b'\r\n' + event % (b'q' * 10_000, usage), b'') as (url, _):
        backbone = VllmBackbone(config(url))
        try:
            said = backbone.write(Brief(Question('how far?')), '', [], Deadline(60.0))
        finally:
            backbone.close()
        assert said.exchange is not None
        assert len(said.exchange.finish) == 80
        assert (said.exchange.prompt_tokens, said.exchange.completion_tokens) == (7, None)


def test_an_event_may_be_as_long_as_a_reply() -> None:
    event = b'data: {"choices":[{"delta":{"content":"%s"},"finish_reason":"stop"}]}\n\n'
    with pouring(STREAM + b'\r\n', event % (b'\\ud83d\\ude00' * 1000) + b'data: [DONE]\n\n') as (
            url, _):
        backbone = VllmBackbone(config(url))
        try:
            said = backbone.write(Brief(Question('how far?')), '', [], Deadline(60.0))
        finally:
            backbone.close()
        assert said.text == '\U0001f600' * 1000


@pytest.mark.parametrize('end', [b'\n\n', b'\r\n\r\n', b'\r\r'])
@pytest.mark.parametrize('size', [1, 2, 3, 5, 64, 1000])
def test_ends_of_events_count_however_the_stream_is_cut(end: bytes, size: int) -> None:
    stream = (b'data: ' + b'x' * 40 + end) * 50

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(stream), size):
            yield stream[at:at + size]

    async def read() -> bytes:
        response = SimpleNamespace(
            aiter_bytes=pieces, is_success=True, request=SimpleNamespace(method='POST'))
        await bound(60 + size)(response)
        return b''.join([piece async for piece in response.aiter_bytes()])

    assert asyncio.run(read()) == stream
