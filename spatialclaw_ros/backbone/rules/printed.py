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

"""Texts of cells: records that they printed, and what went wrong, in one line."""

from __future__ import annotations

import json
from typing import Any

from spatialclaw_ros.workspace.cell import CellError

MAX_PROBLEM_CHARS = 300


def records(stdout: str, word: str) -> list[dict[str, Any]]:
    """JSON objects that a cell printed, each in a line after a word."""
    found = []
    for line in stdout.splitlines():
        head, _, rest = line.partition(' ')
        if head == word and rest.startswith('{'):
            try:
                value = json.loads(rest)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
    return found


def error_text(what: str, error: CellError) -> str:
    """What failed, and of which error, in one line."""
    return f'{what}: {error.kind}: {short(error.message)}'


def short(text: str) -> str:
    """A text in one line of at most `MAX_PROBLEM_CHARS`."""
    line = ' '.join(text.split())
    return line if len(line) <= MAX_PROBLEM_CHARS else line[:MAX_PROBLEM_CHARS - 3] + '...'
