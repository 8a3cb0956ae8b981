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

"""Finds where a reply's fenced block is closed, the same however the text is cut into pieces."""

from __future__ import annotations

FENCE = '```'
_ALIASES = {'python': frozenset({'python', 'py'})}
# a longer line is neither an opening nor a closing fence
_LONGEST_LINE = 200


class FenceScanner:
    """Reads text piece by piece until a block of one language is closed.

    A block opens with a line of three backticks and a word, and closes with a line of three
    backticks alone; blocks of other languages are passed over.

    Args:
        language: of the block, e.g. 'python'; '' for none: then nothing is ever closed.
    """

    def __init__(self, language: str) -> None:
        self._languages = _ALIASES.get(language, frozenset({language} - {''}))
        self._inside: str | None = None
        self._line = ''
        self._line_start = 0
        self._chars = 0
        self.end: int | None = None
        """Characters of the text up to and with the closing fence; None while it isn't closed."""

    @property
    def would_close(self) -> bool:
        """Whether the block is closed if the text ends here."""
        return self.end is None and self._closes(self._line)

    def feed(self, text: str) -> bool:
        """Read on; whether the block is closed."""
        *whole, rest = text.split('\n')
        for part in whole:
            self._add(part)
            self._line_ended()
            if self.end is not None:
                return True
            self._chars += 1
            self._line_start = self._chars
        self._add(rest)
        return self.end is not None

    def finish(self) -> bool:
        """The text ends here; whether the block is closed."""
        if self.end is None:
            self._line_ended()
        return self.end is not None

    def _add(self, part: str) -> None:
        self._chars += len(part)
        if len(self._line) <= _LONGEST_LINE:
            self._line += part[:_LONGEST_LINE + 1]

    def _line_ended(self) -> None:
        line, self._line = self._line, ''
        if self._closes(line):
            self.end = self._line_start + len(FENCE)
        elif self._inside is None:
            if line.startswith(FENCE) and '`' not in line[len(FENCE):] and (
                    len(line) <= _LONGEST_LINE):
                self._inside = line[len(FENCE):].strip().lower()
        elif _is_bare(line):
            self._inside = None

    def _closes(self, line: str) -> bool:
        return self._inside in self._languages and _is_bare(line)


def _is_bare(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and line.startswith(FENCE) and not line[3:].strip(' \t\r')
