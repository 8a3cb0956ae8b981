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



"""What cells print: the head and the tail of it, whatever they do to the stream."""

from __future__ import annotations

import io
import sys

import psutil
import pytest
from kernel_fixtures import MIB

from spatialclaw_ros.kernel import KernelSession
from spatialclaw_ros.kernel.messages import MAX_STDOUT_CHARS
from spatialclaw_ros.kernel.output import HEAD_CHARS, TAIL_CHARS, BoundedText

PIECES = {
    'nothing': [],
    'one line': ['a\n'],
    'as much as is kept': ['a' * HEAD_CHARS, 'b' * TAIL_CHARS],
    'one character more': ['a' * HEAD_CHARS, 'b' * (TAIL_CHARS + 1)],
    'one long piece': ['a' * (10 * MAX_STDOUT_CHARS)],
    'many short ones': [f'{number}\n' for number in range(100_000)],
    'over the edge of the head': ['a' * (HEAD_CHARS - 1), 'bc', 'd' * 2 * TAIL_CHARS],
}


@pytest.mark.parametrize('often', [1, 7, 1000], ids=lambda n: f'looked at every {n}')
@pytest.mark.parametrize('name', PIECES)
def test_head_and_tail_are_kept(name: str, often: int) -> None:
    output = BoundedText()
    stream = output.begin()
    for number, piece in enumerate(PIECES[name]):
        stream.write(piece)
        if number % often == 0:
            output.text()
    written = ''.join(PIECES[name])
    told = output.end()
    assert len(told) <= MAX_STDOUT_CHARS
    if len(written) <= HEAD_CHARS + TAIL_CHARS:
        assert told == written
    else:
        dropped = len(written) - HEAD_CHARS - TAIL_CHARS
        assert told == (f'{written[:HEAD_CHARS]}\n... {dropped} characters left out ...\n'
                        f'{written[-TAIL_CHARS:]}')


def test_a_new_cell_begins_with_nothing() -> None:
    output = BoundedText()
    output.begin().write('a')
    assert output.end() == 'a'
    stream = output.begin()
    assert output.end() == ''
    stream.close()
    output.begin().write('b')
    assert output.end() == 'b'


class Odd(str):
    """A text that reads differently."""

    def __str__(self) -> str:
        return 'odd'


PRINTS: dict[str, tuple[tuple, dict]] = {
    'nothing': ((), {}),
    'a text': (('a',), {}),
    'a number': ((1.5,), {}),
    'nothing at all': ((None,), {}),
    'a text of another class': ((Odd('a'), Odd('b')), {}),
    'several': (('a', 1, [2]), {}),
    'with a separator': (('a', 1, 2), {'sep': ', '}),
    'without one': (('a', 1), {'sep': None}),
    'with an end': (('a',), {'end': ''}),
    'several with an end': (('a', 'b'), {'end': '!', 'flush': True}),
    'without an end': (('a',), {'end': None}),
    'wrong separator': (('a', 'b'), {'sep': 1}),
    'wrong end': (('a',), {'end': b''}),
    'to nowhere': (('a',), {'file': 1}),
    'wrong name': (('a',), {'ending': ''}),
}


@pytest.mark.parametrize('name', PRINTS)
def test_print_does_what_the_built_in_one_does(
    monkeypatch: pytest.MonkeyPatch, name: str,
) -> None:
    values, options = PRINTS[name]
    told = []
    output, plain = BoundedText(), io.StringIO()
    for stream, to_print in ((output.begin(), output.make_print()), (plain, print)):
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'stdout', stream)
            try:
                to_print(*values, **options)
            except (TypeError, AttributeError) as error:
                told.append(type(error).__name__)
            stream.write('after')
    assert output.end() == plain.getvalue()
    assert len(set(told)) == len(told) // 2


CELLS = {
    'by all ways': ('import sys, builtins\nprint(1)\nsys.stdout.write("2\\n")\nprint(3, 4)\n'
                    'builtins.print(5)\nprint(6)\n"seven"', "1\n2\n3 4\n5\n6\n'seven'\n"),
    'closed by a cell': ('import sys\nsys.stdout.close()', ''),
    'text without an encoding': ('print("a\\ud800b")', 'a\\ud800b\n'),
    'both streams': ('import sys\nprint(1)\nprint(2, file=sys.stderr)\nsys.stdout.write("3\\n")',
                     '1\n2\n3\n2\n'),
    'redirected': ('import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as s:\n'
                   '    print(1)\nprint(repr(s.getvalue()))', "'1\\n'\n"),
    'a timer of its own': ('import signal, time\nseen = []\n'
                           'signal.signal(signal.SIGALRM, lambda *_: seen.append(1))\n'
                           'signal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(0.05)\n'
                           'print(seen)', '[1]\n'),
}


@pytest.mark.parametrize('name', CELLS)
def test_cells_may_treat_the_stream_as_they_like(ungated: KernelSession, name: str) -> None:
    code, expected = CELLS[name]
    result = ungated.run(code)
    assert result.error is None, result.error
    assert result.stdout == expected
    assert ungated.run('print("after")').stdout == 'after\n'


def test_a_flood_costs_no_memory(ungated: KernelSession) -> None:
    ungated.run('import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)')
    assert ungated.worker_pid is not None
    worker = psutil.Process(ungated.worker_pid)
    before = worker.memory_info().rss
    result = ungated.run(
        'end = time.monotonic() + 1.0\nwhile time.monotonic() < end:\n    print("x" * 10_000)')
    assert result.error is None, result.error
    assert 'characters left out' in result.stdout
    assert worker.memory_info().rss - before < 400 * MIB  # a second prints gigabytes


def test_a_flood_without_the_timer_ends_at_the_memory_limit(ungated: KernelSession) -> None:
    result = ungated.run(
        'import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\n'
        'while True: print("x" * 10**6)')
    assert result.error is not None
    assert result.error.kind == 'OutOfMemory'
