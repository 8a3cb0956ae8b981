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


"""Several workers that ask at the same time; a question whose worker ends is asked again.

A worker gets a question once it has begun: on a cluster without room for it that may be never, and
a question that waited there would have no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from spatialclaw_ros import errors
from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.eval.ask import lost
from spatialclaw_ros.eval.records import Question, Result
from spatialclaw_ros.eval.todo import ATTEMPTS, Todo

MOST_LOST = 4 * ATTEMPTS
"""So many workers may end one after the other without an answer in between."""

_RESULT, _FAULT = b'R', b'F'


@dataclass(frozen=True)
class Began:
    """A worker is there, and can be given its first question."""


@dataclass(frozen=True)
class Lost:
    """A worker that ended, with a question or without.

    Args:
        how: in a few words.
    """

    how: str


class Fault(msgspec.Struct, frozen=True):
    """Why a worker can't go on, and no other one could.

    Args:
        kind: name of the error's class.
        message: its text.
    """

    kind: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> Fault:
        """From what was raised."""
        return cls(type(error).__name__, str(error))

    @property
    def error(self) -> SpatialClawError:
        """The error again."""
        kind = getattr(errors, self.kind, errors.DependencyError)
        found: SpatialClawError = kind(self.message)
        return found


Heard = Began | Result | Lost | Fault


class Crew(Protocol):
    """Workers, known by their numbers."""

    def hire(self) -> int:
        """Start one; `wait` tells when it has begun."""
        ...

    def give(self, worker: int, question: Question) -> None:
        """Let a worker that has begun, and has nothing to do, ask a question."""
        ...

    def wait(self) -> Sequence[tuple[int, Heard]]:
        """What has come of workers and their questions; waits for the first, a second or so."""
        ...


def ask_all(
    crew: Crew, todo: Todo, workers: int, stopping: Callable[[], bool],
) -> Generator[Result, None, None]:
    """Let a crew ask all questions, each worker one at a time.

    Args:
        crew: who asks.
        todo: what is asked.
        workers: how many ask at the same time.
        stopping: whether no further question is to be begun.

    Raises:
        SpatialClawError: workers end one after the other, or one can't go on, and no other could;
            what had come with that is told before.
    """
    asking: dict[int, Question] = {}
    idle: list[int] = []
    for _ in range(min(workers, len(todo))):
        crew.hire()
    lost_in_a_row = 0
    while True:
        while idle and not stopping() and (question := todo.take(idle[-1])) is not None:
            worker = idle.pop()
            asking[worker] = question
            crew.give(worker, question)
        if not asking and (not todo or stopping()):
            return
        failure: SpatialClawError | None = None
        for worker, outcome in crew.wait():
            question = asking.pop(worker, None)
            if isinstance(outcome, Began):
                idle.append(worker)
            elif isinstance(outcome, Fault):
                failure = outcome.error
            elif isinstance(outcome, Lost):
                lost_in_a_row += 1
                if lost_in_a_row >= MOST_LOST:
                    failure = SpatialClawError(
                        f'{lost_in_a_row} workers ended one after the other, the last one '
                        f'{outcome.how}; what was answered is kept')
                    continue
                if worker in idle:
                    idle.remove(worker)
                if question is not None and not todo.lost(worker, question):
                    yield lost(question, todo.attempts(question), outcome.how)
                if todo and not stopping():
                    crew.hire()
            elif question is not None:
                lost_in_a_row = 0
                idle.append(worker)
                yield msgspec.structs.replace(outcome, attempts=todo.attempts(question))
        if failure is not None:
            raise failure


def to_wire(outcome: Result | Exception) -> bytes:
    """What a worker sends: a result, or why neither it nor another one can go on."""
    if isinstance(outcome, Exception):
        return _FAULT + msgspec.json.encode(Fault.of(outcome))
    return _RESULT + msgspec.json.encode(outcome)


def from_wire(said: bytes) -> Result | Fault:
    """What a worker sent."""
    if said.startswith(_FAULT):
        return msgspec.json.decode(said[1:], type=Fault)
    return msgspec.json.decode(said[1:], type=Result)
