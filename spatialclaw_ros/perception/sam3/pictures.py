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

"""Images on their way to the model, and masks on their way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from spatialclaw_ros.errors import PerceptionError

_MASKS_AT_ONCE = 8


def probability(logits: torch.Tensor) -> torch.Tensor:
    """Sigmoid in single precision.

    Raises:
        PerceptionError: the network gave what is no number. It would else count as "not seen".
    """
    sure = logits.float().sigmoid()
    checked(sure)
    return sure


def checked(scores: Any) -> Any:
    """The scores, a tensor or an array, when all are numbers.

    Raises:
        PerceptionError: as `probability`.
    """
    if bool((scores != scores).any()):
        raise PerceptionError(
            'sam3 gave scores that are no numbers; in fp16 its values can exceed the range: choose '
            'precision bf16 or fp32, else check the weights')
    return scores


class Pictures:
    """Resizes and normalises images as the weights want them, on the model's device.

    Args:
        processor: the library's image processor.
        device: of the model.
        dtype: of its weights.
    """

    def __init__(self, processor: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._processor = processor
        self._device = device
        self._dtype = dtype

    def __call__(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """Return (N, 3, S, S) of N images (H, W, 3) uint8, whose sizes may differ."""
        values = self._processor(
            images=list(images), input_data_format='channels_last', device=self._device,
            return_tensors='pt')['pixel_values']
        return values.to(self._device, self._dtype)


class Frames(Mapping[int, torch.Tensor]):
    """A video as the library's sessions hold one, but resized frame by frame when it is looked at.

    Args:
        images: (H, W, 3) uint8 in time order.
        pictures: prepares an image.
        before: called with a frame's number before it is prepared; may raise.
    """

    def __init__(
        self, images: Sequence[np.ndarray], pictures: Pictures, before: Callable[[int], None],
    ) -> None:
        self._images = images
        self._pictures = pictures
        self._before = before

    def __getitem__(self, number: int) -> torch.Tensor:
        self._before(number)
        return self._pictures([self._images[number]])[0]

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._images)))

    def __len__(self) -> int:
        return len(self._images)


def packed_masks(logits: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """Masks at an image's size.

    Both grids cover the whole image, so that a pixel's centre (x + 0.5) / W of the one is that of
    the other; between the model's pixels the logit is interpolated, and a mask is where it is
    positive.

    Args:
        logits: (N, h, w) of the model.
        size: (H, W) of the image.

    Returns:
        (N, H, ceil(W / 8)) uint8, bits along the rows.
    """
    rows = []
    for part in logits.split(_MASKS_AT_ONCE):
        grown = functional.interpolate(
            part[:, None].float(), size=size, mode='bilinear', align_corners=False)
        rows.append(np.packbits((grown[:, 0] > 0).cpu().numpy(), axis=-1))
    if not rows:
        return np.zeros((0, size[0], -(-size[1] // 8)), np.uint8)
    return np.concatenate(rows)
