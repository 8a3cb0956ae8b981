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


"""What a depth model gives for some images, in its own world and unit, and who gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spatialclaw_ros.deadline import Deadline

CONFIDENCE_KINDS = ('unit', 'exp_plus_one')
_RIGID_TOLERANCE = 0.02  # half precision


@dataclass(frozen=True, eq=False)
class Prediction:
    """Depth of N images, and where their cameras stand in the model's own world.

    Each map covers the whole of its image: (h, w) is the size at which the model worked, not that
    of the image. Pixels are (x, y) with the origin at the centre of the top left one; a model that
    counts from the corner has `cx` and `cy` larger by a half.

    Args:
        depth: N maps (h, w) float32 along z in the model's unit; what is not a positive finite
            number is unknown. With `is_affine`: inverse depth, up to a scale and a shift that each
            image has for itself; the larger, the nearer.
        confidence: N maps (h, w) float32 as the model gives them, the larger the surer; None when
            it gives none.
        T_camera_model: (N, 4, 4) or (N, 3, 4) world-to-camera in the model's world (what is often
            called extrinsics), in the unit of `depth`; kept as (N, 4, 4) float64. None for a model
            that sees each image alone.
        intrinsics: (N, 3, 3) of the size (h, w), kept as float64; None when the model gives none.
        is_metric: whether the model means its unit to be the metre.
        is_affine: see `depth`.
        confidence_kind: 'unit' for [0, 1], 'exp_plus_one' for 1 + exp(logit), which is 1 and more.
        notes: sentences of the model about what it did with these images; they come first among
            the notes of the reconstruction.

    Raises:
        ValueError: numbers, shapes or values that don't fit; the message says what came.
    """

    depth: tuple[np.ndarray, ...]
    confidence: tuple[np.ndarray, ...] | None = None
    T_camera_model: np.ndarray | None = None
    intrinsics: np.ndarray | None = None
    is_metric: bool = False
    is_affine: bool = False
    confidence_kind: str = 'unit'
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.depth):
            raise ValueError('a prediction needs the depth of at least one image, got none')
        object.__setattr__(self, 'depth', _maps('depth', self.depth))
        if self.confidence is not None:
            maps = _maps('confidence', self.confidence)
            sizes = [each.shape for each in self.depth]
            if [each.shape for each in maps] != sizes:
                raise ValueError(
                    f'confidence must have the sizes of depth, {sizes}, '
                    f'got {[each.shape for each in maps]}')
            object.__setattr__(self, 'confidence', maps)
        if self.T_camera_model is not None:
            object.__setattr__(
                self, 'T_camera_model', _poses(self.T_camera_model, len(self.depth)))
        if self.intrinsics is not None:
            object.__setattr__(self, 'intrinsics', _matrices(self.intrinsics, len(self.depth)))
        if self.is_metric and self.is_affine:
            raise ValueError('depth that is known up to a shift alone can not be metric')
        if self.confidence_kind not in CONFIDENCE_KINDS:
            raise ValueError(
                f'confidence_kind must be one of {CONFIDENCE_KINDS}, got {self.confidence_kind!r}')

    def __len__(self) -> int:
        return len(self.depth)

    def depth_of(self, position: int) -> np.ndarray:
        """Depth (h, w) float32 of one image in the model's unit, NaN where unknown.

        Of an affine model it is 1 / value: depth up to the shift of its inverse.
        """
        values = self.depth[position]
        known = np.isfinite(values) & (values > 0)
        depth = np.where(known, values, np.float32(np.nan))
        return np.asarray(1 / depth if self.is_affine else depth, dtype=np.float32)

    def confidence_of(self, position: int) -> np.ndarray:
        """Confidence (h, w) float32 of one image in [0, 1]; 1 for a model that gives none.

        1 + exp(x) becomes 1 / (1 + exp(-x)), the logistic function of the same x. Nothing is
        stretched to the image's own range: a model that is sure of nothing stays so.
        """
        if self.confidence is None:
            return np.ones(self.depth[position].shape, dtype=np.float32)
        values = np.nan_to_num(self.confidence[position], nan=0.0, posinf=1e30)
        if self.confidence_kind == 'exp_plus_one':
            values = 1 - 1 / np.maximum(values, np.float32(1))
        return np.asarray(np.clip(values, 0, 1), dtype=np.float32)


class DepthModel(Protocol):
    """A monocular or multi-view depth model, wherever it runs.

    Attributes:
        name: for status reports and notes.
        max_views: most images of one call.
    """

    name: str
    max_views: int

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """Predict.

        Args:
            images: N times (H, W, 3) uint8 RGB; sizes may differ.
            intrinsics: (N, 3, 3) float64 of the images' sizes; None unless known for all.
            extrinsics: (N, 4, 4) float64 world-to-camera, metres; None unless known for all. The
                model may use them or not: its result is aligned to them in any case.
            deadline: of the query.

        Raises:
            PerceptionError: the model can't be reached or can't do it.
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
        """
        ...


def _maps(name: str, values: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    maps = []
    for position, value in enumerate(values):
        array = np.asarray(value)
        if array.ndim != 2 or min(array.shape) < 2 or array.dtype.kind not in 'fiu':
            raise ValueError(
                f'{name}[{position}] must be an (h, w) map of numbers, at least 2x2, '
                f'got {array.shape} {array.dtype}')
        maps.append(np.asarray(array, dtype=np.float32))
    return tuple(maps)


def _poses(values: np.ndarray, count: int) -> np.ndarray:
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in ((count, 4, 4), (count, 3, 4)):
        raise ValueError(
            f'T_camera_model must be ({count}, 4, 4) or ({count}, 3, 4), got {given.shape}')
    rotation = given[:, :3, :3]
    if not np.isfinite(given).all():
        raise ValueError('T_camera_model must be finite')
    off = np.abs(rotation @ np.swapaxes(rotation, 1, 2) - np.eye(3)).max(axis=(1, 2))
    wrong = np.flatnonzero((off > _RIGID_TOLERANCE) | (np.linalg.det(rotation) < 0))
    if len(wrong):
        raise ValueError(
            f'T_camera_model[{wrong[0]}] is no rigid motion: its rotation is off by '
            f'{off[wrong[0]]:.2g}')
    left, _, right = np.linalg.svd(rotation)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = left @ right
    poses[:, :3, 3] = given[:, :3, 3]
    return poses


def _matrices(values: np.ndarray, count: int) -> np.ndarray:
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (count, 3, 3):
        raise ValueError(f'intrinsics must be ({count}, 3, 3), got {given.shape}')
    focal = given[:, (0, 1), (0, 1)]
    if not (np.isfinite(given).all() and (focal > 0).all()):
        raise ValueError('intrinsics must be finite, with positive focal lengths')
    return given
