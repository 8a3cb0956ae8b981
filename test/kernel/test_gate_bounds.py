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


"""No text of a cell makes the gate raise, hang or fill the host's memory."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatialclaw_ros.agent.trace_store import load_arrays, save_arrays
from spatialclaw_ros.kernel import gate

# pytest puts aside the filter that the gate sets when it is imported
pytestmark = pytest.mark.filterwarnings('ignore::SyntaxWarning', 'ignore::DeprecationWarning')

MOST = gate.MAX_CELL_CHARS
SLOWEST_S = 1.5  # 0.15 s at the most on an idle machine
MOST_BYTES = 96 * 1024 * 1024


def filled(unit: str, end: str = '') -> str:
    """Return a text of the most characters that are read."""
    return unit * ((MOST - len(end)) // len(unit)) + end


def nested(opening: str, middle: str, closing: str, depth: int = 150) -> str:
    """Return something inside itself."""
    return opening * depth + middle + closing * depth


def blocks(head: str, last: str) -> str:
    """Return blocks one inside the other, as deep as Python reads them."""
    return ''.join(f'{" " * i}{head}:\n' for i in range(99)) + ' ' * 99 + last


HOSTILE = {
    'dotted import': 'import ' + filled('a.', 'a' * 8),
    'dotted import, spaced': 'import ' + filled('a .\\\n', 'a' * 8),
    'dotted from': 'from ' + filled('a.', 'a import b' + ' ' * 5),
    'many dotted imports': filled('import ' + 'a.' * 90 + 'a\n'),
    'imports': 'import ' + filled('a,', 'a' * 8),
    'attributes': filled('a.', 'b'),
    'attributes of a call': 'a' + filled('.b()')[:-1],
    'calls': filled('f()', '')[:-1] + ')',
    'subscripts': 'a' + filled('[0]')[:-3],
    'brackets': '(' * MOST, 'square brackets': '[' * MOST, 'braces': '{' * MOST,
    'mixed brackets': filled('([{'), 'dictionaries': filled('{**'),
    'closed brackets': '(' * 199 + '1' + ')' * 199,
    'minus': filled('-', '1'), 'not': filled('not ', '1'), 'sum': filled('1+', '1'),
    'power': filled('1**', '1'), 'compare': filled('1<', '1'), 'and': filled('a and ', 'a'),
    'ternary': filled('a if b else ', 'a'), 'await': filled('await '), 'yield': filled('yield '),
    'lambda': filled('lambda:', '1'), 'lambda defaults': filled('lambda x=', '1'),
    'lambda, comma': filled('lambda,'), 'lambda in brackets': nested('(lambda:', '1', ')'),
    'assignments': filled('a=', '1'), 'statements': filled('a;'), 'commas': filled('a,'),
    'lists': filled('[],'), 'colons': filled('a:'), 'stars': filled('*a,'), 'newlines': '\n' * MOST,
    'continued lines': filled('\\\n'), 'tabs': '\t' * MOST, 'comment': '#' * MOST,
    'decorators': filled('@a\n'), 'elif': 'if a: pass\n' + filled('elif a: pass\n'),
    'f-string': "f'" + filled('{a}', "'")[:-2] + "'", 'f-strings': filled("f'{a}' "),
    'f-string in f-string': "f'{" * 200, 'f-string formats': "f'" + '{a:' * 200 + '}' * 200 + "'",
    'f-string braces': "f'" + '{' * 20_000 + "'", 'strings': filled("'' "),
    'long string': '"' + 'a' * (MOST - 2) + '"', 'open string': '"""' + 'a' * 9999,
    'integer': '9' * MOST, 'many integers': filled('9' * 4300 + ','),
    'hexadecimal': '0x' + 'f' * 9999,
    'underscores': filled('1_', '1'), 'constant to fold': '1**10**10', 'shift to fold': '1<<10**9',
    'text to fold': '"a"*10**10', 'unicode': filled('é.', 'é'), 'ligatures': filled('ﬃ ', 'a'),
    'surrogate': 'x = "\ud800"', 'nul': 'x\0' * 99, 'nothing but nul': '\0',
    'with': 'with ' + nested('(', 'a', ')', 190) + ': pass', 'with many': filled('with (a as b, '),
    'patterns': 'match a:\n case ' + filled('1|', '1: pass' + ' ' * 15),
    'patterns nested': 'match a:\n case ' + nested('[', '', ']', 190) + ': pass',
    'comprehensions': nested('[', 'a', ' for a in a]'),
    'generators': nested('f(', 'a', ' for a in b)'),
    'walrus': nested('(a:=', '1', ')'), 'keywords': nested('f(a=', '1', ')'),
    'blocks': blocks('if a', 'a'), 'function blocks': blocks('def f()', 'a b'),
    'broken with': blocks('with a', 'a b'), 'broken try': blocks('try', 'a b'),
    'broken brackets': nested('(', 'a b', ')'), 'broken calls': nested('f(', 'a b', ')'),
    'broken dictionary': nested('{a:', 'a b', '}'), 'broken lambda': nested('(lambda:', 'a b', ')'),
    'broken ternary': nested('(a if b else ', 'a b', ')'),
    'broken slice': nested('a[1:', 'a b', ']'),
    'broken assignment': nested('(', '1', ')') + ' = 1',
    'broken loop': 'for ' + nested('[', '1', ']') + ' in a: 1',
    'print statements': filled('print a '), 'prose': filled('the cup is near. '),
    'faults': filled('open(1)\n'), 'fault at the end of a chain': 'np.' * 90 + 'f.__globals__',
    'too long': 'x' * (MOST + 1), 'far too long': 'x' * 10_000_000,
}


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_text_is_bounded(name: str) -> None:
    code = HOSTILE[name]
    tracemalloc.start()
    try:
        began_s = time.thread_time()
        fault = gate.check(code)
        gate.bound(code)
        spent_s = time.thread_time() - began_s
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fault is None or fault.kind in ('SyntaxError', 'GateError')
    assert fault is None or len(fault.message) + len(fault.traceback) < 2000
    assert spent_s < SLOWEST_S * 3  # tracemalloc's own time
    assert peak < MOST_BYTES


def test_a_long_cell_is_read_in_little_time() -> None:
    code = filled('x = np.linalg.norm(points[3] - points[4]); print(f"{x:.2f} m")\n')
    spent_s = min(_timed(code) for _ in range(3))
    assert spent_s < SLOWEST_S


def test_a_trivial_cell_costs_little_more_than_reading_it() -> None:
    code = 'x = 1\nprint(x + 1)'
    pairs = [(_timed(code), _timed(code, ast.parse)) for _ in range(2000)]
    gate_s, parse_s = (sorted(times)[200] for times in zip(*pairs))
    assert gate_s < 3.0 * parse_s  # 1.2 times, of 13 us


def test_small_stacks_are_enough() -> None:
    """A query's thread may have little stack; what is deep ends in a fault there too."""
    done = []

    def read_all() -> None:
        for code in HOSTILE.values():
            gate.check(code)
        done.append(True)

    before = threading.stack_size(2 * 1024 * 1024)
    try:
        thread = threading.Thread(target=read_all)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert done == [True]


def test_python_remarks_do_not_reach_the_hosts_log() -> None:
    code = ('from spatialclaw_ros.kernel import gate\n'
            'assert gate.check(\'print("\\\\d", "\\\\w", 1is 1)\') is None')
    ended = subprocess.run(
        [sys.executable, '-W', 'default', '-c', code], capture_output=True, text=True, check=False,
        timeout=60)
    assert (ended.returncode, ended.stderr) == (0, '')


WORDS = st.sampled_from([
    'import ', 'from ', 'open', 'eval', '(', ')', '[', ']', '{', '}', ':', '\n', '\n    ', ' ', '.',
    ',', '=', '==', ':=', 'lambda ', 'def f', 'class C', 'match x', 'case ', 'if ', 'else', 'for ',
    ' in ', 'f"', '"', "'", '"""', '\\', '#', '@', '*', '**', '->', 'async ', 'await ', 'with ',
    ' as ', 'global ', 'del ', 'x', 'np', '__globals__', 'os', '1', '1e9', '0x', 'é', '\ud800',
    '\0', '\r', '\t', '\x0c', '%', '!', '```', 'yield ', 'return ', 'not ', 'try:', 'except '])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=60).map(''.join)))
def test_any_text_ends_in_a_fault_or_passes(code: str) -> None:
    fault = gate.check(code)
    assert fault is None or (fault.message and fault.kind in ('SyntaxError', 'GateError'))
    assert isinstance(gate.bound(code), frozenset)


def _expressions(parts: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    names = st.sampled_from(['open', 'f_back', '__globals__', 'np', 'fromfile', 'save', 'x'])
    return st.one_of(
        st.builds(lambda a, n: ast.Attribute(a, n, ast.Load()), parts, names),
        st.builds(lambda f, a: ast.Call(f, a, []), parts, st.lists(parts, max_size=2)),
        st.builds(lambda a, b: ast.BinOp(a, ast.Add(), b), parts, parts),
        st.builds(lambda a, b: ast.Subscript(a, b, ast.Load()), parts, parts),
        st.builds(lambda a, b, c: ast.IfExp(a, b, c), parts, parts, parts),
        st.builds(lambda a: ast.Lambda(
            ast.arguments([], [ast.arg('open')], None, [], [], None, []), a), parts),
        st.builds(lambda n, a: ast.NamedExpr(ast.Name(n, ast.Store()), a), names, parts),
        st.builds(lambda a, b: ast.ListComp(a, [ast.comprehension(
            ast.Name('input', ast.Store()), b, [], 0)]), parts, parts),
        st.builds(lambda a: ast.JoinedStr([ast.FormattedValue(a, -1, None)]), parts))


EXPRESSIONS = st.recursive(
    st.one_of(
        st.sampled_from(['open', 'eval', 'np', 'io', 'x', '__builtins__']).map(
            lambda name: ast.Name(name, ast.Load())),
        st.one_of(st.integers(), st.text(max_size=5), st.booleans()).map(ast.Constant)),
    _expressions, max_leaves=25)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_any_program_ends_in_a_fault_or_passes(expression: ast.expr) -> None:
    tree = ast.fix_missing_locations(ast.Module([ast.Expr(expression)], []))
    try:
        code = ast.unparse(tree)
    except ValueError:  # a backslash inside an f-string, before Python 3.12
        return
    fault = gate.check(code)
    assert fault is None or fault.kind in ('SyntaxError', 'GateError')
    # the same a line further down
    moved = gate.check(f'# nothing\n{code}')
    assert (moved is None) == (fault is None)


def _timed(code: str, read: Callable[[str], object] = gate.check) -> float:
    began_s = time.thread_time()
    read(code)
    return time.thread_time() - began_s


class Yielding:
    """Garbage that gives other threads a turn when it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


def test_cells_of_several_queries_are_read_while_traces_are(tmp_path: Path) -> None:
    save_arrays(tmp_path / 'raw' / 'few.npz', {str(k): np.zeros(k) for k in range(20)})
    code = 'open("x")\n' + '\n'.join(
        f'x{i} = [f(i, {i}) for i in range({i}) if (a + {i}) * b]' for i in range(120))
    found: list[str] = []

    def check() -> None:
        for _ in range(10):
            for _ in range(20):
                Yielding()
            fault = gate.check(code)
            found.append(fault.message if fault else '')
            load_arrays(tmp_path / 'raw' / 'few.npz')

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert len(set(found)) == 1
