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


"""One node's soak from start to end: warm-up, faults by a seeded schedule, the census after."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from soak_callers import CALLER_FAULTS, OVERFLOW, ask_for
from soak_census import Held, settled
from soak_clients import Caller, Client
from soak_ending import end_node
from soak_fault import OWN_CLIENT, PROBE_CLIENT, Fault, Stage
from soak_judge import LONG_S, shortfalls
from soak_ledger import LATE_S, Ledger
from soak_memory import MemorySampler, rest
from soak_parts import PART_FAULTS
from soak_plant import SERVER, Plant
from soak_report import Part
from soak_world import WORLD_FAULTS

FAULTS = (*WORLD_FAULTS, *PART_FAULTS, *CALLER_FAULTS)
FIRST_ANSWER_S = 90.0
WARM_UP_QUERIES = 12
# beyond what is late an answer is still waited for, or nobody would see that it is
MARGIN_S = 5.0
# for the look at what is left at the end
FINISH_SHARE, FINISH_S = 0.1, 25.0
# so often that one socket left by each is more than may be kept
AGAIN = 2
# by this share of its time a long soak may last longer until every fault has come
OVER_SHARE = 0.2
PROGRESS_S = 5.0
# a process that was killed is forgotten by DDS after 20 s
SETTLE_S = 30.0
TIMEOUTS_S = (8.0, 15.0)
PROBE_PAUSE_S = 0.1
ACTIVE_S = 10.0
DRAWN_S = 3.0
JOIN_S = 60.0
SETTLING_SHARE = 0.35
# parameters change meanwhile, and prompts name them
CHANGED_PROMPT = 'the system prompt is not that of the earlier requests'
CLIENTS = (('planner', ('service',)), ('arm', ('action', 'service')))


@dataclass(frozen=True)
class Terms:
    """How a soak is run.

    Args:
        seconds: for one node.
        seed: of all that is drawn.
        faults: that may happen.
        pause_s: shortest and longest time between two of them.
        patience: what bounds in time are multiplied with, for machines that do other things too.
        rate_hz: of the cameras.
    """

    seconds: float
    seed: int
    faults: Sequence[Fault] = field(default=FAULTS)
    pause_s: tuple[float, float] = (0.5, 2.0)
    patience: float = 3.0
    rate_hz: float = 30.0


def schedule(faults: Sequence[Fault], draw: random.Random) -> Iterator[Fault]:
    """Every fault once, in an order that is drawn, then those that make much anew once more.

    A little left by each of them adds up. Then all again, in other orders, without end.
    """
    if faults:
        yield from draw.sample(list(faults), len(faults))
        yield from [fault for fault in faults if fault.anew] * (AGAIN - 1)
    while faults:
        yield from draw.sample(list(faults), len(faults))


class Soak:
    """Runs one node.

    Args:
        kind: of node.
        folder: for its files.
        terms: how.
        say: prints a line.
        stop: set when it shall end before its time.
    """

    def __init__(
        self, kind: str, folder: Path, terms: Terms, say: Callable[[str], object],
        stop: threading.Event,
    ) -> None:
        self._terms, self._say, self._stop = terms, say, stop
        self._draw = random.Random(f'{terms.seed} {kind}')
        self._faults = [fault for fault in terms.faults if kind in fault.nodes]
        self._ledger = Ledger(terms.patience, say)
        self._margin_s = LATE_S * terms.patience + MARGIN_S
        self.part = Part(kind, self._ledger, self._faults)
        self._folder = folder
        self._start_s = time.monotonic()
        self._end_s = self._start_s + terms.seconds - min(FINISH_S, FINISH_SHARE * terms.seconds)
        self._latest = 'none yet'
        self._told_s = 0.0
        self._pictures = (0.0, 0)
        self._rates_hz: list[float] = []

    def run(self) -> None:
        """Run to the end of the time, or until told to stop; `part` tells how it went."""
        with ExitStack() as stack:
            stack.callback(self._stop_watch)
            plant = stack.enter_context(Plant(
                self.part.kind, self._folder, self._draw, self._terms.rate_hz))
            probe = stack.enter_context(Caller(PROBE_CLIENT, SERVER, self._margin_s))
            caller = stack.enter_context(Caller(OWN_CLIENT, SERVER, self._margin_s))
            timeouts_s = tuple(one * self._terms.patience for one in TIMEOUTS_S)
            stage = Stage(plant, self._draw, caller, self._ledger, timeouts_s)
            self._await_first(plant, probe, caller)
            clients = [Client(
                name, SERVER, plant.questions, self._ledger.take, seed=self._terms.seed,
                timeouts_s=timeouts_s, ways=ways, margin_s=self._margin_s)
                for name, ways in CLIENTS]
            stack.callback(lambda: [client.join(JOIN_S) for client in clients])
            stack.callback(lambda: [client.stop() for client in clients])
            sampler = MemorySampler(plant)
            stack.callback(sampler.close)
            before = self._warm_up(stage, probe, clients, sampler)
            warm_s = time.monotonic()
            for fault in schedule(self._faults, self._draw):
                if not self._going_on(plant):
                    break
                self._inject(fault, stage, probe)
                if fault.gives_back:
                    sampler.given_back()
                self._wait(self._draw.uniform(*self._terms.pause_s), plant, sampler)
            self._finish(stage, probe, clients, before, sampler, warm_s)

    def _stop_watch(self) -> None:
        self.part.seconds = time.monotonic() - self._start_s

    def end(self) -> None:
        """Judge no more: it is cut short."""
        self._ledger.end()

    def _going_on(self, plant: Plant) -> bool:
        if not plant.node.running:
            self._ledger.fail(f'the node ended with status {plant.node.popen.poll()}; its log: '
                              f'{plant.node.log_path}')
            return False
        seconds = self._terms.seconds
        over_s = OVER_SHARE * seconds if seconds >= LONG_S and self.part.never else 0.0
        return not self._stop.is_set() and time.monotonic() < self._end_s + over_s

    def _await_first(self, plant: Plant, probe: Caller, caller: Caller) -> None:
        """Wait for the first answer; what is not there yet is no failure."""
        self._say(f'{self.part.kind}: starting')
        end_s, latest = time.monotonic() + FIRST_ANSWER_S, 'nothing'
        while plant.node.running and time.monotonic() < end_s and not self._stop.is_set():
            if not (probe.ready(1.0) and caller.ready(1.0)):
                continue
            ended = probe.ask(plant.questions[0], FIRST_ANSWER_S)
            if ended.status == 'OK' and not ended.wrong:
                return
            latest = f'{ended.status}: {ended.message or ended.wrong}'
            time.sleep(PROBE_PAUSE_S)
        if not self._stop.is_set():
            raise RuntimeError(f'the node gave no right answer in {FIRST_ANSWER_S:g} s, but '
                               f'{latest}; its log: {plant.node.log_path}')

    def _warm_up(
        self, stage: Stage, probe: Caller, clients: list[Client], sampler: MemorySampler,
    ) -> tuple[Held, Held]:
        """Queries, and as many at once as the node takes: its threads start as they are needed."""
        plant = stage.plant
        while sum(self._ledger.statuses.values()) < WARM_UP_QUERIES and self._going_on(plant):
            self._wait(0.5, plant, sampler)
        self._inject(OVERFLOW, stage, probe)
        # that one was none of the schedule
        self._ledger.injected.clear()
        return self._quietly(stage, probe, clients, sampler)

    def _quietly(
        self, stage: Stage, probe: Caller, clients: list[Client], sampler: MemorySampler,
        before: tuple[Held, Held] | None = None,
    ) -> tuple[Held, Held]:
        """Look while nobody asks, and again after a look at the memory of a deactivated node.

        That one looks for what refers to itself, which a look at a node at work finds too. Both
        wait until no more is held than `before` at the same looks.
        """
        def look(at: int) -> Held:
            if before is None:
                return settled(stage.plant, SETTLE_S)
            return settled(stage.plant, SETTLE_S, lambda held: not held.more_than(before[at]))

        for client in clients:
            client.pause(True)
        for client in clients:
            if not client.idle(JOIN_S):
                self._ledger.fail(f'a query of {client.name} did not end')
        # pictures of the last answer are still drawn
        self._stop.wait(DRAWN_S)
        at_work = look(0)
        ask_for(stage, 'deactivate')
        self.part.rests.append(rest(stage.plant, sum(self._ledger.statuses.values())))
        ask_for(stage, 'activate')
        sampler.given_back()
        end_s = time.monotonic() + ACTIVE_S * self._terms.patience
        while (probe.ask(stage.plant.questions[0], max(stage.timeouts_s)).status != 'OK'
               and time.monotonic() < end_s):
            time.sleep(PROBE_PAUSE_S)
        found = at_work, look(1)
        for client in clients:
            client.pause(False)
        return found

    def _inject(self, fault: Fault, stage: Stage, probe: Caller) -> None:
        stage.camera = ''
        fault_window = self._ledger.open(fault.name, 'begins', fault.right(stage), fault.makes)
        try:
            done = fault.begin(stage)
            fault_window.what = done
            fault_window.right = fault.right(stage)
            self._stop.wait(self._draw.uniform(*fault.lasts_s))
            fault.end(stage)
        except (RuntimeError, OSError) as error:
            self._ledger.fail(f'{fault.name} could not be injected: {error}')
        over_s = time.monotonic()
        bound_s = fault.recovery_s * self._terms.patience
        recovered_s = None
        while time.monotonic() - over_s < bound_s and not self._stop.is_set():
            ended = probe.ask(fault.probe(stage), max(stage.timeouts_s))
            self._ledger.take(ended)
            if ended.status == 'OK':
                recovered_s = time.monotonic() - over_s
                break
            time.sleep(PROBE_PAUSE_S)
        if (recovered_s is None or recovered_s > bound_s) and not self._stop.is_set():
            found = 'no answer' if recovered_s is None else f'an answer only {recovered_s:.1f} s'
            self._ledger.fail(f'{found} after {fault.name} was over, {bound_s:g} s are allowed')
        self._ledger.close(fault_window, recovered_s)
        self._latest = f'{fault.name}: {fault_window.what}' + (
            '' if recovered_s is None else f', well after {recovered_s:.1f} s')

    def _wait(self, duration_s: float, plant: Plant, sampler: MemorySampler) -> None:
        end_s = time.monotonic() + duration_s
        self._progress(plant, sampler)
        while (left_s := end_s - time.monotonic()) > 0 and not self._stop.is_set():
            self._stop.wait(min(left_s, 0.5))
            self._progress(plant, sampler)

    def _progress(self, plant: Plant, sampler: MemorySampler) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s < PROGRESS_S:
            return
        self._told_s = now_s
        then_s, before = self._pictures
        pictures = plant.robot.tell()
        self._pictures = now_s, pictures
        if then_s and pictures > before:
            self._rates_hz.append((pictures - before) / (now_s - then_s))
            self.part.rate_hz = statistics.median(self._rates_hz)
        statuses = ', '.join(f'{count} {status}' for status, count in
                             self._ledger.statuses.most_common()) or 'none'
        came = len(self._faults) - len(self.part.never)
        self._say(
            f'{now_s - self._start_s:6.0f} s  {self.part.kind}  queries: {statuses}  '
            f'failures: {len(self._ledger.failures)}  faults: {came} of {len(self._faults)} '
            f'(latest: {self._latest})  '
            f'node {sampler.latest_mb("node"):.0f} MB')

    def _finish(
        self, stage: Stage, probe: Caller, clients: list[Client],
        before: tuple[Held, Held], sampler: MemorySampler, warm_s: float,
    ) -> None:
        ledger, part, plant = self._ledger, self.part, stage.plant
        # memory that is kept for the next images and queries comes to its size at first
        part.slopes = sampler.slopes(max(
            warm_s, self._start_s + SETTLING_SHARE * (time.monotonic() - self._start_s)))

        if plant.node.running:
            after = self._quietly(stage, probe, clients, sampler, before)
            for name, was, now in zip(('at work', 'after deactivate'), before, after):
                part.held += [f'- Held {name}, after the warm-up: {was}.',
                              f'- Held {name}, at the end: {now}.']
                part.leaks += [f'{leak}, {name}' for leak in now.more_than(was)]
        for client in clients:
            client.stop()
        for client in clients:
            if not client.join(JOIN_S):
                ledger.fail(f'client {client.name} did not come to its end')
            if client.failure:
                ledger.fail(f'client {client.name}: {client.failure}')
        sampler.close()
        for line in shortfalls(
                part, self._terms.seconds, self._terms.rate_hz, list(plant.processes())):
            ledger.fail(line)
        part.leaks += end_node(plant)
        violations = [] if plant.vlm is None else [
            one for one in plant.vlm.violations if CHANGED_PROMPT not in one]
        if violations:
            ledger.fail(f'requests to the model: {violations[:5]}')
        for leak in part.leaks:
            ledger.fail(f'left over: {leak}')
