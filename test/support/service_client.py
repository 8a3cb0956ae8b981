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

"""Asks a running node through its service, and hears its `~/events`, for tests of the node."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from spatialclaw_ros.errors import DeadlineExceededError
from spatialclaw_ros.msg import SpatialAnswer, SpatialEvent
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
from spatialclaw_ros.ros.plain import duration_message, time_message
from spatialclaw_ros.srv import SpatialQuery
from spatialclaw_ros.workspace.question import AnswerType

DEFAULT_NODE = '/spatialclaw'
REPLY_MARGIN_S = 5.0
UNKNOWN_TIMEOUT_S = 3600.0
UNSEEN = (SpatialAnswer.STATUS_NO_FRAMES, SpatialAnswer.STATUS_REFUSED)


class ServiceClient:
    """Talks to a node's `~/query` and listens to its `~/events`; use it as a context manager.

    It has a ROS context of its own, so it needs no `rclpy.init`. Not thread-safe.

    Args:
        node: name of the node, with its namespace.
        on_event: called with each SpatialEvent while `ask` waits.
    """

    def __init__(
        self, node: str = DEFAULT_NODE, on_event: Callable[[SpatialEvent], object] | None = None,
    ) -> None:
        self._name = '/' + node.strip('/')
        self._on_event = on_event
        use_fastdds_profile(os.environ)
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node(
            f'service_client_{secrets.token_hex(4)}', context=self._context,
            start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._client: Any = self._node.create_client(SpatialQuery, f'{self._name}/query')
        self._node.create_subscription(
            SpatialEvent, f'{self._name}/events', self._heard,
            QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE))

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def wait(self, timeout_s: float = 10.0) -> None:
        """Wait until the node's service is there."""
        end_s = time.monotonic() + timeout_s
        while not self._client.service_is_ready():
            assert time.monotonic() < end_s, f'no {self._name}/query after {timeout_s:g} s'
            self._executor.spin_once(timeout_sec=0.05)

    def ask(
        self,
        question: str,
        *,
        cameras: Sequence[str] = (),
        frame_id: str = '',
        answer_type: AnswerType | int = AnswerType.ANY,
        choices: Sequence[str] = (),
        tolerance: float = 0.0,
        timeout_s: float = 0.0,
        stamp_ns: int = 0,
        window_s: float = 0.0,
        max_frames: int = 0,
        wait_s: float = 10.0,
    ) -> SpatialAnswer:
        """Ask, and wait for the answer, whatever its status; an inactive node is asked again.

        Arguments as in `srv/SpatialQuery`, zero for its default; `wait_s` is how long the node may
        take to appear and to become active.

        Raises:
            DeadlineExceededError: the node went away without an answer.
        """
        active_s = time.monotonic() + wait_s
        self.wait(wait_s)
        request = SpatialQuery.Request(
            question=question, cameras=list(cameras), stamp=time_message(stamp_ns),
            window=duration_message(window_s), max_frames=max_frames, frame_id=frame_id,
            answer_type=int(answer_type), choices=list(choices),
            tolerance=tolerance, timeout=duration_message(timeout_s))
        while True:
            answer = self._ask(request, timeout_s)
            if answer.status != SpatialAnswer.STATUS_INACTIVE or time.monotonic() > active_s:
                return answer
            self.listen(0.1)

    def ask_seeing(self, question: str, tries: int = 40, **given: Any) -> SpatialAnswer:
        """Ask until the node has started and sees with TF; the last answer in any case.

        `given` as of `ask`.
        """
        for _ in range(tries):
            answer = self.ask(question, **{'wait_s': 60.0, **given})
            unseen = answer.status == SpatialAnswer.STATUS_TIMEOUT and not answer.frames
            if not unseen and answer.status not in UNSEEN and all(
                    frame.has_pose for frame in answer.frames):
                break
            self.listen(0.3)
        return answer

    def _ask(self, request: SpatialQuery.Request, timeout_s: float) -> SpatialAnswer:
        future = self._client.call_async(request)
        patience_s = (timeout_s if timeout_s > 0 else UNKNOWN_TIMEOUT_S) + REPLY_MARGIN_S
        end_s = time.monotonic() + patience_s
        gone_s: float | None = None
        while not future.done():
            self._executor.spin_once(timeout_sec=0.1)
            now_s = time.monotonic()
            if self._client.service_is_ready():
                gone_s = None
            else:
                gone_s = gone_s or now_s
            if now_s > end_s or (gone_s is not None and now_s - gone_s > REPLY_MARGIN_S):
                self._client.remove_pending_request(future)
                raise DeadlineExceededError(
                    f'{self._name} gave no answer; is it still running?')
        response: SpatialQuery.Response = future.result()
        return response.answer

    def listen(self, duration_s: float) -> None:
        """Hand on events that are still coming in."""
        end_s = time.monotonic() + duration_s
        while (left_s := end_s - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def listen_until(self, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Hand on events until something holds."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end_s, f'no such event within {timeout_s:g} s'
            self._executor.spin_once(timeout_sec=0.1)

    def _heard(self, event: SpatialEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)
