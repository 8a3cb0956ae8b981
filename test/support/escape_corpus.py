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


"""The corpus of escapes: each file of `test/escapes` as the cells that it is.

A file holds one technique: a docstring that says it in a sentence, and where it is known from if
it has a name, its marks, and the cells. Marks are lines of their own, right after the docstring:

    # act: ACT             what it attempts, one of `ACTS`
    # needs: NEED, NEED    what it can't succeed without, of `NEEDS`
    # held by: clock       it takes time and nothing else: the host's clock ends it, sandbox or not
    # held by: host, WHY   it does not succeed without the sandbox either: the host itself holds

Lines that start with `# %%` part the cells:

    # %%               the next cell of the same session
    # %% next session  the session is closed; this cell runs in another one of the same kernel
    # %% neighbour     this cell runs in a session that is open at the same time

What the cells may name without making it, the stage gives them; see `escape_world.World.stage`.
"""

from __future__ import annotations

import ast
import ctypes
import os
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / 'escapes'
ACTS = ('write', 'read', 'environment', 'connect', 'spawn', 'signal', 'deny', 'forge', 'leak')
CLOCK = 'clock'
PLACES = ('', 'next session', 'neighbour')
_MARKS = re.compile(
    r'\A(?:#.*\n)+\n"""(?:.|\n)*?"""\n\n# act: (?P<act>\w+)\n(?:# needs: (?P<needs>.+)\n)?'
    r'(?:# held by: (?:(?P<clock>clock)|host, (?P<host>.+))\n)?\n(?=[^\n])')
_CAP_SYS_ADMIN = 21
_X32_GETPID = 0x40000000 | 39
_CUT = re.compile(r'^# %%[ ]?(.*)$', re.MULTILINE)


def _lets_trace() -> bool:
    """Whether a process may reach into another of the same user that is not its child."""
    yama = Path('/proc/sys/kernel/yama/ptrace_scope')
    return os.geteuid() == 0 or not yama.exists() or yama.read_text().strip() == '0'


def _is_root() -> bool:
    """Whether this process may administer the system; root in a container often may not."""
    status = Path('/proc/self/status').read_text()
    rights = re.search(r'^CapEff:\s*(\w+)$', status, re.MULTILINE)
    return rights is not None and bool(int(rights[1], 16) >> _CAP_SYS_ADMIN & 1)


def _is_newer(*version: int) -> bool:
    return tuple(int(part) for part in re.findall(r'\d+', platform.release())[:2]) >= version


NEEDS: dict[str, Callable[[], bool]] = {
    'x86_64': lambda: platform.machine() == 'x86_64',
    'x32': lambda: (platform.machine() == 'x86_64'
                    and ctypes.CDLL(None).syscall(_X32_GETPID) == os.getpid()),
    'root': _is_root,
    'tracing': _lets_trace,
    'linux 6.13': lambda: _is_newer(6, 13),
    'linux 6.17': lambda: _is_newer(6, 17)}
"""What techniques may need of the host, and whether this one has it."""


@dataclass(frozen=True)
class Section:
    """One cell of a technique.

    Args:
        place: one of `PLACES`.
        code: the cell.
    """

    place: str
    code: str


@dataclass(frozen=True)
class Technique:
    """One file of the corpus.

    Args:
        name: of the file, without its ending.
        text: its docstring.
        act: what it attempts, one of `ACTS`.
        sections: its cells, in order; the first one's place is ''.
        needs: keys of `NEEDS`.
        held: why it does not succeed without the sandbox either: `CLOCK`, or words; else ''.
    """

    name: str
    text: str
    act: str
    sections: tuple[Section, ...]
    needs: tuple[str, ...] = ()
    held: str = ''

    @property
    def lacks(self) -> tuple[str, ...]:
        """What this host does not have of its needs."""
        return tuple(need for need in self.needs if not NEEDS[need]())

    @property
    def body(self) -> str:
        """Its code without comments and spacing, to tell techniques apart."""
        return '\n'.join(ast.dump(ast.parse(section.code)) for section in self.sections)


def read_technique(path: Path) -> Technique:
    """Read one file.

    Raises:
        ValueError: it lacks its docstring or its act, its layout is another, or a mark or a cut
            says what nobody knows.
    """
    source = path.read_text(encoding='utf-8')
    marks = _MARKS.match(source)
    if marks is None or marks['act'] not in ACTS:
        raise ValueError(
            f'{path.name}: expected the header, one blank line, a docstring, one blank line, '
            f'`# act: ACT` with one of {", ".join(ACTS)}, its other marks, one blank line, cells')
    needs = tuple(marks['needs'].split(', ')) if marks['needs'] else ()
    if not NEEDS.keys() >= set(needs):
        raise ValueError(f'{path.name}: it needs {needs}, known are {", ".join(NEEDS)}')
    text = ast.get_docstring(ast.parse(source)) or ''
    pieces = _CUT.split(source[marks.end():])
    places = ['', *(place.strip() for place in pieces[1::2])]
    unknown = set(places).difference(PLACES)
    if unknown:
        raise ValueError(f'{path.name}: {sorted(unknown)} is no place, there are {PLACES}')
    sections = tuple(
        Section(place, code.strip() + '\n') for place, code in zip(places, pieces[::2]))
    return Technique(
        path.stem, text, marks['act'], sections, needs, marks['clock'] or marks['host'] or '')


def corpus() -> tuple[Technique, ...]:
    """Every technique, by name."""
    return tuple(read_technique(path) for path in sorted(FOLDER.glob('*.py'))
                 if not path.name.startswith(('test_', 'conftest')))
