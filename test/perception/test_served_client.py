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


"""The client of a perception server: servers that go away, lie, refuse; cancelled calls."""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
    InvalidRequestError,
    ModelMemoryError,
    PerceptionError,
    PerceptionMessageError,
    PerceptionUnavailableError,
    WeightsError,
)
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.factory import open_models
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import SegmentJob
from spatialclaw_ros.perception.served import codec, polling
from spatialclaw_ros.perception.served.client import RemoteModels
from spatialclaw_ros.perception.served.endpoints import endpoints_of
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import (
    MEDIA_TYPE,
    Fault,
    ServedModel,
    ServerStatus,
)

IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
MODEL = ModelConfig(model='plain')
STATUS = codec.encode_plain(ServerStatus(version='9.9.9', serves=(
    ServedModel(role='depth', name='plain', max_views=4),))).join()
GOOD = codec.encode_prediction(Prediction((np.ones((120, 160), np.float32),))).join()
SMALL = WireLimits(body_bytes=1_000_000, decoded_bytes=4_000_000, header_bytes=100_000)
Remote = Callable[..., RemoteModels]


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Makes clients; closes them, and counts threads and descriptors after."""
    threads, descriptors = set(threading.enumerate()), len(os.listdir('/proc/self/fd'))
    made: list[RemoteModels] = []

    def make(*ports: int, **options: Any) -> RemoteModels:
        url = ','.join(f'http://127.0.0.1:{port}' for port in ports)
        made.append(RemoteModels(url, **{
            'depth': MODEL, 'masks': MODEL, 'patience_s': 0.3, **options}))
        return made[-1]
    yield make
    for each in made:
        each.close()
        each.close()
    wait_until(lambda: set(threading.enumerate()) <= threads)
    wait_until(lambda: len(os.listdir('/proc/self/fd')) <= descriptors)


def predict(
    models: RemoteModels, deadline: Deadline | float = 10.0, count: int = 1,
) -> Prediction:
    assert models.depth is not None
    limit = deadline if isinstance(deadline, Deadline) else Deadline(deadline)
    return models.depth.predict([IMAGE] * count, None, None, limit)


def http(body: bytes, status: str = '200 OK', kind: str = MEDIA_TYPE, **headers: Any) -> bytes:
    lines = {'Content-Type': kind, 'Content-Length': len(body), **headers}
    text = ''.join(f'{name.replace("_", "-")}: {value}\r\n' for name, value in lines.items())
    return f'HTTP/1.1 {status}\r\n{text}\r\n'.encode() + body


def after_status(answer: bytes) -> Callable[[socket.socket], None]:
    """A server that tells its status, and answers calls with these bytes."""
    def run(connection: socket.socket) -> None:
        while True:
            head = read_request(connection)
            if head.startswith(b'GET'):
                connection.sendall(http(STATUS))
            else:
                connection.sendall(answer)
                return
    return run


def test_both_calls_and_the_status(remote: Remote) -> None:
    def answer(images: Any, deadline: Any) -> Prediction:
        return Prediction(tuple(image[..., 0].astype(np.float32) for image in images))

    with serving(PlainModels(answer), token='secret') as port:
        models = remote(port, token='secret')
        assert models.status()[0][0].state == 'unloaded'
        np.testing.assert_array_equal(predict(models, count=3).depth[2], IMAGE[..., 0])
        assert models.masks is not None
        found = models.masks.segment(SegmentJob('text', (IMAGE,), ('x',)), Deadline(9))
        np.testing.assert_array_equal(found.masks(0)[0], IMAGE[..., 0] > 127)
        wait_until(lambda: models.status()[0][0].state == 'ready')
        assert models.status()[1][0].ours_bytes == 2
        assert models.round_trip_s < 5
        assert models.problem == ''
        assert models.depth is not None
        assert models.depth.max_views == 16


@pytest.mark.parametrize('compression', ['auto', 'none', 'jpeg'])
def test_compression(compression: str, remote: Remote) -> None:
    seen: list[np.ndarray] = []

    def answer(images: Any, deadline: Any) -> Prediction:
        seen.extend(np.array(image) for image in images)
        return Prediction((np.full((9, 9), 1 / 3, np.float32),))

    with serving(PlainModels(answer)) as port:
        found = predict(remote(port, compression=compression))
    exact = compression != 'jpeg'
    assert np.array_equal(seen[0], IMAGE) is exact
    assert (found.depth[0][0, 0] == np.float32(1 / 3)) is np.bool_(exact)
    np.testing.assert_allclose(found.depth[0], 1 / 3, rtol=5e-4)


@pytest.mark.parametrize('error', [
    PerceptionError, PerceptionUnavailableError, ModelMemoryError, WeightsError,
    DeadlineExceededError])
def test_errors_of_the_model_keep_their_class(error: type[Exception], remote: Remote) -> None:
    def answer(images: Any, deadline: Any) -> Prediction:
        raise error('3 of 8 GiB are free')

    models = PlainModels(answer)
    with serving(models) as port, pytest.raises(error, match='3 of 8 GiB') as raised:
        predict(remote(port))
    assert raised.type is error
    assert models.calls == 1  # none of these is tried again


@pytest.mark.parametrize('token', ['', 'wrong'])
def test_without_its_token_the_message_says_where_it_goes(token: str, remote: Remote) -> None:
    with serving(PlainModels(), token='right') as port:
        models = remote(port, token=token)
        with pytest.raises(PerceptionUnavailableError, match=(
                r'perception\.token_file.*SPATIALCLAW_PERCEPTION_TOKEN')):
            predict(models)
        wait_until(lambda: 'token_file' in models.problem)
        assert models.status()[0][0].state == 'failed'


def test_no_server(remote: Remote) -> None:
    models = remote(free_port())
    began_s = time.monotonic()
    with pytest.raises(PerceptionUnavailableError, match=r'refused.*perception\.url'):
        predict(models)
    assert time.monotonic() - began_s < 5
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
    answers = [broken, broken, http(GOOD)]

    def run(connection: socket.socket) -> None:
        while True:
            if read_request(connection).startswith(b'GET'):
                connection.sendall(http(STATUS))
            else:
                connection.sendall(answers.pop(0))
                return

    with lying(run) as port:
        predict(remote(port, patience_s=10.0))
    assert answers == []


def test_a_busy_server_is_asked_again(remote: Remote) -> None:
    busy = codec.encode_plain(Fault(kind='busy', message='8 calls under way')).join()
    answers = [http(busy, '503 Service Unavailable', Connection='close')] * 2 + [http(GOOD)]

    def run(connection: socket.socket) -> None:
        while True:
            if read_request(connection).startswith(b'GET'):
                connection.sendall(http(STATUS))
            else:
                connection.sendall(answers.pop(0))
                return

    with lying(run) as port:
        predict(remote(port, patience_s=0.0))
    assert answers == []


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


def test_a_request_larger_than_the_server_takes(remote: Remote) -> None:
    few = WireLimits(body_bytes=10_000)
    with serving(PlainModels(), limits=few) as port, pytest.raises(
            PerceptionMessageError, match='takes 10000; ask for fewer frames'):
        predict(remote(port))


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
        assert time.monotonic() - ended[0] < 1.0


def test_cancelling_reaches_the_model_and_close_does_too(remote: Remote) -> None:
    seen: list[Deadline] = []

    def answer(images: Any, deadline: Deadline) -> Prediction:
        wait_until(lambda: deadline.canceled)
        seen.append(deadline)
        deadline.check('the model')
        raise AssertionError

    plain = PlainModels(answer)
    with serving(plain) as port:
        models = remote(port)
        for number, how in enumerate(('cancel', 'close')):
            deadline = Deadline(20.0)
            failed: list[BaseException] = []

            def call(deadline: Deadline = deadline, failed: Any = failed) -> None:
                try:
                    predict(models, deadline)
                except CanceledError as error:
                    failed.append(error)
            caller = threading.Thread(target=call)
            caller.start()
            wait_until(lambda number=number: plain.calls == number + 1)
            deadline.cancel() if how == 'cancel' else models.close()
            caller.join(5)
            assert len(failed) == 1
            wait_until(lambda number=number: len(seen) == number + 1, 5)
        with pytest.raises(CanceledError):
            predict(models)


def test_many_threads_share_connections(remote: Remote) -> None:
    with serving(PlainModels(), at_once=4) as port:
        models = remote(port)
        counts: list[int] = []
        callers = [threading.Thread(
            target=lambda: counts.extend(len(predict(models, 20.0, 2)) for _ in range(5)))
            for _ in range(8)]
        for each in callers:
            each.start()
        for each in callers:
            each.join()
        assert counts == [2] * 40


def test_a_server_restarted_between_calls_is_met_again(remote: Remote) -> None:
    port = free_port()
    models = remote(port, patience_s=10.0)
    for _ in range(2):
        with serving(PlainModels(), port=port):
            predict(models)


def test_the_status_follows_the_server(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, 'PERIOD_S', 0.05)
    port = free_port()
    models = remote(port)
    for _ in range(2):
        wait_until(lambda: models.status()[0][0].state == 'failed')
        assert 'refused' in models.status()[0][0].message
        with serving(PlainModels(), port=port):
            wait_until(lambda: models.status()[0][0].state == 'ready')


@pytest.mark.parametrize(('url', 'words'), [
    ('', 'must name a server'), ('gpu:8450', 'must be http'), ('ftp://gpu', 'must be http'),
    ('http://', 'must be http'), ('http://gpu:x', 'no URL'), ('http://gpu:99999', 'no URL'),
    ('http://user:pw@gpu', 'without user'), ('http://gpu?x=1', 'without user')])
def test_urls_that_are_none(url: str, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        endpoints_of(url)


def test_urls() -> None:
    assert [str(each) for each in endpoints_of('http://a:1, https://b/x/ ,http://[::1]:8450')] == [
        'http://a:1', 'https://b:443/x', 'http://[::1]:8450']


def test_a_token_in_the_open_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for url in ('http://127.0.0.1:1', 'https://gpu', 'http://localhost:2'):
            RemoteModels(url, token='secret', depth=MODEL).close()
        assert not caplog.records
        RemoteModels('http://gpu:1', token='secret', depth=MODEL).close()
    assert 'unencrypted' in caplog.text
    assert 'secret' not in caplog.text


def test_a_configuration_opens_it(tmp_path: Path, remote: Remote) -> None:
    file = tmp_path / 'token'
    file.write_text('right\n')
    with serving(PlainModels(), token='right') as port:
        models = open_models(PerceptionConfig(
            reconstruct='depth_anything', url=f'http://127.0.0.1:{port}', token_file=str(file)))
        assert isinstance(models, RemoteModels)
        assert models.masks is None
        predict(models)
        models.close()


def test_an_address_that_never_answers_ends_with_the_deadline(remote: Remote) -> None:
    with socket.socket() as listener:  # its queue is full: connecting waits
        listener.bind(('127.0.0.1', 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(3):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(('127.0.0.1', port))
            waiting.append(each)
        began_s = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            predict(remote(port), 0.5)
        assert time.monotonic() - began_s < 2.0
        for each in waiting:
            each.close()


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
