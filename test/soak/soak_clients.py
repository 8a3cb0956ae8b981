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


"""Who asks: clients that ask back to back and write down how every query ended."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from soak_scene import Asked

from spatialclaw_ros.action import SpatialQuery as SpatialQueryAction
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.plain import duration_message
from spatialclaw_ros.srv import SpatialQuery

SPIN_S = 0.05
PAUSE_S = 0.5
# what is answered at once, as without frames, is not asked again at once
AFTER_FAULT_S = 0.2
DISCOVERY_S = 60.0
STATUS_NAMES = {
    getattr(SpatialAnswer, name): name.removeprefix('STATUS_')
    for name in dir(SpatialAnswer) if name.startswith('STATUS_')}


@dataclass(frozen=True)
class Ended:
    """How a query ended.

    Args:
        client: who asked.
        way: 'service' or 'action'.
        asked: what.
        start_s: monotonic clock.
        end_s: when the answer came, or was given up.
        timeout_s: the query's own.
        status: a name of `SpatialAnswer`, or 'NO ANSWER'.
        message: of the answer.
        wrong: what is wrong with the value of an OK answer, '' for nothing.
        right_if: what would make that right, see `Asked.right_if`.
        canceled_s: when the client cancelled it; None when it did not.
    """

    client: str
    way: str
    asked: Asked
    start_s: float
    end_s: float
    timeout_s: float
    status: str
    message: str
    wrong: str = ''
    right_if: frozenset[str] = frozenset()
    canceled_s: float | None = None


class Caller:
    """A participant of its own that asks one query at a time; a context manager, for one thread.

    Args:
        name: of the client, as the query names it.
        server: of the node that is asked.
        margin_s: how long after a query's own time an answer is waited for.
    """

    def __init__(self, name: str, server: str, margin_s: float) -> None:
        self.name = name
        self._margin_s = margin_s
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node(f'soak_{name}', context=self._context, start_parameter_services=False,
                          enable_rosout=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        # by default answers of more than ten at once are lost when they come at once
        self.service: Any = self._node.create_client(
            SpatialQuery, f'{server}/query', qos_profile=QoSProfile(depth=100))
        self._clients: dict[str, Any] = {}
        self._diagnostics: Any = None
        self._replaced: int | None = None
        self._asked_ns = 0
        self.action: Any = ActionClient(self._node, SpatialQueryAction, f'{server}/query')

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self.action.destroy()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def until(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Spin until something holds; False when it never did."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end_s:
                return False
            self._executor.spin_once(timeout_sec=SPIN_S)
        return True

    def ready(self, timeout_s: float) -> bool:
        """Wait until service and action are there: what is asked before is lost."""
        return self.until(
            lambda: self.service.service_is_ready() and self.action.server_is_ready(), timeout_s)

    def ask(
        self, asked: Asked, timeout_s: float, way: str = 'service',
        cancel_after_s: float | None = None,
    ) -> Ended:
        """Ask and wait for the end.

        Args:
            asked: what.
            timeout_s: for the whole query.
            way: 'service' or 'action'.
            cancel_after_s: cancel it after this time, by the action.
        """
        start_s = time.monotonic()
        end_s = start_s + timeout_s + self._margin_s
        canceled_s = None
        if way == 'service':
            future = self.service.call_async(self._request(asked, timeout_s, way))
            response = self._result(future, end_s)
            if response is None:
                self.service.remove_pending_request(future)
        else:
            response, canceled_s = self._pursue(
                self._request(asked, timeout_s, way), end_s, cancel_after_s)
        return self._ended(way, asked, start_s, timeout_s, response, canceled_s)

    def ask_at_once(self, questions: Sequence[Asked], timeout_s: float) -> list[Ended]:
        """Ask all of them at once by the service."""
        start_s = time.monotonic()
        futures = [self.service.call_async(self._request(asked, timeout_s, 'service'))
                   for asked in questions]
        ended: dict[int, Ended] = {}

        def all_done() -> bool:
            for at, (asked, future) in enumerate(zip(questions, futures)):
                if at not in ended and future.done():
                    ended[at] = self._ended('service', asked, start_s, timeout_s, future.result())
            return len(ended) == len(futures)

        self.until(all_done, timeout_s + self._margin_s)
        for at, (asked, future) in enumerate(zip(questions, futures)):
            if at not in ended:
                self.service.remove_pending_request(future)
                ended[at] = self._ended('service', asked, start_s, timeout_s, None)
        return list(ended.values())

    def client(self, kind: Any, name: str) -> Any:
        """A client of another service, made once."""
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        return self._clients[name]

    def call(self, client: Any, request: Any, timeout_s: float) -> Any:
        """Response of another service, None without one."""
        end_s = time.monotonic() + timeout_s
        if not self.until(client.service_is_ready, timeout_s):
            return None
        future = client.call_async(request)
        response = self._result(future, end_s)
        if response is None:
            client.remove_pending_request(future)
        return response

    def replaced(self, timeout_s: float) -> int | None:
        """How many workers the kernel has replaced, by diagnostics from now; None without any."""
        if self._diagnostics is None:
            self._diagnostics = self._node.create_subscription(
                DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._replaced, self._asked_ns = None, time.time_ns()
        self.until(lambda: self._replaced is not None, timeout_s)
        return self._replaced

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        stamp = message.header.stamp
        # those that waited meanwhile tell what was
        if stamp.sec * 1_000_000_000 + stamp.nanosec < self._asked_ns:
            return
        for status in message.status:
            for value in status.values:
                if value.key == 'workers replaced':
                    self._replaced = int(value.value)

    def _request(self, asked: Asked, timeout_s: float, way: str) -> Any:
        return (SpatialQuery.Request if way == 'service' else SpatialQueryAction.Goal)(
            question=asked.text, cameras=list(asked.cameras), frame_id=asked.frame_id,
            answer_type=int(asked.answer_type), timeout=duration_message(timeout_s),
            client=self.name)

    def _ended(
        self, way: str, asked: Asked, start_s: float, timeout_s: float, response: Any,
        canceled_s: float | None = None,
    ) -> Ended:
        now_s = time.monotonic()
        status, message, wrong, right_if = 'NO ANSWER', '', '', frozenset[str]()
        if response is not None:
            answer = response.answer
            status, message = STATUS_NAMES[answer.status], answer.message
            if status == 'OK':
                wrong, right_if = asked.fault_of(answer), asked.right_if(answer)
        return Ended(self.name, way, asked, start_s, now_s, timeout_s, status, message, wrong,
                     right_if, canceled_s)

    def _pursue(
        self, goal: Any, end_s: float, cancel_after_s: float | None,
    ) -> tuple[Any, float | None]:
        """Result of a goal, None without one, and when it was cancelled."""
        start_s = time.monotonic()
        handle = self._result(self.action.send_goal_async(goal), end_s)
        if handle is None or not handle.accepted:
            return None, None
        future = handle.get_result_async()
        canceled_s = None
        if cancel_after_s is not None:
            self._result(future, start_s + cancel_after_s)
            if not future.done():
                canceled_s = time.monotonic()
                handle.cancel_goal_async()
        wrapped = self._result(future, end_s)
        return (None if wrapped is None else wrapped.result), canceled_s

    def _result(self, future: Any, end_s: float) -> Any:
        done = self.until(future.done, max(0.0, end_s - time.monotonic()))
        return future.result() if done else None


class Client:
    """Asks back to back on a thread of its own.

    Args:
        name: of the client.
        server: of the node.
        questions: drawn at random.
        tell: called with each end, on this thread.
        seed: of what is drawn.
        timeouts_s: shortest and longest time of a query.
        ways: in turns at random.
        margin_s: see `Caller`.
    """

    def __init__(
        self, name: str, server: str, questions: Sequence[Asked], tell: Callable[[Ended], object],
        *, seed: int, timeouts_s: tuple[float, float], ways: Sequence[str], margin_s: float,
    ) -> None:
        self.failure = ''
        self.name = name
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._idle = threading.Event()
        self._draw = random.Random(f'{seed} {name}')
        self._name, self._server, self._margin_s = name, server, margin_s
        self._questions, self._tell = questions, tell
        self._timeouts_s, self._ways = timeouts_s, ways
        self._thread = threading.Thread(target=self._run, name=f'client-{name}', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def pause(self, paused: bool) -> None:
        """Ask nothing for now, or go on."""
        (self._paused.set if paused else self._paused.clear)()

    def idle(self, timeout_s: float) -> bool:
        """Wait, when it is paused, for the end of what it asked; whether it came."""
        return self._idle.wait(timeout_s)

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with Caller(self._name, self._server, self._margin_s) as caller:
                if not caller.ready(DISCOVERY_S):
                    raise RuntimeError(f'no service and action of {self._server}')
                while not self._stop.is_set():
                    if self._paused.is_set():
                        self._idle.set()
                        caller.until(lambda: not self._paused.is_set(), PAUSE_S)
                        continue
                    self._idle.clear()
                    ended = caller.ask(
                        self._draw.choice(self._questions), self._draw.uniform(*self._timeouts_s),
                        self._draw.choice(self._ways))
                    self._tell(ended)
                    if ended.status != 'OK':
                        self._stop.wait(AFTER_FAULT_S)
        except ExternalShutdownException:
            pass
        except Exception:
            self.failure = traceback.format_exc()
