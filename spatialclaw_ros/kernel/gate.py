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

The gate is advice, never a defence: whoever wants to get past it can. A worker has given up all
that may do harm before its first cell, so neither the tools nor anything else relies on what the
gate refuses. It refuses what would fail in a worker or is of no use there, and no ordinary code.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings

from spatialclaw_ros.kernel.gate_reader import read
from spatialclaw_ros.kernel.gate_rules import KNOWN_ALIASES, WATCHED
from spatialclaw_ros.sharing.trees import one_tree_at_a_time
from spatialclaw_ros.workspace.cell import CellError

MAX_CELL_CHARS = 32_768  # 800 lines; reading more could hold the host up for seconds
_MAX_PLAIN_CHARS = 4096
_MAX_FAULTS = 5
_MAX_LINE_CHARS = 200
_MAX_DOTS = 100
_NAME = '<cell>'
_words = re.compile(r'\w+')
_line_ends = re.compile('\r\n|\r|\n')
# Python joins the parts of `import a.a.a...` one by one: 100,000 characters took 2.7 GB
_long_chain = re.compile(rf'(?:\.[\s\\]*[^\W\d]\w*[\s\\]*){{{_MAX_DOTS}}}')

_HINTS = (
    (re.compile(r'^\s*[%!]'),
     'lines that start with % or ! are notebook commands, a cell is plain Python'),
    (re.compile(r'^\s*(```|~~~)'), 'give the code alone, without fences around it'),
)

# what Python remarks on a cell's text ("invalid escape sequence") is no business of the host's log
warnings.filterwarnings('ignore', module=re.escape(_NAME))


def check(code: str, known: frozenset[str] = frozenset()) -> CellError | None:
    """Look a cell over; never raises, whatever the text.

    Args:
        code: its source.
        known: names that earlier cells made; they hide builtins of the same name.

    Returns:
        What is wrong, of kind 'SyntaxError' or 'GateError', or None.
    """
    tree = _parse(code)
    if isinstance(tree, CellError):
        return tree
    if not _is_watched(code):
        return None
    faults = read(tree).faults(known)
    if not faults:
        return None
    lines = [f'line {line}: {message}' for line, message in faults[:_MAX_FAULTS]]
    line = faults[0][0]
    shown = ''.join(_line_ends.split(code)[line - 1:line]).strip()[:_MAX_LINE_CHARS]
    return CellError('GateError', '; '.join(lines) + '. The cell was not run.', line,
                     f'line {line}: {shown}')


def has_nothing_to_say(code: str) -> bool:
    """Whether a plain, short cell holds no word that the gate speaks of.

    It need not be read here then: whether it is Python, the worker's compiler says too.
    """
    return len(code) <= _MAX_PLAIN_CHARS and code.isascii() and '\0' not in code and (
        not _is_watched(code))


def bound(code: str) -> frozenset[str]:
    """Names that a cell which ran has given a meaning of its own, for `known` of later cells.

    Only those that the gate would otherwise speak of: functions, classes and imports among them,
    which no summary of variables lists.
    """
    tree = _parse(code) if _is_watched(code) else None
    if not isinstance(tree, ast.Module):
        return frozenset()
    facts = read(tree)
    usual = {name for name, module in facts.imported.items()
             if KNOWN_ALIASES.get(name) == module and name not in facts.stored}
    return frozenset((facts.names & WATCHED) - usual)


def _is_watched(code: str) -> bool:
    """Whether any word of the text is one that the gate could speak of."""
    if not code.isascii():
        code = unicodedata.normalize('NFKC', code)  # as Python reads names
    return not WATCHED.isdisjoint(_words.findall(code))


def _parse(code: str) -> ast.Module | CellError:
    """The cell's tree, or why there is none; bounded in time and memory."""
    if len(code) > MAX_CELL_CHARS:
        return CellError('GateError', f'the cell has {len(code)} characters, at most '
                                      f'{MAX_CELL_CHARS} are run; write a shorter one, variables '
                                      'stay from cell to cell')
    if code.count('.') >= _MAX_DOTS and _long_chain.search(code):
        return CellError('GateError', f'more than {_MAX_DOTS} names are joined by dots; '
                                      'write it in simpler steps')
    try:
        with one_tree_at_a_time:
            return ast.parse(code, _NAME)
    except SyntaxError as error:
        return _unreadable(error)
    # NUL characters, lone surrogates; nesting
    except (ValueError, RecursionError, MemoryError) as error:
        return CellError('SyntaxError', f'the cell can not be read as Python: {error}')


def _unreadable(error: SyntaxError) -> CellError:
    text = (error.text or '').rstrip()[:_MAX_LINE_CHARS]
    message = error.msg or 'invalid syntax'
    for pattern, hint in _HINTS:
        if pattern.match(text):
            message += f'; {hint}'
    return CellError('SyntaxError', message, error.lineno or None,
                     f'line {error.lineno}: {text}' if text else '')
