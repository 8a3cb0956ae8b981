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


"""Runs cells in one persistent scope, as a notebook does.

A cell that raises keeps what it did before the exception, like in a notebook; it is therefore
part of what a replay runs again. The value of an expression on the last line is printed.
"""

from __future__ import annotations

import ast
import gc
import linecache
import sys
import traceback
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from spatialclaw_ros.kernel.clock import Clock
from spatialclaw_ros.kernel.messages import (
    MAX_ANSWER_POINTS,
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
    MAX_TRACEBACK_CHARS,
    Answer,
    CellDone,
    Fault,
)
from spatialclaw_ros.kernel.output import BoundedText, bounded
from spatialclaw_ros.kernel.summaries import VariableWatch
from spatialclaw_ros.workspace.question import CellAnswer

_BALLAST_BYTES = 16 * 1024 * 1024
_MAX_FRAMES = 12


class CellRunner:
    """One session's scope.

    Args:
        stdout: where cells print.
        clock: what they read the time from.
    """

    def __init__(self, stdout: BoundedText, clock: Clock) -> None:
        self._stdout = stdout
        self._clock = clock
        self._module = types.ModuleType('__main__')
        self._scope = self._module.__dict__
        self._watch = VariableWatch(self._scope)
        self._answer: CellAnswer | None = None
        self._ballast = np.empty(_BALLAST_BYTES, np.uint8)  # address space, not touched

    def take_answer(self, answer: CellAnswer) -> None:
        """Sink of `ReturnAnswer`.

        Raises:
            ValueError: this cell has answered already.
        """
        if self._answer is not None:
            raise ValueError('ReturnAnswer was called twice in this cell; decide on one answer')
        self._answer = answer

    def install(self, names: Mapping[str, Any]) -> None:
        """Put names into the scope, and make it the `__main__` module."""
        self._scope.update(names, print=self._stdout.make_print())
        self._watch = VariableWatch(self._scope)
        sys.modules['__main__'] = self._module

    def run(self, number: int, code: str) -> CellDone:
        """Run one cell."""
        filename = f'<cell {number}>'
        self._answer = None
        sys.stdout = sys.stderr = self._stdout.begin()  # a cell may have put others there
        linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
        fault: Fault | None = None
        names: set[str] = set()
        out_of_memory = False
        try:
            body, last = _compile(code, filename)
            names = _names_of(body)
            exec(body, self._scope)
            if last is not None:
                names |= _names_of(last)
                value = eval(last, self._scope)
                if value is not None:
                    sys.stdout.write(f'{value!r}\n')
        # a cell may raise anything at all, KeyboardInterrupt and SystemExit included
        except BaseException as error:
            out_of_memory = isinstance(error, MemoryError)
            if out_of_memory:
                self._ballast = np.empty(0, np.uint8)
            fault = _fault_of(error, filename)
            del error
        stdout = ''
        if not out_of_memory:
            try:
                stdout = self._stdout.end()
            except MemoryError:  # the cell stopped what bounds its output
                out_of_memory = True
        if out_of_memory:
            gc.collect()
            return CellDone(number, '', fault, [], None, out_of_memory=True)
        return CellDone(
            number, stdout, fault, self._watch.changes(names),
            _pack_answer(self._answer), clock=self._clock.end(), deleted=self._watch.deleted)


def _compile(code: str, filename: str) -> tuple[types.CodeType, types.CodeType | None]:
    """Compile a cell, its last expression apart."""
    tree = ast.parse(code, filename)
    expression = tree.body[-1] if tree.body else None
    if not isinstance(expression, ast.Expr):
        # again from the source: quicker than to turn the tree back into the compiler's own
        return compile(code, filename, 'exec', dont_inherit=True), None
    tree.body.pop()
    last = compile(ast.Expression(expression.value), filename, 'eval', dont_inherit=True)
    return compile(tree, filename, 'exec', dont_inherit=True), last


def _names_of(code: types.CodeType) -> set[str]:
    """Every global name that a piece of code mentions, and some more."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_of(constant)
    return names


def _fault_of(error: BaseException, filename: str) -> Fault:
    """Describe an exception by the cells' own frames."""
    line = None
    lines = []
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__)
                  if frame.filename.startswith('<cell ')]
        own = [frame.lineno for frame in frames if frame.filename == filename]
        line = own[-1] if own else None
        if isinstance(error, SyntaxError) and error.filename == filename:
            line = error.lineno
        if len(frames) > _MAX_FRAMES:
            frames = frames[:_MAX_FRAMES // 2] + frames[-_MAX_FRAMES // 2:]
        for frame in frames:
            place = '' if frame.name == '<module>' else f', in {frame.name}'
            lines.append(f'{frame.filename[1:-1]}, line {frame.lineno}{place}: {frame.line}')
        message = str.__str__(str(error))
        if isinstance(error, ModuleNotFoundError):
            message += ('; there are numpy, scipy, cv2, PIL, matplotlib and what comes with '
                        'Python')
    # str() of a cell's own exception class may raise anything
    except BaseException:
        message = 'this exception can not be turned into a text'
    kind = bounded(type.__dict__['__name__'].__get__(type(error)), MAX_NAME_CHARS)
    return Fault(
        kind, bounded(message, MAX_TEXT_CHARS), line if line and line >= 1 else None,
        bounded('\n'.join(lines), MAX_TRACEBACK_CHARS))


def _pack_answer(answer: CellAnswer | None) -> Answer | None:
    if answer is None:
        return None
    value: Any = answer.value
    if isinstance(value, str):
        value = bounded(value, MAX_TEXT_CHARS)
    elif isinstance(value, bool) or value is None:
        pass
    elif hasattr(value, '__len__'):
        value = [float(item) for item in value]
    else:
        value = float(value)
    points = answer.points
    return Answer(
        value=value,
        unit=None if answer.unit is None else bounded(str(answer.unit), MAX_NAME_CHARS),
        points=None if points is None else
        points[::-(-len(points) // MAX_ANSWER_POINTS)].astype('<f8', copy=False).tobytes(),
        frame=None if answer.frame is None else bounded(str(answer.frame), 256),
        sigma=float(answer.sigma), reason=bounded(str(answer.reason), MAX_TEXT_CHARS))
