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



"""The models that a configuration asks for, in this process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.hosting.caller import Caller
from spatialclaw_ros.perception.hosting.device import Device
from spatialclaw_ros.perception.hosting.gate import Gate
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.registry import source
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

MAX_WAITING = 64
RETRY_S = 10.0
STUCK_S = 120.0
CLOSE_S = 10.0

log = logging.getLogger(__name__)


class HostedModels:
    """Loads, calls and unloads models in threads of its own, one for each device.

    See `models.Models`, and docs/perception.md for what happens when.

    Args:
        config: of perception.
        on_fatal: told in one line, once and in any thread, when only a new process helps: the GPU
            failed in a way that it does not recover from, or a call that was given up does not
            end. Calls that wait then get a PerceptionUnavailableError of their own.
        max_waiting: most calls that wait for a device; one more is told that it is busy.
        retry_s: for so long after loading failed, calls are told the reason at once; the next one
            tries again.
        stuck_s: seconds after which a call that was given up counts as one that does not end.

    Raises:
        PerceptionError: a model that no family knows.
    """

    def __init__(
        self, config: PerceptionConfig, *, on_fatal: Callable[[str], None] | None = None,
        max_waiting: int = MAX_WAITING, retry_s: float = RETRY_S, stuck_s: float = STUCK_S,
    ) -> None:
        self.depth: DepthModel | None = None
        self.masks: SegmentModel | None = None
        wanted = [(role, each) for role, each, needed in (
            ('depth', config.depth, config.needs_depth),
            ('masks', config.masks, config.needs_masks)) if needed]
        sources = [source(role, each.model) for role, each in wanted]
        gate = Gate()
        self._devices: dict[str, Device] = {}
        self._slots: list[Caller] = []
        for (role, each), found in zip(wanted, sources):
            name = _device(each)
            if name not in self._devices:
                self._devices[name] = Device(
                    each.device, gate, on_fatal or _log_fatal, keep_loaded_s=config.keep_loaded_s,
                    max_waiting=max_waiting, stuck_s=stuck_s)
            place = role, each, found, self._devices[name], retry_s
            if role == 'depth':
                self.depth = depth = HostedDepth(*place)
                self._slots.append(depth)
            else:
                self.masks = masks = HostedMasks(*place)
                self._slots.append(masks)
        if config.preload:
            for slot in self._slots:
                slot.preload()

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """How models and GPUs are; never waits."""
        memory = (device.memory for device in self._devices.values())
        return (tuple(slot.status() for slot in self._slots),
                tuple(each for each in memory if each is not None))

    def close(self) -> None:
        """Cancel calls and loading, unload all, end the threads. May be called twice.

        A call that does not end keeps its thread and its model; it is logged.
        """
        end_s = time.monotonic() + CLOSE_S
        for name, device in self._devices.items():
            if not device.worker.close(max(0.0, end_s - time.monotonic())):
                log.error('a call of a model on %s does not end; its thread is left', name)
        for slot in self._slots:
            if not slot.close(max(0.0, end_s - time.monotonic())):
                log.error('looking for weights of %s does not end; its thread is left', slot.name)


class HostedDepth(Caller):
    """A depth model in this process; see `prediction.DepthModel`."""

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """Predict, as soon as model and device are there; raises as `Caller.ask`."""
        result: Prediction = self.ask(
            f'{self.name} on {len(images)} images',
            lambda model, left: model.predict(images, intrinsics, extrinsics, left), deadline)
        return result


class HostedMasks(Caller):
    """A segmentation model in this process; see `segment_model.SegmentModel`."""

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """Segment, as soon as model and device are there; raises as `Caller.ask`."""
        result: ObjectMasks = self.ask(
            f'{self.name} on {len(job.images)} images',
            lambda model, left: model.segment(job, left), deadline)
        return result


def _device(config: ModelConfig) -> str:
    """One name for what is, where there is a GPU, the same device."""
    return 'cuda:0' if config.device in ('auto', 'cuda') else config.device


def _log_fatal(why: str) -> None:
    log.critical('%s', why)
