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



"""The five stages of one query: plan, write, run, feed back, answer."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from spatialclaw_ros.agent.answers import (
    WITHOUT_METRES,
    AnswerMismatchError,
    TypedAnswer,
    fit_answer,
    no_metres,
    not_known,
)
from spatialclaw_ros.agent.budget import AgentLimits, Budget
from spatialclaw_ros.agent.doing import Doing
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
from spatialclaw_ros.agent.feedback import Repeats, fault_text, feedback_text
from spatialclaw_ros.agent.guesses import likely_calls
from spatialclaw_ros.agent.interfaces import ActionInterface
from spatialclaw_ros.agent.key_frames import key_frames
from spatialclaw_ros.agent.opening import Opening
from spatialclaw_ros.agent.planning import clean_plan
from spatialclaw_ros.agent.prompts import opening_text, planner_prompt, system_prompt
from spatialclaw_ros.agent.recording import Record
from spatialclaw_ros.agent.reply import Reply, ReplyError, stand_in
from spatialclaw_ros.agent.tool_calls import HostTools, capabilities_of
from spatialclaw_ros.backbone.protocol import Backbone, Brief, Said, SeesImages, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.metadata import metadata_of
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import CellAnswer, Question, Status

MAX_TROUBLE_CHARS = 300


class Stages:
    """One query on its way; used once.

    Args:
        backbone: who writes.
        kernel: a started kernel.
        perception: who serves the tool calls.
        interface: how the backbone acts.
        limits: budgets.
        observation: what the cameras saw.
        question: what is asked.
        deadline: the query's.
        record: writes to the trace.
        timings: part to seconds; filled.
        doing: told what takes time.
        ahead_of_model: whether likely tool calls run while a model writes.

    Attributes:
        setup: what the trace tells about the query's beginning.
        steps: cells that ran.
        evidence: what the last answer rests on.
    """

    def __init__(
        self, *, backbone: Backbone, kernel: Kernel, perception: Perception,
        interface: ActionInterface, limits: AgentLimits, observation: Observation,
        question: Question, deadline: Deadline, record: Record, timings: dict[str, float],
        doing: Doing, ahead_of_model: bool = True,
    ) -> None:
        self._backbone = backbone
        self._kernel = kernel
        self._interface = interface
        self._limits = limits
        self._observation = observation
        self._question = question
        self._deadline = deadline
        self._record = record
        self._timings = timings
        self._doing = doing
        # what needs no model is written at once: there is nothing to run ahead of
        self._is_model = isinstance(backbone, SeesImages)
        self._runs_ahead = ahead_of_model and self._is_model and interface.has_tools
        self._stage = 'start'
        self._trouble = ''
        self.steps = 0
        self.evidence = Evidence()
        max_steps = interface.max_steps(limits.max_steps)
        self._budget = Budget(limits, max_steps, deadline)
        self._capabilities = capabilities_of(backbone, perception)
        metadata = metadata_of(observation)
        self._brief = Brief(
            question, metadata, key_frames=key_frames(observation.frames), max_steps=max_steps,
            language=interface.language)
        # who reads no prompts is told no scale in words, and knows what rests on TF alone
        self._holds_metres = getattr(backbone, 'reads_prompts', True)
        if self._holds_metres:
            self._brief = self._with_prompts()
        self._tools = HostTools(
            backbone=backbone, perception=perception, observation=observation, deadline=deadline,
            budget=self._budget, record=record, spent=partial(_took, timings, 'tools'),
            doing=doing)

    @property
    def setup(self) -> dict[str, Any]:
        """What the query begins with, as `TraceWriter.started` writes it."""
        brief, remaining_s = self._with_prompts(), self._deadline.remaining_s
        return {
            'backbone': self._backbone.name, 'interface': self._interface.name,
            'capabilities': sorted(self._capabilities), 'holds_metres': self._holds_metres,
            'kernel': dataclasses.asdict(self._kernel.limits),
            'budgets': {
                'max_steps': brief.max_steps, 'max_tokens': self._limits.max_tokens,
                'images_per_step': self._limits.images_per_step,
                'images_per_query': self._limits.images_per_query,
                'remaining_s': remaining_s if math.isfinite(remaining_s) else None},
            'system': brief.system, 'planner_system': brief.planner_system,
            'opening': brief.opening, 'key_frames': [frame.index for frame in brief.key_frames]}

    def _with_prompts(self) -> Brief:
        brief = self._brief
        return dataclasses.replace(
            brief, system=system_prompt(self._interface, self._capabilities, brief.metadata),
            planner_system=planner_prompt(self._interface, self._capabilities, brief.metadata),
            opening=opening_text(
                brief.question, brief.metadata, brief.key_frames, self._budget.text))

    def failed(self, status: Status, error: Exception | str) -> Failed:
        """The end of a query that could not be carried through."""
        return Failed(status, f'{_DOING[self._stage]}: {error}', self._stage, self.steps)

    def run(self) -> Iterator[Event]:
        """Events up to the one that ends the query.

        Raises:
            BackboneError: no plan or no reply came.
            OutOfScopeError: the backbone can't answer such a question.
            KernelError: there is no worker to be had.
            PerceptionUnavailableError: who perceives can't be reached.
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
        """
        if self._runs_ahead:
            self._tools.run_ahead(partial(
                likely_calls, self._question.text, self._observation, self._capabilities))
        with Opening(self._open, self._deadline, at_once=self._is_model) as opening:
            self._stage = 'plan'
            with (self._timed('plan'), self._tools.writing(),
                  self._doing.working('plan', f'{self._backbone.name} makes a plan')):
                said = self._heard(self._backbone.plan(self._brief, self._deadline))
            plan = clean_plan(said.text)
            yield Planned(plan)
            self._stage = 'kernel'
            self._deadline.check('opening the kernel')
            with self._timed('kernel'), self._doing.working('run', 'opens a worker for its cells'):
                worker = opening.session()
            yield from self._steps(plan, worker)

    def close(self) -> None:
        """End what runs ahead of the model; may be called twice."""
        self._tools.close()

    def _open(self, deadline: Deadline) -> KernelSession:
        return self._kernel.open(
            self._observation, self._tools.answer, capabilities=self._capabilities,
            deadline=deadline)

    def _steps(self, plan: str, worker: KernelSession) -> Iterator[Event]:
        turns: list[Turn] = []
        repeats = Repeats()
        while self._budget.steps_left:
            self._stage = 'write'
            self._deadline.check('writing a cell')
            if not self._budget.tokens_left:
                yield self.failed(Status.STEP_LIMIT, (
                    f'no answer within {self._limits.max_tokens} tokens{self._trouble}; raise '
                    'max_tokens or ask more specifically'))
                return
            self._budget.begin_step()
            step = self._brief.max_steps - self._budget.steps_left
            with (self._timed('write'), self._tools.writing(),
                  self._doing.working('write', f'{self._backbone.name} writes', step)):
                said = self._heard(self._backbone.write(
                    self._brief, plan, turns, self._deadline))
            try:
                reply = self._interface.read(said.text)
            except ReplyError as error:
                self._budget.end_step()
                fault = f'{error}{_cut_off(said)}'
                self._trouble = _trouble('reply could not be read', fault)
                feedback = fault_text(fault, self._budget.text, repeats.seen('', fault))
                turns.append(Turn(stand_in(fault), None, feedback))
                yield CellRan(step, None, feedback, reply=said.text)
                continue
            yield CellWritten(
                step, reply.purpose, reply.reasoning, reply.next_goal, reply.code)
            end, turn = self._run_cell(said.text, reply, worker, repeats)
            yield CellRan(step, turn.result, turn.feedback)
            if end is not None:
                yield end
                return
            turns.append(turn)
        yield self.failed(Status.STEP_LIMIT, self._out_of_steps())

    def _run_cell(
        self, text: str, reply: Reply, worker: KernelSession, repeats: Repeats,
    ) -> tuple[Answered | Refused | None, Turn]:
        """Run a reply's cell; the query's end, if it answered, and the turn it makes."""
        self._stage = 'run'
        self.steps += 1
        with self._timed('run'), self._doing.working('run', f'runs: {reply.purpose}', self.steps):
            result = worker.run(reply.code, self._deadline)
        self._deadline.check('running a cell')
        self._budget.end_step()
        error = result.error
        if error is not None:
            self._trouble = _trouble('cell failed', f'{error.kind}: {error.message}')
        else:
            self._stage = 'answer'
            self._trouble = ', and the last cell did not call ReturnAnswer'
        end, complaint = self._conclude(result, worker)
        sent = self._budget.choose(result.images if end is None else ())
        again = 0 if error is None else repeats.seen(reply.code, f'{error.kind}: {error.message}')
        feedback = feedback_text(
            result, self._budget.text, complaint=complaint, sent=sent, repeated=again)
        return end, Turn(text, result, feedback, sent.images)

    def _conclude(
        self, result: CellResult, worker: KernelSession,
    ) -> tuple[Answered | Refused | None, str]:
        """The query's end if the cell answered, or what is wrong with its answer."""
        answer = result.answer
        if answer is None:
            return None, ''
        if result.error is not None:
            return None, 'The answer does not count, because the cell failed after it.'
        with self._timed('evidence'):
            self.evidence = gather_evidence(worker.tool_log, answer)
        if answer.value is None:
            return Refused(answer.reason, self.evidence, self.steps), ''
        try:
            typed = fit_answer(self._question, answer)
        except AnswerMismatchError as error:
            self._trouble = _trouble('answer did not fit', str(error))
            return None, str(error)
        problem = no_metres(typed, answer, self.evidence.scale_source, self.evidence.notes)
        if problem and self._holds_metres:
            self._trouble = _trouble('answer was in metres', problem)
            if self._budget.is_spent:
                return Refused(problem, self.evidence, self.steps), ''
            return None, (f'The answer {typed.text} does not count, for {problem} '
                          f'{WITHOUT_METRES}')
        if problem := not_known(self._question.tolerance, typed, answer):
            return Refused(problem, self.evidence, self.steps), ''
        return self._answered(typed, answer), ''

    def _answered(self, typed: TypedAnswer, answer: CellAnswer) -> Answered:
        return Answered(
            value=typed.value, answer_type=typed.answer_type, text=typed.text,
            unit=answer.unit or '', sigma=answer.sigma, frame=answer.frame or '',
            choice=typed.choice, evidence=self.evidence, steps=self.steps)

    def _out_of_steps(self) -> str:
        steps = self._brief.max_steps
        if steps < self._limits.max_steps:
            return (f'no answer from the {steps} step that the action interface '
                    f'{self._interface.name!r} has{self._trouble}; ask again, or with '
                    "action_interface 'code'")
        return (f'no answer after {steps} steps{self._trouble}; raise max_steps or ask more '
                'specifically')

    def _heard(self, said: Said) -> Said:
        self._budget.spend(said)
        self._record(lambda trace: trace.exchanged(said))
        return said

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        start_s = time.monotonic()
        try:
            yield
        finally:
            _took(self._timings, part, time.monotonic() - start_s)


_DOING = {
    'start': 'before planning', 'plan': 'while planning', 'kernel': 'while opening the kernel',
    'write': 'while writing a reply', 'run': 'while running a cell', 'answer': 'while answering'}


def _took(timings: dict[str, float], part: str, duration_s: float) -> None:
    # no method: the tools would hold the query that holds them, and with it all of its frames
    timings[part] = timings.get(part, 0.0) + duration_s


def _cut_off(said: Said) -> str:
    """What a reply that ran into its greatest length should be told beside its fault."""
    if said.exchange is None or said.exchange.finish != 'length':
        return ''
    return '; it reached the greatest length that a reply may have, so think and write less'


def _trouble(what: str, why: str) -> str:
    """Why the last step did not answer, to be put into a message: one line."""
    line = ' '.join(why.split())
    if len(line) > MAX_TROUBLE_CHARS:
        line = f'{line[:MAX_TROUBLE_CHARS]}...'
    return f', and the last {what} ({line})'
