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



"""A device: the models on it, the thread that works on it, and its memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from spatialclaw_ros.errors import CanceledError, PerceptionUnavailableError
from spatialclaw_ros.perception.hosting import memory
from spatialclaw_ros.perception.hosting.gate import Gate
from spatialclaw_ros.perception.hosting.worker import Worker
from spatialclaw_ros.perception.status import DeviceMemory

if TYPE_CHECKING:
    from spatialclaw_ros.perception.hosting.slot import Slot

_SAMPLE_S = 2.0


class Device:
    """Where models run, one call after the other.

    Args:
        name: as configured.
        gate: of the process.
        on_fatal: told in one line, once, when only a new process helps.
        keep_loaded_s: after which an idle model is unloaded; 0 keeps it.
        max_waiting: most calls that wait.
        stuck_s: after which a call that nobody waits for any more, and that does not end, is given
            up as soon as another one wants the device.
    """

    def __init__(
        self, name: str, gate: Gate, on_fatal: Callable[[str], None], *, keep_loaded_s: float,
        max_waiting: int, stuck_s: float,
    ) -> None:
        self.gate = gate
        self.slots: list[Slot] = []
        self.memory: DeviceMemory | None = None
        self.caller: Slot | None = None
        self.max_waiting = max_waiting
        self._on_fatal: Callable[[str], None] | None = on_fatal
        self._keep_loaded_s, self._stuck_s = keep_loaded_s, stuck_s
        self._lost = ''
        self.worker = Worker(name, max_waiting, self._tick, self._end)

    def check(self) -> None:
        """Raise where it makes no sense to wait.

        Raises:
            PerceptionUnavailableError: the GPU was lost, or a call hangs.
        """
        if self._lost:
            raise PerceptionUnavailableError(self._lost)
        abandoned_s = 0.0 if self.caller is None else self.worker.abandoned_s
        if abandoned_s > self._stuck_s:
            told = (f'a call does not end, {abandoned_s:.0f} s after it was given up; the process '
                    'that perceives must be started again')
            self._announce(told)
            raise PerceptionUnavailableError(told)

    def check_open(self) -> None:
        """Raise where the device is being closed.

        Raises:
            CanceledError: it is.
        """
        if self.worker.closing:
            raise CanceledError('perception is being closed')

    def lose(self, why: str) -> None:
        """The process can't use the device any more; who owns it is told after this job."""
        self._lost = self._lost or why

    def make_room(self, slot: Slot) -> list[str]:
        """Unload all models but one; in the device's thread.

        Returns:
            Names of those that were loaded.
        """
        others = [each for each in self.slots if each is not slot and each.is_loaded]
        for each in others:
            each.unload(f'made room for {slot.name}; it loads again when it is next asked for')
        return [each.name for each in others]

    def numbers(self, name: str) -> str:
        """What stands in its memory, in one sentence.

        Args:
            name: of the device.
        """
        return memory.numbers(name, [each.status() for each in self.slots])

    def _tick(self) -> float | None:
        if self._lost:
            self._announce(self._lost)
            return None
        next_s = math.inf
        if self._keep_loaded_s:
            for slot in self.slots:
                left_s = self._keep_loaded_s - slot.idle_s
                if left_s > 0:
                    next_s = min(next_s, left_s)
                elif slot.is_loaded and not self.worker.waiting:
                    slot.unload(f'nobody asked for it for {self._keep_loaded_s:g} s; it loads '
                                'again when it is next asked for')
        name = next((each.status().device for each in self.slots if each.is_loaded), '')
        self.memory = memory.device_memory(name) if name.startswith('cuda') else None
        next_s = min(next_s, _SAMPLE_S) if self.memory else next_s
        return None if math.isinf(next_s) else next_s

    def _announce(self, why: str) -> None:
        told, self._on_fatal = self._on_fatal, None
        if told is not None:
            told(why)

    def _end(self) -> None:
        with contextlib.ExitStack() as stack:
            for slot in self.slots:
                stack.callback(slot.unload, 'perception was closed')
