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


"""The front of replicas without Ray: retries, status, who is let in, and robots that go away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import lab_models
import numpy as np
import pytest

from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.gateway import devices_of, make_gateway, model_of
from spatialclaw_ros.perception.served.intake import BODIES, BusyError
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import Fault, ServerStatus
from spatialclaw_ros.perception.served.replica import Replica, ReplicaStatus, ask
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

LIMITS = WireLimits()
IMAGES = [lab_models.paint_depth(np.full((40, 50), depth_m)) for depth_m in (1.25, 3.5)]


def lab(**options: Any) -> ServeConfig:
    """A server with laboratory models."""
    return ServeConfig(
        depth=ModelConfig(model='lab_models:depth', options=options),
        masks=ModelConfig(model='lab_models:masks'))


def request(remaining_s: float = 10.0) -> np.ndarray:
    """A call of the depth model."""
    message = codec.encode_depth_call(IMAGES, None, None, remaining_s, codec.Sending.plain())
    return np.frombuffer(b''.join(bytes(part) for part in message.parts), np.uint8)


def reply_of(parts: Sequence[np.ndarray]) -> Any:
    return codec.decode_reply(np.concatenate(list(parts)), LIMITS)


class Local:
    """Replicas in this process."""

    def __init__(self, *replicas: Replica, error: Exception | None = None) -> None:
        self.replicas, self.error = replicas, error

    async def answer(self, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
        if self.error is not None:
            raise self.error
        return await self.replicas[0].answer(path, body)

    async def statuses(self) -> list[ReplicaStatus]:
        return [each.status() for each in self.replicas]


async def get_status(
    app: Any, client: tuple[str, int] | None = None, headers: Sequence[tuple[bytes, bytes]] = (),
) -> tuple[int, Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {'type': 'http.request', 'body': b'', 'more_body': False}

    async def send(message: Any) -> None:
        sent.append(message)
    await app({'type': 'http', 'method': 'GET', 'path': '/v1/status', 'raw_path': b'/v1/status',
               'root_path': '', 'query_string': b'', 'headers': headers, 'client': client,
               'server': None, 'scheme': 'http', 'http_version': '1.1'}, receive, send)
    body = b''.join(each.get('body', b'') for each in sent[1:])
    return sent[0]['status'], codec.decode_reply(np.frombuffer(body, np.uint8), LIMITS)


@pytest.fixture
def replica():
    made = Replica(lab(), ('depth',))
    yield made
    made.close()


def test_what_a_replica_answers_goes_through_unread(replica: Replica) -> None:
    app = make_gateway(lab(), {'depth': Local(replica)})
    status, parts = asyncio.run(ask(app, '/v1/depth', request()))
    assert status == 200
    found = reply_of(parts)
    assert isinstance(found, Prediction)
    for depth, wanted in zip(found.depth, (1.25, 3.5)):
        np.testing.assert_array_equal(depth, np.float32(wanted))


@pytest.mark.parametrize(('replicas', 'path', 'status', 'kind', 'part'), [
    ({}, '/v1/depth', 500, 'unavailable', 'no depth model'),
    ({'depth': Local(error=BusyError('all are busy'))}, '/v1/depth', 503, 'busy', 'busy'),
    ({'depth': Local(error=PerceptionUnavailableError('each was lost'))}, '/v1/depth', 500,
     'unavailable', 'each was lost'),
    ({'depth': Local(error=RuntimeError('the store is full'))}, '/v1/depth', 422,
     'perception', 'the store is full'),
])
def test_what_a_front_says_itself(
    replicas: Any, path: str, status: int, kind: str, part: str,
) -> None:
    got, parts = asyncio.run(ask(make_gateway(lab(), replicas), path, request()))
    fault = reply_of(parts)
    assert isinstance(fault, Fault)
    assert (got, fault.kind, part in fault.message) == (status, kind, True)


def test_a_body_is_bounded_before_a_replica_sees_it(replica: Replica) -> None:
    config = ServeConfig(depth=lab().depth, masks=None, limits=WireLimits(body_bytes=100))
    app = make_gateway(config, {'depth': Local(replica)})
    status, parts = asyncio.run(ask(app, '/v1/depth', request()))
    assert (status, reply_of(parts).kind) == (413, 'invalid')


def test_bodies_have_a_bound_together() -> None:
    config = ServeConfig(
        depth=lab().depth, masks=None, limits=WireLimits(body_bytes=len(request())))
    leave = asyncio.Event()

    class Waiting(Local):
        async def answer(self, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
            await leave.wait()
            return 200, []

    async def crowd() -> list[int]:
        app = make_gateway(config, {'depth': Waiting()})
        tasks = [asyncio.ensure_future(ask(app, '/v1/depth', request()))
                 for _ in range(BODIES + 3)]
        while sum(each.done() for each in tasks) < 3:  # those that are too many
            await asyncio.sleep(0.01)
        done = [each for each in tasks if each.done()]
        leave.set()
        first = [each.result()[0] for each in done]
        rest = [(await each)[0] for each in tasks if each not in done]
        again, _ = await ask(app, '/v1/depth', request())
        return [*first, *rest, again]

    assert asyncio.run(asyncio.wait_for(crowd(), 60.0)) == [503] * 3 + [200] * BODIES + [200]


@pytest.mark.parametrize(('client', 'status'), [
    (('127.0.0.1', 4000), 200), (('::1', 4000), 200), (None, 200), (('192.0.2.7', 4000), 401)])
def test_without_a_token_loopback_alone_is_let_in(
    replica: Replica, client: tuple[str, int] | None, status: int,
) -> None:
    app = make_gateway(lab(), {'depth': Local(replica)})
    got, found = asyncio.run(get_status(app, client))
    assert got == status
    assert isinstance(found, ServerStatus if status == 200 else Fault)


def test_a_page_in_a_browser_of_the_machine_is_not_let_in(replica: Replica) -> None:
    app = make_gateway(lab(), {'depth': Local(replica)})
    got, found = asyncio.run(get_status(
        app, ('127.0.0.1', 4000), [(b'origin', b'http://elsewhere.example')]))
    assert got == 401
    assert 'token' in found.message


def test_a_robot_that_goes_away_ends_its_call() -> None:
    replica = Replica(lab(call_s=20.0), ('depth',))
    app = make_gateway(lab(), {'depth': Local(replica)})

    async def leave() -> None:
        task = asyncio.ensure_future(ask(app, '/v1/depth', request(60.0)))
        while ('call', 'depth', '2') not in lab_models.EVENTS:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    lab_models.EVENTS.clear()
    began_s = time.monotonic()
    asyncio.run(leave())
    replica.close()
    assert ('call', 'depth', '2') in lab_models.EVENTS
    assert time.monotonic() - began_s < 15.0


def test_the_status_is_of_all_replicas() -> None:
    two = [Replica(lab(), ('depth',)) for _ in range(2)]
    app = make_gateway(lab(), {'depth': Local(*two), 'masks': Local()})

    async def both() -> Any:
        for each in two:
            await each.answer('/v1/depth', request())
        return await get_status(app)
    _, status = asyncio.run(both())
    for each in two:
        each.close()
    assert [(each.role, each.name) for each in status.serves] == [
        ('depth', 'lab_models:depth'), ('masks', 'lab_models:masks')]
    depth, masks = status.models
    assert (depth.state, depth.calls, depth.message) == ('ready', 2, '2 of 2 replicas are ready')
    assert (masks.state, masks.message) == ('loading', 'no replica answers; one is started')


@pytest.mark.parametrize(('states', 'state', 'message'), [
    (('ready',), 'ready', ''),
    (('loading', 'ready'), 'ready', '1 of 2 replicas are ready'),
    (('failed', 'loading'), 'loading', '0 of 2 replicas are ready; loading it; failed it'),
    (('failed', 'failed'), 'failed', '0 of 2 replicas are ready; failed it'),
])
def test_many_replicas_are_one_model(states: Any, state: str, message: str) -> None:
    told = {'ready': '', 'loading': 'loading it', 'failed': 'failed it'}
    replicas = [
        ReplicaStatus(pid=at, place='gpu 0', devices=(), models=(ModelStatus(
            role='depth', name='m', state=each, message=told[each], calls=3, memory_bytes=5,
            batch=at + 1),)) for at, each in enumerate(states)]
    found = model_of('depth', 'm', replicas)
    assert (found.state, found.message) == (state, message)
    assert (found.calls, found.memory_bytes, found.batch) == (
        3 * len(states), 5 * len(states), 1)


def test_replicas_on_one_gpu_count_it_once() -> None:
    def one(place: str, free: int, ours: int) -> ReplicaStatus:
        device = DeviceMemory(name='H100', total_bytes=80, free_bytes=free, ours_bytes=ours)
        return ReplicaStatus(pid=1, place=place, models=(), devices=(device,))
    found = devices_of([one('a 0', 30, 10), one('a 0', 25, 15), one('a 1', 60, 20)])
    assert [(each.free_bytes, each.ours_bytes) for each in found] == [(25, 25), (60, 20)]


def test_a_model_that_failed_for_good_lets_its_replica_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('spatialclaw_ros.perception.served.replica.FAILED_S', 0.2)
    replica = Replica(lab(load_fault='weights'), ('depth',))
    replica.check()
    time.sleep(0.6)
    with pytest.raises(PerceptionUnavailableError, match='no weights in'):
        replica.check()
    replica.close()
