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

"""Hears what a node says of itself: parts on `/diagnostics`, steps of queries on `~/events`."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import QoSProfile, ReliabilityPolicy

from spatialclaw_ros.client.errors import NotSpunError
from spatialclaw_ros.client.own_node import OwnNode
from spatialclaw_ros.client.progress import LAST_STAGE
from spatialclaw_ros.msg import SpatialEvent
from spatialclaw_ros.sharing.texts import clean_line

LEVELS = {DiagnosticStatus.OK: 'ok', DiagnosticStatus.WARN: 'warn', DiagnosticStatus.STALE: 'stale'}
KEPT_STEPS = 64
FRESH_S = 3.0
"""For so long a step is shown of a query that the node does not name as one that runs."""


@dataclass(frozen=True)
class PartStatus:
    """One part of a node.

    Args:
        name: e.g. 'perception'.
        level: 'ok', 'warn', 'error', or 'stale' for what the node's state has not.
        message: one line.
        values: all that it tells.
    """

    name: str
    level: str
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One thing that happened to a query.

    Args:
        number: counts all steps that were heard, from 1.
        query_id: the query's.
        stage: 'queued', 'frames', 'plan', 'write', 'run', 'answer'.
        step: cell that it is about; 0 before the first.
        max_steps: cells that may be written.
        text: one line for a person.
        heard_s: when, monotonic clock.
    """

    number: int
    query_id: str
    stage: str
    step: int
    max_steps: int
    text: str
    heard_s: float


@dataclass(frozen=True)
class NodeView:
    """What is known of a node at one moment.

    Args:
        node: its name, with the namespace.
        parts: as it told them last; () when it never did.
        age_s: since then; infinite when it never did.
        steps: of the last queries, in the order they were heard.
    """

    node: str
    parts: tuple[PartStatus, ...] = ()
    age_s: float = math.inf
    steps: tuple[Step, ...] = ()

    def part(self, name: str) -> PartStatus | None:
        """One part, None when it is not told."""
        return next((each for each in self.parts if each.name == name), None)

    @property
    def cameras(self) -> tuple[PartStatus, ...]:
        """The parts that are cameras."""
        return tuple(each for each in self.parts if each.name.startswith('camera '))

    def under_way(self) -> tuple[Step, ...]:
        """Steps of queries that have not ended, and of those that just did."""
        queries = self.part('queries')
        named = ' '.join(value for key, value in (queries.values if queries else {}).items()
                         if key.startswith(('running', 'waiting')))
        ended = {step.query_id for step in self.steps if step.stage == LAST_STAGE}
        fresh = {step.query_id for step in self.steps
                 if time.monotonic() - step.heard_s < FRESH_S}
        return tuple(
            step for step in self.steps if step.query_id in fresh
            or (step.query_id in named and step.query_id not in ended))


class Watcher:
    """Listens to a node until it is closed, also when that starts again; a context manager.

    Args:
        node: its name, with the namespace.
    """

    def __init__(self, node: str) -> None:
        self._name = '/' + node.strip('/')
        self._prefix = f'{node.strip("/")}: '
        self._condition = threading.Condition()
        self._parts: tuple[PartStatus, ...] = ()
        self._heard_s = -math.inf
        self._steps: deque[Step] = deque(maxlen=KEPT_STEPS)
        self._count = 0
        self._own = OwnNode()
        self._own.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_array, 10)
        self._own.node.create_subscription(
            SpatialEvent, f'{self._name}/events', self._on_event,
            QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE))

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the graph."""
        self._own.stop()
        self._own.close()

    def view(self) -> NodeView:
        """What is known now.

        Raises:
            NotSpunError: the thread that listens failed.
        """
        if self._own.fault is not None:
            raise NotSpunError(
                'the thread that listens failed, so nothing more is heard: make another watcher '
                f'({self._own.fault!r})')
        with self._condition:
            return NodeView(
                self._name, self._parts, time.monotonic() - self._heard_s, tuple(self._steps))

    def wait(self, timeout_s: float) -> bool:
        """Wait until the node told its parts; False when it did not."""
        with self._condition:
            return self._condition.wait_for(lambda: bool(self._parts), timeout_s)

    def _on_array(self, array: DiagnosticArray) -> None:
        parts = tuple(_part(status, self._prefix) for status in array.status
                      if status.name.startswith(self._prefix))
        if parts:
            with self._condition:
                self._parts, self._heard_s = parts, time.monotonic()
                self._condition.notify_all()

    def _on_event(self, event: SpatialEvent) -> None:
        with self._condition:
            self._count += 1
            self._steps.append(Step(
                self._count, event.query_id, event.stage, int(event.step), int(event.max_steps),
                clean_line(event.text), time.monotonic()))


def _part(status: DiagnosticStatus, prefix: str) -> PartStatus:
    return PartStatus(
        clean_line(status.name.removeprefix(prefix)), LEVELS.get(status.level, 'error'),
        clean_line(status.message),
        {clean_line(pair.key): clean_line(pair.value) for pair in status.values})
