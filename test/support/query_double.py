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

"""An action server for tests of clients: real over DDS, and it answers by the question's text.

Run as a program it serves under the name given, until it is killed.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from spatialclaw_ros.action import SpatialQuery
from spatialclaw_ros.msg import SpatialAnswer, SpatialEvent, SpatialFrame, SpatialTiming
from spatialclaw_ros.ros.compat.liveliness import STATUS_QOS

GREEN = np.full((30, 40, 3), (0, 200, 0), np.uint8)
THREADS = 8
SLOW, POINT, NUMBER, TEXT, YES = 'slow', 'point', 'number', 'text', 'yes'


def answer_to(question: str, query_id: str = 'q-1') -> SpatialAnswer:
    """The answer of a question: one of the words above, or the name of a status."""
    nan = math.nan
    answer = SpatialAnswer(
        query_id=query_id, question=question, number=nan, choice=-1, sigma=nan,
        point=Point(x=nan, y=nan, z=nan), steps=2,
        timings=[SpatialTiming(name='total', duration_s=0.25)])
    status = getattr(SpatialAnswer, f'STATUS_{question.upper()}', None)
    if status is not None:
        answer.status = status
        answer.message = f'the node says {question}'
        return answer
    stamp = Time(sec=12, nanosec=345)
    answer.header = Header(stamp=stamp, frame_id='base_link')
    answer.cameras, answer.scale_source = ['front'], 'sensor_depth'
    answer.frames = [SpatialFrame(
        index=3, camera='front', header=Header(stamp=stamp, frame_id='front_optical'),
        has_depth=True, has_pose=True)]
    answer.missing_priors, answer.trace_path = ['no IMU'], '/traces/q-1'
    if question == POINT:
        answer.answer_type, answer.unit, answer.sigma = SpatialAnswer.TYPE_POINT, 'm', 0.004
        answer.point, answer.text = Point(x=0.5, y=-0.25, z=0.125), '(0.500, -0.250, 0.125) m'
        answer.points = [answer.point]
    elif question == YES:
        answer.answer_type, answer.boolean, answer.text = SpatialAnswer.TYPE_BOOLEAN, True, 'yes'
    elif question == TEXT:
        answer.answer_type, answer.text = SpatialAnswer.TYPE_CHOICE, 'blue box'
        answer.choice = 1
    else:
        answer.answer_type, answer.number = SpatialAnswer.TYPE_NUMBER, 0.412
        answer.unit, answer.sigma, answer.text = 'm', 0.003, '0.412 m'
        answer.points = [Point(), Point(x=0.412)]
    return answer


class QueryDouble:
    """Serves `~/query` on a thread of its own until it is closed.

    Args:
        name: of the node.
        inactive: so many goals end INACTIVE first.
    """

    def __init__(self, name: str = 'spatialclaw', inactive: int = 0) -> None:
        self.inactive = inactive
        self.goals: list[SpatialQuery.Goal] = []
        self.canceled: list[str] = []
        self.running = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = Node(name, context=self._context, start_parameter_services=False)
        self._server: Any = ActionServer(
            self.node, SpatialQuery, '~/query', self._run, callback_group=ReentrantCallbackGroup(),
            cancel_callback=lambda _: CancelResponse.ACCEPT, status_pub_qos_profile=STATUS_QOS,
            feedback_pub_qos_profile=QoSProfile(depth=100))
        self._executor = MultiThreadedExecutor(THREADS, context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self.spin, daemon=True)
        self._thread.start()

    def spin(self) -> None:
        """Serve."""
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def wait(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> bool:
        """Whether something comes to hold in time."""
        end_s = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < end_s:
            time.sleep(0.01)
        return condition()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Nothing that comes is heard meanwhile: each thread of the executor waits."""
        go, waiting = threading.Event(), threading.Semaphore(0)

        def wait() -> None:
            waiting.release()
            go.wait()

        tasks = THREADS - self.running
        for _ in range(tasks):
            self._executor.create_task(wait)
        for _ in range(tasks):
            waiting.acquire()
        try:
            yield
        finally:
            go.set()

    def close(self) -> None:
        """Leave the graph."""
        self._closing.set()
        self._executor.shutdown()
        self._thread.join()
        self._server.destroy()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _run(self, handle: Any) -> SpatialQuery.Result:
        goal = handle.request
        with self._lock:
            self.goals.append(goal)
            self.running += 1
            inactive, self.inactive = self.inactive > 0, max(self.inactive - 1, 0)
        try:
            answer = self._answer(handle, 'inactive' if inactive else goal.question)
        finally:
            with self._lock:
                self.running -= 1
        return SpatialQuery.Result(answer=answer)

    def _answer(self, handle: Any, question: str) -> SpatialAnswer:
        end: Callable[[], None] = handle.abort
        if question == SLOW:
            tell(handle, 'write', 1, 'thinking')
            end_s = time.monotonic() + 60.0
            while not (handle.is_cancel_requested or self._closing.wait(0.01)
                       or time.monotonic() > end_s):
                continue
            answer = answer_to('canceled')
            if handle.is_cancel_requested:
                self.canceled.append(question)
                end = handle.canceled
        else:
            answer = answer_to(question)
        if answer.status in (SpatialAnswer.STATUS_OK, SpatialAnswer.STATUS_REFUSED):
            end = handle.succeed
            for step, stage in enumerate(('frames', 'write', 'run', 'answer')):
                tell(handle, stage, min(step, 1), f'{stage} it', picture=stage == 'run')
        end()
        return answer


def tell(handle: Any, stage: str, step: int, text: str, picture: bool = False) -> None:
    """Publish one line of progress."""
    image = CompressedImage()
    if picture:
        image.format = 'jpeg'
        image.data.frombytes(cv2.imencode('.jpg', GREEN)[1].tobytes())
    handle.publish_feedback(SpatialQuery.Feedback(
        event=SpatialEvent(query_id='q-1', stage=stage, step=step, max_steps=30, text=text),
        image=image))


if __name__ == '__main__':
    QueryDouble(sys.argv[1])
    threading.Event().wait()
