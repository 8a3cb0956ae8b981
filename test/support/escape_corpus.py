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

A file holds one technique: a docstring that says it in a sentence and where it is known from, a
line `# act: ACT`, and the cells. Lines that start with `# %%` part them:

    # %%               the next cell of the same session
    # %% next session  the session is closed; this cell runs in another one of the same kernel
    # %% neighbour     this cell runs in a session that is open at the same time

What the cells may name without making it, the stage gives them; see `escape_world.World.stage`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / 'escapes'
ACTS = ('write', 'read', 'environment', 'connect', 'spawn', 'signal', 'deny', 'forge', 'leak')
PLACES = ('', 'next session', 'neighbour')
_ACT = re.compile(r'^# act: (\w+)$', re.MULTILINE)
_CUT = re.compile(r'^# %%[ ]?(.*)$', re.MULTILINE)


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
    """

    name: str
    text: str
    act: str
    sections: tuple[Section, ...]

    @property
    def body(self) -> str:
        """Its code without comments and spacing, to tell techniques apart."""
        return '\n'.join(ast.dump(ast.parse(section.code)) for section in self.sections)


def read_technique(path: Path) -> Technique:
    """Read one file.

    Raises:
        ValueError: it lacks its docstring or its act, or a cut names no place.
    """
    source = path.read_text(encoding='utf-8')
    text = ast.get_docstring(ast.parse(source))
    acts = _ACT.findall(source)
    if not text or len(acts) != 1 or acts[0] not in ACTS:
        raise ValueError(f'{path.name}: expected a docstring and one line `# act: ACT` with one '
                         f'of {", ".join(ACTS)}; got acts {acts}')
    pieces = _CUT.split(source[_ACT.search(source).end():])  # type: ignore[union-attr]
    places = ['', *(place.strip() for place in pieces[1::2])]
    unknown = set(places).difference(PLACES)
    if unknown:
        raise ValueError(f'{path.name}: {sorted(unknown)} is no place, there are {PLACES}')
    sections = tuple(
        Section(place, code.strip() + '\n') for place, code in zip(places, pieces[::2]))
    return Technique(path.stem, text, acts[0], sections)


def corpus() -> tuple[Technique, ...]:
    """Every technique, by name."""
    return tuple(read_technique(path) for path in sorted(FOLDER.glob('*.py'))
                 if not path.name.startswith(('test_', 'conftest')))
