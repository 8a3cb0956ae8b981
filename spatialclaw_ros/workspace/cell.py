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

"""What came back from running one cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.workspace.question import CellAnswer

CRASH = 'Crash'
"""Kind of error of a cell whose process was lost, and not for its time or its memory."""


@dataclass(frozen=True)
class CellError:
    """An exception, as the model may see it.

    Args:
        kind: class name ('ValueError'), 'GateError' for a cell that was not run, or 'Timeout',
            'OutOfMemory', `CRASH` for one whose worker was replaced.
        message: text of the exception.
        line: line of the cell it came from, from 1; None when not known.
        traceback: the cell's own frames, none of the package's.
    """

    kind: str
    message: str
    line: int | None = None
    traceback: str = ''


@dataclass(frozen=True)
class VariableSummary:
    """A variable that a cell made or changed.

    Args:
        name: as in the cell.
        type: class name.
        text: one line: shape, dtype, range of an array; length of a collection; short values whole.
        nbytes: size in memory where known, else 0.
    """

    name: str
    type: str
    text: str
    nbytes: int = 0


@dataclass(frozen=True, eq=False)
class ShownImage:
    """An image that a cell put out with `show` or `plt.show`.

    Args:
        label: caption.
        array: (H, W, 3) uint8, RGB.
    """

    label: str
    array: np.ndarray


@dataclass(frozen=True, eq=False)
class CellResult:
    """Everything that one cell gave back.

    Args:
        stdout: printed text, bounded (head and tail kept).
        error: None when the cell ran to its end.
        variables: new and changed ones.
        images: shown ones, in order.
        answer: what went to `ReturnAnswer`, if it was called.
        duration_s: wall time of the cell, tool calls included.
        tool_calls: how many calls went to the host.
        restarted: whether the worker died and was replaced, its earlier cells replayed.
        deleted: names of variables of earlier cells that this one took away.
        clock: what it read from the clocks, for `KernelSession.run` when it is to run again.
    """

    stdout: str = ''
    error: CellError | None = None
    variables: tuple[VariableSummary, ...] = ()
    images: tuple[ShownImage, ...] = ()
    answer: CellAnswer | None = None
    duration_s: float = 0.0
    tool_calls: int = 0
    restarted: bool = False
    deleted: tuple[str, ...] = ()
    clock: tuple[int, ...] = ()
