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


"""`PerFrameMask`: the masks of some objects through some frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.lifting import MIN_CONFIDENCE, lifted, some_lifted
from spatialclaw_ros.workspace.overlay import draw_masks
from spatialclaw_ros.workspace.perframe import frame_key
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.reconstruction import Reconstruction
from spatialclaw_ros.workspace.teaching import Teaching, nearest_names, not_a_frame

_CENTERED_POINTS = 4000
_STRAY_RATIO = 3.0


class PerFrameMask(Teaching):
    """Masks of N objects in F frames.

    Attributes:
        frame_indices: F absolute indices, a list; [0] when the picture is no frame.
        labels: N names.
        scores: (F, N) float32 in [0, 1]; 0 where an object is not seen.
        notes: what was assumed, or which prompt nothing fits.
    """

    def __init__(
        self, *, masks: Mapping[int, np.ndarray], labels: Sequence[str], scores: np.ndarray,
        notes: Sequence[str], images: InputImages, picture: np.ndarray | None = None,
    ) -> None:
        self.frame_indices = list(masks)
        self.labels = list(labels)
        self.scores = scores
        self.notes = tuple(notes)
        self._masks = dict(masks)
        self._images = images
        self._picture = picture

    @property
    def num_frames(self) -> int:
        """F."""
        return len(self.frame_indices)

    @property
    def num_objects(self) -> int:
        """N; 0 when nothing was found."""
        return len(self.labels)

    def __len__(self) -> int:
        return self.num_frames

    def __bool__(self) -> bool:
        return self.num_objects > 0

    def __contains__(self, frame: object) -> bool:
        return frame_key(frame) in self._masks

    def __getitem__(self, frame: Any) -> np.ndarray:
        """(N, H, W) bool masks of a frame, by its absolute index."""
        key = frame_key(frame)
        if isinstance(key, tuple) and len(key) == 2:
            return self.get_mask(*key)
        if not isinstance(key, int) or key not in self._masks:
            raise not_a_frame(key, self.frame_indices, 'this segmentation')
        return self._masks[key]

    def object_index(self, object: int | str) -> int:
        """Number of an object given by number or label.

        Raises:
            IndexError: there is no such object.
        """
        if isinstance(object, str):
            if object in self.labels:
                return self.labels.index(object)
            raise IndexError(f'no object {object!r}{nearest_names(object, self.labels)}')
        if not -self.num_objects <= object < self.num_objects:
            why = f'; {" ".join(self.notes)}' if self.notes and not self.num_objects else ''
            raise IndexError(
                f'object {object} is not in 0..{self.num_objects - 1}: {self.num_objects} objects '
                f'were found{why}')
        return int(object) % self.num_objects

    def get_mask(self, frame: Any, object: int | str = 0) -> np.ndarray:
        """(H, W) bool mask of an object, by number or label, in a frame."""
        return np.asarray(self[frame][self.object_index(object)])

    def get_score(self, frame: Any, object: int | str = 0) -> float:
        """Score of an object in a frame, in [0, 1]."""
        self[frame]
        row = self.frame_indices.index(frame_key(frame))
        return float(self.scores[row, self.object_index(object)])

    def select(self, object: int | str | Sequence[int]) -> PerFrameMask:
        """Mask set of one object, or of some."""
        chosen = [object] if isinstance(object, (int, str, np.integer)) else list(object)
        numbers = [self.object_index(each) for each in chosen]
        return PerFrameMask(
            masks={frame: masks[numbers] for frame, masks in self._masks.items()},
            labels=[self.labels[number] for number in numbers],
            scores=self.scores[:, numbers], notes=self.notes, images=self._images,
            picture=self._picture)

    def frames_with(self, object: int | str = 0) -> list[int]:
        """Frames in which an object is seen, the largest mask first."""
        number = self.object_index(object)
        areas = {frame: int(masks[number].sum()) for frame, masks in self._masks.items()}
        return sorted((frame for frame in areas if areas[frame]), key=lambda f: -areas[f])

    def get_masked_points(
        self, recon: Reconstruction, frame: Any = None,
        object: int | str | None = 0,
        min_confidence: float = MIN_CONFIDENCE, clean: bool = True, steady: bool = False,
    ) -> PointArray:
        """World points of an object.

        Args:
            recon: reconstruction that has the frames.
            frame: absolute index; None for all frames of this mask set.
            object: number or label; None for all objects.
            min_confidence: points below it are dropped; unknown depth is always dropped.
            clean: drop pixels at depth jumps that belong to what is behind, and strays.
            steady: move points along their rays onto the plane through their neighbours, as far
                round as noise blurs it, so that fewer stand out from their surface.

        Returns:
            (K, 3) float32 with per-point `.sigma` where the depth comes from a sensor; K may be 0.

        Raises:
            FrameMismatchError: a frame that was not reconstructed, or is not in this set.
        """
        frames = self.frame_indices if frame is None else [frame_key(frame)]
        parts = [lifted(recon, each, mask, min_confidence, clean, steady)
                 for each, mask in self._masks_in(recon, frames, object).items()]
        points = np.concatenate(parts) if len(parts) > 1 else parts[0]
        return points if isinstance(points, PointArray) else PointArray.make(points, None)

    def some_points(
        self, recon: Reconstruction, object: int | str | None, count: int,
    ) -> np.ndarray:
        """About so many of an object's points through all frames, (K, 3), fast, for pictures."""
        return some_lifted(recon, self._masks_in(recon, self.frame_indices, object), count)

    def _masks_in(
        self, recon: Reconstruction, frames: Sequence[int], object: int | str | None,
    ) -> dict[int, np.ndarray]:
        """(H, W) masks of an object, or of all together, in frames that the reconstruction has."""
        if self._picture is not None:
            raise not_a_frame('of a crop', recon.frame_indices, 'the reconstruction')
        for each in frames:
            self[each]
        recon.require_frames(frames, 'this segmentation')
        if object is None:
            return {each: np.asarray(self[each].any(axis=0)) for each in frames}
        number = self.object_index(object)
        return {each: self[each][number] for each in frames}

    def get_centroid_3d(
        self, recon: Reconstruction, frame: Any = None, object: int | str = 0,
        min_confidence: float = MIN_CONFIDENCE,
    ) -> np.ndarray:
        """Centre of an object's seen surface: the mean of its points.

        Points more than three times as far from the median point as half of them are left out.

        Returns:
            (3,) float64 world; NaN when no point is known.
        """
        points = np.asarray(self.get_masked_points(recon, frame, object, min_confidence))
        if not len(points):
            return np.full(3, np.nan)
        points = points[::max(1, len(points) // _CENTERED_POINTS)].astype(np.float64)
        away = np.linalg.norm(points - np.median(points, axis=0), axis=1)
        return np.asarray(points[away <= _STRAY_RATIO * np.median(away)].mean(axis=0))

    def visualize(self, frame: Any = None) -> Image.Image:
        """The frame with its masks coloured, outlined and named; the first frame by default."""
        frame = self.frame_indices[0] if frame is None else frame_key(frame)
        masks = self[frame]
        picture = self._picture if self._picture is not None else self._images.at(frame).array
        row = self.scores[self.frame_indices.index(frame)]
        note = '' if self.num_objects else ' '.join(self.notes) or 'nothing found'
        return draw_masks(picture, masks, self.labels, row, note)

    def __repr__(self) -> str:
        return (f'<masks of {self.num_objects} objects {self.labels} in frames '
                f'{self.frame_indices}>')
