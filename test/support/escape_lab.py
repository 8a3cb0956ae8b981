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


"""Attempts: a technique's cells in a real kernel, watched from outside."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import threading
from dataclasses import dataclass, field

import numpy as np
import psutil
from analytic_scene import make_scene
from escape_corpus import CLOCK, Technique
from escape_processes import children_of, collect_orphans, descendants, end, memory_and_threads
from escape_world import World

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.observation import Observation

MIB = 1024 * 1024
LIMITS = KernelLimits(
    cell_timeout_s=3.0, replay_timeout_s=6.0, cpu_s=60, memory_bytes=384 * MIB,
    tool_bytes=128 * MIB, pool_bytes=64 * MIB, tool_calls=64)
# what a bomb gets where there are bounds, and one of time alone anywhere: it needs no more to show
# that they hold
BOMB_LIMITS = dataclasses.replace(LIMITS, cell_timeout_s=1.0)
CLOCK_S = 0.5
# without the sandbox the bounds are wider, to see whether techniques would go beyond those above
WIDE_LIMITS = dataclasses.replace(LIMITS, cell_timeout_s=10.0, memory_bytes=3072 * MIB)
WIDE_BOMB_LIMITS = dataclasses.replace(WIDE_LIMITS, cell_timeout_s=7.0)
# beyond these a service is denied, with the sandbox and without it: a cell that the host ends in
# time denies nothing, whoever else was there to hold it
ALLOWED_S = 15.0
TREE_BYTES = 768 * MIB
HOST_BYTES = 256 * MIB
HOST_DESCRIPTORS = 16
THREADS = 1000
PROCESSES = 10
HANG_S = 30.0
# beyond these the machine itself is protected: strays are ended at once
GUARD_PROCESSES = 64
GUARD_BYTES = 4096 * MIB
_SAMPLE_S, _TREE_EVERY = 0.03, 8
_PR_SET_CHILD_SUBREAPER = 36
NEIGHBOUR_CELL = 'print(kept, private)\nReturnAnswer(6.5, unit="m")'


@dataclass
class Outcome:
    """What an attempt came to.

    Args:
        acts: what was observed, with the evidence; empty when the sandbox held.
        refused: whether the gate refused one of its cells.
        errors: how each of its cells ended.
        timed_out: whether the host's clock ended one of them.
        harm: what was wrong afterwards with its own session, or with its neighbour.
    """

    acts: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    errors: list[str] = field(default_factory=list)
    timed_out: bool = False
    harm: list[str] = field(default_factory=list)


class HungError(Exception):
    """The host did not come back from a cell."""


class Lab:
    """A kernel, the world around it, and a neighbour whom nothing may happen to.

    Args:
        sandbox: the kernel's policy.
    """

    def __init__(self, sandbox: str = 'required') -> None:
        self._sandbox = sandbox
        self._libc = ctypes.CDLL(None)
        # whoever escapes from the zygote becomes a child of this process
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.world = World()
        self._scene = make_scene()
        self._others = {self.world.victim.pid, *children_of(os.getpid())}
        self._open_kernel()

    def close(self) -> None:
        """End the kernel, and everybody who got out of it."""
        self._close_kernel()
        for pid in self.strays():
            end(pid)
        self.world.close()
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def attempt(self, technique: Technique, *, gated: bool) -> Outcome:
        """Run a technique in a session of its own, and see what came of it."""
        outcome = Outcome()
        self.world.renew()
        before = _own_use()
        watch = _Watch(self)
        watch.start()
        try:
            self._run_sections(technique, gated, outcome, watch)
        except HungError as error:
            outcome.acts['deny'] = str(error)
            self._close_kernel()
            self._open_kernel()
        except SpatialClawError as error:
            outcome.harm.append(f'the kernel gave up: {error}')
            self._close_kernel()
            self._open_kernel()
        finally:
            watch.stop()
        outcome.acts.update(watch.acts)
        self._look_around(outcome, before)
        outcome.acts.update(self.world.take())
        return outcome

    def strays(self) -> list[int]:
        """Processes that got out: descendants of this one that nobody here has started.

        Children of the zygote that lead their own session are workers.
        """
        zygote_pid = self.kernel.stats().zygote_pid
        known = {*self._others, self.world.victim.pid}
        return [
            each.pid for each in descendants(os.getpid(), without=known)
            if each.pid != zygote_pid and each.state != 'Z' and not (
                each.parent == zygote_pid and each.session in (each.pid, zygote_pid))]

    def run(self, session: KernelSession, code: str) -> CellResult:
        """Run a cell, but not for ever.

        Raises:
            HungError: the host does not come back.
        """
        results: list[CellResult | SpatialClawError] = []

        def work() -> None:
            try:
                results.append(session.run(code))
            except SpatialClawError as error:
                results.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(HANG_S)
        if not results:
            raise HungError(f'the host did not come back from a cell within {HANG_S} s')
        if isinstance(results[0], SpatialClawError):
            raise results[0]
        return results[0]

    def _serve(self, call: ToolCall) -> ToolResult:
        if call.tool in ('reconstruct', 'segment', 'exists'):
            return self._scene(call)
        self._scene.calls.append(call)
        return ToolResult(error=f'there is no {call.tool} here')

    def _open_kernel(self) -> None:
        self.kernel = Kernel(limits=self._limits(None), sandbox=self._sandbox)
        self.kernel.start()
        self._open_neighbour()

    def _close_kernel(self) -> None:
        closing = threading.Thread(target=self.kernel.close, daemon=True)
        closing.start()
        closing.join(HANG_S)

    def _open_neighbour(self) -> None:
        self.neighbour = self.kernel.open(self._scene.observation, self._serve, gated=False)
        result = self.run(self.neighbour, (
            f'private = {self.world.tokens["neighbour"]!r}\nkept = list(range(5))\n'
            'memory = private.encode()\nprint(id(memory) + 32)'))
        self._neighbour_address = int(result.stdout)
        self._neighbour_pid = self.neighbour.worker_pid
        self._zygote_pid = self.kernel.stats().zygote_pid

    def _open(self, gated: bool, private: str, technique: Technique) -> KernelSession:
        self.kernel.limits = self._limits(technique)
        session = self.kernel.open(self._observation(private), self._serve, gated=gated)
        stage = {
            **self.world.stage(), 'PRIVATE': private, 'ZYGOTE_PID': self._zygote_pid,
            'NEIGHBOUR_PID': self.neighbour.worker_pid, 'MEMORY_BYTES': LIMITS.memory_bytes,
            'NEIGHBOUR_ADDRESS': self._neighbour_address,
            'CELL_TIMEOUT_S': LIMITS.cell_timeout_s}
        self.run(session, '\n'.join(f'{name} = {value!r}' for name, value in stage.items()))
        return session

    def _limits(self, technique: Technique | None) -> KernelLimits:
        is_bomb = technique is not None and technique.act == 'deny'
        narrow, wide = (BOMB_LIMITS, WIDE_BOMB_LIMITS) if is_bomb else (LIMITS, WIDE_LIMITS)
        limits = wide if self._sandbox == 'off' else narrow
        if technique is not None and technique.held == CLOCK:
            return dataclasses.replace(limits, cell_timeout_s=CLOCK_S, replay_timeout_s=3.0)
        return limits

    def _observation(self, private: str) -> Observation:
        """What a session sees: its token stands in its last frame; without one, a frame less."""
        observation = self._scene.observation
        *frames, last = observation.frames
        if private:
            pixels = last.image.copy()
            text = np.frombuffer(private.encode() * 100, np.uint8)
            pixels.reshape(-1)[-text.size:] = text
            frames.append(dataclasses.replace(last, image=pixels))
        return dataclasses.replace(observation, frames=tuple(frames))

    def _run_sections(
        self, technique: Technique, gated: bool, outcome: Outcome, watch: _Watch,
    ) -> None:
        private = self.world.tokens['private']
        own: tuple[str, ...] = ('private',)
        session = self._open(gated, private, technique)
        try:
            for section in technique.sections:
                if section.place == 'next session':
                    session.close()
                    own = ()
                    session = self._open(gated, '', technique)
                watch.session = session
                beside = section.place == 'neighbour'
                result = self.run(self.neighbour if beside else session, section.code)
                outcome.acts.update(self._acts_of(result, ('neighbour',) if beside else own))
                if technique.act == 'deny' and result.duration_s > ALLOWED_S:
                    outcome.acts['deny'] = f'the cell took {result.duration_s:.1f} s'
                error = result.error
                outcome.errors.append(
                    'no error' if error is None else f'{error.kind}: {error.message}')
                outcome.refused |= error is not None and error.kind == 'GateError'
                outcome.timed_out |= error is not None and error.kind == 'Timeout'
                if beside and result.restarted:
                    outcome.acts['deny'] = 'the neighbour lost its worker'
            after = self.run(session, 'print(6 * 7, SCRATCH)')
            if after.error is not None and after.error.kind in ('Crash', 'Timeout'):
                # what a technique left running may break its own worker as late as this
                after = self.run(session, 'print(6 * 7, SCRATCH)')
            if after.error is not None or after.stdout != f'42 {self.world.scratch}\n':
                outcome.harm.append(f'its session runs no more: {after.stdout} {after.error}')
            strays = self.strays()
            if strays:
                outcome.acts['spawn'] = f'new processes: {strays[:5]}'
        finally:
            session.close()

    def _acts_of(self, result: CellResult, own: tuple[str, ...]) -> dict[str, str]:
        """Acts that what a cell put out gives away: texts, answers, variables, pictures."""
        texts = [result.stdout, repr(result.error), repr(result.answer), repr(result.variables),
                 repr([call.args for call in self._scene.calls])]
        for image in result.images:
            texts += [image.label, image.array[..., 0].tobytes().decode('latin-1')]
        self._scene.calls.clear()
        return self.world.acts_in('\n'.join(texts), own=own)

    def _look_around(self, outcome: Outcome, before: tuple[int, int]) -> None:
        """After the session is closed: see who is left, and how the neighbour is."""
        for pid in self.strays():
            end(pid)
        collect_orphans(without={*self._others, self.world.victim.pid, self._zygote_pid})
        after = _own_use()
        if after[0] - before[0] > HOST_BYTES:
            outcome.acts['deny'] = 'the host\'s own memory has grown'
        if after[1] - before[1] > HOST_DESCRIPTORS:
            outcome.acts['deny'] = f'the host has {after[1] - before[1]} more descriptors'
        stats = self.kernel.stats()
        if stats.zygote_pid != self._zygote_pid:
            outcome.acts['signal'] = 'the zygote died'
        result = None
        try:
            result = self.run(self.neighbour, NEIGHBOUR_CELL)
        except (HungError, SpatialClawError) as error:
            outcome.harm.append(f'the neighbour: {error}')
        if result is not None:
            outcome.acts.update(self._acts_of(result, ('neighbour',)))
            said = f'[0, 1, 2, 3, 4] {self.world.tokens["neighbour"]}\n'
            answer = None if result.answer is None else result.answer.value
            if result.stdout != said or answer != 6.5 or result.error is not None:
                outcome.acts['forge'] = f'the neighbour says {result.stdout!r}, {answer}'
            if result.restarted:
                outcome.harm.append('the neighbour\'s worker had to be replaced')
        moved = self.neighbour.worker_pid != self._neighbour_pid
        if moved or outcome.harm or 'forge' in outcome.acts or 'signal' in outcome.acts:
            self._close_kernel()
            self._open_kernel()


class _Watch(threading.Thread):
    """Looks at a session's processes while it runs, and keeps the machine alive."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(name='watch', daemon=True)
        self.session: KernelSession | None = None
        self.acts: dict[str, str] = {}
        self._lab = lab
        self._done = threading.Event()
        self._baselines: dict[int, int] = {}

    def stop(self) -> None:
        """End the watch."""
        self._done.set()
        self.join()

    def run(self) -> None:
        """Take samples until stopped."""
        count = 0
        while not self._done.wait(_SAMPLE_S):
            pid = None if self.session is None else self.session.worker_pid
            if pid is not None:
                self._worker(pid)
            count += 1
            if count % _TREE_EVERY == 0:
                self._tree()

    def _worker(self, pid: int) -> None:
        size, threads = memory_and_threads(pid)
        grown = size - self._baselines.setdefault(pid, size)
        if grown > TREE_BYTES:
            self.acts['deny'] = f'the worker grew by {grown // MIB} MiB'
        if threads > THREADS:
            self.acts['deny'] = f'the worker has {threads} threads'

    def _tree(self) -> None:
        strays = self._lab.strays()
        if strays:
            self.acts['spawn'] = f'{len(strays)} processes'
        if len(strays) > PROCESSES:
            self.acts['deny'] = f'{len(strays)} processes'
        size = sum(memory_and_threads(pid)[0] for pid in strays)
        if size > TREE_BYTES:
            self.acts['deny'] = f'its processes hold {size // MIB} MiB'
        if len(strays) > GUARD_PROCESSES or size > GUARD_BYTES:
            for pid in strays:
                end(pid)


def _own_use() -> tuple[int, int]:
    """Memory in bytes and descriptors of this process."""
    return psutil.Process().memory_info().rss, len(os.listdir('/proc/self/fd'))
