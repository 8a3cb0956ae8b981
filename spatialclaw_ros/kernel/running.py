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


"""What the running cell has given so far, held against what its session may still take."""

from __future__ import annotations

from dataclasses import dataclass, field

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel.history import History
from spatialclaw_ros.kernel.limits import KernelLimits
from spatialclaw_ros.kernel.memo import RememberedCall, arrays_bytes
from spatialclaw_ros.kernel.messages import MAX_IMAGES, Shown
from spatialclaw_ros.kernel.results import image_of
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import ShownImage

_MAX_REFUSED = 1000


@dataclass(eq=False)
class RunningCell:
    """One cell while it runs.

    Args:
        history: of its session: the cells before it.
        limits: of its session.

    Attributes:
        images: what it showed.
        calls: its tool calls, with their answers and refusals.
        shown_bytes: size of the pictures.
        used_s: time that its worker took.
    """

    history: History
    limits: KernelLimits
    images: list[ShownImage] = field(default_factory=list)
    calls: list[RememberedCall] = field(default_factory=list)
    shown_bytes: int = 0
    used_s: float = 0.0
    _refused: int = 0

    def add_picture(self, message: Shown) -> None:
        """Take a picture.

        Raises:
            WireError: it is one more, or larger, than an honest worker would let through.
        """
        if len(self.images) >= MAX_IMAGES:
            raise WireError(f'more than {MAX_IMAGES} pictures came from one cell')
        self.images.append(image_of(message))
        self.shown_bytes += len(message.data)
        if self.history.shown_bytes + self.shown_bytes > self.limits.shown_bytes:
            raise WireError('more pictures came than one query may show')

    @property
    def answered(self) -> int:
        """How many tool calls were answered."""
        return sum(not call.refused for call in self.calls)

    def refusal(self, call: ToolCall) -> str | None:
        """Why a call will not be answered; None when it will.

        Raises:
            WireError: the cell does not stop asking.
        """
        count = self.history.calls + self.answered
        given_bytes = arrays_bytes(call)
        asked_bytes = self.history.asked_bytes + sum(call.asked_bytes for call in self.calls)
        if count >= self.limits.tool_calls:
            reason = (f'this query has made {count} tool calls, no more are allowed; '
                      'work with the results you have')
        elif self._result_bytes >= self.limits.tool_bytes:
            reason = ('the tool results of this query fill the memory allowed for them; '
                      'work with the results you have')
        elif given_bytes and asked_bytes + given_bytes > self.limits.argument_bytes:
            reason = (f'this query has given its tools {asked_bytes >> 20} MiB of pictures and '
                      f'arrays of its own, {self.limits.argument_bytes >> 20} MiB are allowed; '
                      'give them frames of InputImages, which cost nothing, or smaller pictures')
        else:
            return None
        # answering costs the host time, and more where pictures came along
        self._refused += 1 + given_bytes // 2**20
        if self._refused > _MAX_REFUSED:
            raise WireError(f'more than {_MAX_REFUSED} tool calls came that were refused')
        return reason

    def fitting(self, result: ToolResult) -> ToolResult:
        """A tool's result, or an error in its place where it is more than may still be held."""
        left_bytes = self.limits.tool_bytes - self._result_bytes
        nbytes = arrays_bytes(result)
        if nbytes <= left_bytes:
            return result
        return ToolResult(error=(
            f'the result takes {nbytes >> 20} MiB, and this query has {left_bytes >> 20} MiB left '
            'for tool results; ask for fewer frames or objects'))

    @property
    def _result_bytes(self) -> int:
        return self.history.nbytes + sum(call.nbytes for call in self.calls)
