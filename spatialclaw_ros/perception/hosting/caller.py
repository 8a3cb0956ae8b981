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



"""Calls of a model, with what memory there is."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import ModelMemoryError, SpatialClawError
from spatialclaw_ros.perception.hosting import faults, memory
from spatialclaw_ros.perception.hosting.slot import Slot, also_without
from spatialclaw_ros.perception.hosting.worker import Job
from spatialclaw_ros.perception.status import ModelStatus

RECOVERY_CALLS = 32
"""Calls in a row without trouble, after which a halved batch is doubled again."""

log = logging.getLogger(__name__)

Call = Callable[[Any, Deadline], Any]


class Caller(Slot):
    """A model's place, and its calls: one at a time, by the device's thread."""

    _good_calls = 0

    def status(self) -> ModelStatus:
        """How it is."""
        status = super().status()
        if self._device.caller is self and not status.message:
            others = self._device.worker.waiting
            message = f'at work; {others} calls wait for the device' if others else 'at work'
            return msgspec.structs.replace(status, message=message)
        return status

    def ask(self, what: str, call: Call, deadline: Deadline) -> Any:
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
        self.check()
        if self._found is None:
            self._finder.do(Job(
                f'{what}, which waits for weights', self._find, deadline, self._explain_loading))
        job = Job(what, partial(self._answer, call), deadline, self._explain)
        return self._device.worker.do(job, self._device.check)

    def _answer(self, call: Call, deadline: Deadline) -> Any:
        """In the device's thread."""
        self.check()
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

    def _call(self, call: Call, deadline: Deadline) -> Any:
        """Call with half the batch, and then without the other model, until memory suffices."""
        first = int(self._model.batch)
        tried: list[int] = []
        freed: list[str] = []
        while True:
            try:
                with self._device.gate.together():
                    self._device.caller = self
                    result = call(self._model, deadline)
                self._recover(not tried)
                return result
            except Exception as error:
                if not faults.is_memory(error):
                    raise
                told = faults.told(error)
                traceback.clear_frames(error.__traceback__)
            finally:
                self._device.caller = None
            # Outside of the `except`: the error keeps the model's tensors until it is gone.
            memory.release(self._status.device)
            tried.append(self._model.batch)
            deadline.check(f'a call of {self.name} that ran out of memory')
            if tried[-1] > 1:
                self._set_batch(tried[-1] // 2, f'out of memory with {tried[-1]}')
                if self._model.batch < tried[-1]:
                    continue
            room = [] if freed else self._device.make_room(self)
            if not room:
                self._set_batch(first, '')  # a smaller one did not help
                sizes = ', '.join(map(str, tried))
                raise ModelMemoryError(
                    f'{self.name} ran out of memory with a batch of {sizes}{also_without(freed)}; '
                    f'{self._device.numbers(self._status.device)}. Take fewer or smaller frames; '
                    f'or a smaller variant or lower precision. {told}')
            freed = room

    def _recover(self, went_well: bool) -> None:
        self._good_calls = self._good_calls + 1 if went_well else 0
        if self._good_calls >= RECOVERY_CALLS and self._model.batch < self._full_batch:
            self._good_calls = 0
            self._set_batch(min(2 * self._model.batch, self._full_batch), '')

    def _set_batch(self, batch: int, why: str) -> None:
        before = self._model.batch
        if batch != before:
            self._model.batch = batch
            batch = int(self._model.batch)  # a model may know better what helps
            log.info('%s: batch %d instead of %d. %s', self.name, batch, before, why)
        lower = batch < self._full_batch
        self._tell(batch=batch, message=f'batch lowered to {batch}: out of memory' if lower else '')

    def _explain(self, error: BaseException) -> SpatialClawError:
        ours = faults.as_ours(self.name, 'a call', error)
        if faults.is_poison(error):
            self._device.lose(str(ours))
        return ours
