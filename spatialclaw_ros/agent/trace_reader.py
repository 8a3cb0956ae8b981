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


"""Reads a trace's folder into values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from spatialclaw_ros.agent.trace_keep import TRACE_FILE
from spatialclaw_ros.agent.trace_lines import (
    SCHEMA_VERSION,
    AheadLine,
    AnsweredLine,
    AnyLine,
    BrokeOffLine,
    CellRanLine,
    CellWrittenLine,
    EndLine,
    EvidenceLine,
    ExchangedLine,
    FailedLine,
    PlannedLine,
    RefusedLine,
    StartedLine,
    ToolCalledLine,
)
from spatialclaw_ros.errors import (
    BrokenTraceError,
    CutOffTraceError,
    NewerTraceError,
    NoTraceError,
)


@dataclass(frozen=True)
class TraceStep:
    """One reply and what became of it.

    Args:
        number: from 1.
        written: the cell; None when the reply could not be read.
        ran: what came back; None when the query ended in it.
        calls: its tool calls, in order.
        exchange: the request behind the reply; None where there was none.
        looks: requests of its `vlm` calls.
    """

    number: int
    written: CellWrittenLine | None = None
    ran: CellRanLine | None = None
    calls: tuple[ToolCalledLine, ...] = ()
    exchange: ExchangedLine | None = None
    looks: tuple[ExchangedLine, ...] = ()

    @property
    def is_malformed(self) -> bool:
        """Whether nothing ran, because the reply could not be read."""
        return self.ran is not None and not did_run(self.ran)


@dataclass(frozen=True)
class Trace:
    """A query, read from its folder.

    Args:
        path: the folder.
        started: its beginning.
        plan: the plan; None when it never came.
        planner: the request behind it.
        steps: in order.
        end: how it ended; None when the trace is cut off.
        ahead: what came of calls ahead of the model; None where there were none.
        end_s: time of the last line, seconds since the beginning.
        plan_s: time of the plan.
    """

    path: Path
    started: StartedLine
    plan: str | None
    planner: ExchangedLine | None
    steps: tuple[TraceStep, ...]
    end: EndLine | None
    ahead: AheadLine | None
    end_s: float
    plan_s: float = 0.0

    @property
    def status(self) -> str:
        """'OK', 'REFUSED', the status of a failure, 'BROKE_OFF' or 'CUT_OFF'."""
        if isinstance(self.end, AnsweredLine):
            return 'OK'
        if isinstance(self.end, RefusedLine):
            return 'REFUSED'
        if isinstance(self.end, FailedLine):
            return self.end.status
        return 'CUT_OFF' if self.end is None else 'BROKE_OFF'

    @property
    def answer(self) -> str:
        """The answer, or why there is none."""
        end = self.end
        if isinstance(end, AnsweredLine):
            return end.text
        if isinstance(end, RefusedLine):
            return end.reason
        if isinstance(end, FailedLine):
            return end.message
        if isinstance(end, BrokeOffLine):
            return end.cause.strip().rpartition('\n')[2]
        return 'the trace ends before the query did'

    @property
    def evidence(self) -> EvidenceLine:
        """What the answer rests on; empty without one."""
        end = self.end
        return end.evidence if isinstance(end, (AnsweredLine, RefusedLine)) else EvidenceLine()

    @property
    def exchanges(self) -> tuple[ExchangedLine, ...]:
        """All requests to models."""
        found = [] if self.planner is None else [self.planner]
        for step in self.steps:
            found += ([] if step.exchange is None else [step.exchange]) + list(step.looks)
        return tuple(found)

    def need_end(self) -> EndLine:
        """How it ended.

        Raises:
            CutOffTraceError: it did not.
        """
        if self.end is None:
            raise CutOffTraceError(
                f'{self.path / TRACE_FILE} ends before the query did (was the node killed, or is '
                'it still running?)')
        return self.end


def did_run(line: CellRanLine) -> bool:
    """Whether a cell ran; version 1 tells by the reply alone."""
    return line.ran if line.ran is not None else not line.reply


def read_trace(folder: Path) -> Trace:
    """Read a trace; one that is cut off is read as far as it goes.

    Raises:
        NoTraceError: there is none.
        NewerTraceError: a newer version of this package wrote it.
        BrokenTraceError: a line is not what the schema says.
    """
    lines = list(_lines(folder))
    if not lines or not isinstance(lines[0], StartedLine):
        raise BrokenTraceError(f'{folder / TRACE_FILE} does not begin with `started`')
    plan, planner, end, ahead, plan_s = None, None, None, None, 0.0
    looks: list[ExchangedLine] = []
    calls: list[ToolCalledLine] = []
    written: CellWrittenLine | None = None
    exchange: ExchangedLine | None = None
    steps: list[TraceStep] = []
    for line in lines[1:]:
        if isinstance(line, PlannedLine):
            plan, plan_s = line.text, line.at_s
        elif isinstance(line, ExchangedLine):
            if line.role == 'planner':
                planner = line
            elif line.role in ('locate', 'think'):
                looks.append(line)
            else:
                exchange = line
        elif isinstance(line, CellWrittenLine):
            written = line
        elif isinstance(line, ToolCalledLine):
            calls.append(line)
        elif isinstance(line, CellRanLine):
            steps.append(TraceStep(
                line.step, written, line, tuple(calls), exchange, tuple(looks)))
            written, exchange, calls, looks = None, None, [], []
        elif isinstance(line, AheadLine):
            ahead = line
        elif not isinstance(line, StartedLine):
            end = line
    if written is not None or exchange is not None or calls or looks:
        number = written.step if written is not None else len(steps) + 1
        steps.append(TraceStep(number, written, None, tuple(calls), exchange, tuple(looks)))
    return Trace(
        folder, lines[0], plan, planner, tuple(steps), end, ahead, max(x.at_s for x in lines),
        plan_s)


def _lines(folder: Path) -> Iterator[AnyLine]:
    path = folder / TRACE_FILE
    try:
        # as it was written: half a pair of surrogates is a JSON escape
        texts = path.read_text(encoding='utf-8').split('\n')
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoTraceError(f'{folder} is no trace: it has no {TRACE_FILE}') from error
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenTraceError(f'{path} can\'t be read: {error}') from error
    for number, text in enumerate(texts, start=1):
        is_last = number == len(texts)
        if is_last and not text:
            return
        try:
            values = json.loads(text)
            _check_version(path, number, values)
            yield msgspec.convert(values, AnyLine)  # type: ignore[misc]
        except (ValueError, msgspec.ValidationError, RecursionError) as error:
            if is_last:  # it was being written
                return
            raise BrokenTraceError(f'{path} line {number} is broken: {error}') from error


def _check_version(path: Path, number: int, values: Any) -> None:
    if number > 1 or not isinstance(values, dict):
        return
    version = values.get('schema_version')
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise NewerTraceError(
            f'{path} has schema version {version}, this version of spatialclaw_ros reads up to '
            f'{SCHEMA_VERSION}; read it with the version that wrote it')


def read_traces(folders: Sequence[Path]) -> tuple[Trace, ...]:
    """Read several; the errors are those of `read_trace`."""
    return tuple(read_trace(folder) for folder in folders)
