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
from dataclasses import replace
from functools import partial
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
from spatialclaw_ros.ros.advice import advised
from spatialclaw_ros.ros.answers import answer_message
from spatialclaw_ros.ros.compat.liveliness import STATUS_QOS
from spatialclaw_ros.ros.compat.results import result_timeout_s
from spatialclaw_ros.ros.handling import QueryHandler
from spatialclaw_ros.ros.leavers import Leavers
from spatialclaw_ros.ros.outcome import Caller, Outcome, new_query_id
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.progress import Progress, event_message, thumbnail
from spatialclaw_ros.ros.requests import MAX_TIMEOUT_S
from spatialclaw_ros.ros.starting import WaitForStart
from spatialclaw_ros.srv import SpatialQuery
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Status

RESULT_KEPT_S = 60
CANCEL_NOTED_S = 1.0
CANCEL_POLL_S = 0.002
FEEDBACK_QOS = QoSProfile(depth=100)
# requests that are not taken yet wait: by default the eleventh drops the first
REQUESTS_QOS = QoSProfile(depth=100)
FEEDBACK_TOPIC = '~/query/_action/feedback'
SUCCEEDED = (Status.OK, Status.REFUSED)


class Serving:
    """Takes requests and goals; while there is no `handler`, each is answered INACTIVE at once.

    While the node starts itself, they wait for that.

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
        self.start = WaitForStart(settings, inactive)
        self._node = node
        self._settings = settings
        self._inactive = inactive
        self._ended = ended
        self._finding = threading.Lock()
        self._goals: dict[bytes, _Goal] = {}
        group = ReentrantCallbackGroup()
        self._service = node.create_service(
            SpatialQuery, '~/query', self._on_request, qos_profile=REQUESTS_QOS,
            callback_group=group)
        self._server = ActionServer(
            node, QueryAction, '~/query', self._on_goal, callback_group=group,
            handle_accepted_callback=self._on_accepted, cancel_callback=self._on_cancel,
            result_timeout=result_timeout_s(RESULT_KEPT_S, MAX_TIMEOUT_S),
            status_pub_qos_profile=STATUS_QOS, feedback_pub_qos_profile=FEEDBACK_QOS,
            goal_service_qos_profile=REQUESTS_QOS, result_service_qos_profile=REQUESTS_QOS,
            cancel_service_qos_profile=REQUESTS_QOS)
        self._leavers = Leavers(
            node, group, lambda: None if self.handler is None else self.handler.runner)

    def close(self) -> None:
        """Take nothing more; call it when no executor spins the node."""
        self._leavers.close()
        self._server.destroy()
        self._node.destroy_service(self._service)

    def _on_request(
        self, request: SpatialQuery.Request, response: SpatialQuery.Response,
    ) -> SpatialQuery.Response:
        response.answer = self._answer(request, Caller(request.client))
        return response

    def _answer(self, request: Any, caller: Caller) -> SpatialAnswer:
        end = None
        try:
            if self.start.holds:
                clock = Deadline()
                end = self.start.wait(request, caller)
                caller = replace(caller, held_s=clock.elapsed_s,
                                 placed=partial(self.start.leave, caller.query_id))
            handler = self.handler
            if end is None and handler is not None:
                return handler.answer(request, caller)
            end = end or Failed(Status.INACTIVE, self._inactive(), 'request')
        # the outermost edge of a callback: whoever asked gets an answer
        except Exception:
            self._node.get_logger().error(f'answering failed:\n{traceback.format_exc()}')
            end = Failed(
                Status.INTERNAL_ERROR, 'a fault of this node; its log has the traceback', 'request')
        finally:
            self.start.leave(caller.query_id)
        return self._turned_away(request, caller, end)

    def _turned_away(self, request: Any, caller: Caller, end: Failed) -> SpatialAnswer:
        """An answer without a query."""
        outcome = advised(
            Outcome(caller.query_id, request.question, end, timings={'total': caller.held_s}),
            self._node.get_fully_qualified_name())
        self._ended(outcome, caller.client)
        return answer_message(outcome)

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        with self._finding:
            self._goal_of(handle)
        try:
            handle.execute()
        except RuntimeError:
            # an RCLError: cancelled just then, it may not be set to execute any more
            if not handle.is_cancel_requested:
                raise
            self._server.notify_execute(handle, None)

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        # a client may cancel as soon as it has the goal's response, before `_on_accepted` is called
        with self._finding:
            if not handle.is_active or not (goal := self._goal_of(handle)).cancel():
                return CancelResponse.REJECT
        handler = self.handler
        if handler is not None:
            handler.runner.cancel(goal.query_id)
        return CancelResponse.ACCEPT

    def _on_goal(self, handle: ServerGoalHandle) -> QueryAction.Result:
        with self._finding:
            goal = self._goal_of(handle)
        try:
            answer = self._answer(handle.request, Caller(
                handle.request.client, goal.query_id, goal.hear, goal.canceled.is_set))
            goal.end(answer.status)
        finally:
            with self._finding:
                del self._goals[bytes(handle.goal_id.uuid)]
        return QueryAction.Result(answer=answer)

    def _goal_of(self, handle: ServerGoalHandle) -> _Goal:
        """The goal under way of a handle, begun by who comes first; `_finding` is held."""
        key = bytes(handle.goal_id.uuid)
        if key not in self._goals:
            self._goals[key] = _Goal(self._node, handle, self._settings().max_steps)
        return self._goals[key]


class _Goal:
    """One goal under way: hands progress on as feedback, and ends in the state that fits."""

    def __init__(self, node: Node, handle: ServerGoalHandle, max_steps: int) -> None:
        self.query_id = new_query_id()
        self.canceled = threading.Event()
        self._node = node
        self._handle = handle
        self._max_steps = max_steps
        self._observation: Observation | None = None
        self._deciding = threading.Lock()
        self._ending = False

    def cancel(self) -> bool:
        """Note a cancel; False where it came after the end."""
        with self._deciding:
            if not self._ending:
                self.canceled.set()
            return not self._ending

    def hear(self, query_id: str, event: Progress) -> None:
        if isinstance(event, Observation):
            self._observation = event
        heard = self._node.count_subscribers(self._node.resolve_topic_name(FEEDBACK_TOPIC))
        self._handle.publish_feedback(QueryAction.Feedback(
            event=event_message(
                query_id, event, self._max_steps, self._node.get_clock().now().to_msg()),
            image=thumbnail(event, self._observation) if heard else CompressedImage()))

    def end(self, status: int) -> None:
        """Set the state that fits a status; a cancel is not taken from here on."""
        with self._deciding:
            self._ending = True
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
