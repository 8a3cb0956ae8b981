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
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from diagnostic_msgs.msg import DiagnosticStatus

from spatialclaw_ros.backbone.protocol import Backbone, HasEndpoints
from spatialclaw_ros.kernel.report import lacking
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.ros.camera_status import CameraStatus
from spatialclaw_ros.ros.cameras import CameraConfig
from spatialclaw_ros.ros.compat.report import DISTRIBUTION, installed
from spatialclaw_ros.ros.kernel_host import KernelStatus
from spatialclaw_ros.ros.query_log import QueryLog
from spatialclaw_ros.workspace.question import Status

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
STALE_S = 2.0
ACTIVE = 'active'
NEXT = {'unconfigured': 'configure', 'inactive': 'activate'}
"""Transition to ask for, by the state of the lifecycle."""
FAULTS = frozenset({
    Status.BACKBONE_UNAVAILABLE, Status.PERCEPTION_UNAVAILABLE, Status.INTERNAL_ERROR})


class Queue(Protocol):
    """What is told of the queries that are under way."""

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of those that run."""
        ...


@dataclass(frozen=True)
class Sources:
    """What there is to tell of at one moment; None for what this state of the node has not.

    Args:
        state: of the lifecycle: 'unconfigured', 'inactive', 'active', or a transition's name.
        failed: why the last transition failed, '' when it did not.
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
    values = {'state': seen.state, 'last failed transition': seen.failed}
    if seen.state == ACTIVE:
        return Health('lifecycle', OK, seen.state, values)
    message = seen.state
    if seen.state in NEXT:
        message += (': questions are answered INACTIVE; '
                    f'`ros2 lifecycle set {node} {NEXT[seen.state]}`')
    if seen.failed:
        return Health('lifecycle', ERROR, f'{seen.failed}; {message}', values)
    return Health('lifecycle', WARN, message, values)


def of_cameras(seen: Sources) -> Iterator[Health]:
    """Each camera that is configured."""
    if seen.cameras is None:
        for config in seen.configured:
            yield absent(f'camera {config.name}', seen, config.image_topic)
        return
    yield from map(of_camera, seen.cameras())


def of_camera(camera: CameraStatus) -> Health:
    """Rates, ages and what is wrong; a camera without images is an error."""
    level, message = OK, ''
    values = {}
    for stream in camera.streams:
        values[f'{stream.role} topic'] = stream.topic
        values[f'{stream.role} rate (Hz)'] = f'{stream.rate_hz:.1f}'
        values[f'{stream.role} age (s)'] = f'{stream.age_s:.2f}'
        values[f'{stream.role} buffered (MB)'] = f'{stream.buffered_bytes / 1e6:.1f}'
        values[f'{stream.role} received'] = str(stream.received)
        values[f'{stream.role} lost'] = str(stream.lost)
        if not stream.age_s <= (math.inf if stream.keeps_last else STALE_S):
            level = ERROR if stream.role == 'image' else max(level, WARN)
            message = message or stream.silence(STALE_S)
    values |= {
        'lost': str(camera.lost), 'paired (%)': f'{100 * camera.paired:.0f}', 'TF': camera.tf}
    for wrong in (camera.last_error, camera.tf):
        if wrong:
            level = max(level, WARN)
            message = message or wrong
    image = camera.stream('image')
    fine = f'{image.rate_hz:.1f} Hz' if image else 'no image topic'
    return Health(
        f'camera {camera.name}', level, message or fine, values, image.topic if image else '')


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
    """What runs, how many ended in which way, and the last ones."""
    last = log.last
    values = {'running': ', '.join(seen.queue.running if seen.queue is not None else ())}
    values |= {f'ended {status.name}': str(count) for status, count in log.counts.items()}
    values |= {f'last {number}': each.line() for number, each in enumerate(last, 1)}
    if not last:
        return Health('queries', OK, 'none yet', values)
    newest = last[0]
    values |= {'last query': newest.query_id, 'last message': newest.said}
    values |= {f'last {name} (s)': f'{spent_s:.3f}' for name, spent_s in newest.timings.items()}
    level = ERROR if newest.status in FAULTS else OK
    return Health('queries', level, f'last: {newest.status.name}', values)


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
