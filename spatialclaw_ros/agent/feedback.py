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

"""What a cell gave back, as the text that the model reads next."""

from __future__ import annotations

from spatialclaw_ros.workspace.cell import CellResult

HEAD_CHARS = 4000
TAIL_CHARS = 2000


def bounded(text: str, head: int = HEAD_CHARS, tail: int = TAIL_CHARS) -> str:
    """Text with its middle left out where it is longer than head + tail characters."""
    if len(text) <= head + tail:
        return text
    left_out = len(text) - head - tail
    return f'{text[:head]}\n... {left_out} characters left out ...\n{text[-tail:]}'


def feedback_text(result: CellResult, *, steps_left: int, remaining_s: float) -> str:
    """Feedback of a cell that ran: output, error, variables, images, and what is left.

    Args:
        result: what the kernel gave back.
        steps_left: cells that may still be written.
        remaining_s: seconds left; infinite for no limit.
    """
    parts = []
    if result.stdout:
        parts.append(f'Output:\n{bounded(result.stdout)}')
    if result.error is not None:
        where = f' (line {result.error.line})' if result.error.line is not None else ''
        parts.append(f'Error{where}: {result.error.kind}: {bounded(result.error.message)}')
        if result.error.traceback:
            parts.append(bounded(result.error.traceback))
    if result.restarted:
        parts.append(
            'The kernel was replaced; every variable of the earlier cells is back, '
            'this cell left nothing behind.')
    if result.variables:
        lines = '\n'.join(f'  {v.name}: {v.type} {v.text}' for v in result.variables)
        parts.append(f'New or changed variables:\n{bounded(lines)}')
    if result.images:
        labels = ', '.join(image.label or 'image' for image in result.images)
        parts.append(f'Images shown: {labels}')
    if not parts:
        parts.append('The cell ran and printed nothing.')
    parts.append(budget_text(steps_left, remaining_s))
    return '\n\n'.join(parts)


def budget_text(steps_left: int, remaining_s: float) -> str:
    """One line about the budget; before the last cell it asks to commit or refuse."""
    time_left = '' if remaining_s == float('inf') else f', {remaining_s:.0f} s'
    if steps_left == 1:
        return (f'Left: 1 cell{time_left}. Commit now: call ReturnAnswer with what you know, '
                'or with None and a reason.')
    return f'Left: {steps_left} cells{time_left}.'
