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



"""A place for one model: its weights found, the model loaded, and unloaded."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from functools import partial
from typing import Any

import msgspec

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, ModelMemoryError, SpatialClawError, WeightsError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.hosting import faults, memory
from spatialclaw_ros.perception.hosting.device import Device
from spatialclaw_ros.perception.hosting.worker import Job, Worker
from spatialclaw_ros.perception.registry import Source
from spatialclaw_ros.perception.status import ModelStatus

_FOUND = 0.5  # share of loading that is done when the weights are there

log = logging.getLogger(__name__)


class Slot:
    """A place for a model; see `caller.Caller` for its calls.

    Args:
        role: 'depth' or 'masks'.
        config: of the model.
        source: where it comes from.
        device: that it runs on.
        retry_s: for so long after loading failed, calls are told the reason at once.
    """

    def __init__(
        self, role: str, config: ModelConfig, source: Source, device: Device, retry_s: float,
    ) -> None:
        self.name, self.max_views = config.model, config.max_views
        self._config, self._source, self._device, self._retry_s = config, source, device, retry_s
        self._model: Any = None
        self._full_batch = config.batch
        self._failure: SpatialClawError | None = None
        self._failed_s = self._used_s = time.monotonic()
        self._lock = threading.Lock()
        self._status = ModelStatus(role=role, name=config.model, batch=config.batch)
        # Weights are found, and downloaded, in a thread of its own: meanwhile the device works.
        self._found: ModelConfig | None = None
        self._finder = Worker(f'weights of {role}', device.max_waiting)
        device.slots.append(self)

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    @property
    def idle_s(self) -> float:
        """Seconds since it was last used; 0 while it is not loaded."""
        return time.monotonic() - self._used_s if self.is_loaded else 0.0

    def status(self) -> ModelStatus:
        """How it is."""
        return self._status

    def preload(self) -> None:
        """Begin to load."""
        self._finder.submit(Job(f'weights of {self.name}', self._preload))

    def unload(self, why: str) -> None:
        """Give its memory back; in the device's thread."""
        model, self._model = self._model, None
        if model is None:
            return
        device = self._status.device
        self._tell(state='unloaded', progress=0.0, message=why, memory_bytes=0)
        log.info('%s is unloaded: %s', self.name, why)
        try:
            model.close()
        finally:
            del model
            memory.release(device)

    def close(self, timeout_s: float) -> bool:
        """End what the slot alone has; the device unloads the model.

        Returns:
            Whether it ended in time.
        """
        return self._finder.close(timeout_s)

    def check(self) -> None:
        """Raise where it makes no sense to wait.

        Raises:
            PerceptionUnavailableError: the device is lost, or loading failed a moment ago.
            ModelMemoryError: loading ran out of memory a moment ago.
        """
        self._device.check()
        failure = self._failure  # another thread may forget it meanwhile
        if failure is not None:
            if time.monotonic() - self._failed_s < self._retry_s:
                raise type(failure)(*failure.args)
            self._failure = None

    def _find(self, deadline: Deadline) -> None:
        """In the finder's thread."""
        self.check()
        if self._found is None:
            try:
                self._progress(0.0, _FOUND, 0.0, 'looks for weights')
                self._found = self._source.find(
                    self._config, partial(self._progress, 0.0, _FOUND))
            except BaseException as error:
                self._fail(error)
                raise
            self._tell(state='unloaded', message='weights are there; loads when the device is free')

    def _preload(self, deadline: Deadline) -> None:
        """In the finder's thread."""
        self._find(deadline)

        def load(deadline: Deadline) -> None:
            if not self.is_loaded:
                self._load(is_wanted=False)
        self._device.worker.submit(Job(f'loading {self.name}', load))

    def _load(self, is_wanted: bool) -> None:
        """In the device's thread.

        Args:
            is_wanted: whether someone waits for it, so that other models are unloaded for it.
        """
        start_s = time.monotonic()
        try:
            self._progress(_FOUND, 1.0, 0.0, 'begins')
            model = self._loaded(is_wanted)
            held = int(model.memory_bytes)
        except BaseException as error:
            self._fail(error, is_wanted)
            raise self._explain_loading(error) from None
        self._model, self._failure = model, None
        self._full_batch = int(model.batch)
        self.max_views = model.max_views
        self._used_s = time.monotonic()
        self._tell(state='ready', progress=1.0, message='', device=model.device,
                   precision=model.precision, weights=model.weights, memory_bytes=held,
                   batch=model.batch)
        log.info('%s is loaded on %s in %s, %s, after %.1f s', self.name, model.device,
                 model.precision, memory.size(held), self._used_s - start_s)

    def _loaded(self, is_wanted: bool) -> Any:
        freed: list[str] = []
        while True:
            self._device.check_open()
            try:
                with self._device.gate.alone():
                    return self._source.load(
                        self._found or self._config, partial(self._progress, _FOUND, 1.0))
            except Exception as error:
                if not faults.is_memory(error):
                    raise
                told = faults.told(error)
                traceback.clear_frames(error.__traceback__)
            memory.release(self._device_name)
            room = self._device.make_room(self) if is_wanted and not freed else []
            if not room:
                raise ModelMemoryError(
                    f'{self.name} does not fit into memory{also_without(freed)}; '
                    f'{self._device.numbers(self._device_name)}. Take a smaller variant or lower '
                    f'precision, or a device with more memory. {told}')
            freed = room

    @property
    def _device_name(self) -> str:
        """As a model that was loaded calls it, else as configured."""
        known = (each.status().device for each in self._device.slots)
        return next(filter(None, known), self._config.device)

    def _fail(self, error: BaseException, is_wanted: bool = True) -> None:
        if isinstance(error, CanceledError):
            self._tell(state='unloaded', progress=0.0, message='loading was cancelled')
            return
        if not is_wanted and faults.is_memory(error) and any(
                each.is_loaded for each in self._device.slots):
            self._tell(state='unloaded', progress=0.0, message=(
                f'does not fit beside the other model, which is unloaded when this one is asked '
                f'for ({faults.told(error)})'))
            return
        if isinstance(error, WeightsError):
            self._found = None  # look again
        self._failed_s = time.monotonic()
        self._failure = faults.as_ours(self.name, 'loading', error)
        if faults.is_poison(error):
            self._device.lose(str(self._failure))
        self._tell(state='failed', progress=0.0, message=str(self._failure))
        log.warning('%s', self._failure)

    def _explain_loading(self, error: BaseException) -> SpatialClawError:
        return self._failure or faults.as_ours(self.name, 'loading', error)

    def _progress(self, begin: float, end: float, share: float, what: str) -> None:
        self._device.check_open()
        share = begin + (end - begin) * min(max(share, 0.0), 1.0)
        self._tell(state='loading', progress=share, message=what)

    def _tell(self, **changes: Any) -> None:
        with self._lock:
            self._status = msgspec.structs.replace(self._status, **changes)


def also_without(freed: list[str]) -> str:
    """That it was tried without other models, too; for messages."""
    return f', also after {" and ".join(freed)} was unloaded' if freed else ''
