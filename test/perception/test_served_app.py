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


"""The perception server against whoever may connect: strangers, endless senders, slow ones."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from served_lab import PlainModels, serving, wait_until

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served import bodies, codec, protocol
from spatialclaw_ros.perception.served import serving as serving_module
from spatialclaw_ros.perception.served.app import make_app
from spatialclaw_ros.perception.served.codec import Sending
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import Fault, ServerStatus
from spatialclaw_ros.perception.served.serving import make_server
from spatialclaw_ros.perception.served.token import read_token, same_token

TOKEN = 'a-token-of-the-laboratory'
LIMITS = WireLimits(body_bytes=2_000_000, pixels=400_000)
IMAGE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
CALL = codec.encode_depth_call([IMAGE], None, None, 9.0, Sending.plain()).join()


@pytest.fixture(scope='module')
def models() -> PlainModels:
    return PlainModels()


@pytest.fixture(scope='module')
def port(models: PlainModels) -> Iterator[int]:
    with serving(models, token=TOKEN, limits=LIMITS, at_once=2) as found:
        yield found


def ask(
    port: int, method: str = 'POST', path: str = '/v1/depth', body: Any = CALL,
    token: str | None = TOKEN, **headers: str,
) -> tuple[int, Any, dict[str, str]]:
    """Status, decoded reply and headers of one request over a connection of its own."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    if token is not None:
        headers['Authorization'] = f'Bearer {token}'
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    told = {name.lower(): value for name, value in answer.getheaders()}
    decoded: Any = data
    if 'spatialclaw' in told.get('content-type', ''):
        decoded = codec.decode_reply(np.frombuffer(data, np.uint8), WireLimits())
    return answer.status, decoded, told


def test_a_call_and_the_status(port: int) -> None:
    status, found, headers = ask(port)
    assert status == 200
    assert isinstance(found, Prediction)
    assert found.depth[0].shape == (300, 400)
    assert headers['x-spatialclaw-format'] == '1'
    status, told, _ = ask(port, 'GET', '/v1/status', None)
    assert isinstance(told, ServerStatus)
    assert {each.role for each in told.serves} == {'depth', 'masks'}
    assert told.limits == LIMITS
    assert told.devices[0].free_bytes == 4


@pytest.mark.parametrize('token', [
    None, '', 'wrong', TOKEN[:-1], TOKEN + 'x', 'ä', 'x' * 5000])
@pytest.mark.parametrize('path', ['/v1/status', '/nowhere'])
def test_nothing_is_told_without_the_token(port: int, token: Any, path: str) -> None:
    status, told, headers = ask(port, 'GET', path, None, token)
    assert status == 401
    assert isinstance(told, Fault)
    assert headers['www-authenticate'] == 'Bearer'


@pytest.mark.parametrize('value', [f'Basic {TOKEN}', TOKEN, f'Bearer{TOKEN}'])
def test_a_token_in_another_form(port: int, value: str) -> None:
    assert ask(port, token=None, Authorization=value)[0] == 401


@pytest.mark.parametrize(('method', 'path', 'body', 'status', 'words'), [
    ('GET', '/v1/depth', None, 405, ''),
    ('POST', '/v1/status', b'', 405, ''),
    ('GET', '/', None, 404, ''),
    ('POST', '/v1/depth', b'', 400, '16 bytes or more'),
    ('POST', '/v1/depth', b'x' * 4000, 400, 'begins with'),
    ('POST', '/v1/depth', CALL[:-1], 400, 'not where it must be'),
    ('POST', '/v1/depth', CALL[:4] + struct.pack('<H', 7) + CALL[6:], 400, '7 there'),
    ('POST', '/v1/masks', CALL, 400, 'unusable header'),
    ('POST', '/v1/depth', bytes(2_000_001), 413, '2000001 were announced'),
])
def test_requests_that_are_refused(
    port: int, method: str, path: str, body: Any, status: int, words: str,
) -> None:
    got, told, _ = ask(port, method, path, body)
    assert got == status
    if words:
        assert isinstance(told, Fault)
        assert told.kind == 'invalid'
        assert words in told.message


def test_chunks_are_counted_while_they_come(port: int) -> None:
    status, found, _ = ask(port, body=iter([CALL[:100], CALL[100:]]))
    assert status == 200
    assert isinstance(found, Prediction)

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield bytes(100_000)
    status, told, _ = ask(port, body=endless())
    assert status == 413
    assert 'more came' in told.message


@pytest.mark.parametrize('length', [b'-1', b'1e3', b'9' * 30, b'0x10', b'5, 5', b'99999999999'])
def test_lengths_that_are_none(port: int, length: bytes) -> None:
    with socket.create_connection(('127.0.0.1', port), 10) as connection:
        connection.sendall(
            b'POST /v1/depth HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer '
            + TOKEN.encode() + b'\r\nContent-Length: ' + length + b'\r\n\r\n')
        assert connection.recv(4096).split()[1] in (b'400', b'413')


@pytest.mark.parametrize('start', [
    b'\x16\x03\x01\x02\x00', b'GET / HTTP/9.9\r\n\r\n', b'\r\n' * 9 + b'junk\r\n\r\n',
    b'GET /v1/status HTTP/1.1\r\n' + b'X: ' + b'y' * 100_000 + b'\r\n\r\n'])
def test_noise_ends_the_connection(port: int, start: bytes) -> None:
    with socket.create_connection(('127.0.0.1', port), 15) as connection:
        connection.sendall(start)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert ask(port, 'GET', '/v1/status', None)[0] == 200


def test_headers_without_an_end_are_cut_off(port: int) -> None:
    sent, most = 0, 16_000_000
    with socket.create_connection(('127.0.0.1', port), 15) as connection:
        connection.sendall(b'GET /v1/status HTTP/1.1\r\nX: ')
        with contextlib.suppress(ConnectionError):
            while sent < most:
                connection.sendall(bytes(b'y' * 65536))
                sent += 65536
    assert sent < most


def test_a_stranger_with_many_connections_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving_module, 'CONNECTIONS', 12)
    monkeypatch.setattr(protocol, 'CONNECTIONS_OF_ONE', 6)
    with serving(PlainModels(), token=TOKEN, limits=LIMITS) as port, \
            contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(
                ('127.0.0.1', port), 10, source_address=('127.0.0.2', 0)))
        assert ask(port)[0] == 200


def test_a_sender_that_goes_away(port: int, models: PlainModels) -> None:
    before = models.calls
    for _ in range(4):  # more than may be at once: none keeps its place
        with socket.create_connection(('127.0.0.1', port), 10) as connection:
            connection.sendall(head(len(CALL)) + CALL[:200_000])
    wait_until(lambda: ask(port)[0] == 200)
    assert models.calls == before + 1


def head(length: int) -> bytes:
    return (f'POST /v1/depth HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n'
            f'Content-Length: {length}\r\n\r\n').encode()


def test_the_slow_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, 'PERIOD_S', 0.2)
    monkeypatch.setattr(protocol, 'HEADERS_S', 0.4)
    with serving(PlainModels(), token=TOKEN, limits=LIMITS) as port:
        with socket.create_connection(('127.0.0.1', port), 10) as connection:
            connection.sendall(head(len(CALL)) + CALL[:100])
            assert connection.recv(4096).startswith(b'HTTP/1.1 408')
        with monkeypatch.context() as patch, \
                socket.create_connection(('127.0.0.1', port), 10) as connection:
            # fast enough at any time, and too long in all
            patch.setattr(bodies, 'MOST_S', 0.5)
            connection.sendall(head(len(CALL)))
            for _ in range(8):
                connection.sendall(CALL[:2000])
                time.sleep(0.1)
            assert connection.recv(4096).startswith(b'HTTP/1.1 408')
        with socket.create_connection(('127.0.0.1', port), 10) as connection:
            connection.sendall(head(len(CALL))[:40])
            assert connection.recv(4096) == b''
        with socket.create_connection(('127.0.0.1', port), 10) as connection:
            # the second request of a connection, too
            connection.sendall(head(len(CALL)) + CALL)
            while len(connection.recv(1 << 20)) == 1 << 20:
                pass
            connection.sendall(b'GET /v1')
            while connection.recv(1 << 20):
                pass


def test_one_connection_carries_call_after_call(port: int) -> None:
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    headers = {'Authorization': f'Bearer {TOKEN}'}
    for body, status in ((CALL, 200), (b'x' * 300_000, 400), (CALL, 200), (b'', 400), (CALL, 200)):
        connection.request('POST', '/v1/depth', body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_two_requests_sent_at_once_are_both_answered(port: int) -> None:
    with socket.create_connection(('127.0.0.1', port), 10) as connection:
        sender = threading.Thread(
            target=connection.sendall, args=((head(len(CALL)) + CALL) * 2,))
        sender.start()
        data = b''
        while data.count(b'HTTP/1.1 200') < 2 or len(data) < 2 * 300 * 400 * 4:
            chunk = connection.recv(1 << 20)
            assert chunk, data[:300]
            data += chunk
        sender.join()


def test_who_comes_when_all_places_are_taken_is_told_to_come_again() -> None:
    free = threading.Event()

    def answer(images: Any, deadline: Any) -> Prediction:
        assert free.wait(20)
        return Prediction((np.ones((4, 4), np.float32),))

    models = PlainModels(answer)
    with serving(models, at_once=2) as port:
        results: list[int] = []
        callers = [threading.Thread(target=lambda: results.append(ask(port)[0])) for _ in range(2)]
        for each in callers:
            each.start()
        wait_until(lambda: models.calls == 2)
        status, told, headers = ask(port)
        assert (status, told.kind, headers['retry-after']) == (503, 'busy', '1')
        assert ask(port, 'GET', '/v1/status', None)[0] == 200
        free.set()
        for each in callers:
            each.join()
        assert results == [200, 200]


def test_a_robot_that_goes_away_cancels_its_call() -> None:
    seen = threading.Event()

    def answer(images: Any, deadline: Any) -> Prediction:
        wait_until(lambda: deadline.canceled)
        seen.set()
        deadline.check('the model')
        raise AssertionError

    models = PlainModels(answer)
    with serving(models) as port, socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(head(len(CALL)) + CALL)
        wait_until(lambda: models.calls == 1)
        assert 7 < models.deadlines[0].remaining_s < 9
        connection.close()
        assert seen.wait(5)


def test_a_server_that_stops_cancels_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, 'GRACE_S', 0.2)

    def answer(images: Any, deadline: Any) -> Prediction:
        wait_until(lambda: deadline.canceled)
        deadline.check('the model')
        raise AssertionError

    before = threading.active_count()
    models = PlainModels(answer)
    with serving(models) as port:
        connection = socket.create_connection(('127.0.0.1', port))
        connection.sendall(head(len(CALL)) + CALL)
        wait_until(lambda: models.calls == 1)
    connection.close()
    wait_until(lambda: threading.active_count() == before)


@pytest.mark.parametrize(('host', 'token', 'refused'), [
    ('127.0.0.1', None, False), ('localhost', '', False), ('::1', None, False),
    ('0.0.0.0', 'x', False), ('0.0.0.0', None, True), ('::', '', True), ('robot7', None, True),
    ('192.168.1.5', None, True), ('', None, True)])
def test_others_are_served_with_a_token_only(host: str, token: Any, refused: bool) -> None:
    if refused:
        with pytest.raises(InvalidRequestError, match='token'):
            make_server(PlainModels(), host, 0, token)
    else:
        make_server(PlainModels(), host, 0, token)


def test_a_token_is_read_from_file_or_environment(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('SPATIALCLAW_PERCEPTION_TOKEN', ' from-environment\n')
    assert read_token('') == 'from-environment'
    file = tmp_path / 'token'
    file.write_text('from-file\n')
    assert read_token(str(file)) == 'from-file'
    for content in ('', 'two words', 'ä'):
        file.write_text(content)
        with pytest.raises(InvalidRequestError, match='token_file'):
            read_token(str(file))
    with pytest.raises(InvalidRequestError, match='No such file'):
        read_token(str(tmp_path / 'none'))
    assert same_token('x', 'x')
    assert not same_token('x', 'y')


def test_the_app_is_the_same_without_our_server() -> None:
    """Under any other ASGI server bodies come and go in plain messages."""
    sent: list[dict[str, Any]] = []
    coming = [{'type': 'http.request', 'body': CALL[:70_000], 'more_body': True},
              {'type': 'http.request', 'body': CALL[70_000:], 'more_body': False}]

    async def main() -> None:
        async def receive() -> dict[str, Any]:
            if coming:
                return coming.pop(0)
            await asyncio.sleep(30)
            return {'type': 'http.disconnect'}

        async def send(message: Any) -> None:
            sent.append(message)

        await make_app(PlainModels())({
            'type': 'http', 'method': 'POST', 'path': '/v1/depth', 'headers': [],
            'query_string': b''}, receive, send)

    asyncio.run(main())
    assert sent[0]['status'] == 200
    assert all(type(each['body']) is bytes for each in sent[1:])
    body = b''.join(each['body'] for each in sent[1:])
    assert isinstance(codec.decode_reply(np.frombuffer(body, np.uint8), WireLimits()), Prediction)
