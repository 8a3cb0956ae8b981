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


"""The real node spun in this process, and somebody who manages it and asks it over DDS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import groupby
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.action import SpatialQuery as QueryAction
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.main import THREADS
from spatialclaw_ros.ros.node import SpatialClawNode
from spatialclaw_ros.srv import SpatialQuery

WAIT_S = 60.0
# Fast DDS drops a reply to a client that the server's side has not discovered within 100 ms, and
# nothing tells a client that it has
LOST_S = 15.0
STATES = {
    GoalStatus.STATUS_SUCCEEDED: 'SUCCEEDED', GoalStatus.STATUS_CANCELED: 'CANCELED',
    GoalStatus.STATUS_ABORTED: 'ABORTED'}


class Spun:
    """A context of its own, and a thread that spins nodes of it; a context manager."""

    def __init__(self, threads: int) -> None:
        self.context = Context()
        rclpy.init(args=[], context=self.context)
        self.executor = MultiThreadedExecutor(threads, context=self.context)
        self._thread = threading.Thread(target=self._spin, name='spun', daemon=True)

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self.executor.spin()

    def spin(self, node: Node) -> None:
        """Begin to spin."""
        self.executor.add_node(node)
        self._thread.start()

    def stop(self) -> None:
        """Spin no longer."""
        self.executor.shutdown()
        self._thread.join(WAIT_S)

    def close(self) -> None:
        """Leave ROS; nodes are destroyed before."""
        rclpy.try_shutdown(context=self.context)


class LiveNode(Spun):
    """The node, unconfigured.

    Args:
        name: of the node.
        parameters: by name, with dots.
    """

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(THREADS)
        self.node = SpatialClawNode(name, context=self.context, parameter_overrides=[
            Parameter(key, value=list(value) if isinstance(value, tuple) else value)
            for key, value in parameters.items()])
        self.spin(self.node)

    def __enter__(self) -> LiveNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.node.release()
        self.stop()
        self.node.close()
        self.close()


class Goal:
    """A goal that was sent."""

    def __init__(self, operator: Operator, fields: Mapping[str, Any]) -> None:
        self.events: list[Any] = []
        self._operator = operator
        sent = self._sent(fields)
        if not comes_true(sent.done, LOST_S):
            sent = self._sent(fields)
        self._handle = operator.wait(sent)
        assert self._handle.accepted
        self._result = self._handle.get_result_async()

    def _sent(self, fields: Mapping[str, Any]) -> Any:
        return self._operator.action.send_goal_async(
            QueryAction.Goal(**fields), lambda heard: self.events.append(heard.feedback))

    @property
    def stages(self) -> list[str]:
        """Stages that were heard of; one that takes long is told before its end, too."""
        return [stage for stage, _ in groupby(heard.event.stage for heard in self.events)]

    def reaches(self, stage: str) -> None:
        """Wait until a stage was heard of."""
        until(lambda: stage in self.stages or self._result.done())
        assert stage in self.stages, (self.stages, self.end())

    def cancel(self) -> Any:
        """Ask for its end; a future of the reply."""
        return self._handle.cancel_goal_async()

    def end(self) -> tuple[str, SpatialAnswer]:
        """State that it ended in, and its answer."""
        result = self._operator.wait(self._result)
        return STATES[result.status], result.result.answer


class Operator(Spun):
    """Manages a node and asks it; a context manager.

    Args:
        name: of the node.
        own: name of the operator's node.

    Attributes:
        diagnostics: name of a part to the last message about it.
    """

    def __init__(self, name: str, own: str = 'operator') -> None:
        super().__init__(4)
        self._node = Node(
            own, context=self.context, start_parameter_services=False)
        self._change = self._node.create_client(ChangeState, f'/{name}/change_state')
        self._state = self._node.create_client(GetState, f'/{name}/get_state')
        self._set = self._node.create_client(
            SetParametersAtomically, f'/{name}/set_parameters_atomically')
        self._query = self._node.create_client(SpatialQuery, f'/{name}/query')
        self.action = ActionClient(self._node, QueryAction, f'/{name}/query')
        self.diagnostics: dict[str, str] = {}
        self._node.create_subscription(
            DiagnosticArray, '/diagnostics', lambda array: self.diagnostics.update(
                {status.name: status.message for status in array.status}), 10)
        self.spin(self._node)
        clients = (self._change, self._state, self._set, self._query)
        until(lambda: all(each.service_is_ready() for each in clients))
        until(self.action.server_is_ready)

    def __enter__(self) -> Operator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.action.destroy()
        self._node.destroy_node()
        self.close()

    @property
    def nodes(self) -> list[str]:
        """Names of nodes in the graph."""
        return sorted(self._node.get_node_names())

    def wait(self, future: Any, timeout_s: float = WAIT_S) -> Any:
        """What a future becomes."""
        until(future.done, timeout_s)
        return future.result()

    def changing(self, transition: str) -> Any:
        """Ask for a transition; a future of the reply."""
        number = getattr(Transition, f'TRANSITION_{transition.upper()}')
        return self._change.call_async(ChangeState.Request(transition=Transition(id=number)))

    def change(self, *transitions: str) -> bool:
        """Ask for transitions, one after the other; whether all succeeded."""
        return all(self.wait(self.changing(each)).success for each in transitions)

    @property
    def state(self) -> str:
        """Label of the lifecycle's state."""
        return str(self.wait(self._state.call_async(GetState.Request())).current_state.label)

    def set(self, **values: Any) -> str:
        """Set parameters, `__` for a dot; why they were refused, '' when they were not."""
        request = SetParametersAtomically.Request(parameters=[
            Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
            for name, value in values.items()])
        result = self.wait(self._set.call_async(request)).result
        return '' if result.successful else str(result.reason)

    def asking(self, question: str, **fields: Any) -> Any:
        """Ask through the service; a future of the response."""
        return self._query.call_async(SpatialQuery.Request(question=question, **fields))

    def ask(self, question: str, **fields: Any) -> SpatialAnswer:
        """Ask through the service, and wait."""
        return self.wait(self.asking(question, **fields)).answer

    def goal(self, question: str, **fields: Any) -> Goal:
        """Ask through the action."""
        return Goal(self, {'question': question, **fields})


def until(condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Wait until something holds."""
    assert comes_true(condition, timeout_s), 'it did not come true'


def comes_true(condition: Callable[[], object], timeout_s: float) -> bool:
    """Wait until something holds; whether it did in time."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= end_s:
            return False
        time.sleep(0.002)
    return True
