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



"""Any sequence of valid messages, whole and broken, against a session: it always comes to an end.

Hypothesis writes what the workers of a session say, and what its owner does with it meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from itertools import chain

from host_path import VALID, assert_clean
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from kernel_fixtures import Host, make_observation
from scripted_worker import (
    ScriptedNursery,
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
from spatialclaw_ros.kernel.messages import MAX_IMAGES, MAX_STDOUT_CHARS
from spatialclaw_ros.kernel.session import KernelSession

LIMITS = KernelLimits(
    cell_timeout_s=0.15, replay_timeout_s=0.15, start_timeout_s=0.15, tool_calls=3,
    shown_bytes=1000)
# a cell, its worker's last breath, four starts, three replays; and others who need the processor
LONGEST_S = 6.0
OBSERVATION = make_observation(1, 4, 4)

messages = st.integers(0, len(VALID) - 1).map(VALID.__getitem__)
steps = st.one_of(
    messages.map(say),
    st.sampled_from([begin, hear, hear, end(), end(), end(out_of_memory=True), close, die, crash,
                     silence, rest(0.02)]),
    st.tuples(messages, st.integers(1, 40)).map(lambda cut: raw(whole(cut[0])[:cut[1]])),
    st.tuples(messages, st.integers(2, 40)).map(lambda many: raw(whole(many[0]) * many[1])),
    st.tuples(messages, st.integers(1, 200)).map(lambda fds: raw(whole(fds[0]), [0] * fds[1])),
    st.binary(min_size=1, max_size=12).map(raw))
odd_cells = st.lists(steps, min_size=1, max_size=4).map(lambda found: [hear, *found])
cells = st.one_of(st.just([end()]), st.just([end()]), odd_cells)
scripts = st.one_of(
    st.lists(cells, min_size=1, max_size=4).map(lambda found: [begin, *chain(*found)]),
    st.lists(steps, min_size=1, max_size=3))
plans = st.lists(scripts, min_size=1, max_size=4)


class Sessions(RuleBasedStateMachine):
    """One kernel, its scripted workers, and a session at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.fds = sorted(os.listdir('/proc/self/fd'))
        self.threads = threading.active_count()
        self.nursery = ScriptedNursery()
        self.kernel = Kernel(limits=LIMITS)
        self.kernel.nursery.close()
        self.kernel.nursery = self.nursery  # type: ignore[assignment]
        self.session: KernelSession | None = None
        self.canceled = False
        self.host = Host()

    # No preconditions: whether there is a session hangs on the clock, and what is drawn must not.

    @rule(plan=plans)
    def open(self, plan: list) -> None:
        if self.session is not None:
            return
        self.nursery.plan(*plan)
        self.host, self.canceled = Host(), False
        began_s = time.monotonic()
        try:
            self.session = self.kernel.open(OBSERVATION, self.host)
        except KernelError as error:
            complaint = str(error)
            assert_clean(complaint)
        assert time.monotonic() - began_s < LONGEST_S

    @rule(plan=plans, more=st.integers(0, 3), patience_s=st.sampled_from([None] * 8 + [0.0, 0.05]))
    def run(self, plan: list, more: int, patience_s: float | None) -> None:
        if self.session is None:
            self.open(plan)
        if self.session is None:
            return
        self.nursery.plan(*plan)
        for _ in range(more):
            self.run_one(None)
        self.run_one(patience_s)

    def run_one(self, patience_s: float | None) -> None:
        assert self.session is not None
        began_s = time.monotonic()
        ended = ''
        try:
            result = self.session.run('a = 1', Deadline(patience_s) if patience_s is not None
                                      else None)
        except CanceledError:
            ended = 'canceled'
        except DeadlineExceededError:
            ended = 'late'
        except KernelError as error:
            ended = str(error)
        assert time.monotonic() - began_s < LONGEST_S
        if ended:
            assert_clean(ended)
            assert (ended == 'canceled') == self.canceled
            assert ended != 'late' or patience_s is not None
            return
        assert len(result.images) <= MAX_IMAGES
        assert len(result.stdout) <= MAX_STDOUT_CHARS + 2000
        assert_clean(result.stdout)
        if result.error is not None:
            assert_clean(result.error.message)
        if result.error is not None and result.restarted and not result.variables:
            assert result.images == ()
            assert result.answer is None

    @rule(how=st.sampled_from(['cancel', 'close', 'close', 'close']))
    def leave(self, how: str) -> None:
        if self.session is None:
            return
        if how == 'cancel':
            self.session.cancel()
            self.canceled = True
        elif how == 'close':
            self.session.close()
            self.session = None
            assert self.nursery.living == 0

    @invariant()
    def is_within_bounds(self) -> None:
        assert self.nursery.living <= 1
        assert len(self.host.calls) <= 40
        if self.session is not None:
            assert len(self.session.tool_log) <= LIMITS.tool_calls

    def teardown(self) -> None:
        self.kernel.close()
        assert self.nursery.living == 0
        assert sorted(os.listdir('/proc/self/fd')) == self.fds
        assert threading.active_count() == self.threads


def test_any_sequence_comes_to_an_end() -> None:
    time.sleep(1.0)  # the kernel that other tests share may still be making its spare worker
    run_state_machine_as_test(Sessions, settings=settings(
        max_examples=40, stateful_step_count=10, deadline=None,
        suppress_health_check=list(HealthCheck)))
