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



"""Depth Anything 3 as a `DepthModel`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.depth_anything.images import (
    Canvas,
    fitted_size,
    make_canvas,
    reduced_res,
)
from spatialclaw_ros.perception.depth_anything.metric import (
    SKY,
    joined_scale,
    metres,
)
from spatialclaw_ros.perception.depth_anything.options import Options
from spatialclaw_ros.perception.depth_anything.priors import (
    cameras_inside,
    cameras_of_windows,
    pose_prior,
)
from spatialclaw_ros.perception.depth_anything.runner import Runner
from spatialclaw_ros.perception.depth_anything.variants import Variant
from spatialclaw_ros.perception.gpu.device import precision_of, release, tensor_bytes
from spatialclaw_ros.perception.prediction import Prediction

if TYPE_CHECKING:
    import torch

RANDOM = 'random weights'
"""In the name of a model that tells nothing."""


class DepthAnything:
    """A loaded network; see `models.Loaded` and `prediction.DepthModel`. One call at a time.

    A network that sees all images of a call at once needs memory for all of them. There `batch` is
    how many may have the full `process_res`; of more, all are made smaller, so that they have no
    more pixels together. One that sees each image alone gets `batch` of them at a time.

    Args:
        network: of the variant, filled, on its device.
        variant: what it is.
        options: of it.
        device: it is on.
        dtype: of the transformers' arithmetic.
        max_views: most images of a call.
        batch: see above.
        weights: where they came from.
        is_compiled: whether the transformers' blocks are compiled.
    """

    def __init__(
        self, network: torch.nn.Module, variant: Variant, options: Options, *,
        device: torch.device, dtype: torch.dtype, max_views: int, batch: int, weights: str,
        is_compiled: bool = False,
    ) -> None:
        self.name = f'{variant.name} ({RANDOM})' if options.random else variant.name
        self.max_views = max_views
        self.device = str(device)
        self.precision = precision_of(dtype)
        self.weights = weights
        self._batch, self._last_count = batch, batch
        self._network: Any = network
        self._variant = variant
        self._options = options
        self._device = device
        self._runner: Any = Runner(network, device, dtype, is_compiled)
        self._memory_bytes = tensor_bytes(network)

    @property
    def memory_bytes(self) -> int:
        """What its weights hold on the device."""
        return self._memory_bytes

    @property
    def batch(self) -> int:
        """Most images at once, in full."""
        return self._batch

    @batch.setter
    def batch(self, batch: int) -> None:
        # half of what the last call did not use anyway would run out of memory again
        lower = batch < self._batch and batch >= self._last_count
        self._batch = max(1, self._last_count // 2) if lower else batch

    def close(self) -> None:
        """Let the weights go; may be called twice."""
        self._network = self._runner = None
        self._memory_bytes = 0
        release(self._device)

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """Predict; see `prediction.DepthModel`.

        Raises:
            PerceptionError: more images than `max_views`, none, nothing but sky, or it was closed.
            ModelMemoryError: the device has too little memory; a smaller `batch` needs less.
        """
        if not 1 <= len(images) <= self.max_views:
            raise PerceptionError(
                f'{self.name} takes 1 to {self.max_views} images at a time, got {len(images)}')
        if self._network is None:
            raise PerceptionError(f'{self.name} was unloaded')
        deadline.check(f'{self.name} on {len(images)} images')
        self._last_count = len(images)
        if self._variant.sees_all:
            return self._together(images, intrinsics, extrinsics, deadline)
        return self._each_alone(images, intrinsics, deadline)

    def _together(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        sizes = self._sizes(images, reduced_res(
            self._options.process_res, len(images), self.batch))
        canvas = make_canvas(images, sizes)
        inside = None if intrinsics is None else cameras_inside(
            intrinsics, [image.shape[:2] for image in images], canvas.windows)
        given: dict[str, Any] = {'ref_view_strategy': self._options.ref_view_strategy}
        prior = pose_prior(extrinsics) if self._options.priors else None
        if prior is not None and inside is not None:
            given.update(extrinsics=prior, intrinsics=inside)
        nested = self._variant.kind == 'nested'
        found = self._runner.run(
            self._network.da3 if nested else self._network, canvas.pixels, deadline,
            self._what(canvas), **given)
        depths = [window.cut(each) for window, each in zip(canvas.windows, found['depth'])]
        sure = [window.cut(each) for window, each in zip(canvas.windows, found['depth_conf'])]
        poses = found['extrinsics'].astype(np.float64)
        if nested:
            focal = found['intrinsics'] if inside is None else inside
            alone, skies = self._alone(images, sizes, deadline)
            scale = joined_scale(depths, sure, metres(alone, focal), skies)
            depths = [np.where(sky < SKY, each * np.float32(scale), np.float32(np.nan))
                      for each, sky in zip(depths, skies)]
            poses[:, :3, 3] *= scale
        return Prediction(
            tuple(depths), tuple(sure), poses,
            cameras_of_windows(found['intrinsics'], canvas.windows), is_metric=nested,
            confidence_kind='exp_plus_one', notes=self._notes(images, canvas))

    def _each_alone(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        sizes = self._sizes(images, self._options.process_res)
        depths, skies = self._alone(images, sizes, deadline)
        known = self._variant.kind == 'metric' and intrinsics is not None
        if known:
            assert intrinsics is not None
            scale = np.array([
                (columns / image.shape[1], rows / image.shape[0])
                for image, (rows, columns) in zip(images, sizes)])
            focal = np.array(intrinsics, dtype=np.float64)
            focal[:, (0, 1), (0, 1)] *= scale
            depths = metres(depths, focal)
        clear = tuple(np.where(sky < SKY, each, np.float32(np.nan))
                      for each, sky in zip(depths, skies))
        return Prediction(clear, is_metric=known, notes=self._notes(images))

    def _alone(
        self, images: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]], deadline: Deadline,
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Depth and sky of images by the network that sees each alone, some of a size at once."""
        network = self._network.da3_metric if self._variant.kind == 'nested' else self._network
        depths: dict[int, np.ndarray] = {}
        skies: dict[int, np.ndarray] = {}
        for size in sorted(set(sizes)):
            alike = [at for at, each in enumerate(sizes) if each == size]
            step = max(1, self.batch)
            for some in (alike[start:start + step] for start in range(0, len(alike), step)):
                canvas = make_canvas([images[at] for at in some], [size] * len(some))
                found = self._runner.run(network, canvas.pixels, deadline, self._what(canvas))
                depths.update(zip(some, found['depth']))
                skies.update(zip(some, found['sky']))
        order = range(len(images))
        return [depths[at] for at in order], [skies[at] for at in order]

    def _sizes(self, images: Sequence[np.ndarray], res: int) -> list[tuple[int, int]]:
        method = self._options.process_res_method
        return [fitted_size(image.shape[0], image.shape[1], res, method) for image in images]

    def _what(self, canvas: Canvas) -> str:
        count, height, width = canvas.pixels.shape[:3]
        return f'{self.name} on {count} images of {width}x{height}'

    def _notes(
        self, images: Sequence[np.ndarray], canvas: Canvas | None = None,
    ) -> tuple[str, ...]:
        notes = []
        if self._options.random:
            notes.append(f'{self.name}: the depth model has {RANDOM}; no length means anything.')
        if canvas is None:
            return tuple(notes)
        full = self._options.process_res
        used = reduced_res(full, len(images), self.batch)
        if used < full:
            notes.append(
                f'For want of memory the depth model saw {len(images)} images at {used} instead '
                f'of {full} pixels; with {self.batch} or fewer it sees them in full.')
        if canvas.padded:
            notes.append(
                f'Images of several shapes: {len(canvas.padded)} of {len(images)} were set into '
                'a border for the depth model; frames of one camera alone do better.')
        return tuple(notes)
