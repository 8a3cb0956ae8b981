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



"""A section of a prompt: a title, and the lines of it that hold for what is loaded."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line that holds only where something is there.

    Args:
        needs: all of these must be loaded: tools ('reconstruct', 'segment', 'ocr', 'vlm'), 'tools'
            for any of the tools, 'python' where the model writes its own, 'steps' where it sees
            what came back.
        text: the line.
    """

    needs: frozenset[str]
    text: str


def given(needs: str, text: str) -> Line:
    """A line that needs what is named, several with spaces between."""
    return Line(frozenset(needs.split()), text)


@dataclass(frozen=True)
class Section:
    """A section.

    Args:
        title: its heading; '' for none.
        lines: texts, and lines that have needs.
    """

    title: str
    lines: tuple[str | Line, ...]

    def text(self, have: Set[str]) -> str:
        """The section for what is loaded; '' when none of its lines holds."""
        lines = [line.text if isinstance(line, Line) else line for line in self.lines
                 if not isinstance(line, Line) or line.needs <= have]
        if not lines:
            return ''
        return '\n'.join([f'# {self.title}', *lines] if self.title else lines)
