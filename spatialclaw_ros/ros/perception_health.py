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

"""Perception as `/diagnostics` tells it: models, process or server, GPU memory."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from diagnostic_msgs.msg import DiagnosticStatus

from spatialclaw_ros.perception import Perception
from spatialclaw_ros.perception.status import PerceptionStatus, still_loading

RESTARTED_S = 60.0
"""For so long a restart is a warning."""


class PerceptionHealth:
    """Looks at perception and tells how bad it is.

    Args:
        perception: whose status it is.
    """

    def __init__(self, perception: Perception) -> None:
        self._perception = perception
        self._restarts = 0
        self._restarted_s = -math.inf

    def look(self) -> tuple[bytes, str, dict[str, str]]:
        """Level, message and values of a diagnostic status."""
        status = self._perception.status()
        if status.restarts != self._restarts:
            self._restarts, self._restarted_s = status.restarts, time.monotonic()
        level, message = self._judge(status)
        return level, message, dict(_values(status, self._perception.names))

    def _judge(self, status: PerceptionStatus) -> tuple[bytes, str]:
        failed = [model for model in status.models if model.state == 'failed']
        loading = still_loading(status)
        if not status.alive:
            return DiagnosticStatus.ERROR, status.message or f'no answer from {status.where}'
        if failed:
            return DiagnosticStatus.ERROR, '; '.join(
                f'{model.name} failed: {model.message}' for model in failed)
        if loading:
            return DiagnosticStatus.WARN, f'loading {loading}'
        if time.monotonic() - self._restarted_s < RESTARTED_S:
            why = f': {status.message}' if status.message else ''
            return DiagnosticStatus.WARN, f'its process was started again{why}'
        names = ', '.join(f'{model.name} {model.state}' for model in status.models)
        return DiagnosticStatus.OK, status.message or names or ', '.join(
            self._perception.names.values())


def _values(status: PerceptionStatus, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield from names.items()
    yield 'runs in', status.where
    yield 'alive', 'yes' if status.alive else 'no'
    if status.pid:
        yield 'process', str(status.pid)
    yield 'restarts', str(status.restarts)
    yield 'round trip (s)', _seconds(status.round_trip_s)
    for model in status.models:
        yield f'{model.role}: model', model.name
        yield f'{model.role}: state', model.state
        yield f'{model.role}: loaded (%)', f'{100 * model.progress:.0f}'
        yield f'{model.role}: message', model.message
        yield f'{model.role}: device', model.device
        yield f'{model.role}: precision', model.precision
        yield f'{model.role}: weights', model.weights
        yield f'{model.role}: memory (MB)', _megabytes(model.memory_bytes)
        yield f'{model.role}: batch', str(model.batch)
        yield f'{model.role}: calls', str(model.calls)
        yield f'{model.role}: last call (s)', _seconds(model.last_s)
    for device in status.devices:
        yield f'{device.name}: memory (MB)', _megabytes(device.total_bytes)
        yield f'{device.name}: free (MB)', _megabytes(device.free_bytes)
        yield f'{device.name}: ours (MB)', _megabytes(device.ours_bytes)


def _seconds(duration_s: float) -> str:
    return '' if math.isnan(duration_s) else f'{duration_s:.3f}'


def _megabytes(count: int) -> str:
    return f'{count / 1e6:.0f}'
