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


"""What a session remembers: the cells that came to their end, and what their tools answered."""

from __future__ import annotations

from dataclasses import dataclass

from spatialclaw_ros.kernel import gate
from spatialclaw_ros.kernel.memo import RememberedCall
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import VariableSummary


@dataclass(frozen=True, eq=False)
class RememberedCell:
    """A cell that came to its end, or to an exception.

    Args:
        code: its source.
        error_kind: class name of the exception, None without one.
        variables: what it made or changed.
        calls: its tool calls, in order.
        clock: what it read from the clocks.
        shown_bytes: size of the pictures that it showed.
        deleted: variables of earlier cells that it took away.
    """

    code: str
    error_kind: str | None
    variables: tuple[VariableSummary, ...]
    calls: tuple[RememberedCall, ...]
    clock: list[int]
    shown_bytes: int
    deleted: tuple[str, ...] = ()


class History:
    """A session's cells in order; owns the memory of their tool results.

    Args:
        pool: where that memory goes when it is not needed any more. No worker may map it then.

    Attributes:
        calls: how many tool calls of the cells were answered.
        nbytes: size of what was answered.
        asked_bytes: size of what the tools were given.
        shown_bytes: size of the pictures that the cells showed.
    """

    def __init__(self, pool: MemoryPool) -> None:
        self._pool = pool
        self._cells: list[RememberedCell] = []
        self._names: dict[str, None] = {}
        self._bound: frozenset[str] = frozenset()
        self._known: frozenset[str] | None = None
        self.calls = 0
        self.nbytes = 0
        self.asked_bytes = 0
        self.shown_bytes = 0

    def __len__(self) -> int:
        return len(self._cells)

    @property
    def cells(self) -> tuple[RememberedCell, ...]:
        """The cells, in order."""
        return tuple(self._cells)

    @property
    def names(self) -> tuple[str, ...]:
        """Variables that the cells made and did not delete, in order."""
        return tuple(self._names)

    @property
    def known(self) -> frozenset[str]:
        """What the gate must know: variables, functions, classes and imports."""
        if self._known is None:
            self._known = self._bound.union(self._names)
        return self._known

    @property
    def tool_log(self) -> tuple[tuple[ToolCall, ToolResult], ...]:
        """Every tool call that was answered with its result, in order."""
        return tuple((call.call, call.result)
                     for cell in self._cells for call in cell.calls if not call.refused)

    def add(self, cell: RememberedCell) -> None:
        """Remember one more cell, the memory of its tool results included."""
        self._cells.append(cell)
        self.calls += sum(not call.refused for call in cell.calls)
        self.nbytes += sum(call.nbytes for call in cell.calls)
        self.asked_bytes += sum(call.asked_bytes for call in cell.calls)
        self.shown_bytes += cell.shown_bytes
        bound = gate.bound(cell.code)
        if not bound <= self._bound:
            self._bound, self._known = self._bound | bound, None
        for variable in cell.variables:
            if variable.name not in self._names:
                self._names[variable.name] = None
                self._known = None
        for name in cell.deleted:
            if name in self._names:
                del self._names[name]
                self._known = None

    def keep(self, count: int) -> None:
        """Forget all cells but the first ones."""
        kept, dropped = self._cells[:count], self._cells[count:]
        self._cells, self._names, self._bound, self._known = [], {}, frozenset(), None
        self.calls = self.nbytes = self.asked_bytes = self.shown_bytes = 0
        for cell in kept:
            self.add(cell)
        calls = [call for cell in dropped for call in cell.calls]
        del dropped
        self.discard(calls)

    def discard(self, calls: list[RememberedCall]) -> None:
        """Give the memory of tool results back; those that somebody still reads stay readable.

        Args:
            calls: is emptied, for it holds arrays over that memory.
        """
        files = [call.file for call in calls if call.file is not None]
        calls.clear()
        for file in files:
            self._pool.give_back(file)
