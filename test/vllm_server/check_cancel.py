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


"""A query that ends takes its request with it: the server stops working at once."""

from __future__ import annotations

import threading
import time

import pytest
from real_vllm import VllmServer
from real_vllm_queries import ENDLESS, ENDLESS_TOKENS, LIMIT_S, QUIET, Client, brief_of, started

from spatialclaw_ros.backbone.protocol import Backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, CanceledError, DeadlineExceededError

SOON_S = 5.0


def let_go(server: VllmServer, thread: threading.Thread, written: int) -> tuple[float, float]:
    """Wait until client and server are done; seconds that each took."""
    start_s = time.monotonic()
    thread.join(SOON_S)
    assert not thread.is_alive()
    client_s = time.monotonic() - start_s
    server.until(lambda: server.running == 0, SOON_S, 'no request runs')
    server_s = time.monotonic() - start_s
    server.until(lambda: server.load == 0, SOON_S, 'no request is open')
    assert server.written - written < ENDLESS_TOKENS // 2
    return client_s, server_s


@pytest.mark.parametrize(('end', 'expected'), [
    (lambda deadline, backbone: deadline.cancel(), CanceledError),
    (lambda deadline, backbone: backbone.close(), BackboneError),
], ids=['cancel', 'close'])
def test_ending_a_query_reaches_the_server(
    client: Client, server: VllmServer, observation, table, end, expected, request,
) -> None:
    deadline, written = Deadline(LIMIT_S), server.written
    backbone: Backbone = client.make(max_tokens=ENDLESS_TOKENS, extra=ENDLESS)
    thread, ends = started(
        server, lambda: backbone.write(brief_of(observation), 'PLAN', [], deadline))
    end(deadline, backbone)
    client_s, server_s = let_go(server, thread, written)
    assert [type(error) for error in ends] == [expected]
    table(f'{request.node.callspec.id} while it writes', f'the client is back after {client_s:.2f} '
          f's, the server idle after {server_s:.2f} s')


def test_a_deadline_reaches_the_server(client: Client, server: VllmServer, observation) -> None:
    written = server.written
    backbone = client.make(max_tokens=ENDLESS_TOKENS, extra=ENDLESS)
    thread, ends = started(
        server, lambda: backbone.write(brief_of(observation), 'PLAN', [], Deadline(3.0)))
    thread.join(SOON_S)
    let_go(server, thread, written)
    assert [type(error) for error in ends] == [DeadlineExceededError]


def test_cancelling_before_the_first_word(
    client: Client, server: VllmServer, observation, table,
) -> None:
    deadline = Deadline(LIMIT_S)
    backbone = client.make(max_tokens=8, extra=QUIET)
    brief = brief_of(observation, images=32, opening='Pictures that are not known yet.')
    thread, ends = started(server, lambda: backbone.write(brief, 'PLAN', [], deadline))
    deadline.cancel()
    thread.join(SOON_S)
    spent_s = server.until(lambda: server.running == 0, 30.0, 'no request runs')
    assert [type(error) for error in ends] == [CanceledError]
    table('cancel while it reads 32 pictures', f'the server is idle after {spent_s:.2f} s')


def test_others_go_on(client: Client, server: VllmServer, observation) -> None:
    deadline, said = Deadline(LIMIT_S), []
    backbone = client.make(max_tokens=300, extra=ENDLESS)
    thread, ends = started(
        server, lambda: backbone.write(brief_of(observation), 'PLAN', [], deadline))
    other = threading.Thread(target=lambda: said.append(
        backbone.write(brief_of(observation, text='b?'), 'PLAN', [], Deadline(LIMIT_S))))
    other.start()
    server.until(lambda: server.running == 2, SOON_S, 'both run')
    deadline.cancel()
    thread.join(SOON_S)
    other.join(LIMIT_S)
    assert [type(error) for error in ends] == [CanceledError]
    assert said[0].exchange.completion_tokens == 300
