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


"""The client of a perception server against servers that are away, die, hang or lie."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from served_calls import (
    GOOD,
    IMAGE,
    STATUS,
    Remote,
    after_status,
    http,
    predict,
    remotes,
)
from served_lab import (
    PlainModels,
    ServerProcess,
    free_port,
    lying,
    read_request,
    serving,
    wait_until,
)

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionError,
    PerceptionMessageError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.served import codec, connections
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import Fault, ServedModel, ServerStatus

SMALL = WireLimits(body_bytes=1_000_000, decoded_bytes=4_000_000, header_bytes=100_000)


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Makes clients, which leave nothing behind."""
    with remotes() as make:
        yield make


def test_no_server(remote: Remote) -> None:
    models = remote(free_port())
    began_s = time.monotonic()
    with pytest.raises(PerceptionUnavailableError, match=r'refused.*perception\.url'):
        predict(models)
    assert time.monotonic() - began_s < 15.0
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.1)


def test_the_next_server_is_tried(remote: Remote) -> None:
    with serving(PlainModels()) as port:
        models = remote(free_port(), port)
        predict(models)
        assert str(port) in models.url


def test_a_server_that_dies_in_a_call_and_comes_back(remote: Remote) -> None:
    port = free_port()
    first = ServerProcess(port, call_s=30.0)
    models = remote(port, patience_s=20.0, masks=None)
    found: list[Prediction] = []
    caller = threading.Thread(target=lambda: found.append(predict(models, 40.0)))
    caller.start()
    wait_until(lambda: models._servers._met[0] is not None)
    time.sleep(0.2)  # the call itself is under way
    first.kill()
    second = ServerProcess(port, plane_m=2.0)
    try:
        caller.join(30)
        assert found[0].depth[0][0, 0] == 2.0
    finally:
        second.kill()


@pytest.mark.parametrize('broken', [
    b'', b'HTTP/1.1 200 OK\r\nContent-', http(GOOD)[:-1], http(GOOD)[:200],
    http(b'', '503 Service Unavailable', 'text/plain'), http(b'x', '502 Bad Gateway', 'text/html'),
    http(b'', '504 Gateway Timeout', 'text/html')])
def test_a_replica_that_is_lost_is_asked_again(broken: bytes, remote: Remote) -> None:
    with lying(after_status(broken, broken, http(GOOD))) as port:
        predict(remote(port, patience_s=10.0))


def test_a_busy_server_is_asked_again(remote: Remote) -> None:
    busy = codec.encode_plain(Fault(kind='busy', message='8 calls under way')).join()
    away = http(busy, '503 Service Unavailable', Connection='close')
    with lying(after_status(away, away, http(GOOD))) as port:
        predict(remote(port, patience_s=0.0))


def flipped(at: int, value: int) -> bytes:
    body = bytearray(GOOD)
    body[at] = value
    return bytes(body)


OTHER = codec.encode_prediction(
    Prediction(tuple(np.ones((4, 4), np.float32) for _ in range(2)))).join()
MALICIOUS = {
    'a length that is huge': http(b'', Content_Length=1 << 40),
    'a length over the limit': http(b'', Content_Length=1_000_001),
    'chunks over the limit': http(b'', Content_Length='').replace(
        b'Content-Length: \r\n', b'Transfer-Encoding: chunked\r\n') + b''.join(
            b'30d40\r\n' + bytes(200_000) + b'\r\n' for _ in range(6)),
    'chunks without end': http(b'', Content_Length='').replace(
        b'Content-Length: \r\n', b'Transfer-Encoding: chunked\r\n'),
    'headers without end': b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 5000 + b'\r\n',
    'a header without end': b'HTTP/1.1 200 OK\r\nX: ' + b'y' * 200_000 + b'\r\n\r\n',
    'noise': b'\x00\xff' * 5000,
    'a body of noise': http(b'\x00\xff' * 5000),
    'another magic': http(flipped(0, 0)),
    'a header of 4 GB': http(flipped(11, 255)),
    'a redirect': http(b'', '302 Found', 'text/html', Location='http://127.0.0.1:1/'),
    'a page': http(b'<html>', '200 OK', 'text/html'),
    'nothing found': http(b'{}', '404 Not Found', 'application/json'),
    'a status instead': http(STATUS),
    'more images than were asked for': http(OTHER),
    'a format that is no number': http(b'', X_SpatialClaw_Format='\xb2'),
    'another format': http(flipped(4, 7), X_SpatialClaw_Format=7, X_SpatialClaw_Version='8.1.0')}


@pytest.mark.parametrize('name', MALICIOUS)
def test_a_server_that_lies_is_named(name: str, remote: Remote) -> None:
    with lying(after_status(MALICIOUS[name])) as port:
        models = remote(port, limits=SMALL, patience_s=0.1)
        with pytest.raises(PerceptionError) as raised:
            predict(models, 20.0)
        assert str(port) in str(raised.value)
        if name == 'another format':
            assert '8.1.0' in str(raised.value)
            assert 'upgrade this side' in str(raised.value)


BITS = (np.ones((1, 120, 160), bool),)
MASKS = {
    'a text that nobody asked for': ObjectMasks.pack(BITS, np.ones((1, 1)), np.array([1])),
    'a text before the first': ObjectMasks.pack(BITS, np.ones((1, 1)), np.array([-1])),
    'a score that is no number': ObjectMasks.pack(BITS, np.full((1, 1), np.nan), np.array([0])),
    'a score above 1': ObjectMasks.pack(BITS, np.full((1, 1), 1e9), np.array([0])),
    'more texts than were asked for': ObjectMasks.pack(
        BITS, np.ones((1, 1)), np.array([0]), np.ones((1, 2))),
    'presence that is no number': ObjectMasks.pack(
        BITS, np.ones((1, 1)), np.array([0]), np.full((1, 1), np.nan)),
    'masks of another size': ObjectMasks.pack(
        (np.ones((1, 12, 16), bool),), np.ones((1, 1)), np.array([0]))}


@pytest.mark.parametrize('name', MASKS)
def test_masks_that_lie_are_refused(name: str, remote: Remote) -> None:
    both = codec.encode_plain(ServerStatus(version='9.9.9', serves=(
        ServedModel(role='masks', name='plain', max_views=4),))).join()

    def run(connection: socket.socket) -> None:
        while True:
            asked = read_request(connection).startswith(b'GET')
            connection.sendall(http(both if asked else codec.encode_masks(MASKS[name]).join()))

    with lying(run) as port:
        models = remote(port)
        assert models.masks is not None
        with pytest.raises(PerceptionError, match=str(port)):
            models.masks.segment(SegmentJob('text', (IMAGE,), ('x',)), Deadline(5))


def test_a_status_that_lies(remote: Remote) -> None:
    def run(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(http(GOOD))

    with lying(run) as port, pytest.raises(
            PerceptionMessageError, match='instead of its status'):
        predict(remote(port))


def test_a_server_without_the_model(remote: Remote) -> None:
    with lying(after_status(b'')) as port:
        models = remote(port)
        assert models.masks is not None
        with pytest.raises(PerceptionUnavailableError, match='no model for masks; it has: depth'):
            models.masks.segment(SegmentJob('text', (IMAGE,), ('x',)), Deadline(5))
        assert models.depth is not None
        assert models.depth.max_views == 4


def silent(connection: socket.socket) -> None:
    """Tells its status, takes a call, and says nothing."""
    while read_request(connection).startswith(b'GET'):
        connection.sendall(http(STATUS))
    connection.recv(1)


def deaf(connection: socket.socket) -> None:
    """Tells its status, and takes nothing of a call."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while connection.recv(3, socket.MSG_PEEK | socket.MSG_WAITALL) == b'GET':
        read_request(connection)
        connection.sendall(http(STATUS))
    time.sleep(1)


@pytest.mark.parametrize(('server', 'count'), [(silent, 1), (deaf, 400)])
@pytest.mark.parametrize('cancel', [True, False])
def test_waiting_ends_with_the_deadline(
    server: Any, count: int, cancel: bool, remote: Remote,
) -> None:
    with lying(server) as port:
        models = remote(port)
        wait_until(lambda: bool(models.status()) and models.round_trip_s > 0)
        deadline = Deadline(20.0 if cancel else 0.4)
        ended: list[float] = []
        if cancel:
            timer = threading.Timer(
                0.3, lambda: (ended.append(time.monotonic()), deadline.cancel()))
            timer.start()
        else:
            ended.append(time.monotonic() + 0.4)
        with pytest.raises(CanceledError if cancel else DeadlineExceededError):
            predict(models, deadline, count)
        assert time.monotonic() - ended[0] < 10.0


def test_a_server_restarted_between_calls_is_met_again(remote: Remote) -> None:
    port = free_port()
    models = remote(port, patience_s=10.0)
    for _ in range(2):
        with serving(PlainModels(), port=port):
            predict(models)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where connecting waits for ever: the queue of who listens there is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(('127.0.0.1', 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(3):
            each = stack.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(('127.0.0.1', port))
        yield port


def test_an_address_that_never_answers_ends_with_the_deadline(
    remote: Remote, silent_port: int,
) -> None:
    began_s = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        predict(remote(silent_port), 0.5)
    assert time.monotonic() - began_s < 15.0


def test_the_next_address_of_a_name_is_tried(
    remote: Remote, silent_port: int, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, '_CONNECT_S', 0.4)
    with serving(PlainModels()) as port:
        monkeypatch.setattr(socket, 'getaddrinfo', lambda *_, **__: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, '', ('127.0.0.1', each))
            for each in (silent_port, port)])
        predict(remote(port, host='http://robots.server', patience_s=1.0))


def test_a_name_that_nobody_looks_up_ends_with_the_deadline(
    remote: Remote, monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def look(*_: object, **__: object) -> list[Any]:
        over.wait(20.0)
        return []

    monkeypatch.setattr(socket, 'getaddrinfo', look)
    models = remote(8450, host='http://robots.server')
    began_s = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.3)
    models.close()
    assert time.monotonic() - began_s < 15.0
    over.set()


def test_a_connection_that_the_server_reset_is_replaced(remote: Remote) -> None:
    taken: list[socket.socket] = []

    def run(connection: socket.socket) -> None:
        taken.append(connection)
        while True:
            head = read_request(connection)
            connection.sendall(http(STATUS if head.startswith(b'GET') else GOOD))

    with lying(run) as port:
        models = remote(port)
        for _ in range(3):
            predict(models)
            for each in list(taken):
                each.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            taken.clear()


@pytest.fixture(scope='module')
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Paths of a certificate of 'localhost', signed by itself, and of its key."""
    folder = tmp_path_factory.mktemp('tls')
    paths = str(folder / 'cert.pem'), str(folder / 'key.pem')
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
         '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
         'subjectAltName=DNS:localhost', '-out', paths[0], '-keyout', paths[1]],
        check=True, capture_output=True)
    return paths


def test_tls(
    certificate: tuple[str, str], remote: Remote, monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    answers = [http(GOOD)]

    def run(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secret:
            while True:
                if read_request(secret).startswith(b'GET'):
                    secret.sendall(http(STATUS))
                elif answers:
                    secret.sendall(answers.pop())
                else:
                    secret.recv(1)

    with lying(run) as port:
        with pytest.raises(PerceptionUnavailableError, match='certificate verify failed'):
            predict(remote(port, host='https://localhost', patience_s=0.0))
        monkeypatch.setenv('SSL_CERT_FILE', certificate[0])
        models = remote(port, host='https://localhost')
        assert predict(models).depth[0][0, 0] == 1.0
        deadline = Deadline(20.0)
        began_s = time.monotonic()
        threading.Timer(0.3, deadline.cancel).start()
        with pytest.raises(CanceledError):
            predict(models, deadline)
        assert time.monotonic() - began_s < 15.0
