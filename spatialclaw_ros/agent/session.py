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

"""One query from question to answer, as a generator of events."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from spatialclaw_ros.agent.answers import AnswerMismatchError, TypedAnswer, fit_answer
from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Event,
    Evidence,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.agent.evidence import gather_evidence
from spatialclaw_ros.agent.feedback import budget_text, feedback_text
from spatialclaw_ros.agent.interfaces import INTERFACES, ActionInterface
from spatialclaw_ros.agent.prompts import opening_text, planner_prompt, system_prompt
from spatialclaw_ros.agent.reply import ReplyError
from spatialclaw_ros.agent.trace import TraceWriter
from spatialclaw_ros.backbone.protocol import Backbone, Brief, SeesImages, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    BackboneError,
    CanceledError,
    DeadlineExceededError,
    KernelError,
    OutOfScopeError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.perception import PerceptionTools
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.metadata import metadata_of
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import CellAnswer, Question, Status

log = logging.getLogger(__name__)

MAX_KEY_FRAMES = 32


@dataclass(frozen=True)
class AgentLimits:
    """Budgets of a query.

    Args:
        max_steps: cells that may be written, 1 or more.
        trace_keep: traces that stay on disk.
    """

    max_steps: int = 30
    trace_keep: int = 50

    def __post_init__(self) -> None:
        if self.max_steps < 1 or self.trace_keep < 1:
            raise ValueError(f'limits must be 1 or more, got {self}')


class Session:
    """Runs a query: plan, write, run, feed back, answer; one at a time, and again if you like.

    Args:
        backbone: who writes the cells.
        kernel: a started kernel; the session opens a worker of it and closes it again.
        perception: who serves the tool calls.
        limits: budgets.
        trace_dir: folder for traces; None writes none.
        interface: how the backbone acts; None for `code`.
    """

    def __init__(
        self, *, backbone: Backbone, kernel: Kernel, perception: PerceptionTools,
        limits: AgentLimits | None = None, trace_dir: Path | None = None,
        interface: ActionInterface | None = None,
    ) -> None:
        self._backbone = backbone
        self._kernel = kernel
        self._perception = perception
        self._limits = limits or AgentLimits()
        self._interface = interface or INTERFACES['code']
        self._trace_dir = trace_dir
        self._trace: TraceWriter | None = None
        self._stage = 'start'
        self._steps = 0
        self._evidence = Evidence()
        self.timings: dict[str, float] = {}

    @property
    def trace_path(self) -> Path | None:
        """Folder of the trace; None when none is written."""
        return self._trace.path if self._trace else None

    def run(
        self, observation: Observation, question: Question, deadline: Deadline, query_id: str,
    ) -> Iterator[Event]:
        """Yield events; the last one is `Answered`, `Refused` or `Failed`.

        Args:
            observation: what the cameras saw.
            question: what is asked.
            deadline: the query's budget of time; cancelling it ends the query.
            query_id: names the trace's folder.
        """
        start_s = time.monotonic()
        self._trace, self._stage, self._steps = None, 'start', 0
        self._evidence, self.timings = Evidence(), {}
        if self._trace_dir is not None:
            self._trace = self._new_trace(self._trace_dir, query_id)
        try:
            self._record(lambda trace: trace.started(observation, question))
            with closing(self._guarded(observation, question, deadline)) as events:
                for event in events:
                    self._record(partial(TraceWriter.event, event=event))
                    yield event
        except GeneratorExit:
            self._record(lambda trace: trace.broke_off('nobody listened any longer'))
            raise
        except BaseException:
            cause = traceback.format_exc()
            self._record(lambda trace: trace.broke_off(cause))
            raise
        finally:
            self.timings['total'] = time.monotonic() - start_s
            self._record(TraceWriter.close)

    def _new_trace(self, folder: Path, query_id: str) -> TraceWriter | None:
        try:
            return TraceWriter(folder, query_id, self._limits.trace_keep)
        except OSError as error:
            log.warning('query %s goes without a trace: %s', query_id, error)
            return None

    def _record(self, write: Callable[[TraceWriter], None]) -> None:
        """Write to the trace, if there is one; a full disk ends the trace, not the query."""
        if self._trace is None:
            return
        try:
            write(self._trace)
        except OSError as error:
            log.warning('the trace %s is cut short: %s', self._trace.path, error)
            trace, self._trace = self._trace, None
            with suppress(OSError):
                trace.close()

    def _guarded(
        self, observation: Observation, question: Question, deadline: Deadline,
    ) -> Generator[Event, None, None]:
        """Events, with every named error turned into the one that ends the query."""
        try:
            yield from self._stages(observation, question, deadline)
        except OutOfScopeError as error:
            yield Refused(str(error), self._evidence, self._steps)
        except CanceledError as error:
            yield self._failed(Status.CANCELED, error)
        except DeadlineExceededError as error:
            yield self._failed(Status.TIMEOUT, error)
        except BackboneError as error:
            yield self._failed(Status.BACKBONE_UNAVAILABLE, error)
        except PerceptionUnavailableError as error:
            yield self._failed(Status.PERCEPTION_UNAVAILABLE, error)
        except KernelError as error:
            log.exception('the kernel failed')
            yield self._failed(Status.INTERNAL_ERROR, error)

    def _failed(self, status: Status, error: Exception) -> Failed:
        return Failed(status, str(error), self._stage, self._steps)

    def _stages(
        self, observation: Observation, question: Question, deadline: Deadline,
    ) -> Iterator[Event]:
        capabilities = self._perception.capabilities
        if isinstance(self._backbone, SeesImages):
            capabilities |= {'vlm'}
        metadata = metadata_of(observation)
        max_steps = self._interface.max_steps(self._limits.max_steps)
        brief = Brief(
            question, metadata, system_prompt(self._interface, capabilities, metadata),
            planner_prompt(capabilities, metadata), opening_text(question, metadata, max_steps),
            _key_frames(observation.frames), max_steps, self._interface.language)

        self._stage = 'plan'
        with self._timed('plan'):
            said = self._backbone.plan(brief, deadline)
        self._record(lambda trace: trace.exchanged(said))
        plan = said.text
        yield Planned(plan)

        def handle(call: ToolCall) -> ToolResult:
            return self._handle(observation, call, deadline)

        self._stage = 'kernel'
        deadline.check('opening the kernel')
        with self._timed('kernel'):
            worker = self._kernel.open(
                observation, handle, capabilities=capabilities, deadline=deadline)
        with worker:
            yield from self._steps_until_answer(brief, plan, worker, deadline)

    def _steps_until_answer(
        self, brief: Brief, plan: str, worker: KernelSession, deadline: Deadline,
    ) -> Iterator[Event]:
        turns: list[Turn] = []
        for step in range(1, brief.max_steps + 1):
            self._stage = 'write'
            deadline.check('writing a cell')
            with self._timed('write'):
                said = self._backbone.write(brief, plan, turns, deadline)
            self._record(partial(TraceWriter.exchanged, said=said))
            steps_left = brief.max_steps - step
            try:
                reply = self._interface.read(said.text)
            except ReplyError as error:
                feedback = f'{error}\n\n{budget_text(steps_left, deadline.remaining_s)}'
                turns.append(Turn('(a reply that could not be read)', None, feedback))
                yield CellRan(step, None, feedback, reply=said.text)
                continue
            yield CellWritten(
                step, reply.purpose, reply.reasoning, reply.next_goal, reply.code)

            self._stage = 'run'
            self._steps += 1
            with self._timed('run'):
                result = worker.run(reply.code, deadline)
            deadline.check('running a cell')
            feedback = feedback_text(
                result, steps_left=steps_left, remaining_s=deadline.remaining_s)

            self._stage = 'answer'
            end, complaint = self._conclude(brief.question, result, worker)
            if complaint:
                feedback = f'{complaint}\n\n{feedback}'
            yield CellRan(step, result, feedback)
            if end is not None:
                yield end
                return
            turns.append(Turn(said.text, result, feedback, result.images))
        yield Failed(
            Status.STEP_LIMIT,
            f'no answer after {brief.max_steps} cells; raise max_steps or ask more '
            'specifically', 'answer', self._steps)

    def _conclude(
        self, question: Question, result: CellResult, worker: KernelSession,
    ) -> tuple[Answered | Refused | None, str]:
        """The query's end if the cell answered, or what is wrong with its answer."""
        answer = result.answer
        if answer is None:
            return None, ''
        if result.error is not None:
            return None, 'The answer does not count, because the cell failed after it.'
        self._evidence = gather_evidence(worker.tool_log, answer)
        if answer.value is None:
            return Refused(answer.reason, self._evidence, self._steps), ''
        try:
            typed = fit_answer(question, answer)
        except AnswerMismatchError as error:
            return None, str(error)
        return self._answered(typed, answer), ''

    def _answered(self, typed: TypedAnswer, answer: CellAnswer) -> Answered:
        return Answered(
            value=typed.value, answer_type=typed.answer_type, text=typed.text,
            unit=answer.unit or '', sigma=answer.sigma, frame=answer.frame or '',
            choice=typed.choice, evidence=self._evidence, steps=self._steps)

    def _handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        start_s = time.monotonic()
        with self._timed('tools'):
            if call.tool == 'vlm' and isinstance(self._backbone, SeesImages):
                result = self._look(self._backbone, observation, call, deadline)
            else:
                result = self._perception.handle(observation, call, deadline)
        spent_s = time.monotonic() - start_s
        self._record(lambda trace: trace.tool_called(call, result, spent_s))
        return result

    def _look(
        self, eyes: SeesImages, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        try:
            said = eyes.look(call, observation, deadline)
        except BackboneError as error:
            return ToolResult(error=str(error))
        self._record(lambda trace: trace.exchanged(said))
        return ToolResult({'text': said.text})

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        start_s = time.monotonic()
        try:
            yield
        finally:
            spent_s = time.monotonic() - start_s
            self.timings[part] = self.timings.get(part, 0.0) + spent_s


def _key_frames(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """At most `MAX_KEY_FRAMES`, evenly chosen, the first and the newest among them."""
    if len(frames) <= MAX_KEY_FRAMES:
        return frames
    return tuple(frames[round(i)] for i in np.linspace(0, len(frames) - 1, MAX_KEY_FRAMES))
