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


"""Runs a trace again on a fresh kernel, tools answered from the trace, and finds what differs."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.agent.answers import AnswerMismatchError, fit_answer, no_metres, not_known
from spatialclaw_ros.agent.trace_keep import RAW
from spatialclaw_ros.agent.trace_lines import AnsweredLine, RefusedLine, Stored, ToolCalledLine
from spatialclaw_ros.agent.trace_plain import exact, plain, scrub, secrets_of, unexact
from spatialclaw_ros.agent.trace_reader import Trace, TraceStep
from spatialclaw_ros.agent.trace_store import STORED_FILE, load_arrays, load_observation
from spatialclaw_ros.agent.trace_values import question_of
from spatialclaw_ros.errors import BrokenTraceError, CutOffTraceError
from spatialclaw_ros.kernel import Kernel, KernelLimits
from spatialclaw_ros.kernel.kernel import ALL_CAPABILITIES
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import CellAnswer

_ADDRESS = re.compile(r'\bat 0x[0-9a-fA-F]{6,16}\b')


@dataclass(frozen=True)
class Difference:
    """The first thing that was not as before.

    Args:
        step: where.
        what: 'output', 'error', 'variables', 'pictures', 'tool calls' or 'answer'.
        before: as the trace has it.
        now: as it came.
        reads_clock: whether the cell reads the clock, whose readings it was given again.
    """

    step: int
    what: str
    before: str
    now: str
    reads_clock: bool = False


def kernel_limits(trace: Trace) -> KernelLimits:
    """Bounds that the query's cells had; the defaults where the trace doesn't tell."""
    given = trace.started.setup.get('kernel')
    try:
        return msgspec.convert(given or {}, KernelLimits)
    except (msgspec.ValidationError, ValueError) as error:
        raise BrokenTraceError(f'{trace.path}: setup.kernel is broken: {error}') from error


def read_observation(trace: Trace) -> Observation:
    """What the cameras saw, as it was.

    Raises:
        CutOffTraceError: the trace doesn't have it, or not all that a replay needs.
        BrokenTraceError: it can't be read.
    """
    raw = trace.path / RAW
    try:
        stored = msgspec.json.decode((raw / STORED_FILE).read_bytes(), type=Stored)
        if not stored.replayable:
            raise CutOffTraceError(f'{trace.path} can\'t be run again: {stored.reason}')
        return load_observation(raw)
    except FileNotFoundError as error:
        raise CutOffTraceError(
            f'{trace.path} can\'t be run again: {Path(error.filename or RAW).name} is not there '
            '(removed to keep traces in trace_mb, or the query did not end, or its schema is 1)',
        ) from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
        raise BrokenTraceError(f'{raw} can\'t be read: {error}') from error


def replay_trace(trace: Trace, kernel: Kernel) -> Iterator[tuple[TraceStep, Difference | None]]:
    """Run the cells again, up to the first difference.

    Args:
        trace: what to run.
        kernel: with `kernel_limits` of the trace.

    Yields:
        Each step whose cell ran, with what differed; the last one alone may have a difference.

    Raises:
        CutOffTraceError, BrokenTraceError: the trace lacks what is needed.
        KernelError: the kernel fails.
    """
    trace.need_end()
    observation = read_observation(trace)
    tools = _Tools(trace.path)
    given = trace.started.setup.get('capabilities')
    capabilities = frozenset(map(str, given)) if isinstance(given, list) else ALL_CAPABILITIES
    with kernel.open(observation, tools, capabilities) as session:
        for step in trace.steps:
            if step.written is None or step.ran is None or step.is_malformed:
                continue
            tools.expect(step)
            result = session.run(step.written.code, clock=step.ran.clock)
            difference = tools.difference or _difference(trace, step, result)
            if difference is None and tools.left:
                difference = Difference(
                    step.number, 'tool calls', f'{len(step.calls)} calls',
                    f'{len(step.calls) - tools.left} calls')
            yield step, difference
            if difference is not None:
                return


class _Tools:
    """Answers calls as they were answered; one that is another gets an error and is noted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._lines: list[ToolCalledLine] = []
        self.difference: Difference | None = None

    def expect(self, step: TraceStep) -> None:
        """The calls of a step come next."""
        self._number = step.number
        self._lines = list(step.calls)

    @property
    def left(self) -> int:
        """Calls that did not come."""
        return len(self._lines)

    def __call__(self, call: ToolCall) -> ToolResult:
        secrets = secrets_of()
        now = _call_text(call.tool, scrub(exact(call.args), secrets))
        if not self._lines:
            return self._note('no further call', now)
        line = self._lines.pop(0)
        before = _call_text(line.tool, line.args)
        if now != before:
            return self._note(before, now)
        arrays = self._arrays(line)
        for name in dict.fromkeys([*call.arrays, *line.asked]):
            old, new = arrays.get(f'asked.{name}'), call.arrays.get(name)
            if _array_digest(old) != _array_digest(new):
                return self._note(
                    f'{before} with {name} {_array_digest(old)}', f'{_array_digest(new)}')
        return ToolResult(
            unexact(line.values), {name: arrays[f'given.{name}'] for name in line.arrays},
            line.error)

    def _note(self, before: str, now: str) -> ToolResult:
        if self.difference is None:
            self.difference = Difference(self._number, 'tool calls', before, now)
        return ToolResult(error='this call was not made when the trace was written')

    def _arrays(self, line: ToolCalledLine) -> dict[str, np.ndarray]:
        if not line.arrays and not line.asked:
            return {}
        if not line.file or Path(line.file).parts[:-1] != (RAW,):
            raise CutOffTraceError(
                f'{self._folder}: what {line.tool} gave in step {self._number} is not there')
        try:
            arrays = load_arrays(self._folder / line.file)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise BrokenTraceError(f'{self._folder / line.file} can\'t be read: {error}') from error
        missing = [name for name in line.arrays if f'given.{name}' not in arrays]
        if missing:
            raise BrokenTraceError(f'{self._folder / line.file} lacks {", ".join(missing)}')
        return arrays


def _difference(trace: Trace, step: TraceStep, result: CellResult) -> Difference | None:
    """What of a cell's result is not as before."""
    ran = step.ran
    assert ran is not None
    error = result.error
    now: dict[str, Any] = {
        'error': None if error is None else [
            error.kind, error.message, error.line, error.traceback],
        'output': result.stdout,
        'pictures': [[image.label, _array_digest(image.array)] for image in result.images],
        'variables': [[v.name, v.type, v.text, v.nbytes] for v in result.variables]}
    before: dict[str, Any] = {
        'error': None if ran.error is None else [
            ran.error.kind, ran.error.message, ran.error.line, ran.error.traceback],
        'output': ran.stdout,
        'pictures': [[image.label, _array_digest(_pixels(trace.path, image.pixels))]
                     for image in ran.images],
        'variables': [[v.name, v.type, v.text, v.nbytes] for v in ran.variables]}
    if step is trace.steps[-1]:
        before['answer'], now['answer'] = _old_answer(trace), _new_answer(trace, result.answer)
    now = scrub(plain(now), secrets_of())
    for what, old in before.items():
        if old != now[what] and _settled(old) != _settled(now[what]):
            return Difference(
                step.number, what, _shown(old), _shown(now[what]), reads_clock=bool(ran.clock))
    return None


def _old_answer(trace: Trace) -> Any:
    end = trace.end
    if isinstance(end, AnsweredLine):
        return [end.answer_type, end.value, end.text, end.unit, end.sigma, end.frame,
                end.evidence.points]
    return [end.reason] if isinstance(end, RefusedLine) else None


def _new_answer(trace: Trace, answer: CellAnswer | None) -> Any:
    if answer is None:
        return None
    if answer.value is None:
        return [answer.reason]
    question = question_of(trace)
    try:
        typed = fit_answer(question, answer)
    except AnswerMismatchError:
        return None
    # what was told in metres nevertheless is of a version that told it, or of who knows it from TF
    end = trace.end
    is_held = trace.started.setup.get('holds_metres', True) is not False
    if is_held and isinstance(end, RefusedLine) and (
            problem := no_metres(typed, answer, end.evidence.scale_source, end.evidence.notes)):
        return [problem]
    # a trace without a tolerance is of a version that held answers to none
    if trace.started.question.tolerance is not None and (
            problem := not_known(question.tolerance, typed, answer)):
        return [problem]
    return plain([
        typed.answer_type.name, typed.value, typed.text, answer.unit or '', answer.sigma,
        answer.frame or '', [] if answer.points is None else answer.points])


def _pixels(folder: Path, file: str) -> np.ndarray | None:
    if not file or Path(file).parts[:-1] != (RAW,):
        return None
    try:
        return load_arrays(folder / file)['image']
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BrokenTraceError(f'{folder / file} can\'t be read: {error}') from error


def _array_digest(array: np.ndarray | None) -> str:
    if array is None:
        return 'nothing'
    seen = hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()
    return f'{"x".join(map(str, array.shape))} {array.dtype} {seen}'


def _call_text(tool: str, args: Any) -> str:
    return f'{tool}({json.dumps(args, sort_keys=True, ensure_ascii=True)})'


def _settled(value: Any) -> str:
    """A value as text, without the addresses of objects, which no two processes share."""
    return _ADDRESS.sub('at 0x0', _shown(value))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
