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



"""Answers the tool calls of one query's cells: perception, or the backbone that can look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from spatialclaw_ros.agent.ahead import Ahead
from spatialclaw_ros.agent.budget import Budget
from spatialclaw_ros.agent.doing import Doing
from spatialclaw_ros.agent.recording import Record
from spatialclaw_ros.backbone.protocol import Backbone, SeesImages
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation


def capabilities_of(backbone: Backbone, perception: Perception) -> frozenset[str]:
    """Tools that cells have: those of perception, and 'vlm' where the backbone sees."""
    seeing = {'vlm'} if isinstance(backbone, SeesImages) else set()
    return frozenset(perception.capabilities | seeing)


class HostTools:
    """The host's side of the tools; called in the query's thread, while a cell waits.

    Args:
        backbone: serves `vlm`, where it sees images.
        perception: serves the rest.
        observation: what the calls are about.
        deadline: the query's.
        budget: counts the tokens of looking.
        record: writes to the trace.
        spent: told how many seconds each call took.
        doing: told what each call is about.
    """

    def __init__(
        self, *, backbone: Backbone, perception: Perception, observation: Observation,
        deadline: Deadline, budget: Budget, record: Record, spent: Callable[[float], None],
        doing: Doing,
    ) -> None:
        self._backbone = backbone
        self._perception = perception
        self._observation = observation
        self._deadline = deadline
        self._budget = budget
        self._record = record
        self._spent = spent
        self._doing = doing
        self._ahead: Ahead | None = None

    def run_ahead(self, calls: Callable[[], Iterable[ToolCall]]) -> None:
        """Run likely calls whenever the model writes, until `close`.

        Args:
            calls: makes them, likeliest first.
        """
        self._ahead = Ahead(
            calls, partial(self._perception.handle, self._observation), self._deadline)

    def writing(self) -> AbstractContextManager[None]:
        """While this is entered the model writes, and likely calls may run."""
        return self._ahead.writing() if self._ahead is not None else nullcontext()

    def close(self) -> None:
        """End what runs ahead and write down what came of it; may be called twice."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return
        ahead.close()
        stats = ahead.stats
        self._record(lambda trace: trace.ahead(stats.used, stats.wasted, stats.saved_s))

    def answer(self, call: ToolCall) -> ToolResult:
        """Answer a cell's call, and write it down.

        Raises:
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
            PerceptionUnavailableError: who perceives can't be reached.
        """
        start_s = time.monotonic()
        try:
            with self._doing.answering(call):
                result, from_ahead = self._serve(call)
        finally:
            duration_s = time.monotonic() - start_s
            self._spent(duration_s)
        self._record(lambda trace: trace.tool_called(
            call, result, duration_s, ahead=from_ahead))
        return result

    def _serve(self, call: ToolCall) -> tuple[ToolResult, bool]:
        """The result, and whether it ran ahead."""
        if call.tool == 'vlm' and isinstance(self._backbone, SeesImages):
            return self._look(self._backbone, call), False
        if self._ahead is not None:
            return self._ahead.answer(call, self._deadline)
        return self._perception.handle(self._observation, call, self._deadline), False

    def _look(self, eyes: SeesImages, call: ToolCall) -> ToolResult:
        if not self._budget.tokens_left:
            return ToolResult(error='no tokens are left to look with; answer with what you know, '
                                    'or refuse')
        try:
            said = eyes.look(call, self._observation, self._deadline)
        except BackboneError as error:
            return ToolResult(error=str(error))
        self._budget.spend(said)
        self._record(lambda trace: trace.exchanged(said))
        return ToolResult({'text': said.text})
