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


"""Takes in one cell's syntax tree: which names it binds, and what it does that can't work."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from spatialclaw_ros.kernel.gate_rules import (
    BUILTIN_CALLS,
    BUILTIN_NAMES,
    FILE_FUNCTIONS,
    FILE_METHODS,
    INNER_ATTRIBUTES,
    KNOWN_ALIASES,
    MODULE_ATTRIBUTES,
    MODULES,
    PATH_FUNCTIONS,
    PATH_KEYWORDS,
    REEXPORTED,
    STAR_NAMES,
)

_INSIDE = '`{}` reaches into the interpreter, which cells can not; use the objects\' own methods'


@dataclass(eq=False)
class Facts:
    """What stands in a cell.

    Args:
        stored: names and attributes that it binds by anything but an import.
        imported: names that it imports, each with its module's or object's full name.
        imports: every import statement.
        calls: every call.
        loads: every name that is read.
        chains: every attribute that is read, the outermost of each chain.
        keys: every text that something is subscripted with, with its line.
    """

    stored: set[str] = field(default_factory=set)
    imported: dict[str, str] = field(default_factory=dict)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    loads: list[ast.Name] = field(default_factory=list)
    chains: list[ast.Attribute] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """All that it binds."""
        return self.stored | self.imported.keys()

    def faults(self, known: frozenset[str]) -> list[tuple[int, str]]:
        """Lines, and what is wrong in them, in order."""
        bound = self.names | known
        usual = {name: module for name, module in KNOWN_ALIASES.items() if name not in known}
        aliases = {name: module for name, module in (usual | self.imported).items()
                   if name not in self.stored}
        found = [*self._imports(), *self._names(bound), *self._attributes(bound, aliases)]
        for call in self.calls:
            found += _call(call, bound, aliases)
        return sorted(set(found))

    def _imports(self) -> Iterator[tuple[int, str]]:
        for node in self.imports:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif node.level:
                yield node.lineno, 'a cell has no package to import from with dots'
                continue
            else:
                # `from scipy import io` names the module only in its second half
                names = [f'{node.module}.{alias.name}' for alias in node.names]
            for name in names:
                module = _forbidden(name)
                if module:
                    yield node.lineno, f'`{module}` can not be imported; {MODULES[module]}'

    def _names(self, bound: set[str]) -> Iterator[tuple[int, str]]:
        for node in self.loads:
            advice = BUILTIN_NAMES.get(node.id)
            if advice is not None and node.id not in bound:
                yield node.lineno, f'`{node.id}` is not available; {advice}'
        for line, key in self.keys:
            if key in INNER_ATTRIBUTES:
                yield line, _INSIDE.format(key)

    def _attributes(
        self, bound: set[str], aliases: dict[str, str],
    ) -> Iterator[tuple[int, str]]:
        for chain in self.chains:
            parts, base = _parts(chain)
            for part in parts:
                if part in INNER_ATTRIBUTES and part not in bound:
                    yield chain.lineno, _INSIDE.format(f'.{part}')
            if not isinstance(base, ast.Name) or base.id not in aliases:
                continue
            module = aliases[base.id]
            written = base.id
            for part in parts:
                module, written = f'{module}.{part}', f'{written}.{part}'
                advice = MODULES.get(module) or MODULE_ATTRIBUTES.get(module)
                if advice is None and part in REEXPORTED:
                    advice = MODULES.get(part)
                if advice is not None:
                    yield chain.lineno, f'`{written}` is not available; {advice}'
                    break


def read(tree: ast.Module) -> Facts:
    """Take in a tree; not recursive, so that no depth is too much."""
    facts = Facts()
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        note = _NOTES.get(type(node))
        if note is not None:
            note(node, facts)
        for value in node.__dict__.values():
            if isinstance(value, ast.AST):
                stack.append(value)
            elif isinstance(value, list):
                stack += [item for item in value if isinstance(item, ast.AST)]
    inner = {id(chain.value) for chain in facts.chains}
    facts.chains = [chain for chain in facts.chains if id(chain) not in inner]
    return facts


def _note_name(node: ast.Name, facts: Facts) -> None:
    if isinstance(node.ctx, ast.Load):
        facts.loads.append(node)
    else:
        facts.stored.add(node.id)


def _note_attribute(node: ast.Attribute, facts: Facts) -> None:
    if isinstance(node.ctx, ast.Store):
        facts.stored.add(node.attr)
    facts.chains.append(node)


def _note_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, facts: Facts,
) -> None:
    facts.stored.add(node.name)


def _note_argument(node: ast.arg, facts: Facts) -> None:
    facts.stored.add(node.arg)


def _note_handler(node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar, facts: Facts) -> None:
    if node.name:
        facts.stored.add(node.name)


def _note_mapping(node: ast.MatchMapping, facts: Facts) -> None:
    if node.rest:
        facts.stored.add(node.rest)


def _note_import(node: ast.Import, facts: Facts) -> None:
    facts.imports.append(node)
    for alias in node.names:
        name = alias.asname or alias.name.partition('.')[0]
        facts.imported[name] = alias.name if alias.asname else name


def _note_import_from(node: ast.ImportFrom, facts: Facts) -> None:
    facts.imports.append(node)
    if node.level:
        return
    for alias in node.names:
        if alias.name == '*':
            facts.stored.update(STAR_NAMES.get(node.module or '', ()))
        else:
            facts.imported[alias.asname or alias.name] = f'{node.module}.{alias.name}'


def _note_call(node: ast.Call, facts: Facts) -> None:
    facts.calls.append(node)


def _note_subscript(node: ast.Subscript, facts: Facts) -> None:
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        facts.keys.append((node.lineno, node.slice.value))


_NOTES: dict[type, Callable[..., None]] = {
    ast.Name: _note_name, ast.Attribute: _note_attribute, ast.FunctionDef: _note_definition,
    ast.AsyncFunctionDef: _note_definition, ast.ClassDef: _note_definition,
    ast.arg: _note_argument, ast.ExceptHandler: _note_handler, ast.MatchAs: _note_handler,
    ast.MatchStar: _note_handler, ast.MatchMapping: _note_mapping, ast.Import: _note_import,
    ast.ImportFrom: _note_import_from, ast.Call: _note_call, ast.Subscript: _note_subscript,
}


def _call(
    node: ast.Call, bound: set[str], aliases: dict[str, str],
) -> Iterator[tuple[int, str]]:
    function = node.func
    if isinstance(function, ast.Name) and function.id not in bound:
        advice = BUILTIN_CALLS.get(function.id)
        if advice is not None:
            yield node.lineno, f'`{function.id}()` is not available; {advice}'
        if function.id in ('getattr', 'hasattr', 'setattr') and len(node.args) > 1:
            named = node.args[1]
            if isinstance(named, ast.Constant) and named.value in INNER_ATTRIBUTES:
                yield node.lineno, _INSIDE.format(named.value)
    if isinstance(function, (ast.Name, ast.Attribute)):
        parts, base = _parts(function)
        if isinstance(base, ast.Name) and base.id in aliases:
            dotted = '.'.join([aliases[base.id], *parts])
            if dotted in FILE_FUNCTIONS:
                yield node.lineno, (
                    f'`{dotted}` needs files, and a cell has none; {FILE_FUNCTIONS[dotted]}')
                return
            if dotted in PATH_FUNCTIONS and _path(node) is not None:
                yield node.lineno, (f'`{dotted}` of a path can not work, a cell has no files; '
                                    f'{PATH_FUNCTIONS[dotted]}')
                return
    if isinstance(function, ast.Attribute) and function.attr not in bound:
        advice = FILE_METHODS.get(function.attr)
        path = _path(node)
        # others have a `save` too, of a name
        if advice is not None and path is not None and (
                function.attr != 'save' or '.' in path or '/' in path):
            yield node.lineno, (
                f'`.{function.attr}` to a path can not work, a cell has no files; {advice}')


def _parts(node: ast.expr) -> tuple[list[str], ast.expr]:
    """Attributes of a chain in the order they are written, and what they are read of."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return parts[::-1], node


def _forbidden(name: str) -> str:
    """The part of a dotted name that is a module which can't be imported, or ''."""
    parts = name.split('.')
    for end in range(1, len(parts) + 1):
        module = '.'.join(parts[:end])
        if module in MODULES:
            return module
    return ''


def _path(node: ast.Call) -> str | None:
    """What is written down of a call's path; None where the first argument is no text."""
    named = [keyword.value for keyword in node.keywords if keyword.arg in PATH_KEYWORDS]
    value = next(iter(node.args or named), None)
    if isinstance(value, ast.BinOp):
        texts = [_text(part) for part in (value.left, value.right)]
        return ''.join(filter(None, texts)) if any(text is not None for text in texts) else None
    return _text(value)


def _text(value: ast.expr | None) -> str | None:
    if isinstance(value, ast.JoinedStr):
        return ''.join(filter(None, map(_text, value.values)))
    if isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes)):
        return value.value if isinstance(value.value, str) else value.value.decode('latin-1')
    return None
