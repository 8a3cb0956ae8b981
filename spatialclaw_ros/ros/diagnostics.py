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

"""Publishes `/diagnostics` once a second: cameras, kernel, backbone, and the last query."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from spatialclaw_ros.backbone.protocol import Backbone, HasEndpoints
from spatialclaw_ros.kernel.report import lacking
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.ros.cameras import CameraStatus
from spatialclaw_ros.ros.kernel_host import KernelStatus
from spatialclaw_ros.ros.perception_health import PerceptionHealth
from spatialclaw_ros.ros.plain import clean
from spatialclaw_ros.ros.query import Outcome, QueryRunner
from spatialclaw_ros.workspace.question import Status

PERIOD_S = 1.0
STALE_S = 2.0

FAULTS = frozenset({
    Status.BACKBONE_UNAVAILABLE, Status.PERCEPTION_UNAVAILABLE, Status.INTERNAL_ERROR})


class Diagnostics:
    """Owns the publisher and its timer, which runs on the steady clock.

    Args:
        node: node to publish from.
        cameras: what each camera's buffer holds now.
        kernel: how it is, and its sandbox.
        sandbox: the policy for parts of the sandbox that are missing.
        backbone: who writes the cells.
        perception: who sees.
        runner: who runs queries.
    """

    def __init__(
        self, node: Node, *, cameras: Callable[[], Iterable[CameraStatus]],
        kernel: Callable[[], KernelStatus], sandbox: str, backbone: Backbone,
        perception: Perception, runner: QueryRunner,
    ) -> None:
        self._node = node
        self._cameras = cameras
        self._kernel = kernel
        self._sandbox = sandbox
        self._backbone = backbone
        self._perception = PerceptionHealth(perception)
        self._runner = runner
        self._lock = threading.Lock()
        self._last: Outcome | None = None
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._timer = node.create_timer(
            PERIOD_S, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Stop publishing."""
        self._timer.cancel()

    def ended(self, outcome: Outcome) -> None:
        """Remember how a query ended; any thread."""
        if outcome.status != Status.BUSY:
            with self._lock:
                # its frames would stay until the next query ends
                self._last = replace(outcome, observation=None)

    def publish(self) -> None:
        """Publish the state of this moment."""
        array = DiagnosticArray(status=[*map(self._camera, self._cameras()), *self._parts()])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def _camera(self, camera: CameraStatus) -> DiagnosticStatus:
        level, message = DiagnosticStatus.OK, ''
        values = {}
        for stream in camera.streams:
            values[f'{stream.role} topic'] = stream.topic
            values[f'{stream.role} rate (Hz)'] = f'{stream.rate_hz:.1f}'
            values[f'{stream.role} age (s)'] = f'{stream.age_s:.2f}'
            values[f'{stream.role} buffered (MB)'] = f'{stream.buffered_bytes / 1e6:.1f}'
            if not stream.age_s <= (math.inf if stream.keeps_last else STALE_S):
                level = DiagnosticStatus.ERROR if stream.role == 'image' else (
                    max(level, DiagnosticStatus.WARN))
                message = message or stream.silence(STALE_S)
        if camera.last_error:
            level = max(level, DiagnosticStatus.WARN)
            message = message or camera.last_error
        image = camera.stream('image')
        fine = f'{image.rate_hz:.1f} Hz' if image else 'no image topic'
        return self._status(f'camera {camera.name}', level, message or fine, values)

    def _parts(self) -> Iterable[DiagnosticStatus]:
        yield self._kernel_status()
        yield self._backbone_status()
        yield self._status('perception', *self._perception.look())
        running = self._runner.running
        with self._lock:
            last = self._last
        if last is None:
            yield self._status('queries', DiagnosticStatus.OK, 'none yet', {
                'running': ', '.join(running)})
            return
        level = DiagnosticStatus.ERROR if last.status in FAULTS else DiagnosticStatus.OK
        yield self._status('queries', level, f'last: {last.status.name}', {
            'running': ', '.join(running), 'last query': last.query_id,
            'last message': getattr(last.end, 'message', getattr(last.end, 'reason', '')),
            **{f'last {name} (s)': f'{spent_s:.3f}' for name, spent_s in last.timings.items()}})

    def _kernel_status(self) -> DiagnosticStatus:
        kernel = self._kernel()
        level = {'ready': DiagnosticStatus.OK, 'starting': DiagnosticStatus.WARN}.get(
            kernel.state, DiagnosticStatus.ERROR)
        message = kernel.state
        missing = lacking(kernel.parts)
        if missing:
            level = max(level, DiagnosticStatus.WARN)
            message += f'; sandbox without: {", ".join(missing)}'
        values = {'sandbox': self._sandbox}
        for part in kernel.parts:
            values[f'sandbox: {part.name}'] = 'on' if part.available else f'missing: {part.cost}'
        if kernel.stats is not None:
            values |= {
                'sessions': str(kernel.stats.sessions),
                'workers replaced': str(kernel.stats.restarts),
                'zygote starts': str(kernel.stats.zygote_starts),
                'shared memory kept (MB)': f'{kernel.stats.pool_bytes / 1e6:.1f}'}
        return self._status('kernel', level, message, values)

    def _backbone_status(self) -> DiagnosticStatus:
        level, message = DiagnosticStatus.OK, self._backbone.name
        values: dict[str, str] = {}
        endpoints = self._backbone.status() if isinstance(self._backbone, HasEndpoints) else ()
        for each in endpoints:
            latency = '' if each.latency_s is None else f'{each.latency_s:.2f}'
            values |= {
                f'{each.url} first word (s)': latency, f'{each.url} queries': str(each.queries),
                f'{each.url} replies': str(each.requests),
                f'{each.url} tokens': f'{each.prompt_tokens} in, {each.completion_tokens} out',
                f'{each.url} latest fault': each.last_error}
        ill = [each for each in endpoints if not each.healthy]
        if ill:
            level = DiagnosticStatus.WARN if len(ill) < len(endpoints) else DiagnosticStatus.ERROR
            message += f'; no answer from {ill[0].url}: {ill[0].last_error}'
        return self._status('backbone', level, message, values)

    def _status(
        self, name: str, level: bytes, message: str, values: Mapping[str, str] | None = None,
    ) -> DiagnosticStatus:
        return DiagnosticStatus(
            name=f'{self._node.get_name()}: {name}', level=level, message=clean(message),
            hardware_id='', values=[
                KeyValue(key=key, value=clean(value)) for key, value in (values or {}).items()])
