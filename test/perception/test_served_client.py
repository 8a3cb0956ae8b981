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


"""The client of a perception server: calls, errors, cancelling, status, configuration."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served_calls import (
    IMAGE,
    MODEL,
    Remote,
    predict,
    remotes,
)
from served_lab import (
    PlainModels,
    free_port,
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
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.factory import make_perception, open_models
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import SegmentJob
from spatialclaw_ros.perception.served import codec, intake, polling
from spatialclaw_ros.perception.served.client import RemoteModels
from spatialclaw_ros.perception.served.endpoints import endpoints_of
from spatialclaw_ros.perception.served.limits import WireLimits

CONFIG = PerceptionConfig(reconstruct='depth_anything', ocr='none')


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Makes clients, which leave nothing behind."""
    with remotes() as make:
        yield make


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


def test_a_request_larger_than_the_server_takes(remote: Remote) -> None:
    few = WireLimits(body_bytes=10_000)
    with serving(PlainModels(), limits=few) as port, pytest.raises(
            PerceptionMessageError, match='takes 10000; ask for fewer frames'):
        predict(remote(port))


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


def test_the_status_follows_the_server(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, 'PERIOD_S', 0.05)
    port = free_port()
    models = remote(port)
    for _ in range(2):
        wait_until(lambda: models.status()[0][0].state == 'failed')
        assert 'refused' in models.status()[0][0].message
        gone = make_perception(CONFIG, models).status()
        assert (gone.alive, gone.where) == (False, f'http://127.0.0.1:{port}')
        assert 'refused' in gone.message
        with serving(PlainModels(), port=port):
            wait_until(lambda: models.status()[0][0].state == 'ready')
            back = make_perception(CONFIG, models).status()
            assert (back.alive, back.message) == (True, '')
            assert back.round_trip_s < 5


def test_a_status_that_fails_by_a_fault_of_ours_is_told_and_asked_again(
    remote: Remote, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, 'PERIOD_S', 0.02)
    with serving(PlainModels()) as port:
        models = remote(port)
        meet = models._servers.meet_current
        monkeypatch.setattr(models._servers, 'meet_current', lambda _: 1 // 0)
        models.status()
        wait_until(lambda: 'ZeroDivisionError' in models.problem)
        monkeypatch.setattr(models._servers, 'meet_current', meet)
        wait_until(lambda: models.reached().alive)


@pytest.mark.parametrize(('url', 'words'), [
    ('', 'must name a server'), ('gpu:8450', 'must be http'), ('ftp://gpu', 'must be http'),
    ('http://', 'must be http'), ('http://gpu:x', 'no URL'), ('http://gpu:99999', 'no URL'),
    ('http://gpu..lab:1', 'no URL'), (f'http://{"g" * 70}', 'no URL'), ('http://gpu/a b', 'ASCII'),
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


def test_a_reply_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, 'SEND_S', 0.3)
    large = Prediction((np.ones((4000, 4000), np.float32),))
    call = codec.encode_depth_call([IMAGE], None, None, 9.0, codec.Sending.plain()).join()
    with serving(PlainModels(lambda images, deadline: large), at_once=1) as port:
        with socket.create_connection(('127.0.0.1', port)) as connection:
            connection.sendall(
                f'POST /v1/depth HTTP/1.1\r\nHost: x\r\nContent-Length: {len(call)}'
                '\r\n\r\n'.encode() + call)
            time.sleep(0.6)
            with contextlib.suppress(ConnectionResetError):
                received = 0
                while count := len(connection.recv(1 << 20)):
                    received += count
                assert received < large.depth[0].nbytes
        models = RemoteModels(f'http://127.0.0.1:{port}', depth=MODEL)
        assert len(predict(models)) == 1
        models.close()
