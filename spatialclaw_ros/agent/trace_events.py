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


"""A session's events as lines of a trace."""

from __future__ import annotations

import functools

from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Event,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.agent.trace_lines import (
    AnsweredLine,
    CellRanLine,
    CellWrittenLine,
    ErrorLine,
    FailedLine,
    Line,
    PlannedLine,
    RefusedLine,
    VariableLine,
)
from spatialclaw_ros.agent.trace_pictures import evidence_line
from spatialclaw_ros.agent.trace_plain import plain


@functools.singledispatch
def line_of(event: Event) -> Line:
    """The line of an event, without its time and its pictures."""
    raise TypeError(f'not an event: {event!r}')


@line_of.register
def _(event: Planned) -> Line:
    return PlannedLine(text=event.text)


@line_of.register
def _(event: CellWritten) -> Line:
    return CellWrittenLine(
        step=event.step, purpose=event.purpose, reasoning=event.reasoning,
        next_goal=event.next_goal, code=event.code)


@line_of.register
def _(event: CellRan) -> Line:
    result = event.result
    if result is None:
        return CellRanLine(step=event.step, feedback=event.feedback, reply=event.reply, ran=False)
    return CellRanLine(
        step=event.step, feedback=event.feedback, ran=True, stdout=result.stdout,
        duration_s=result.duration_s, tool_calls=result.tool_calls, restarted=result.restarted,
        clock=list(result.clock), error=None if result.error is None else ErrorLine(
            kind=result.error.kind, message=result.error.message, line=result.error.line,
            traceback=result.error.traceback),
        variables=[VariableLine(name=v.name, type=v.type, text=v.text, nbytes=v.nbytes)
                   for v in result.variables])


@line_of.register
def _(event: Answered) -> Line:
    return AnsweredLine(
        value=plain(event.value), answer_type=event.answer_type.name, text=event.text,
        unit=event.unit, sigma=plain(event.sigma), frame=event.frame, choice=event.choice,
        steps=event.steps, evidence=evidence_line(event.evidence))


@line_of.register
def _(event: Refused) -> Line:
    return RefusedLine(
        reason=event.reason, steps=event.steps, evidence=evidence_line(event.evidence))


@line_of.register
def _(event: Failed) -> Line:
    return FailedLine(
        status=event.status.name, message=event.message, stage=event.stage, steps=event.steps)
