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



"""One model: loaded when it is needed, called with what memory there is, unloaded."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
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

RECOVERY_CALLS = 32
"""Calls in a row without trouble, after which a halved batch is doubled again."""

_FOUND = 0.5  # share of loading that is done when the weights are there
_MANY = 1 << 20

log = logging.getLogger(__name__)


class Slot:
    """A place for a model.

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
        self._failure: SpatialClawError | None = None
        self._failed_s = self._used_s = time.monotonic()
        self._good_calls = 0
        self._lock = threading.Lock()
        self._status = ModelStatus(role=role, name=config.model, batch=config.batch)
        # Weights are found, and downloaded, in a thread of its own: meanwhile the device works.
        self._found: ModelConfig | None = None
        self._finder = Worker(f'weights of {role}', max_waiting=_MANY)
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
        def find(deadline: Deadline) -> None:
            self._find(deadline)
            self._device.worker.submit(Job(f'loading {self.name}', self._preload))
        self._finder.submit(Job(f'weights of {self.name}', find))

    def ask(self, what: str, call: Callable[[Any, Deadline], Any], deadline: Deadline) -> Any:
        """Call the model, loaded by then.

        Args:
            what: of the call, in a few words.
            call: gets the loaded model and a deadline.
            deadline: of the query.

        Raises:
            PerceptionUnavailableError: it can't be loaded, the device is lost, or too many wait.
            ModelMemoryError: memory does not suffice even for a batch of 1 with no other model.
            PerceptionError: the model failed.
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled, or this was closed.
        """
        deadline.check(what)
        self._check()
        if self._found is None:
            self._finder.do(Job(
                f'{what}, which waits for weights', self._find, deadline, self._explain_loading))
        job = Job(what, partial(self._answer, call), deadline, self._explain)
        return self._device.worker.do(job, self._device.check)

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

    def _check(self) -> None:
        self._device.check()
        if self._failure is not None:
            if time.monotonic() - self._failed_s < self._retry_s:
                raise type(self._failure)(*self._failure.args)
            self._failure = None

    def _find(self, deadline: Deadline) -> None:
        """In the finder's thread."""
        self._check()
        if self._found is None:
            try:
                self._progress(0.0, _FOUND, 0.0, 'looks for weights')
                self._found = self._source.find(
                    self._config, partial(self._progress, 0.0, _FOUND))
            except BaseException as error:
                self._fail(error)
                raise

    def _preload(self, deadline: Deadline) -> None:
        if not self.is_loaded:
            self._load(is_wanted=False)

    def _answer(self, call: Callable[[Any, Deadline], Any], deadline: Deadline) -> Any:
        """In the device's thread."""
        self._check()
        if not self.is_loaded:
            self._load(is_wanted=True)
        deadline.check(f'a call of {self.name}')
        start_s = time.monotonic()
        try:
            result = self._call(call, deadline)
        finally:
            self._used_s = time.monotonic()
        self._tell(calls=self._status.calls + 1, last_s=self._used_s - start_s)
        return result

    def _call(self, call: Callable[[Any, Deadline], Any], deadline: Deadline) -> Any:
        """Call with half the batch, and then without the other model, until memory suffices."""
        first: int = self._model.batch
        tried: list[int] = []
        freed: list[str] = []
        while True:
            try:
                with self._device.gate.together():
                    self._device.calling = True
                    result = call(self._model, deadline)
                self._recover(not tried)
                return result
            except Exception as error:
                if not faults.is_memory(error):
                    raise
                told = faults.told(error)
                traceback.clear_frames(error.__traceback__)
            finally:
                self._device.calling = False
            # Outside of the `except`: the error keeps the model's tensors until it is gone.
            memory.release(self._status.device)
            tried.append(self._model.batch)
            deadline.check(f'a call of {self.name} that ran out of memory')
            if self._model.batch > 1:
                self._set_batch(self._model.batch // 2, f'out of memory with {tried[-1]}')
                continue
            room = [] if freed else self._device.make_room(self)
            if not room:
                self._set_batch(first, '')  # a smaller one did not help
                raise ModelMemoryError(
                    f'{self.name} ran out of memory with a batch of {_list(tried)}'
                    f'{_without(freed)}; {self._device.numbers(self._status.device)}. Take fewer '
                    f'or smaller frames; or a smaller variant or lower precision. {told}')
            freed = room

    def _recover(self, went_well: bool) -> None:
        self._good_calls = self._good_calls + 1 if went_well else 0
        if self._good_calls >= RECOVERY_CALLS and self._model.batch < self._config.batch:
            self._good_calls = 0
            self._set_batch(min(2 * self._model.batch, self._config.batch), '')

    def _set_batch(self, batch: int, why: str) -> None:
        if batch != self._model.batch:
            log.info('%s: batch %d instead of %d %s', self.name, batch, self._model.batch, why)
            self._model.batch = batch
        lower = batch < self._config.batch
        self._tell(batch=batch, message=f'batch lowered to {batch}: out of memory' if lower else '')

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
        self._model, self._failure, self._good_calls = model, None, 0
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
                    f'{self.name} does not fit into memory{_without(freed)}; '
                    f'{self._device.numbers(self._device_name)}. Take a smaller variant or lower '
                    f'precision, or a device with more memory. {told}')
            freed = room

    @property
    def _device_name(self) -> str:
        """As torch calls it; '' until a model on it was loaded."""
        return next((each.status().device for each in self._device.slots
                     if each.status().device), '')

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

    def _explain(self, error: BaseException) -> SpatialClawError:
        ours = faults.as_ours(self.name, 'a call', error)
        if faults.is_poison(error):
            self._device.lose(str(ours))
        return ours

    def _explain_loading(self, error: BaseException) -> SpatialClawError:
        return self._failure or faults.as_ours(self.name, 'loading', error)

    def _progress(self, begin: float, end: float, share: float, what: str) -> None:
        self._device.check_open()
        share = begin + (end - begin) * min(max(share, 0.0), 1.0)
        self._tell(state='loading', progress=share, message=what)

    def _tell(self, **changes: Any) -> None:
        with self._lock:
            self._status = msgspec.structs.replace(self._status, **changes)


def _without(freed: list[str]) -> str:
    return f', also after {" and ".join(freed)} was unloaded' if freed else ''


def _list(batches: list[int]) -> str:
    return ', '.join(map(str, batches))
