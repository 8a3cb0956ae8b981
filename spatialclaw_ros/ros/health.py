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

"""How each part of the node does, as `/diagnostics` tells it; values, no publishers."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from diagnostic_msgs.msg import DiagnosticStatus

from spatialclaw_ros.backbone.protocol import Backbone, HasEndpoints
from spatialclaw_ros.kernel.report import lacking
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_status import CameraStatus
from spatialclaw_ros.ros.compat.report import DISTRIBUTION, installed
from spatialclaw_ros.ros.kernel_host import KernelStatus
from spatialclaw_ros.ros.query_log import QueryLog
from spatialclaw_ros.workspace.question import Status

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
ACTIVE = 'active'
NEXT = {'unconfigured': 'configure', 'inactive': 'activate'}
"""Transition to ask for, by the state of the lifecycle."""
FAULTS = frozenset({
    Status.BACKBONE_UNAVAILABLE, Status.PERCEPTION_UNAVAILABLE, Status.INTERNAL_ERROR})
FRESH_S = 60.0
"""For so long a fault of the last query is an error, then a warning: what caused it may be gone."""


class Queue(Protocol):
    """What is told of the queries that are under way."""

    def under_way(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """A line for each that runs, waits (whose turn is next first), or closes slowly."""
        ...


@dataclass(frozen=True)
class Sources:
    """What there is to tell of at one moment; None for what this state of the node has not.

    Args:
        state: of the lifecycle: 'unconfigured', 'inactive', 'active', or a transition's name.
        failed: why the last transition failed, '' when it did not.
        namesakes: how many other nodes of the ROS graph have its name and namespace.
        configured: the cameras that parameters name.
        cameras: what their buffers hold.
        kernel: how it is, and its sandbox.
        sandbox: the policy for parts of the sandbox that are missing.
        backbone: who writes the cells.
        perception: who sees.
        queue: who runs queries.
    """

    state: str
    failed: str = ''
    namesakes: int = 0
    configured: tuple[CameraConfig, ...] = ()
    cameras: Callable[[], Iterable[CameraStatus]] | None = None
    kernel: Callable[[], KernelStatus] | None = None
    sandbox: str = ''
    backbone: Backbone | None = None
    perception: Perception | None = None
    queue: Queue | None = None


@dataclass(frozen=True)
class Health:
    """One part: a diagnostic status before it is a message.

    Args:
        name: of the part.
        level: OK, WARN, ERROR; STALE for what is not looked at in this state of the node.
        message: one line.
        values: all that is told.
        hardware: what it is about; '' for this machine.
    """

    name: str
    level: bytes
    message: str
    values: Mapping[str, str] = field(default_factory=dict)
    hardware: str = ''


def absent(name: str, seen: Sources, hardware: str = '') -> Health:
    """A part that this state of the node has not."""
    return Health(name, STALE, f'not there while the node is {seen.state}', hardware=hardware)


def of_lifecycle(seen: Sources, node: str) -> Health:
    """The state of the node, and why the last transition failed."""
    values = {'state': seen.state, 'last failed transition': seen.failed,
              'other nodes of this name': str(seen.namesakes)}
    message = seen.state
    if seen.state in NEXT:
        message += (': questions are answered INACTIVE; '
                    f'`ros2 lifecycle set {node} {NEXT[seen.state]}`')
    if seen.namesakes:
        message += f'; {namesakes_line(node, seen.namesakes)}'
    if seen.state == ACTIVE:
        return Health('lifecycle', WARN if seen.namesakes else OK, message, values)
    if seen.failed:
        return Health('lifecycle', ERROR, f'{seen.failed}; {message}', values)
    return Health('lifecycle', WARN, message, values)


def namesakes_line(node: str, count: int) -> str:
    """What it means that others are called as a node is."""
    return (
        f'{count + 1} nodes are called {node}, and each answers what it is asked: stop one, or '
        'give it a name or namespace (`--ros-args -r __ns:=/robot2`); `ros2 node list` shows them, '
        'for half a minute also one that was killed')


def of_kernel(seen: Sources) -> Health:
    """The kernel, its sandbox, and what it spent."""
    if seen.kernel is None:
        return absent('kernel', seen)
    kernel = seen.kernel()
    level = {'ready': OK, 'starting': WARN}.get(kernel.state, ERROR)
    message = kernel.state
    missing = lacking(kernel.parts)
    if missing:
        level = max(level, WARN)
        message += f'; sandbox without: {", ".join(missing)}'
    values = {'sandbox': seen.sandbox}
    for part in kernel.parts:
        values[f'sandbox: {part.name}'] = 'on' if part.available else f'missing: {part.cost}'
    if kernel.stats is not None:
        values |= {
            'sessions': str(kernel.stats.sessions),
            'workers replaced': str(kernel.stats.restarts),
            'zygote starts': str(kernel.stats.zygote_starts),
            'shared memory kept (MB)': f'{kernel.stats.pool_bytes / 1e6:.1f}'}
    return Health('kernel', level, message, values)


def of_backbone(seen: Sources) -> Health:
    """Endpoints of a model, how fast they are, and tokens."""
    backbone = seen.backbone
    if backbone is None:
        return absent('backbone', seen)
    level, message = OK, backbone.name
    values: dict[str, str] = {}
    endpoints = backbone.status() if isinstance(backbone, HasEndpoints) else ()
    for each in endpoints:
        latency = '' if each.latency_s is None else f'{each.latency_s:.2f}'
        values |= {
            f'{each.url} first word (s)': latency, f'{each.url} queries': str(each.queries),
            f'{each.url} replies': str(each.requests),
            f'{each.url} tokens': f'{each.prompt_tokens} in, {each.completion_tokens} out',
            f'{each.url} latest fault': each.last_error}
    ill = [each for each in endpoints if not each.healthy]
    if ill:
        level = WARN if len(ill) < len(endpoints) else ERROR
        message += f'; no answer from {ill[0].url}: {ill[0].last_error}'
    return Health('backbone', level, message, values)


def of_queries(seen: Sources, log: QueryLog) -> Health:
    """What runs and waits, how many ended in which way, and the last ones."""
    last = log.last
    running, waiting, closing = (
        seen.queue.under_way() if seen.queue is not None else ((), (), ()))
    values = {'running': str(len(running)), 'waiting': str(len(waiting))}
    for kind, lines in (('running', running), ('waiting', waiting), ('closing', closing),
                        ('last', [each.line() for each in last])):
        values |= {f'{kind} {number}': line for number, line in enumerate(lines, 1)}
    values |= {f'ended {status.name}': str(count) for status, count in log.counts.items()}
    under_way = f'{len(running)} running, {len(waiting)} waiting'
    level = OK
    if closing:  # later ones wait for that, and nobody would know why
        level = WARN
        under_way += f', {len(closing)} closing for long: {closing[0]}'
    if not last:
        return Health('queries', level, f'{under_way}; none ended yet', values)
    newest = last[0]
    values |= {f'newest: {name} (s)': f'{spent_s:.3f}' for name, spent_s in newest.timings.items()}
    if newest.status in FAULTS:
        level = ERROR if time.monotonic() - newest.ended_s < FRESH_S else WARN
    return Health(
        'queries', level,
        f'{under_way}; last: {newest.status.name}: {newest.said}', values)


@functools.cache
def of_installation() -> Health:
    """What this installation has of ROS' optional packages; looked for once."""
    lacks = [item for item in installed() if item.state != DISTRIBUTION]
    message = 'complete'
    if lacks:
        message = '; '.join(
            f'{state}: {", ".join(item.package for item in lacks if item.state == state)}'
            for state in dict.fromkeys(item.state for item in lacks))
    return Health('installation', OK, message, {
        item.package: item.version if item.state == DISTRIBUTION else f'{item.state}: {item.cost}'
        for item in installed()})
