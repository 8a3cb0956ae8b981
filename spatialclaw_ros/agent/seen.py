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



"""What was seen of objects: their masks, held in little memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np


class PackedMasks(Mapping[int, np.ndarray]):
    """Masks in a bit for each pixel, which hold no memory but their own; read-only.

    Args:
        masks: frame index to (H, W) bool; what they are views of is let go.
    """

    def __init__(self, masks: Mapping[int, np.ndarray]) -> None:
        self._packed = {f: (np.packbits(mask), mask.shape) for f, mask in masks.items()}

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W) bool, made anew each time."""
        bits, shape = self._packed[index]
        return np.unpackbits(bits, count=math.prod(shape)).view(bool).reshape(shape)

    def __contains__(self, index: object) -> bool:
        return index in self._packed

    def __iter__(self) -> Iterator[int]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


class Seen(NamedTuple):
    """One object of a segmentation.

    Args:
        label: its name, with a number where several have it.
        masks: frame index to (H, W) bool, of the frames that show it.
        score: how sure the segmentation was where it saw it best, 0 to 1.
    """

    label: str
    masks: Mapping[int, np.ndarray]
    score: float
