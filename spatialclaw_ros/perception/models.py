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

"""Where models live: in this process, or on a server. Backends do not see the difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.prediction import DepthModel
from spatialclaw_ros.perception.segment_model import SegmentModel
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus, PerceptionStatus

Progress = Callable[[float, str], None]
"""Told the share in [0, 1] of loading that is done, and in a few words what is under way."""


class Loaded(Protocol):
    """A model that is loaded: beside this a `DepthModel` or a `SegmentModel`.

    Attributes:
        name: variant.
        max_views: most images of one call.
        device: e.g. 'cuda:0'.
        precision: 'fp32', 'fp16' or 'bf16'.
        weights: where they came from, for people.
        batch: most images at once; who hosts the model lowers it when memory does not suffice.
    """

    name: str
    max_views: int
    device: str
    precision: str
    weights: str
    batch: int

    @property
    def memory_bytes(self) -> int:
        """What its weights hold on the device."""
        ...

    def close(self) -> None:
        """Give the device's memory back; the model is not used any more."""
        ...


class LoadedDepth(Loaded, DepthModel, Protocol):
    """A depth model that is loaded."""


class LoadedMasks(Loaded, SegmentModel, Protocol):
    """A segmentation model that is loaded."""


DepthLoader = Callable[[ModelConfig, Progress], LoadedDepth]
"""Loads a depth model.

Raises:
    DependencyError: packages are missing; the message says how to get them.
    WeightsError: weights are missing or gated; likewise.
    ModelMemoryError: the device has too little memory; the message has the numbers.
"""

MasksLoader = Callable[[ModelConfig, Progress], LoadedMasks]
"""Loads a segmentation model; raises as `DepthLoader`."""


class Models(Protocol):
    """The models of one perception, loaded when they are needed.

    Attributes:
        depth: usable at once; its first call waits for loading. None without a depth model.
        masks: likewise.
    """

    depth: DepthModel | None
    masks: SegmentModel | None

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """How models and GPUs are; never waits for a call that runs."""
        ...

    def close(self) -> None:
        """Unload all; calls that run are cancelled. May be called twice."""
        ...


@runtime_checkable
class Remote(Protocol):
    """Of `Models` that are reached over a network."""

    def reached(self) -> PerceptionStatus:
        """Where they are, whether they answer, and how they are; returns at once."""
        ...
