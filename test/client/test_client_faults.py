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

"""A node that dies in the middle of a query, one that is started anew, and what a client leaves."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil
import pytest
import query_double
from query_double import NUMBER, SLOW, QueryDouble

from spatialclaw_ros.client import NodeGoneError, QueryCanceledError, SpatialClient

# a killed participant stays in the graph for 20 s
SOON_S = 15.0
WAIT_S = 30.0


def victim():
    return subprocess.Popen([sys.executable, query_double.__file__, 'victim'])


@pytest.fixture
def client():
    with SpatialClient('/victim') as made:
        yield made


def test_a_node_that_is_killed_is_told_soon_and_its_successor_answers(client):
    process = victim()
    try:
        query = client.start(SLOW, wait_s=WAIT_S)
        next(query.progress)
        process.kill()
        process.wait()
        process = victim()  # the goal is not its own
        start_s = time.monotonic()
        with pytest.raises(NodeGoneError, match=r'went away|started anew'):
            query.result(WAIT_S)
        assert time.monotonic() - start_s < SOON_S
        assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
        query = client.start(SLOW)
        next(query.progress)
        process.kill()
        process.wait()
        with pytest.raises(NodeGoneError, match='/victim went away before it answered'):
            query.result(SOON_S)
    finally:
        process.kill()
        process.wait()


def test_a_goal_in_an_executor_that_hangs_is_given_up(client):
    process = victim()
    try:
        assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
        psutil.Process(process.pid).suspend()
        with pytest.raises(NodeGoneError, match=r'did not take the question|went away'):
            client.ask(NUMBER, wait_s=0.5)
    finally:
        process.kill()
        process.wait()


def test_nothing_is_left_of_a_client():
    me = psutil.Process()
    server = QueryDouble('left')
    descriptors = []
    try:
        for _ in range(4):
            with SpatialClient('/left') as client:
                assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
                query = client.start(SLOW)
                next(query.progress)
            with pytest.raises(QueryCanceledError):
                query.result(0.0)
            threads = [thread.name for thread in threading.enumerate()]
            assert 'spatialclaw_client' not in threads
            descriptors.append(me.num_fds())
        assert server.wait(lambda: server.running == 0)
    finally:
        server.close()
    assert descriptors[-1] <= descriptors[0], descriptors
