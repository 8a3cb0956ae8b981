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

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import DependencyError, PerceptionUnavailableError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.registry import depth_loader, masks_loader
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus


class HostedModels:
    """Loads models by their first call; see `models.Models`.

    Args:
        config: of perception.
        on_fatal: told in one line when only a new process helps.
    """

    def __init__(
        self, config: PerceptionConfig, *, on_fatal: Callable[[str], None] | None = None,
    ) -> None:
        self._on_fatal = on_fatal
        self.depth: DepthModel | None = None
        self.masks: SegmentModel | None = None
        self._slots: list[_Slot] = []
        if config.needs_depth:
            self.depth = _Depth('depth', config.depth, depth_loader(config.depth.model))
            self._slots.append(self.depth)
        if config.needs_masks:
            self.masks = _Masks('masks', config.masks, masks_loader(config.masks.model))
            self._slots.append(self.masks)

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """How the models are."""
        return tuple(slot.status() for slot in self._slots), ()

    def close(self) -> None:
        """Unload all."""
        for slot in self._slots:
            slot.close()


class _Slot:
    def __init__(self, role: str, config: ModelConfig, loader: Callable[..., Any]) -> None:
        self.name, self.max_views = config.model, config.max_views
        self._role, self._config, self._loader = role, config, loader
        self._model: Any = None
        self._lock = threading.Lock()

    def loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                try:
                    self._model = self._loader(self._config, lambda share, what: None)
                except DependencyError as error:
                    raise PerceptionUnavailableError(str(error)) from error
            return self._model

    def status(self) -> ModelStatus:
        state: Any = 'ready' if self._model is not None else 'unloaded'
        return ModelStatus(role=self._role, name=self.name, state=state)

    def close(self) -> None:
        with self._lock:
            if self._model is not None:
                self._model.close()
                self._model = None


class _Depth(_Slot):
    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        result: Prediction = self.loaded().predict(images, intrinsics, extrinsics, deadline)
        return result


class _Masks(_Slot):
    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        result: ObjectMasks = self.loaded().segment(job, deadline)
        return result
