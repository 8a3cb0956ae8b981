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

"""A client that lives on a robot program's own node: whoever spins it, and when nobody does."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
import rclpy
from query_double import NUMBER, SLOW
from rclpy.context import Context
from rclpy.executors import (
    ExternalShutdownException,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
)
from rclpy.node import Node

import spatialclaw_ros.client.client as asking
from spatialclaw_ros.client import NotSpunError, SpatialClient
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError

EXECUTORS = {'one thread': SingleThreadedExecutor, 'many': MultiThreadedExecutor}
WAIT_S = 60.0


class Program:
    """A robot program with a node, spun or not."""

    def __init__(self, executor=None):
        self.context = Context()
        rclpy.init(args=[], context=self.context)
        self.node = Node('robot', namespace='/arm', context=self.context)
        self.executor = executor(context=self.context) if executor else None
        self.faults = []
        if executor:
            self.executor.add_node(self.node)
            self._thread = threading.Thread(target=self._spin, daemon=True)
            self._thread.start()

    def _spin(self):
        try:
            self.executor.spin()
        except ExternalShutdownException:
            return
        except Exception as error:
            self.faults.append(error)

    def held(self):
        node = self.node
        return [len(list(part)) for part in (
            node.waitables, node.timers, node.subscriptions, node.guards, node.clients)]

    def close(self):
        if self.executor:
            self.executor.shutdown()
            self._thread.join(WAIT_S)
            assert not self._thread.is_alive()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


@pytest.fixture(params=EXECUTORS)
def program(request):
    made = Program(EXECUTORS[request.param])
    yield made
    made.close()


@pytest.fixture
def unspun():
    made = Program()
    yield made
    made.close()


def test_clients_come_and_go_while_the_program_spins(program, double):
    before, values = program.held(), []
    for _ in range(4):
        with SpatialClient('/answering', node=program.node) as client:
            threads = [threading.Thread(target=lambda: values.append(
                client.ask(NUMBER, wait_s=WAIT_S).value)) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert values == [0.412] * 12
    assert double.goals[-1].client == '/arm/robot'
    assert program.held() == before
    assert program.faults == []


def test_a_callback_starts_a_query_and_another_hears_its_end(program, double):
    answers, done = [], threading.Event()

    def ended(query):
        answers.append(query.result(0.0))
        done.set()

    with SpatialClient('/answering', node=program.node) as client:
        def look():
            timer.cancel()
            client.start(NUMBER, wait_s=WAIT_S).add_done_callback(ended)

        timer = program.node.create_timer(0.01, look)
        assert done.wait(WAIT_S)
        program.node.destroy_timer(timer)
    assert answers[0].value == 0.412


def test_a_closed_client_takes_its_query_with_it(program, double):
    before = len(double.canceled)
    client = SpatialClient('/answering', node=program.node)
    query = client.start(SLOW, wait_s=WAIT_S)
    next(query.progress)
    client.close()
    client.close()
    with pytest.raises(CanceledError):
        query.result(0.0)
    assert double.wait(lambda: len(double.canceled) == before + 1)
    with pytest.raises(CanceledError, match='the client is closed'):
        client.ask(NUMBER)
    with pytest.raises(CanceledError, match='the client is closed'):
        client.wait(0.0)
    assert program.faults == []


def test_nobody_spins_the_node_and_this_is_said(unspun, double, monkeypatch):
    monkeypatch.setattr(asking, 'NOT_SPUN_S', 0.2)
    before = unspun.held()
    with SpatialClient('/answering', node=unspun.node) as client:
        with pytest.raises(NotSpunError, match='nobody has spun the node /arm/robot') as caught:
            client.ask(NUMBER)
        assert isinstance(caught.value, DeadlineExceededError)
        assert 'spin it on another thread' in str(caught.value)
        query = client.start(NUMBER)
        with pytest.raises(NotSpunError):
            list(query.progress)
    assert query.done()
    assert unspun.held() == before


def test_a_blocking_ask_in_the_only_threads_callback_is_told_apart_from_a_silent_node(
        double, monkeypatch):
    program = Program(SingleThreadedExecutor)
    caught, done = [], threading.Event()
    with SpatialClient('/answering', node=program.node) as client:
        def look():
            timer.cancel()
            with monkeypatch.context() as short, contextlib.suppress(NotSpunError):
                short.setattr(asking, 'NOT_SPUN_S', 0.2)
                client.ask(NUMBER)
                caught.append('answered')
            done.set()

        timer = program.node.create_timer(0.01, look)
        assert done.wait(WAIT_S)
        assert caught == []
        assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
    program.close()


def test_a_shutdown_of_the_programs_context_ends_the_wait(program, double):
    with SpatialClient('/answering', node=program.node) as client:
        query = client.start(SLOW, wait_s=WAIT_S)
        next(query.progress)
        rclpy.try_shutdown(context=program.context)
        start_s = time.monotonic()
        with pytest.raises(CanceledError, match='context of this program was shut down'):
            query.result()
        assert time.monotonic() - start_s < 30.0
