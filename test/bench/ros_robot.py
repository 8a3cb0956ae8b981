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

"""What the benchmark of the node talks to: a robot of three cameras, and the node."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import rclpy
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray
from node_process import NodeProcess
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from spatialclaw_ros.action import SpatialQuery as SpatialQueryAction
from spatialclaw_ros.srv import SpatialQuery

TEST = Path(__file__).resolve().parent.parent
NODE = '/spatialclaw'
CAMERAS = ('front', 'left', 'right')
ROLES = ('image', 'depth', 'camera_info')
PARAMETERS: dict[str, Any] = {
    'cameras': list(CAMERAS),
    **{f'{name}.image': f'/{name}/image_raw' for name in CAMERAS},
    **{f'{name}.depth': f'/{name}/depth' for name in CAMERAS}}
TOPICS = (
    *(f'{kind}=/{name}/{topic}' for name in CAMERAS for kind, topic in (
        ('Image', 'image_raw'), ('Image', 'depth'), ('CameraInfo', 'camera_info'))),
    'TFMessage=/tf', 'TFMessage=/tf_static')
WAIT_S = 60.0


class Program:
    """A Python program of ours that says `ok` when it is ready."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, str(path), *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.process = psutil.Process(self.popen.pid)
        self.line()

    def line(self) -> str:
        """The next line that it prints."""
        assert self.popen.stdout is not None
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError(f'{self.popen.args} ended with status {self.popen.wait()}')
        return line.strip()

    def asked(self, line: str = '') -> str:
        """What it answers to a line on its standard input."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f'{line}\n')
        self.popen.stdin.flush()
        return self.line()

    def stop(self) -> None:
        """Close its input and end it, and wait for that."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        self.popen.kill()
        self.popen.wait()


class Robot(Program):
    """Three RGB-D cameras 640x480 at 30 Hz, TF at 50 Hz: the robot of the soak."""

    def __init__(self) -> None:
        super().__init__(TEST / 'soak' / 'soak_robot.py', 'balls', '30')

    def set(self, mode: str) -> dict[str, int]:
        """Change how all cameras publish; pictures that each had published by then."""
        return {
            name: int(self.asked(json.dumps({'camera': name, 'mode': mode})).split()[1])
            for name in CAMERAS}


class Cancel(NamedTuple):
    """How a request to cancel an action went.

    Args:
        taken: whether it was accepted.
        late: whether the action had ended before it.
        status: of the action's answer.
        took_s: from the request to that answer.
    """

    taken: bool
    late: bool
    status: int
    took_s: float


class Bench:
    """The node in a process of its own, and a client of all its interfaces.

    Args:
        folder: for its parameter file and log.
        parameters: of the node.
    """

    def __init__(self, folder: Path, parameters: Mapping[str, Any] = PARAMETERS) -> None:
        self.node = NodeProcess(folder, parameters)
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._own = Node('ros_bench', context=self._context, start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._own)
        # a client that has nothing else to look at: what it is slow with is not the node's
        self._asker = Node('ros_bench_asker', context=self._context, start_parameter_services=False)
        self._asking = SingleThreadedExecutor(context=self._context)
        self._asking.add_node(self._asker)
        self._service: Any = self._asker.create_client(SpatialQuery, f'{NODE}/query')
        self._action: Any = ActionClient(self._own, SpatialQueryAction, f'{NODE}/query')
        self._health: dict[str, dict[str, str]] = {}
        self._own.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def close(self) -> None:
        """Stop the node and leave."""
        self.node.stop()
        self._executor.shutdown()
        self._asking.shutdown()
        self._action.destroy()
        self._own.destroy_node()
        self._asker.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def until(
        self, condition: Callable[[], object], what: str, wait_s: float = WAIT_S,
        executor: SingleThreadedExecutor | None = None,
    ) -> None:
        """Spin until something holds.

        Args:
            condition: what.
            what: the same in words.
            wait_s: for how long at most.
            executor: that is spun, instead of the one of all but the service.

        Raises:
            RuntimeError: it did not in time.
        """
        end_s = time.monotonic() + wait_s
        while not condition():
            if time.monotonic() > end_s or not self.node.running:
                raise RuntimeError(f'{what}: not in {wait_s:g} s; the node said: {self.node.log}')
            (executor or self._executor).spin_once(timeout_sec=0.05)

    def ready(self) -> None:
        """Wait until the node answers a question."""
        self.until(self._service.service_is_ready, 'the service')
        self.until(lambda: self.ask('Is there a red ball?')[0].status == 0, 'an answer')

    def wait(self, seconds: float) -> None:
        """Spin for a time."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._executor.spin_once(timeout_sec=0.05)

    def ask(self, question: str, **fields: Any) -> tuple[Any, float]:
        """Answer, and seconds from the call to the answer in hand."""
        request = SpatialQuery.Request(question=question, client='bench', **fields)
        began_s = time.perf_counter()
        future = self._service.call_async(request)
        self.until(future.done, 'an answer', executor=self._asking)
        return future.result().answer, time.perf_counter() - began_s

    def act(self, question: str, **fields: Any) -> tuple[Any, float]:
        """Answer of an action whose feedback is heard, and seconds from its goal to its result."""
        goal = self._action.send_goal_async(
            SpatialQueryAction.Goal(question=question, client='bench', **fields),
            feedback_callback=lambda _: None)
        began_s = time.perf_counter()
        self.until(goal.done, 'a goal')
        result = goal.result().get_result_async()
        done_s: list[float] = []
        result.add_done_callback(lambda _: done_s.append(time.perf_counter()))
        self.until(lambda: done_s, 'the end of a goal')
        return result.result().result.answer, done_s[0] - began_s

    def cancel_after(self, question: str, delay_s: float = 0.0, sign: str = '') -> Cancel:
        """Ask by action, and cancel that.

        Args:
            question: what is asked.
            delay_s: from the goal's acceptance, or from the sign.
            sign: words of the feedback that is waited for before.
        """
        told: list[str] = []
        goal = self._action.send_goal_async(
            SpatialQueryAction.Goal(question=question, client='bench'),
            feedback_callback=lambda message: told.append(message.feedback.event.text))
        self.until(goal.done, 'a goal')
        self.until(lambda: not sign or any(sign in text for text in told), f'{sign!r}')
        handle = goal.result()
        self.wait(delay_s)
        result = handle.get_result_async()
        ended_s: list[float] = []
        result.add_done_callback(lambda _: ended_s.append(time.perf_counter()))
        began_s = time.perf_counter()
        asked = handle.cancel_goal_async()
        self.until(lambda: ended_s and asked.done(), 'the end of a cancelled goal')
        response = asked.result()
        return Cancel(
            bool(response.goals_canceling),
            response.return_code == CancelGoal.Response.ERROR_GOAL_TERMINATED,
            result.result().result.answer.status, ended_s[0] - began_s)

    def received(self) -> dict[tuple[str, str], int]:
        """Messages that came so far, of each camera and role, as /diagnostics tells it."""
        self._health.clear()
        self.until(lambda: len(self._health) == len(CAMERAS), '/diagnostics')
        return {
            (name, role): int(self._health[name][f'{role} received'])
            for name in CAMERAS for role in ROLES}

    def images(self) -> int:
        """Images that came so far, of all cameras, colour and depth."""
        return sum(count for (_, role), count in self.received().items() if role != 'camera_info')

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            part = status.name.partition(': ')[2]
            if part.startswith('camera '):
                self._health[part.removeprefix('camera ')] = {
                    value.key: value.value for value in status.values}
