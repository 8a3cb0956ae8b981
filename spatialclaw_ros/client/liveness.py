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

"""Whether the node that holds a goal is alive, as DDS sees it.

A node that is killed stays in the graph for as long as the middleware's lease of a participant,
20 s with Fast DDS. The publisher of its goals' status offers a shorter one (`STATUS_QOS`), and the
middleware of this side tells when that is over. Where processors are short that may be false: a
server is given up when it does not answer either (`contact`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatusArray
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from spatialclaw_ros.ros.compat.liveliness import (
    STATUS_QOS,
    SubscriptionEventCallbacks,
    UnsupportedEventTypeError,
)


class Liveness:
    """Hears when the server of an action dies; without a word where the middleware can't tell.

    Args:
        node: to live on.
        action: name of the action.
        group: of its callbacks.
        heard: takes each list of the server's goals.
        now_s: the clock of all moments here.
    """

    def __init__(
        self, node: Node, action: str, group: CallbackGroup,
        heard: Callable[[GoalStatusArray], None], now_s: Callable[[], float],
    ) -> None:
        self._node = node
        self._now_s = now_s
        self._lost_s = 0.0
        self._changed_s = 0.0
        self._alive = 0
        self._subscription: Any = None
        with contextlib.suppress(UnsupportedEventTypeError):
            self._subscription = node.create_subscription(
                GoalStatusArray, f'{action}/_action/status', heard, STATUS_QOS,
                callback_group=group, event_callbacks=SubscriptionEventCallbacks(
                    liveliness=self._changed, incompatible_qos=lambda _: None))

    def lost_since(self, since_s: float) -> bool:
        """Whether a server died after this moment and did not come back to life."""
        return self._lost_s > since_s

    @property
    def changed_s(self) -> float:
        """When a server came, died or came back to life last; 0 for never."""
        return self._changed_s

    @property
    def none_alive(self) -> bool:
        """Whether the last of them died, whatever the graph says for some seconds more."""
        return self._lost_s > 0.0 and self._alive <= 0

    @property
    def some_alive(self) -> bool:
        """Whether another server of that name lives."""
        return self._alive > 0

    def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _changed(self, event: Any) -> None:
        self._alive = event.alive_count
        self._changed_s = self._now_s()
        if event.alive_count_change < 0:
            self._lost_s = self._changed_s
        elif event.alive_count_change > 0 > event.not_alive_count_change:  # it was only held up
            self._lost_s = 0.0
