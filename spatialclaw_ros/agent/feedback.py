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



"""What a cell gave back, as the model reads it: bounded, complete, with what is left."""

from __future__ import annotations

from collections import Counter

from spatialclaw_ros.agent.budget import Sent
from spatialclaw_ros.workspace.cell import CellError, CellResult

HEAD_CHARS = 4000
TAIL_CHARS = 2000
MAX_VARIABLES_CHARS = 3000
MAX_ERROR_CHARS = 2000
MAX_FEEDBACK_CHARS = 16_000
_NOT_RUN = ('GateError', 'SyntaxError', 'IndentationError', 'TabError')


def bounded(text: str, head: int = HEAD_CHARS, tail: int = TAIL_CHARS) -> str:
    """Text with its middle left out where it is longer than head + tail characters."""
    if len(text) <= head + tail:
        return text
    left_out = len(text) - head - tail
    return f'{text[:head]}\n... {left_out} characters left out ...\n{text[len(text) - tail:]}'


def feedback_text(
    result: CellResult, left: str, *, complaint: str = '', sent: Sent | None = None,
    repeated: int = 0,
) -> str:
    """Feedback of a cell that ran, at most `MAX_FEEDBACK_CHARS`.

    Args:
        result: what the kernel gave back.
        left: the line about the budget; it always comes last and whole.
        complaint: why its answer did not count; '' when nothing is wrong with it.
        sent: which of its pictures go along; None for all.
        repeated: how often the same cell ended in the same error before.
    """
    parts = [complaint] if complaint else []
    if result.stdout:
        parts.append(f'Output:\n{bounded(result.stdout)}')
    if result.error is not None:
        parts.append(_error_text(result.error))
    if repeated:
        parts.append(
            f'This same cell ended in this same error before, {repeated + 1} times now: running it '
            'again changes nothing. Look at the values it rests on, do it another way, or refuse.')
    if result.restarted:
        parts.append(
            'The kernel was replaced; every variable of the earlier cells is back, '
            'this cell left nothing behind.')
    parts += _variables_text(result)
    parts += _images_text(Sent(result.images) if sent is None else sent)
    if not parts:
        parts.append('The cell ran and printed nothing.')
    body = '\n\n'.join(parts)
    room = MAX_FEEDBACK_CHARS - len(left) - 100
    return f'{bounded(body, room * 2 // 3, room // 3)}\n\n{left}'


def fault_text(fault: str, left: str, repeated: int = 0) -> str:
    """Feedback of a reply that could not be read.

    Args:
        fault: what is wrong with it, one line.
        left: the line about the budget.
        repeated: how often that fault came before.
    """
    again = f' This fault came {repeated + 1} times now.' if repeated else ''
    return f'Nothing ran: {bounded(fault, MAX_ERROR_CHARS, 0)}.{again}\n\n{left}'


class Repeats:
    """Notices that the same thing goes wrong in the same way again."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def seen(self, code: str, error: str) -> int:
        """How often this code ended in this error before; it counts from now on."""
        key = ('\n'.join(line.rstrip() for line in code.strip().splitlines()), error)
        self._seen[key] += 1
        return self._seen[key] - 1


def _error_text(error: CellError) -> str:
    where = f' (line {error.line})' if error.line is not None else ''
    title = 'Not run' if error.kind in _NOT_RUN else 'Error'
    half = MAX_ERROR_CHARS // 2
    text = f'{title}{where}: {error.kind}: {bounded(error.message, half, half)}'
    return f'{text}\n{bounded(error.traceback, half, half)}' if error.traceback else text


def _variables_text(result: CellResult) -> list[str]:
    parts = []
    if result.variables:
        lines = '\n'.join(
            f'  {v.name}: {v.type} {v.text}{_size(v.nbytes)}' for v in result.variables)
        half = MAX_VARIABLES_CHARS // 2
        parts.append(f'New or changed variables:\n{bounded(lines, half, half)}')
    if result.deleted:
        parts.append(bounded(
            f'Deleted variables: {", ".join(result.deleted)}', MAX_VARIABLES_CHARS, 0))
    return parts


def _size(nbytes: int) -> str:
    """Memory in brackets, where it is worth a word."""
    if nbytes < 100_000:
        return ''
    return f' ({nbytes / 1e6:.1f} MB)'


def _images_text(sent: Sent) -> list[str]:
    parts = []
    if sent.images:
        labels = ', '.join(image.label or 'image' for image in sent.images)
        parts.append(f'Images shown: {bounded(labels, MAX_ERROR_CHARS, 0)}')
    if sent.left_out:
        parts.append(bounded(sent.left_out, MAX_ERROR_CHARS, 0))
    return parts
