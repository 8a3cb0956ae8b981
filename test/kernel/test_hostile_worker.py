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



"""What the host does with workers that speak out of turn: a definite result, in time, no leak."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from kernel_fixtures import Host, make_observation
from scripted_worker import (
    ScriptedNursery,
    Step,
    begin,
    close,
    crash,
    die,
    end,
    hear,
    raw,
    rest,
    say,
    silence,
    whole,
)

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits
from spatialclaw_ros.kernel.messages import (
    ArrayData,
    Begun,
    CellDone,
    Fault,
    Printed,
    Ready,
    Shown,
    StartFailed,
    ToolRequest,
)

LIMITS = KernelLimits(
    cell_timeout_s=6.0, replay_timeout_s=6.0, start_timeout_s=6.0, tool_calls=4,
    shown_bytes=60_000)
# where it is the clock that ends a worker
HASTY = replace(LIMITS, cell_timeout_s=0.6, replay_timeout_s=0.6, start_timeout_s=0.6)
LONGEST_S = 15.0
CALL = ToolRequest('ocr', {}, [])
PICTURE = Shown('a', 1, 1, b'abc')
LARGE = Shown('a', 100, 100, bytes(30_000))
LARGE_CALL = ToolRequest('ocr', {}, [ArrayData('image', '|u1', [40 << 20], bytes(40 << 20))])


@pytest.fixture
def nursery() -> ScriptedNursery:
    """Workers that play scripts."""
    return ScriptedNursery()


@pytest.fixture
def kernel(nursery: ScriptedNursery) -> Iterator[Kernel]:
    """A kernel whose workers play scripts; nothing of them may be left."""
    before = sorted(os.listdir('/proc/self/fd'))
    threads = threading.active_count()
    made = Kernel(limits=LIMITS)
    made.nursery.close()
    made.nursery = nursery  # type: ignore[assignment]
    yield made
    made.close()
    assert nursery.living == 0
    assert sorted(os.listdir('/proc/self/fd')) == before
    assert threading.active_count() == threads


def flood(data: bytes, seconds: float = 5.0) -> Step:
    """Send the same again and again, and read nothing."""
    def step(part: object) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            raw(data)(part)  # type: ignore[arg-type]
    return step


def ask_for_ever(pause_s: float) -> Step:
    """Call a tool, read its answer, call it again."""
    def step(part: object) -> None:
        while True:
            say(CALL)(part)  # type: ignore[arg-type]
            hear(part)  # type: ignore[arg-type]
            time.sleep(pause_s)
    return step


def drip(data: bytes, pause_s: float = 0.02) -> Step:
    """Send byte by byte."""
    def step(part: object) -> None:
        for byte in data:
            raw(bytes([byte]))(part)  # type: ignore[arg-type]
            time.sleep(pause_s)
    return step


FORGED = CellDone(7, '', None, [], None)
IN_A_CELL: dict[str, tuple[Sequence[Step], str, str]] = {
    'ready': ([say(Ready([]))], 'Crash', 'Ready came while a cell ran'),
    'begun': ([say(Begun())], 'Crash', 'Begun came while a cell ran'),
    'failed start': ([say(StartFailed('x'))], 'Crash', 'StartFailed came'),
    'last words': ([say(Printed('x'))], 'Crash', 'Printed came while a cell ran'),
    'end of another cell': ([say(FORGED)], 'Crash', 'the end of cell 7 came while cell 2 ran'),
    'many pictures': ([say(PICTURE)] * 17, 'Crash', 'more than 16 pictures'),
    'large pictures': ([say(LARGE)] * 3, 'Crash', 'more pictures came than'),
    'thousands of pictures': ([flood(whole(PICTURE) * 2000)], 'Crash', 'more than 16 pictures'),
    'half a message': ([raw(whole(FORGED)[:9]), close], 'Crash', 'ended during the cell'),
    'half a length': ([raw(b'\5\0'), die], 'Crash', 'killed from outside'),
    'closed wire': ([close], 'Crash', 'ended during the cell'),
    'death': ([die], 'Crash', 'killed from outside'),
    'fault': ([crash], 'Crash', 'segmentation fault'),
    'silence': ([silence], 'Timeout', 'longer than the 0.6 s'),
    'out of memory': ([lambda part: part.send(part.done(out_of_memory=True))],
                      'OutOfMemory', 'ran out of its'),
    'no message': ([raw(b'\1\0\0\0\xc1')], 'Crash', 'malformed message'),
    'length of nothing': ([raw(bytes(4))], 'Crash', 'a message of 0 bytes was announced'),
    'endless length': ([raw(b'\xff' * 4)], 'Crash', 'was announced'),
    'byte by byte': ([drip(whole(FORGED) * 9)], 'Timeout', 'longer than the 0.6 s'),
    'a large message byte by byte': (
        [raw((2**25).to_bytes(4, 'little')), drip(bytes(500))], 'Timeout', 'longer than'),
    'questions without end': ([ask_for_ever(0.005)], 'Timeout', 'longer than the 0.6 s'),
    'questions, answers unread': ([flood(whole(CALL) * 500)], 'Timeout', 'longer than'),
    'descriptors': ([raw(whole(PICTURE), [0, 1, 2] * 20), raw(whole(FORGED), [0] * 200)],
                    'Crash', 'the end of cell 7'),
}


@pytest.mark.parametrize('name', IN_A_CELL)
def test_in_a_cell(kernel: Kernel, nursery: ScriptedNursery, name: str) -> None:
    steps, kind, words = IN_A_CELL[name]
    if kind == 'Timeout':
        kernel.limits = HASTY
    host = Host()
    nursery.plan([begin, end(), hear, *steps])
    with kernel.open(make_observation(), host) as session:
        assert session.run('a = 1').error is None
        fds = len(os.listdir('/proc/self/fd'))
        began_s = time.monotonic()
        result = session.run('b = 2')
        assert time.monotonic() - began_s < LONGEST_S
        assert result.error is not None
        assert result.error.kind == kind
        assert words in result.error.message
        assert 'variables of earlier cells are as before (v1)' in result.error.message
        assert result.images == ()
        assert len(host.calls) <= LIMITS.tool_calls
        assert session.run('c = 3').error is None
        assert session.variables == ('v1', 'v2')
        assert len(os.listdir('/proc/self/fd')) == fds


BEFORE_THE_FIRST: dict[str, tuple[Sequence[Step], str]] = {
    'ready again': ([hear, say(Ready(['landlock']))], 'did not get ready: Ready'),
    'an end': ([hear, say(FORGED)], 'did not get ready: CellDone'),
    'a picture': ([say(PICTURE)], 'did not get ready: Shown'),
    'a refusal': ([say(StartFailed('no \x1b[2Jmemory\0'))], 'no \u241b[2Jmemory\u2400'),
    'silence': ([silence], 'took too long'),
    'noise': ([raw(b'\1\0\0\0\xc1')], 'malformed'),
    'death, twice': ([die], 'the worker'),
}


@pytest.mark.parametrize('name', BEFORE_THE_FIRST)
def test_before_the_first_cell(kernel: Kernel, nursery: ScriptedNursery, name: str) -> None:
    steps, words = BEFORE_THE_FIRST[name]
    if name == 'silence':
        kernel.limits = HASTY
    nursery.plan(steps, steps)
    began_s = time.monotonic()
    with pytest.raises(KernelError) as raised:
        kernel.open(make_observation(), Host())
    assert words in str(raised.value)
    assert time.monotonic() - began_s < LONGEST_S


IN_A_REPLAY: dict[str, Sequence[Step]] = {
    'a question': [hear, say(CALL)],
    'a picture': [hear, say(PICTURE)],
    'begun': [hear, say(Begun())],
    'last words': [hear, say(Printed('x'))],
    'another end': [hear, say(FORGED)],
    'another error': [end(error=Fault('ValueError', '', None, ''))],
    'out of memory': [end(out_of_memory=True)],
    'silence': [hear, silence],
    'noise': [hear, raw(b'\1\0\0\0\xc1')],
}


@pytest.mark.parametrize('name', IN_A_REPLAY)
def test_in_a_replay(kernel: Kernel, nursery: ScriptedNursery, name: str) -> None:
    if name == 'silence':
        kernel.limits = HASTY
    nursery.plan([begin, end(), hear, die], [begin, *IN_A_REPLAY[name]])
    with kernel.open(make_observation(), Host()) as session:
        session.run('a = 1')
        began_s = time.monotonic()
        result = session.run('b = 2')
        assert time.monotonic() - began_s < LONGEST_S
        assert result.error is not None
        assert 'All variables are gone' in result.error.message
        assert session.variables == ()
        assert session.tool_log == ()
        assert session.run('c = 3').error is None


def test_what_comes_after_an_end_spoils_the_next_cell(
    kernel: Kernel, nursery: ScriptedNursery,
) -> None:
    nursery.plan([begin, hear, lambda part: part.raw(whole(part.done()) + whole(FORGED)), silence])
    with kernel.open(make_observation(), Host()) as session:
        assert session.run('a = 1').error is None
        result = session.run('b = 2')
        assert result.error is not None
        assert 'the end of cell 7 came while cell 2 ran' in result.error.message
        assert session.variables == ('v1',)


def test_workers_that_never_get_through_a_replay(kernel: Kernel, nursery: ScriptedNursery) -> None:
    """The kernel gives up by an error, and the session can still be closed."""
    nursery.plan([begin, end(), hear, die], *[[begin, hear, die]] * 2, *[[die]] * 9)
    with kernel.open(make_observation(), Host()) as session:
        session.run('a = 1')
        began_s = time.monotonic()
        with pytest.raises(KernelError):
            session.run('b = 2')
        assert time.monotonic() - began_s < LONGEST_S
        assert nursery.made < 10
        nursery.plan()
        assert session.run('c = 3').error is None


def test_questions_without_end_stop_before_the_time_is_over(
    kernel: Kernel, nursery: ScriptedNursery,
) -> None:
    """Answering them all would keep the host busy for as long as a cell may run."""
    kernel.limits = replace(LIMITS, cell_timeout_s=60.0)
    nursery.plan([begin, hear, ask_for_ever(0.0)])
    host = Host()
    with kernel.open(make_observation(), host) as session:
        result = session.run('a = 1')
        assert result.error is not None
        assert 'more than 1000 tool calls came that were refused' in result.error.message
        assert len(host.calls) == LIMITS.tool_calls


def test_a_question_larger_than_a_message(kernel: Kernel, nursery: ScriptedNursery) -> None:
    nursery.plan([begin, end(), hear, say(LARGE_CALL), hear, lambda part: part.send(part.done())])
    host = Host()
    with kernel.open(make_observation(), host) as session:
        session.run('a = 1')
        result = session.run('b = 2', Deadline(20.0))
        assert (result.error, result.tool_calls, session.variables) == (None, 1, ('v1', 'v2'))
        assert [call.arrays['image'].nbytes for call in host.calls] == [40 << 20]


@pytest.mark.parametrize('steps', [[silence], [ask_for_ever(0.005)], [flood(whole(CALL) * 500)],
                                   [drip(whole(FORGED) * 9)]])
def test_cancelling_and_deadlines_hold(
    kernel: Kernel, nursery: ScriptedNursery, steps: Sequence[Step],
) -> None:
    nursery.plan([begin, hear, *steps], [begin, hear, *steps])
    with kernel.open(make_observation(), Host()) as session:
        began_s = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            session.run('a = 1', Deadline(0.2))
        timer = threading.Timer(0.2, session.cancel)
        timer.start()
        with pytest.raises(CanceledError):
            session.run('a = 1')
        timer.join()
        assert time.monotonic() - began_s < LONGEST_S


def test_what_is_left_of_a_pause_is_given(kernel: Kernel, nursery: ScriptedNursery) -> None:
    """A slow worker that keeps within its time is no hostile one."""
    nursery.plan([begin, hear, rest(0.2), lambda part: part.send(part.done())])
    with kernel.open(make_observation(), Host()) as session:
        assert session.run('a = 1').error is None
