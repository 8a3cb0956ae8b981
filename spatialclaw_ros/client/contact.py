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


"""Whether a server answers at all, whatever the graph and the liveliness of its topics say.

It is asked to cancel a goal that nobody has (to ask for its result makes rclpy's server log a
warning); each server says at once that it knows of none. Its word tells two things. It works: no
dead process answers, nor one whose executor hangs. And it knows the readers of this client: while a
server has not found them yet, what it says is lost, be it a goal's acceptance or its progress.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from rclpy.action.client import ClientGoalHandle
from unique_identifier_msgs.msg import UUID

from spatialclaw_ros.action import SpatialQuery

PAUSE_S = 5.0


def goal_handle(action: Any, goal_id: bytes) -> Any:
    """The handle of a goal by its id alone, whether or not its acceptance was heard.

    Args:
        action: the ActionClient.
        goal_id: 16 bytes.
    """
    return ClientGoalHandle(
        action, UUID(uuid=list(goal_id)),
        SpatialQuery.Impl.SendGoalService.Response(accepted=True))


class Contact:
    """Asks one server whether it is there.

    Args:
        action: the ActionClient; it is used in the callbacks that call this.
        then: called with the future of what was sent, and what takes it.
        heard: called when the server answered.
    """

    def __init__(
        self, action: Any, then: Callable[[Any, Callable[[Any], object]], object],
        heard: Callable[[], object],
    ) -> None:
        self._action = action
        self._then = then
        self._heard = heard
        self._asked_s = 0.0
        self._answered_s = 0.0
        self._looked_s = 0.0
        self._waits = False
        self.silent_s = 0.0
        """How long it has owed an answer."""

    def made_since(self, moment_s: float) -> bool:
        """Whether it answered what it was asked after this moment."""
        return self._answered_s > moment_s

    def ask(self, now_s: float, every_s: float) -> None:
        """Ask, where that is so long ago; call it again and again while it matters.

        Args:
            now_s: of a PatientClock.
            every_s: least time between two questions.
        """
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        if passed_s > PAUSE_S:  # there was no query, and its answer may be lost
            self.silent_s = 0.0
        elif self._waits:
            self.silent_s += passed_s
        if now_s - self._asked_s < every_s:
            return
        self._asked_s = now_s
        self._waits = True
        nobodys = goal_handle(self._action, uuid.uuid4().bytes)
        self._then(nobodys.cancel_goal_async(), lambda _: self._answered(now_s))

    def _answered(self, asked_s: float) -> None:
        self._answered_s = max(self._answered_s, asked_s)
        self._waits = False
        self.silent_s = 0.0
        self._heard()
