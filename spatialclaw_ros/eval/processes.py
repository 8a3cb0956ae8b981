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


"""A crew of processes on this machine, each with an asker of its own."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import msgspec

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.eval.crew import Began, Heard, Lost, from_wire, to_wire
from spatialclaw_ros.eval.job import Desk, Job
from spatialclaw_ros.eval.records import Question
from spatialclaw_ros.sharing.parents import die_with

POLL_S = 1.0
LEAVE_S = 10.0


class ProcessCrew:
    """Processes that ask; see `crew.Crew`. A context manager that ends them.

    Args:
        job: what they ask about.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        # what was forked would have this one's threads' locks
        self._context = multiprocessing.get_context('spawn')
        self._numbers = itertools.count()
        self._workers: dict[int, tuple[BaseProcess, Connection]] = {}

    def __enter__(self) -> ProcessCrew:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for process, line in self._workers.values():
            if kind is not None:
                process.kill()
            line.close()  # who has nothing to do reads the end of it
        for process, _line in self._workers.values():
            process.join(LEAVE_S)
            if process.is_alive():
                process.kill()
                process.join()
        self._workers.clear()

    @property
    def pids(self) -> list[int]:
        """Process numbers of those that live."""
        return [process.pid for process, _ in self._workers.values() if process.pid is not None]

    def hire(self) -> int:
        """See `crew.Crew`."""
        number = next(self._numbers)
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, self._job, os.getpid()), name=f'eval-{number}')
        process.start()
        theirs.close()
        self._workers[number] = process, ours
        return number

    def give(self, worker: int, question: Question) -> None:
        """See `crew.Crew`."""
        with contextlib.suppress(OSError):  # it has ended: `wait` says so
            self._workers[worker][1].send_bytes(msgspec.json.encode(question))

    def wait(self) -> Sequence[tuple[int, Heard]]:
        """See `crew.Crew`."""
        lines = {line: number for number, (_, line) in self._workers.items()}
        ready = wait(list(lines), POLL_S)
        return [self._heard(lines[line]) for line in ready if isinstance(line, Connection)]

    def _heard(self, number: int) -> tuple[int, Heard]:
        process, line = self._workers[number]
        try:
            said = line.recv_bytes()
        except (EOFError, OSError):
            del self._workers[number]
            line.close()
            process.join()
            return number, Lost(f'with status {process.exitcode}')
        return number, from_wire(said) if said else Began()


def _work(line: Connection, job: Job, parent_pid: int) -> None:
    """A worker's whole life: it ends when nobody is at the other end of its line.

    It does not outlive a parent that was killed: the same run, gone on with, would write to the
    same traces.
    """
    die_with(parent_pid)
    # Ctrl-C in a terminal goes to all processes: the first one tells the others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        line.send_bytes(b'')
        try:
            with Desk(job) as desk:
                while True:
                    question = msgspec.json.decode(line.recv_bytes(), type=Question)
                    line.send_bytes(to_wire(desk.ask(question, job.traces)))
        except (SpatialClawError, ImportError) as error:
            line.send_bytes(to_wire(error))
