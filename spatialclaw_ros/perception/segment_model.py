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

"""What a segmentation model is asked and what it gives, without frames, cameras or depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spatialclaw_ros.deadline import Deadline

MODES = ('text', 'points', 'box')


@dataclass(frozen=True, eq=False)
class SegmentJob:
    """One call of the model.

    Args:
        mode: 'text', 'points' or 'box'.
        images: N times (H, W, 3) uint8 RGB. With `is_video` in time order, of one camera and size.
        prompts: texts (mode 'text').
        points: (K, 2) float64 pixels x, y on image `prompt_image`, of one object.
        point_labels: (K,) int64, 1 inside, 0 outside.
        boxes: (M, 4) float64 pixels x0, y0, x1, y1 on image `prompt_image`, one object each.
        prompt_image: position in `images` that points and boxes are on; of a video with texts, the
            image that looking begins with.
        is_video: whether objects are followed through the images; else each is looked at alone.
        threshold: least score of an object.
    """

    mode: str
    images: tuple[np.ndarray, ...]
    prompts: tuple[str, ...] = ()
    points: np.ndarray | None = None
    point_labels: np.ndarray | None = None
    boxes: np.ndarray | None = None
    prompt_image: int = 0
    is_video: bool = False
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f'mode must be one of {", ".join(MODES)}, got {self.mode!r}')
        if not self.images:
            raise ValueError('a job needs at least one image')
        for position, image in enumerate(self.images):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise ValueError(
                    f'images[{position}] must be (H, W, 3) uint8, got {image.shape} {image.dtype}')
        given = {'text': bool(self.prompts), 'points': self.points is not None,
                 'box': self.boxes is not None}
        if not given[self.mode]:
            raise ValueError(f'mode {self.mode!r} needs its prompts, and none came')
        if not 0 <= self.prompt_image < len(self.images):
            raise ValueError(
                f'prompt_image must be in [0, {len(self.images) - 1}], got {self.prompt_image}')
        if self.is_video and len({image.shape for image in self.images}) > 1:
            raise ValueError('images of a video must have one size')


@dataclass(frozen=True, eq=False)
class ObjectMasks:
    """Masks of objects, packed to bits.

    Without `is_video`, an object is seen in one image alone. An object that an image does not show
    has an empty mask and the score 0 there.

    Args:
        packed: for each image (N_objects, H, ceil(W / 8)) uint8, `np.packbits` along the rows.
        sizes: (H, W) of each image.
        scores: (N_images, N_objects) float32 in [0, 1].
        prompt_of: (N_objects,) int64: position of the text or box that found it; 0 for points.
        presence: (N_images, N_prompts) float32 in [0, 1], how sure the model is that the image
            shows the thing at all; None for a model, or a mode, that doesn't tell.
    """

    packed: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]
    scores: np.ndarray
    prompt_of: np.ndarray
    presence: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = len(self.prompt_of)
        if len(self.packed) != len(self.sizes) or self.scores.shape != (len(self.sizes), count):
            raise ValueError(
                f'masks of {len(self.packed)} images, {len(self.sizes)} sizes and scores of shape '
                f'{self.scores.shape} do not belong together')
        for packed, (height, width) in zip(self.packed, self.sizes):
            wanted = (count, height, -(-width // 8))
            if packed.shape != wanted or packed.dtype != np.uint8:
                raise ValueError(
                    f'packed masks must be {wanted} uint8, got {packed.shape} {packed.dtype}')

    @classmethod
    def pack(
        cls, masks: Sequence[np.ndarray], scores: np.ndarray, prompt_of: np.ndarray,
        presence: np.ndarray | None = None,
    ) -> ObjectMasks:
        """Pack (N_objects, H, W) bool masks, one array for each image."""
        return cls(
            tuple(np.packbits(each, axis=-1) for each in masks),
            tuple((each.shape[1], each.shape[2]) for each in masks),
            np.asarray(scores, np.float32), np.asarray(prompt_of, np.int64),
            None if presence is None else np.asarray(presence, np.float32))

    def masks(self, position: int) -> np.ndarray:
        """(N_objects, H, W) bool of one image."""
        return np.unpackbits(
            self.packed[position], axis=-1, count=self.sizes[position][1]).view(bool)


class SegmentModel(Protocol):
    """A promptable segmentation model, wherever it runs.

    Attributes:
        name: for status reports and notes.
        max_views: most images of one call.
    """

    name: str
    max_views: int

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """Segment; no object is a valid result.

        Raises:
            PerceptionError: the model can't be reached or can't do it.
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
        """
        ...
