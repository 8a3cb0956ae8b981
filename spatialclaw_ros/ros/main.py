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


"""The node's process: signals, executor, exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence

import rclpy
from rclpy.executors import MultiThreadedExecutor

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.ros.beginning import begin, middleware_error
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
from spatialclaw_ros.ros.compat.rcl_errors import RCLError
from spatialclaw_ros.ros.node import SpatialClawNode
from spatialclaw_ros.ros.parameter_file import unread_files
from spatialclaw_ros.ros.refusal import refuse

# Each query that runs or waits holds one, and BUSY, cancels and the lifecycle are answered beside
# them: as many as parameters allow, and some to spare. They are started as they are needed.
THREADS = 96
SHUTDOWN_WAIT_S, POLL_S = 5.0, 0.1
MAX_FAULTS = 100
FAULTS_IN_S = 60.0
YIELD_S = 0.0005
"""What a callback has of Python before the executor looks for the next one."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM.

    Args:
        args: command line without the program's name; None takes `sys.argv`.

    Returns:
        Exit status: 0 after a clean shutdown; 2 when it can't start as told, and another start
        would not either; 1 when it can't start and another start may (`refusal.status_of`), or
        gave up after too many faults.
    """
    use_fastdds_profile(os.environ)
    given = sys.argv if args is None else list(args)
    try:
        begin(given)
    except SpatialClawError as error:
        return refuse(error)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        node = _made()
        for line in unread_files(given, node.get_fully_qualified_name()):
            node.get_logger().warning(line)
        return Process(node, stop).run()
    except SpatialClawError as error:
        return refuse(error)
    finally:
        rclpy.try_shutdown()


def _made() -> SpatialClawNode:
    """The node.

    Raises:
        ParameterError: a parameter can't be used.
        MiddlewareError: the middleware lets no node into the graph.
    """
    try:
        return SpatialClawNode()
    except RCLError as error:
        raise middleware_error(error) from error


class Executor(MultiThreadedExecutor):
    """Lets a callback begin before it gathers what to wait for next.

    rclpy does that anew for each, in Python, and with a dozen services it takes as long as a
    request's way over DDS: who asked would wait for it.
    """

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Leave one callback to a thread, and give it a head start."""
        super().spin_once(timeout_sec)
        time.sleep(YIELD_S)


class Process:
    """Spins the node on a thread until it is told to stop; another one starts it.

    Args:
        node: what is spun, and closed in the end.
        stop: set to end it.
    """

    def __init__(self, node: SpatialClawNode, stop: threading.Event) -> None:
        self._node = node
        self._stop = stop
        self._executor = Executor(THREADS, context=node.context)
        self._faults: deque[float] = deque(maxlen=MAX_FAULTS)
        self._status = 0

    def run(self) -> int:
        """Serve, and start the node if it is to start itself; the exit status."""
        self._executor.add_node(self._node)
        threads = [threading.Thread(target=self._spin, name='executor', daemon=True)]
        if self._node.parameters.settings.autostart:
            self._node.hold()
            threads.append(threading.Thread(target=self._start, name='autostart', daemon=True))
        for thread in threads:
            thread.start()
        self._stop.wait()
        self._node.release()
        self._let_go(threads[0])
        self._executor.shutdown(timeout_sec=SHUTDOWN_WAIT_S)
        for thread in threads:
            thread.join(SHUTDOWN_WAIT_S)
        self._node.close()
        return self._status

    def _let_go(self, spinning: threading.Thread) -> None:
        """Take no more callbacks: one that is just taken while rclpy shuts down breaks, aloud."""
        self._executor.remove_node(self._node)
        taken = threading.Event()
        self._executor.create_task(taken.set)
        patience = Deadline(SHUTDOWN_WAIT_S)
        while spinning.is_alive() and not patience.expired and not taken.wait(POLL_S):
            pass

    def _spin(self) -> None:
        try:
            while not self._stop.is_set() and self._spun():
                pass
        finally:
            self._stop.set()

    def _start(self) -> None:
        if self._node.start() or self._stop.is_set():
            return
        if self._node.failed is None:
            self._node.get_logger().warning(
                'somebody else changes the state of this node; it goes on without autostart')
            return
        self._status = refuse(self._node.failed)
        self._stop.set()

    def _spun(self) -> bool:
        """Spin until told to stop; whether to go on, for a callback's fault ends nothing."""
        try:
            self._executor.spin()
        # the thread's outermost edge; an executor that is shut down while a callback ends raises
        except Exception:
            if self._stop.is_set():
                return False
            self._node.get_logger().error(f'a callback failed:\n{traceback.format_exc()}')
            self._faults.append(time.monotonic())
            if len(self._faults) < MAX_FAULTS or self._faults[-1] - self._faults[0] > FAULTS_IN_S:
                return True
            self._status = 1
        return False
