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

"""`SpatialClient`: asks a running node, blocking, in asyncio, or with a handle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, cast

from rclpy.node import Node

from spatialclaw_ros.client.answer import Answer
from spatialclaw_ros.client.errors import NotSpunError, canceled_here
from spatialclaw_ros.client.goals import DEFAULT_WAIT_S, QueryOptions, goal_of
from spatialclaw_ros.client.link import Link
from spatialclaw_ros.client.own_node import OwnNode
from spatialclaw_ros.client.progress import Progress
from spatialclaw_ros.client.query import CHECK_S, LINGER_S, Query
from spatialclaw_ros.errors import CanceledError

if TYPE_CHECKING:
    from typing import Unpack

DEFAULT_NODE = '/spatialclaw'
ACTION_TYPE = 'spatialclaw_ros/action/SpatialQuery_SendGoal'
SERVICE_TAIL = '/query/_action/send_goal'
CLOSE_WAIT_S = 1.0
NOT_SPUN_S = 5.0
SETTLE_S = 0.2

OnProgress = Callable[[Progress], object]


class SpatialClient:
    """Asks a node; thread-safe, and a context manager.

    Args:
        node_name: name of the node that answers, with its namespace.
        node: a node of this program for the client to live on. The program spins it; the client
            never does. Without one the client has a ROS context, a node and a thread of its own,
            and needs no `rclpy.init`; with Fast DDS, its environment then names this package's
            profile where it named none (see docs/networking.md).

    Raises:
        InvalidRequestError: without `node`, and ROS_DOMAIN_ID can't be used.
        MiddlewareError: without `node`, and ROS' middleware does not begin.
    """

    def __init__(self, node_name: str = DEFAULT_NODE, *, node: Node | None = None) -> None:
        self._name = '/' + node_name.strip('/')
        self._own = OwnNode() if node is None else None
        self._node = self._own.node if self._own is not None else cast('Node', node)
        self._link = Link(self._node, self._name, self._advice)
        self._lock = threading.Lock()
        self._closed = False
        self._open: set[Query] = set()

    def __enter__(self) -> SpatialClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def node_name(self) -> str:
        """Full name of the node that answers."""
        return self._name

    def close(self) -> None:
        """Cancel what is open and leave the ROS graph; a second time does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            open_queries = tuple(self._open)
        for query in open_queries:
            query.cancel()
        end_s = time.monotonic() + CLOSE_WAIT_S
        while (not all(query.done() for query in open_queries) and time.monotonic() < end_s
               and self._node.context.ok()):
            time.sleep(0.01)
        self._link.retire(CLOSE_WAIT_S)
        for query in open_queries:  # those that the node did not end by now
            query.end(canceled_here(query.question, 'the client was closed'))
        if self._own is not None:
            self._own.stop()
        else:
            time.sleep(SETTLE_S)  # the executor that spins the node has looked again by then
        self._link.destroy()
        if self._own is not None:
            self._own.close()

    def wait(self, timeout_s: float = DEFAULT_WAIT_S) -> None:
        """Wait until the node is there.

        Raises:
            NodeNotFoundError: it isn't, after this time.
            CanceledError: the client is closed.
        """
        end_s = time.monotonic() + timeout_s
        while True:
            with self._lock:
                self._refuse_closed()
                if self._link.ready():
                    return
            if time.monotonic() > end_s:
                raise self._link.not_found(timeout_s)
            time.sleep(0.05)

    def ask(
        self, question: str, *, on_progress: OnProgress | None = None,
        **options: Unpack[QueryOptions],
    ) -> Answer:
        """Ask, and wait for the answer; whatever interrupts the wait cancels the query.

        Without `timeout_s` that takes as long as the node gives a query, at most an hour. A node
        that dies is noticed within about 10 s, one that hangs within a minute or two.

        Never call it in a callback of the executor that spins the client's node, unless that has
        a thread to spare: `start` and `ask_async` are for that.

        Args:
            question: plain language.
            on_progress: called on this thread with each Progress.
            options: `cameras`, `frame_id`, `answer_type`, `choices`, `tolerance_m`, `timeout_s`,
                `stamp_ns`, `window_s`, `max_frames`, `wait_s`: see QueryOptions.

        Raises:
            QueryError: the query ended without an answer; the class says how.
            NodeNotFoundError: no such node.
            NodeGoneError: the node went away before it answered.
            NotSpunError: nobody spins the node that the client was given.
        """
        query = self.start(question, **options)
        try:
            if on_progress is not None:
                for progress in query.progress:
                    on_progress(progress)
            return query.result()
        finally:
            query.cancel()

    async def ask_async(
        self, question: str, *, on_progress: OnProgress | None = None,
        **options: Unpack[QueryOptions],
    ) -> Answer:
        """As `ask`, for asyncio; cancelling the task cancels the query.

        `on_progress` is called in the event loop.
        """
        loop = asyncio.get_running_loop()
        ended, all_told = asyncio.Event(), asyncio.Event()
        query = self.start(question, **options)

        def tell(progress: Progress) -> None:
            if on_progress is not None:
                on_progress(progress)
            if progress.last:
                all_told.set()

        def in_loop(call: Callable[..., object], *arguments: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(call, *arguments)

        if on_progress is not None:
            query.add_progress_callback(lambda progress: in_loop(tell, progress))
        query.add_done_callback(lambda _: in_loop(ended.set))
        try:
            while not await _set_within(ended, CHECK_S):
                query.check()
            if on_progress is not None and query.heard_some:
                await _set_within(all_told, LINGER_S)
            return query.result(0.0)
        finally:
            query.cancel()

    def start(
        self, question: str, **options: Unpack[QueryOptions],
    ) -> Query:
        """Ask, and return at once with a handle; arguments as `ask` has them.

        Raises:
            CanceledError: the client is closed.
        """
        goal = goal_of(question, self._node.get_fully_qualified_name(), options)
        wait_s = options.get('wait_s', DEFAULT_WAIT_S)
        started_s = time.monotonic()
        query = Query(question, lambda: self._check_spun(started_s), self._link.cancel)
        query.add_done_callback(self._ended)
        with self._lock:
            self._refuse_closed()
            self._open.add(query)
            self._link.ask(query, goal, options.get('timeout_s', 0.0), wait_s)
        return query

    def _refuse_closed(self) -> None:
        if self._closed:
            raise CanceledError('the client is closed; make another one')

    def _ended(self, query: Query) -> None:
        with self._lock:
            self._open.discard(query)

    def _check_spun(self, started_s: float) -> None:
        if not self._node.context.ok():
            raise CanceledError('the ROS context of this program was shut down')
        if self._own is not None and self._own.fault is not None:
            raise NotSpunError(
                'the thread of this client failed, so no answer can arrive: make another client '
                f'({self._own.fault!r})')
        still_s = time.monotonic() - max(started_s, self._link.seen_s)
        if still_s > NOT_SPUN_S:
            raise NotSpunError(
                f'nobody has spun the node {self._node.get_fully_qualified_name()} for '
                f'{still_s:.1f} s, so no answer can arrive: spin it on another thread, and call '
                'ask() from none of its callbacks (there, use start() or ask_async())')

    def _advice(self) -> str:
        """What to do when the node isn't there: others that are, or how to start one."""
        others = []
        for node in self._node.get_node_names_and_namespaces():
            try:
                services = self._node.get_service_names_and_types_by_node(*node)
            except RuntimeError:  # it left meanwhile
                continue
            others += [name.removesuffix(SERVICE_TAIL) for name, types in services
                       if name.endswith(SERVICE_TAIL) and ACTION_TYPE in types
                       and name != self._name + SERVICE_TAIL]
        if others:
            return (f'there is {", ".join(sorted(others))}: ask for it by its name (node_name, or '
                    '--node)')
        return (
            'start one with `spatialclaw_node` or `ros2 run spatialclaw_ros node`; if one runs, '
            f'both need the same ROS_DOMAIN_ID (here {os.environ.get("ROS_DOMAIN_ID") or 0}), and '
            'its name (node_name, or --node)')


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        return False
    return True
