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



"""Threads kept ready: reused, more where they are needed, all gone in the end."""

from __future__ import annotations

import threading
import weakref

import pytest
from live_node import until

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.ros.ready_threads import ReadyThreads

WAIT_S = 30.0


def named():
    return {one.name for one in threading.enumerate() if one.name.startswith('hand_')}


@pytest.fixture
def subject():
    threads = ReadyThreads('hand')
    yield threads
    assert threads.close(Deadline(WAIT_S))
    assert not named()


def test_one_thread_does_one_thing_after_the_other(subject):
    seen = []
    for number in range(3):
        until(lambda: subject._free)
        subject.begin(lambda: seen.append(threading.current_thread().name))
        until(lambda wanted=number + 1: len(seen) == wanted)
    assert set(seen) == {'hand_1'} == named()


def test_what_hangs_holds_nothing_up_and_one_thread_is_left(subject):
    gate, done = threading.Event(), []
    for _ in range(3):
        subject.begin(lambda: gate.wait(WAIT_S))
    subject.begin(lambda: done.append(1))
    until(lambda: done)
    assert len(named()) == 4
    gate.set()
    until(lambda: len(named()) == 1)


@pytest.mark.parametrize('busy', [False, True])
def test_threads_end_with_an_owner_that_nobody_closed(busy):
    threads, gate = ReadyThreads('hand'), threading.Event()
    if busy:
        threads.begin(lambda: gate.wait(WAIT_S))
    assert named()
    del threads
    gate.set()
    until(lambda: not named())


def test_it_holds_nothing_of_what_is_done(subject):
    class Image:
        """Something large."""

    image = Image()
    kept = weakref.ref(image)
    subject.begin(lambda it=image: it)
    del image
    until(lambda: kept() is None)


def test_closed_it_waits_for_what_runs_and_begins_nothing_more(subject):
    gate = threading.Event()
    subject.begin(lambda: gate.wait(WAIT_S))
    assert not subject.close(Deadline(0.01))
    with pytest.raises(RuntimeError, match='hand: closed'):
        subject.begin(gate.set)
    gate.set()
