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


"""Reads a cell before it runs and tells the model what would not work, and what to use instead.

The gate is advice: nothing that it lets through may do harm, for the worker has given up the
rights to. So it rejects only what could not work anyway, and no ordinary code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spatialclaw_ros.kernel.gate_rules import (
    BUILTIN_CALLS,
    BUILTIN_NAMES,
    FILE_FUNCTIONS,
    FILE_METHODS,
    INNER_ATTRIBUTES,
    KNOWN_ALIASES,
    MODULES,
    PATH_FUNCTIONS,
)
from spatialclaw_ros.kernel.messages import MAX_CODE_CHARS
from spatialclaw_ros.workspace.cell import CellError

_MAX_FAULTS = 5
_MAX_LINE_CHARS = 200


def check(code: str, known: frozenset[str] = frozenset()) -> CellError | None:
    """Look a cell over.

    Args:
        code: its source.
        known: names that earlier cells made; they hide builtins of the same name.

    Returns:
        What is wrong, of kind 'SyntaxError' or 'GateError', or None.
    """
    if len(code) > MAX_CODE_CHARS:
        return CellError('GateError', f'the cell has {len(code)} characters, at most '
                                      f'{MAX_CODE_CHARS} are run; write a shorter one')
    try:
        tree = ast.parse(code, '<cell>')
    except SyntaxError as error:
        text = (error.text or '').rstrip()[:_MAX_LINE_CHARS]
        return CellError('SyntaxError', error.msg or 'invalid syntax', error.lineno or None,
                         f'line {error.lineno}: {text}' if text else '')
    # NUL characters, lone surrogates; nesting
    except (ValueError, RecursionError, MemoryError) as error:
        return CellError('SyntaxError', f'the cell can not be read as Python: {error}')
    try:
        faults = list(dict.fromkeys(_Reader(known).faults(tree)))
    except RecursionError:
        return CellError('GateError', 'the cell is nested too deeply; write it in simpler steps')
    if not faults:
        return None
    faults.sort()
    lines = [f'line {line}: {message}' for line, message in faults[:_MAX_FAULTS]]
    source = code.splitlines()
    line = faults[0][0]
    shown = source[line - 1].strip()[:_MAX_LINE_CHARS] if 0 < line <= len(source) else ''
    return CellError('GateError', '; '.join(lines) + '. The cell was not run.', line,
                     f'line {line}: {shown}')


class _Reader:
    """Finds faults in one cell's syntax tree."""

    def __init__(self, known: frozenset[str]) -> None:
        self._bound = set(known)
        self._aliases = dict(KNOWN_ALIASES)

    def faults(self, tree: ast.AST) -> Iterator[tuple[int, str]]:
        nodes = list(ast.walk(tree))
        for node in nodes:
            self._bind(node)
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from self._imports(node)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.Name):
                yield from self._name(node)
            elif isinstance(node, ast.Attribute) and node.attr in INNER_ATTRIBUTES:
                yield node.lineno, (
                    f'`.{node.attr}` reaches into the interpreter, which cells can not; '
                    'use the objects\' own methods')

    def _bind(self, node: ast.AST) -> None:
        """Take note of names that the cell itself gives a meaning, and of module aliases."""
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._bound.add(node.id)
            self._aliases.pop(node.id, None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._bound.add(node.name)
        elif isinstance(node, ast.arg):
            self._bound.add(node.arg)
            self._aliases.pop(node.arg, None)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self._bound.add(node.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition('.')[0]
                self._bound.add(name)
                self._aliases[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                name = alias.asname or alias.name
                self._bound.add(name)
                self._aliases[name] = f'{node.module}.{alias.name}'

    def _imports(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, 'a cell has no package to import from with dots'
            names = [node.module or '']
            # `from scipy import io` names the module only here
            names += [f'{node.module}.{alias.name}' for alias in node.names]
        else:
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split('.')
            for end in range(1, len(parts) + 1):
                advice = MODULES.get('.'.join(parts[:end]))
                if advice is not None:
                    yield node.lineno, f'`{".".join(parts[:end])}` can not be imported; {advice}'
                    return

    def _name(self, node: ast.Name) -> Iterator[tuple[int, str]]:
        if isinstance(node.ctx, ast.Load) and node.id not in self._bound:
            advice = BUILTIN_NAMES.get(node.id)
            if advice is not None:
                yield node.lineno, f'`{node.id}` is not available; {advice}'

    def _call(self, node: ast.Call) -> Iterator[tuple[int, str]]:
        function = node.func
        if isinstance(function, ast.Name) and function.id not in self._bound:
            advice = BUILTIN_CALLS.get(function.id)
            if advice is not None:
                yield node.lineno, f'`{function.id}()` is not available; {advice}'
            if function.id in ('getattr', 'hasattr', 'setattr') and len(node.args) > 1:
                named = node.args[1]
                if isinstance(named, ast.Constant) and named.value in INNER_ATTRIBUTES:
                    yield node.lineno, (
                        f'`{named.value}` reaches into the interpreter, which cells can not')
        dotted = self._dotted(function)
        if dotted is not None:
            advice = FILE_FUNCTIONS.get(dotted)
            if advice is not None:
                yield node.lineno, f'`{dotted}` needs files, and a cell has none; {advice}'
                return
            advice = PATH_FUNCTIONS.get(dotted)
            if advice is not None and _takes_path(node):
                yield node.lineno, (
                    f'`{dotted}` of a path can not work, a cell has no files; {advice}')
                return
        if isinstance(function, ast.Attribute) and _takes_path(node):
            advice = FILE_METHODS.get(function.attr)
            if advice is not None:
                yield node.lineno, (
                    f'`.{function.attr}` to a path can not work, a cell has no files; {advice}')

    def _dotted(self, function: ast.expr) -> str | None:
        """Full name of a module's function, as `numpy.fromfile` for `np.fromfile`."""
        parts: list[str] = []
        node = function
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._aliases:
            return None
        return '.'.join([self._aliases[node.id], *reversed(parts)])


def _takes_path(node: ast.Call) -> bool:
    """Whether the first argument is a text, written as one or put together from some."""
    values = node.args[:1] + [
        keyword.value for keyword in node.keywords
        if keyword.arg in ('fname', 'filename', 'file', 'path', 'fp')]
    for value in values[:1]:
        if isinstance(value, ast.JoinedStr):
            return True
        if isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes)):
            return True
        if isinstance(value, ast.BinOp):
            return any(isinstance(part, ast.JoinedStr) or (
                isinstance(part, ast.Constant) and isinstance(part.value, str))
                for part in (value.left, value.right))
    return False
