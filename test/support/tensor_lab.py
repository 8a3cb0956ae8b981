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



"""A depth model with real tensors, for what only torch can do: run out of its memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.gpu.device import device_of, memory_errors, tensor_bytes
from spatialclaw_ros.perception.models import Progress
from spatialclaw_ros.perception.prediction import Prediction

_TOO_MUCH = 1 << 50  # more than an address space


class TensorDepth:
    """Depth of one metre; a batch above `fits` (an option) asks for more memory than there is."""

    precision = 'fp32'
    weights = 'none'

    def __init__(self, config: ModelConfig) -> None:
        self.name, self.max_views, self.batch = config.model, config.max_views, config.batch
        self._device = device_of(config.device)
        self.device = str(self._device)
        self._fits = int(config.options.get('fits', 0))
        self._layer = torch.nn.Linear(512, 1024, bias=False, device=self._device)

    @property
    def memory_bytes(self) -> int:
        """Of the one layer: 2 MiB."""
        return tensor_bytes(self._layer)

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """See `prediction.DepthModel`."""
        batch = min(self.batch, len(images))
        with memory_errors(f'{self.name} on {batch} images', self._device):
            torch.empty(_TOO_MUCH if batch > self._fits else 8, dtype=torch.uint8)
            depth = torch.ones(images[0].shape[:2], device=self._device)
        return Prediction(tuple(depth.cpu().numpy() for _ in images), is_metric=True)

    def close(self) -> None:
        """Let the layer go."""
        del self._layer


def depth(config: ModelConfig, progress: Progress) -> TensorDepth:
    """Load it; a `perception.models.DepthLoader`."""
    return TensorDepth(config)
