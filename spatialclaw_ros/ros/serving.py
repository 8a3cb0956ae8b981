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


"""Service and action `~/query`, which live as long as the node, on one handler."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage

from spatialclaw_ros.action import SpatialQuery as QueryAction
from spatialclaw_ros.agent.events import Failed
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.answers import answer_message
from spatialclaw_ros.ros.compat.liveliness import STATUS_QOS
from spatialclaw_ros.ros.compat.results import result_timeout_s
from spatialclaw_ros.ros.handling import QueryHandler
from spatialclaw_ros.ros.outcome import Caller, Outcome, new_query_id
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.progress import Progress, event_message, thumbnail
from spatialclaw_ros.ros.requests import MAX_TIMEOUT_S
from spatialclaw_ros.srv import SpatialQuery
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Status

RESULT_KEPT_S = 60
START_WAIT_S, START_POLL_S = 60.0, 0.05
CANCEL_NOTED_S = 1.0
CANCEL_POLL_S = 0.002
FEEDBACK_QOS = QoSProfile(depth=100)
FEEDBACK_TOPIC = '~/query/_action/feedback'
SUCCEEDED = (Status.OK, Status.REFUSED)


class Serving:
    """Takes requests and goals; while there is no `handler`, each is answered INACTIVE at once.

    While `started` is not set, they wait for it: the node is about to be active by itself.

    A goal is always accepted: a rejected one could carry no reason. It ends SUCCEEDED with status
    OK or REFUSED, CANCELED when its client cancelled it, ABORTED with any other status.

    Args:
        node: serves; its executor needs a thread for each query that runs or waits, and spare ones.
        settings: of this moment.
        inactive: why there is no handler, and what to do.
        ended: called with how a query ended that no handler answered, and who asked.
    """

    def __init__(
        self, node: Node, settings: Callable[[], Settings], inactive: Callable[[], str],
        ended: Callable[[Outcome, str], object],
    ) -> None:
        self.handler: QueryHandler | None = None
        self.started = threading.Event()
        self.started.set()
        self._node = node
        self._settings = settings
        self._inactive = inactive
        self._ended = ended
        self._goals: dict[bytes, _Goal] = {}
        group = ReentrantCallbackGroup()
        self._service = node.create_service(
            SpatialQuery, '~/query', self._on_request, callback_group=group)
        self._server = ActionServer(
            node, QueryAction, '~/query', self._on_goal, callback_group=group,
            handle_accepted_callback=self._on_accepted, cancel_callback=self._on_cancel,
            result_timeout=result_timeout_s(RESULT_KEPT_S, MAX_TIMEOUT_S),
            status_pub_qos_profile=STATUS_QOS, feedback_pub_qos_profile=FEEDBACK_QOS)

    def close(self) -> None:
        """Take nothing more; call it when no executor spins the node."""
        self._server.destroy()
        self._node.destroy_service(self._service)

    def _on_request(
        self, request: SpatialQuery.Request, response: SpatialQuery.Response,
    ) -> SpatialQuery.Response:
        response.answer = self._answer(request, Caller(request.client))
        return response

    def _answer(self, request: Any, caller: Caller) -> SpatialAnswer:
        patience = Deadline(START_WAIT_S)
        while not (self.started.wait(START_POLL_S) or caller.canceled() or patience.expired):
            pass
        handler = self.handler
        if handler is None and caller.canceled():
            return self._turned_away(
                request, caller, Status.CANCELED, 'cancelled while the node started')
        if handler is None:
            return self._turned_away(request, caller, Status.INACTIVE, self._inactive())
        try:
            return handler.answer(request, caller)
        # the outermost edge of a callback: whoever asked gets an answer
        except Exception:
            self._node.get_logger().error(f'answering failed:\n{traceback.format_exc()}')
            return self._turned_away(
                request, caller, Status.INTERNAL_ERROR,
                'a fault of this node; its log has the traceback')

    def _turned_away(
        self, request: Any, caller: Caller, status: Status, message: str,
    ) -> SpatialAnswer:
        """An answer without a query."""
        outcome = Outcome(caller.query_id, request.question, Failed(status, message, 'request'))
        self._ended(outcome, caller.client)
        return answer_message(outcome)

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        self._goals[bytes(handle.goal_id.uuid)] = _Goal(
            self._node, handle, self._settings().max_steps)
        handle.execute()

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        goal = self._goals.get(bytes(handle.goal_id.uuid))
        if goal is None:
            return CancelResponse.REJECT
        goal.canceled.set()
        handler = self.handler
        if handler is not None:
            handler.runner.cancel(goal.query_id)
        return CancelResponse.ACCEPT

    def _on_goal(self, handle: ServerGoalHandle) -> QueryAction.Result:
        key = bytes(handle.goal_id.uuid)
        goal = self._goals[key]
        try:
            answer = self._answer(handle.request, Caller(
                handle.request.client, goal.query_id, goal.hear, goal.canceled.is_set))
            goal.end(answer.status)
        finally:
            del self._goals[key]
        return QueryAction.Result(answer=answer)


class _Goal:
    """One goal under way: hands progress on as feedback, and ends in the state that fits."""

    def __init__(self, node: Node, handle: ServerGoalHandle, max_steps: int) -> None:
        self.query_id = new_query_id()
        self.canceled = threading.Event()
        self._node = node
        self._handle = handle
        self._max_steps = max_steps
        self._observation: Observation | None = None

    def hear(self, query_id: str, event: Progress) -> None:
        if isinstance(event, Observation):
            self._observation = event
        heard = self._node.count_subscribers(self._node.resolve_topic_name(FEEDBACK_TOPIC))
        self._handle.publish_feedback(QueryAction.Feedback(
            event=event_message(
                query_id, event, self._max_steps, self._node.get_clock().now().to_msg()),
            image=thumbnail(event, self._observation) if heard else CompressedImage()))

    def end(self, status: int) -> None:
        # rclpy notes a cancel after its callback: no other state may be set before that
        until_s = time.monotonic() + (CANCEL_NOTED_S if self.canceled.is_set() else 0.0)
        while not self._handle.is_cancel_requested and time.monotonic() < until_s:
            time.sleep(CANCEL_POLL_S)
        if status in SUCCEEDED:
            self._handle.succeed()
        elif status == Status.CANCELED and self._handle.is_cancel_requested:
            self._handle.canceled()
        else:
            self._handle.abort()
