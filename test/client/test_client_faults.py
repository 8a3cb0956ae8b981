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
from collections import namedtuple

import psutil
import pytest
import query_double
from query_double import NUMBER, SLOW, YES, QueryDouble

from spatialclaw_ros.client import NodeGoneError, QueryCanceledError, SpatialClient
from spatialclaw_ros.client import link as linking
from spatialclaw_ros.client.contact import Contact
from spatialclaw_ros.client.patience import PatientClock
from spatialclaw_ros.errors import DeadlineExceededError, InvalidRequestError

# a killed participant stays in the graph for 20 s
SOON_S = 15.0
WAIT_S = 60.0
LivelinessChanged = namedtuple(
    'LivelinessChanged', 'alive_count alive_count_change not_alive_count not_alive_count_change')


def victim():
    return subprocess.Popen([sys.executable, query_double.__file__, 'victim'])


@pytest.fixture
def client():
    with SpatialClient('/victim') as made:
        yield made


def test_a_node_that_is_killed_is_told_soon_and_its_successor_answers(client, monkeypatch):
    monkeypatch.setattr(linking, 'DEAD_S', 2.0)
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


@pytest.fixture(scope='module')
def server():
    made = QueryDouble('busy_node')
    yield made
    made.close()


@pytest.fixture(scope='module')
def asks(server):
    with SpatialClient('/busy_node') as made:
        assert made.ask(NUMBER, wait_s=WAIT_S).value == 0.412
        yield made


def in_contact(client):
    link = client._link
    while not (link._liveness.changed_s
               and link._contact.made_since(link._liveness.changed_s)):
        assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412


def test_a_goal_is_not_sent_before_the_node_answers_at_all(server, monkeypatch):
    before = len(server.goals)
    with SpatialClient('/busy_node') as client:
        client.wait(WAIT_S)
        with server.held_up(), monkeypatch.context() as short:
            short.setattr(linking, 'REPLY_S', 0.3)
            with pytest.raises(NodeGoneError, match='did not take the question'):
                client.ask(SLOW, wait_s=0.0)
        assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
    assert [goal.question for goal in server.goals[before:]] == [NUMBER]


@pytest.mark.parametrize(('taken', 'words'), [
    (False, 'did not take the question'), (True, 'took the question and has said nothing')])
def test_an_executor_that_hangs_is_told(asks, server, taken, words, monkeypatch):
    query = asks.start(SLOW)
    next(query.progress)
    with server.held_up(), monkeypatch.context() as short:
        for name in ('REPLY_S', 'HANG_S', 'ALIVE_S'):
            short.setattr(linking, name, 0.3)
        with pytest.raises(NodeGoneError, match=words):
            query.result(WAIT_S) if taken else asks.ask(NUMBER, wait_s=0.0)
    query.cancel()  # where it was not given up
    assert server.wait(lambda: server.running == 0)


def test_a_cancel_and_a_close_overtake_the_goals_acceptance(server):
    before = len(server.canceled)
    with SpatialClient('/busy_node') as client:
        in_contact(client)
        with server.held_up():
            query = client.start(SLOW)
            client.close()
            with pytest.raises(QueryCanceledError, match='client was closed'):
                query.result(0.0)
        assert server.wait(lambda: len(server.canceled) == before + 1)


def test_a_node_without_time_to_say_that_it_lives_is_not_given_up(asks, monkeypatch):
    monkeypatch.setattr(linking, 'DEAD_S', 0.3)
    lost = LivelinessChanged(0, -1, 1, 1)
    query = asks.start(SLOW)
    next(query.progress)
    asks._link._line.put(lambda: asks._link._liveness._changed(lost))
    with pytest.raises(DeadlineExceededError, match='the query goes on'):
        query.result(1.0)
    assert asks.ask(NUMBER, wait_s=0.0).value == 0.412
    query.cancel()
    with pytest.raises(QueryCanceledError):
        query.result(WAIT_S)


def test_a_process_that_was_held_up_itself_gives_no_node_up(asks, monkeypatch):
    monkeypatch.setattr(linking, 'REPLY_S', 0.7)
    in_contact(asks)
    queries = []

    def ask():  # the goal is sent, and nothing heard for longer than an answer may take
        queries.append(asks.start(YES, wait_s=0.0))
        asks._link._line.put(lambda: time.sleep(1.0))

    asks._link._line.put(ask)
    deadline_s = time.monotonic() + WAIT_S
    while not queries:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert queries[0].result(WAIT_S).value is True


def test_a_successor_without_time_gets_a_goal_once(asks, server, monkeypatch):
    in_contact(asks)
    changed, before = asks._link._liveness._changed, len(server.goals)
    known = threading.Event()
    asks._link._line.put(lambda: changed(LivelinessChanged(1, -1, 1, 1)))  # another one died
    asks._link._line.put(known.set)
    assert known.wait(WAIT_S)
    in_contact(asks)
    monkeypatch.setattr(linking, 'LOST_S', 0.1)
    with server.held_up():
        query = asks.start(YES, wait_s=WAIT_S)
        with pytest.raises(DeadlineExceededError, match='the query goes on'):
            query.result(0.6)
    assert query.result(WAIT_S).value is True
    assert [goal.question for goal in server.goals[before:]].count(YES) == 1


def test_a_result_that_was_lost_is_asked_for_again(asks, monkeypatch):
    came, results = linking.Link._came, []

    def lossy(link, opened, future):
        results.append(future)
        if len(results) > 1:
            came(link, opened, future)

    monkeypatch.setattr(linking.Link, '_came', lossy)
    monkeypatch.setattr(linking, 'LOST_S', 0.1)
    assert asks.ask(YES).value is True
    assert len(results) == 2


def test_silence_is_what_this_process_had_time_to_hear():
    class Server:
        def _cancel_goal_async(self, handle):
            return handle

    answers, moments = [], [90.0]
    clock = PatientClock(lambda: moments[-1])
    contact = Contact(Server(), lambda _, take: answers.append(take), list)
    for moment_s, waits, now_s, silent_s in (
            (100.0, True, 100.0, 0.0), (100.1, True, 100.1, 0.1),
            (103.0, True, 100.3, 0.3), (103.1, False, 100.4, 0.4),  # held up itself from 100.1 on
            (120.0, True, 117.3, 0.0), (120.1, True, 117.4, 0.1)):  # nobody waited meanwhile
        moments.append(moment_s)
        assert clock.now_s() == pytest.approx(now_s)
        clock.wait(waits)
        contact.ask(clock.now_s(), 1.0)
        assert contact.silent_s == pytest.approx(silent_s), moment_s
    assert not contact.made_since(0.0)
    answers[-1](None)  # of what was asked at 117.3
    assert contact.silent_s == 0.0
    assert contact.made_since(117.2)
    assert not contact.made_since(117.31)


@pytest.mark.parametrize('domain', ['abc', '500'])
def test_a_domain_that_can_not_be_is_named(monkeypatch, domain):
    monkeypatch.setenv('ROS_DOMAIN_ID', domain)
    before = clients()
    with pytest.raises(InvalidRequestError, match=r'ROS does not begin: .*ROS_DOMAIN_ID'):
        SpatialClient('/nobody')
    assert clients() == before


def clients():
    return sum(thread.name == 'spatialclaw_client' for thread in threading.enumerate())


def test_nothing_is_left_of_a_client():
    me = psutil.Process()
    server = QueryDouble('left')
    before = clients()
    descriptors = []
    try:
        for _ in range(3):
            with SpatialClient('/left') as client:
                assert client.ask(NUMBER, wait_s=WAIT_S).value == 0.412
                query = client.start(SLOW)
                next(query.progress)
            with pytest.raises(QueryCanceledError):
                query.result(0.0)
            assert clients() == before
            descriptors.append(me.num_fds())
        assert server.wait(lambda: server.running == 0)
    finally:
        server.close()
    assert descriptors[-1] <= descriptors[0], descriptors
