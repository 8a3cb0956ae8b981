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

"""Tool calls that run ahead: only identical ones hit, nothing is wrong, nothing is left."""

from __future__ import annotations

import contextlib
import threading
import time

import numpy as np
import pytest

from spatialclaw_ros.agent.ahead import Ahead, AheadStats, key_of
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult

LIKELY, OTHER = ToolCall('likely', {'frame_indices': [0, 1]}), ToolCall('other')
WAIT_S = 60.0


class Tools:
    """Answers with the name of the thread that asked; slow or failing as a test wants.

    Args:
        slow: names of tools that take until `go` is set, looking at their deadline.
        raises: what the thread ahead is met with.
    """

    def __init__(self, slow: tuple[str, ...] = (), raises: Exception | None = None) -> None:
        self.go = threading.Event()
        self.began = threading.Event()
        self.calls: list[tuple[str, str]] = []
        self._slow = slow
        self._raises = raises

    def __call__(self, call: ToolCall, deadline: Deadline) -> ToolResult:
        who = threading.current_thread().name
        self.calls.append((who, call.tool))
        self.began.set()
        while call.tool in self._slow and who == 'ahead' and not self.go.is_set():
            deadline.check(call.tool)
            time.sleep(0.002)
        if self._raises is not None and who == 'ahead':
            raise self._raises
        if call.tool == 'failing':
            return ToolResult(error='it fails')
        return ToolResult({'who': who}, {'a': np.zeros(8)})


@contextlib.contextmanager
def running(calls, tools, deadline=None):
    """What runs ahead while a model writes all the time."""
    ahead = Ahead(lambda: calls, tools, deadline or Deadline(), after_s=0.0)
    with ahead, ahead.writing():
        yield ahead


def until_it_rests(ahead: Ahead) -> None:
    ahead._thread.join(WAIT_S)
    assert not ahead._thread.is_alive()


@pytest.fixture(autouse=True)
def no_thread_left():
    yield
    for thread in threading.enumerate():
        if thread.name == 'ahead':
            thread.join(WAIT_S)
    assert 'ahead' not in [thread.name for thread in threading.enumerate()]


def who_answers(ahead: Ahead, call: ToolCall) -> tuple[str, bool]:
    result, from_ahead = ahead.answer(call, Deadline(WAIT_S))
    return result.values.get('who', result.error), from_ahead


@pytest.mark.parametrize('call', [
    LIKELY, ToolCall('likely', {'frame_indices': [0, 1]}, {})])
def test_an_identical_call_is_answered_once(call) -> None:
    tools = Tools()
    with running([LIKELY], tools) as ahead:
        until_it_rests(ahead)
        assert who_answers(ahead, call) == ('ahead', True)
        assert who_answers(ahead, call) == ('MainThread', False)
    assert ahead.stats.used == 1
    assert ahead.stats.wasted == 0
    assert 0 <= ahead.stats.saved_s < WAIT_S


IMAGE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
ASKED = ToolCall('t', {'n': 1, 'prompts': ['mug'], 'label': None}, {'image': IMAGE})


@pytest.mark.parametrize(('other', 'same'), [
    (ToolCall('t', {'label': None, 'prompts': ['mug'], 'n': 1}, {'image': IMAGE.copy()}), True),
    (ToolCall('t', {'n': 1.0, 'prompts': ['mug'], 'label': None}, {'image': IMAGE}), False),
    (ToolCall('t', {'n': True, 'prompts': ['mug'], 'label': None}, {'image': IMAGE}), False),
    (ToolCall('t', {'n': 1, 'prompts': ['Mug'], 'label': None}, {'image': IMAGE}), False),
    (ToolCall('t', {'n': 1, 'prompts': 'mug', 'label': None}, {'image': IMAGE}), False),
    (ToolCall('t', {'n': 1, 'prompts': ['mug']}, {'image': IMAGE}), False),
    (ToolCall('t', ASKED.args, {'image': IMAGE + 1}), False),
    (ToolCall('t', ASKED.args, {'image': IMAGE.reshape(2, 6)}), False),
    (ToolCall('t', ASKED.args, {'image': IMAGE.view(np.int8)}), False),
    (ToolCall('t', ASKED.args, {'picture': IMAGE}), False),
    (ToolCall('t', ASKED.args), False),
    (ToolCall('u', ASKED.args, ASKED.arrays), False),
])
def test_only_identical_calls_hit(other, same) -> None:
    assert (key_of(ASKED) == key_of(other)) is same
    with running([ASKED], Tools()) as ahead:
        until_it_rests(ahead)
        assert who_answers(ahead, other)[1] is same


def test_a_call_that_runs_is_waited_for_and_not_run_twice() -> None:
    tools = Tools(slow=('likely',))
    with running([LIKELY], tools) as ahead:
        assert tools.began.wait(WAIT_S)
        threading.Timer(0.1, tools.go.set).start()
        assert who_answers(ahead, LIKELY) == ('ahead', True)
    assert tools.calls == [('ahead', 'likely')]


@pytest.mark.parametrize(('timeout_s', 'cancel', 'error'), [
    (0.1, False, DeadlineExceededError), (WAIT_S, True, CanceledError)])
def test_waiting_ends_with_the_query(timeout_s, cancel, error) -> None:
    tools, deadline = Tools(slow=('likely',)), Deadline(timeout_s)
    with running([LIKELY], tools) as ahead:
        assert tools.began.wait(WAIT_S)
        if cancel:
            threading.Timer(0.1, deadline.cancel).start()
        with pytest.raises(error):
            ahead.answer(LIKELY, deadline)
        assert deadline.elapsed_s < 1.0


def test_the_agents_own_call_does_not_wait_and_what_made_way_is_begun_anew() -> None:
    tools = Tools(slow=('likely',))
    with Ahead(lambda: [LIKELY], tools, Deadline(), after_s=0.0) as ahead:
        with ahead.writing():
            assert tools.began.wait(WAIT_S)
        assert who_answers(ahead, OTHER) == ('MainThread', False)
        time.sleep(0.1)
        assert tools.calls == [('ahead', 'likely'), ('MainThread', 'other')]
        tools.go.set()
        with ahead.writing():
            until_it_rests(ahead)
        assert who_answers(ahead, LIKELY) == ('ahead', True)
    assert (ahead.stats.used, ahead.stats.wasted) == (1, 0)


def test_what_the_agent_did_itself_is_not_done_again() -> None:
    tools = Tools(slow=('other',))
    with Ahead(lambda: [OTHER, LIKELY], tools, Deadline(), after_s=0.0) as ahead:
        with ahead.writing():
            assert tools.began.wait(WAIT_S)
        assert who_answers(ahead, LIKELY) == ('MainThread', False)
        tools.go.set()
        with ahead.writing():
            until_it_rests(ahead)
    assert [call for call in tools.calls if call[1] == 'likely'] == [('MainThread', 'likely')]


def test_nothing_begins_before_the_model_has_been_writing_for_a_while() -> None:
    tools = Tools()
    with Ahead(lambda: [LIKELY, OTHER], tools, Deadline(), after_s=0.1) as ahead:
        time.sleep(0.15)
        for _ in range(3):
            with ahead.writing():
                time.sleep(0.01)
        assert tools.calls == []
        with ahead.writing():
            until_it_rests(ahead)
    assert tools.calls == [('ahead', 'likely'), ('ahead', 'other')]


def test_what_is_held_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr('spatialclaw_ros.agent.ahead.MAX_HELD_BYTES', 10)
    tools = Tools()
    with running([LIKELY, OTHER], tools) as ahead:
        until_it_rests(ahead)
    assert tools.calls == [('ahead', 'likely')]


@pytest.mark.parametrize(('call', 'raises'), [
    (ToolCall('failing'), None),
    (LIKELY, PerceptionUnavailableError('away')),
    (LIKELY, DeadlineExceededError('its own')),
])
def test_a_failure_is_no_answer(call, raises) -> None:
    tools = Tools(raises=raises)
    with running([call], tools) as ahead:
        until_it_rests(ahead)
        assert who_answers(ahead, call) == (
            'it fails' if raises is None else 'MainThread', False)
    assert ahead.stats == AheadStats(0, 1, 0.0)


def test_a_fault_ends_it_and_no_query(caplog) -> None:
    with running([LIKELY, OTHER], Tools(raises=ZeroDivisionError('deep'))) as ahead:
        until_it_rests(ahead)
        assert who_answers(ahead, LIKELY) == ('MainThread', False)
    assert 'deep' in caplog.text


@pytest.mark.parametrize('later_s', [0.0, 0.01, 0.1])
def test_it_ends_at_any_moment(later_s) -> None:
    tools = Tools(slow=('likely',))
    ahead = Ahead(lambda: [LIKELY, OTHER], tools, Deadline(), after_s=0.0)
    with ahead.writing():
        time.sleep(later_s)
        start_s = time.monotonic()
        ahead.close()
        ahead.close()
    assert time.monotonic() - start_s < 20.0
    until_it_rests(ahead)
    assert 'other' not in [tool for _, tool in tools.calls]


def test_an_answer_does_not_wait_for_a_call_that_is_slow_to_stop() -> None:
    began, go = threading.Event(), threading.Event()

    def stubborn(call: ToolCall, deadline: Deadline) -> ToolResult:
        began.set()
        assert go.wait(WAIT_S)
        return ToolResult({'who': 'ahead'})

    ahead = Ahead(lambda: [LIKELY, OTHER], stubborn, Deadline(), after_s=0.0)
    with ahead.writing():
        assert began.wait(WAIT_S)
        ahead.close()
    assert not go.is_set()
    assert ahead.stats == AheadStats(0, 1, 0.0)
    go.set()
    until_it_rests(ahead)
    assert ahead.stats == AheadStats(0, 1, 0.0)
    assert not ahead._held


def test_the_querys_end_is_its_own() -> None:
    tools, query = Tools(slow=('likely',)), Deadline()
    with running([LIKELY], tools, query) as ahead:
        assert tools.began.wait(WAIT_S)
        query.cancel()
        until_it_rests(ahead)


def test_a_branch_of_a_deadline_is_cancelled_alone() -> None:
    branch = (own := Deadline(WAIT_S)).branch()
    assert 0 < branch.remaining_s <= WAIT_S
    branch.cancel()
    assert (branch.canceled, own.canceled) == (True, False)
    other = own.branch()
    own.cancel()
    assert (other.canceled, other.remaining_s) == (True, 0.0)
