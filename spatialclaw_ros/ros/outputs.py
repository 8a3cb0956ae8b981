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

"""Publishes what a query found: its answer, the drawings of what that rests on, its progress.

A caller waits for none of it: answers go out on a thread of their own, just behind the one that the
caller gets, and drawings are made on another. A query that came to no answer leaves the last one's
drawings alone. Where answers come faster than they can be drawn, the oldest that waits is not
drawn.
"""

from __future__ import annotations

import functools
import logging
import math
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from spatialclaw_ros.agent.events import Answered, Failed, Refused
from spatialclaw_ros.msg import SpatialAnswer, SpatialEvent
from spatialclaw_ros.ros.compat.events import PublisherEventCallbacks
from spatialclaw_ros.ros.drawings import drawing_types, drawings, without
from spatialclaw_ros.ros.job import HEAD_START_S
from spatialclaw_ros.ros.progress import Progress, event_message
from spatialclaw_ros.ros.query import Outcome
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Status

PER_CAMERA = frozenset(('labels', 'label_info'))
"""Drawings of which an answer has one for each camera, all within a moment."""
MOST_WAITING = 4
LISTENERS_S = 0.2
"""How often, at most, it is looked whether somebody listens to a query's events."""
RELIABLE = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)


def latched(depth: int = 1) -> QoSProfile:
    """For those who come later, too: they get the last so many."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)


log = logging.getLogger(__name__)


class Outputs:
    """Owns the node's publishers and the thread that draws.

    Args:
        node: node to publish from.
        log_error: where a fault's traceback goes.
        cameras: how many an answer may rest on.
    """

    def __init__(
        self, node: Node, log_error: Callable[[str], object] = log.error, *, cameras: int = 1,
    ) -> None:
        self._node = node
        self._log_error = log_error
        # an event handler each would cost every answer time: rclpy looks at all of them each time
        # it wakes up. Who is reliable and latched is compatible with all but deadlines; that a
        # latched reader of `~/events` gets nothing is told by its own node, not by this one
        create = functools.partial(
            node.create_publisher, callback_group=ReentrantCallbackGroup(),
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False))
        self._answer = create(SpatialAnswer, '~/answer', latched())
        self._drawings: dict[str, Publisher] = {
            name: create(kind, f'~/{name}', latched(cameras if name in PER_CAMERA else 1))
            for name, kind in drawing_types().items()}
        self._events = create(SpatialEvent, '~/events', RELIABLE)
        if without():
            node.get_logger().info(without())
        self._heard_of, self._heard_s, self._is_heard = '', -math.inf, False
        self._waiting: list[Future[None]] = []
        self._herald = ThreadPoolExecutor(max_workers=1, thread_name_prefix='answers')
        self._artist = ThreadPoolExecutor(max_workers=1, thread_name_prefix='outputs')

    def close(self) -> None:
        """Publish the answers that wait, finish the drawing under way, and take the topics away.

        Nobody waits for who reads them: the last one may be lost on its way.
        """
        self._herald.shutdown(wait=True)
        self._artist.shutdown(wait=True, cancel_futures=True)
        for publisher in (self._answer, self._events, *self._drawings.values()):
            self._node.destroy_publisher(publisher)

    def publish(self, outcome: Outcome, answer: SpatialAnswer) -> None:
        """Publish an answer a moment later, and then its drawings; any thread.

        One that comes after `close` is logged and not published: who asked gets it all the same.
        """
        if outcome.status == Status.BUSY:
            return
        try:
            self._herald.submit(
                self._publish, outcome, answer, time.monotonic() + HEAD_START_S)
        except RuntimeError as error:  # what a pool that is shut down raises
            self._log_error(f'query {outcome.query_id}: its answer is not on ~/answer: {error}')

    def flush(self, timeout_s: float, *, drawn: bool = True) -> bool:
        """Wait until all answers so far are published; whether that came in time.

        Args:
            timeout_s: longest wait, for each of the two.
            drawn: wait for their drawings, too.
        """
        waiting = self._herald.submit(lambda: list(self._waiting))
        if not wait((waiting,), timeout_s).done:
            return False
        return not drawn or not wait(waiting.result(), timeout_s).not_done

    def _publish(self, outcome: Outcome, answer: SpatialAnswer, from_s: float) -> None:
        time.sleep(max(0.0, from_s - time.monotonic()))
        try:
            self._answer.publish(answer)
            self._leave_to_draw(outcome, answer)
        # the thread's outermost edge
        except Exception:
            self._log_error(f'publishing an answer failed:\n{traceback.format_exc()}')

    def _leave_to_draw(self, outcome: Outcome, answer: SpatialAnswer) -> None:
        end = outcome.end
        if isinstance(end, Failed) or outcome.observation is None:
            return
        if isinstance(end, Answered):  # a point is written as it is in the answer's frame
            end = replace(end, text=answer.text)
        # what waits to be drawn holds its images
        self._waiting = [each for each in self._waiting if not each.done()]
        if len(self._waiting) > MOST_WAITING:
            self._waiting.pop(1).cancel()  # the first one is under way
        self._waiting.append(self._artist.submit(
            self._draw, end, outcome.observation, outcome.text, answer.header.frame_id))

    def event(self, query_id: str, event: Progress, max_steps: int = 0) -> None:
        """Publish a step of a query's progress, if somebody listens; any thread."""
        # it is kept for nobody who comes later, and each query has a dozen within a moment
        now_s = time.monotonic()
        if query_id != self._heard_of or now_s > self._heard_s + LISTENERS_S:
            self._heard_of, self._heard_s = query_id, now_s
            self._is_heard = self._events.get_subscription_count() > 0
        if self._is_heard:
            self._events.publish(event_message(
                query_id, event, max_steps, self._node.get_clock().now().to_msg()))

    def _draw(
        self, end: Answered | Refused, observation: Observation, question: str, answer_frame: str,
    ) -> None:
        try:
            for name, message in drawings(end, observation, question, answer_frame):
                self._drawings[name].publish(message)
        # the thread's outermost edge
        except Exception:
            self._log_error(f'drawing an answer failed:\n{traceback.format_exc()}')
