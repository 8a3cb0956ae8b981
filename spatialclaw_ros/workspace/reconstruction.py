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


"""`Reconstruction`: depth, world points and cameras of some frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from spatialclaw_ros.errors import FrameMismatchError
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE
from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.perframe import PerFrame
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.teaching import Teaching, listed, not_a_frame

if TYPE_CHECKING:
    from spatialclaw_ros.workspace.masks import PerFrameMask

JUMP_REACH_PX = 2
FAR_M = np.float32(1e6)
_JUMP_M = np.float32(0.02)
_JUMP_RATIO = np.float32(0.02)


def is_behind(depth_m: np.ndarray, nearest_m: np.ndarray) -> np.ndarray:
    """Whether depths are beyond the nearest ones round them by more than noise and slant explain.

    Args:
        depth_m: float32, any shape.
        nearest_m: least depth within `JUMP_REACH_PX`, same shape.
    """
    return np.asarray(depth_m - nearest_m > _JUMP_M + _JUMP_RATIO * nearest_m)


class Points(PerFrame):
    """World points by frame index; `points[seg]` gives those under a mask set."""

    def __init__(self, recon: Reconstruction) -> None:
        super().__init__(recon.frame_indices, recon._point_image, 'recon.points')
        self._recon = recon
        self.points = PerFrame(recon.frame_indices, recon._point_image, 'recon.points.points')
        self.confidence = PerFrame(
            recon.frame_indices, recon._confidence.__getitem__, 'recon.points.confidence')

    def __getitem__(self, key: Any) -> Any:
        if hasattr(key, 'get_masked_points'):
            return self._recon.points_under(key)
        return super().__getitem__(key)


class Extrinsics(PerFrame):
    """`T_world_camera` (4, 4) float64 by frame index.

    Attributes:
        camera_poses: (N, 4, 4) in order of the frame indices.
    """

    def __init__(self, frame_indices: Sequence[int], poses: np.ndarray) -> None:
        by_frame = dict(zip(frame_indices, poses))
        super().__init__(frame_indices, by_frame.__getitem__, 'recon.extrinsics')
        self.camera_poses = poses


class Reconstruction(Teaching):
    """Geometry of N frames in one world frame (x forward, y left, z up, metres if `is_metric`).

    Attributes:
        frame_indices: N absolute indices, a list.
        num_frames: N.
        metric_scale: factor that was applied to get metres; 1 where nothing tells it.
        scale_source: 'sensor_depth', 'tf_baseline', 'model' or 'unknown'.
        is_metric: whether lengths are in metres; False where the scale is unknown.
        notes: what was missing or assumed, a tuple of sentences.
        depth: `[f]` (H, W) float32 along the camera's z, NaN unknown.
        points: `[f]` (H, W, 3) float32 world, NaN unknown; `.points`, `.confidence`; `[seg]`.
        extrinsics: `[f]` (4, 4) float64 `T_world_camera`; `.camera_poses` (N, 4, 4).
        intrinsics: `[f]` dict of fx, fy, cx, cy in pixels.
    """

    def __init__(
        self, *, frame_indices: Sequence[int], images: InputImages,
        arrays: Mapping[str, np.ndarray], metric_scale: float, scale_source: str,
        notes: Sequence[str],
    ) -> None:
        self.frame_indices = list(frame_indices)
        self.num_frames = len(self.frame_indices)
        self.metric_scale = metric_scale
        self.scale_source = scale_source
        self.is_metric = scale_source != UNKNOWN_SCALE
        self.notes = tuple(notes)
        self._images = images
        self._depth = {f: arrays[f'depth_{f}'] for f in self.frame_indices}
        self._points = {f: arrays[f'points_{f}'] for f in self.frame_indices}
        self._confidence = {f: arrays[f'confidence_{f}'] for f in self.frame_indices}
        self._model_sigma = {f: arrays.get(f'model_sigma_{f}') for f in self.frame_indices}
        self._behind: dict[int, np.ndarray] = {}
        intrinsics = {
            f: dict(zip(('fx', 'fy', 'cx', 'cy'), map(float, row)))
            for f, row in zip(self.frame_indices, arrays['intrinsics'])}
        self.depth = PerFrame(self.frame_indices, self._depth.__getitem__, 'recon.depth')
        self.extrinsics = Extrinsics(self.frame_indices, np.asarray(arrays['extrinsics']))
        self.intrinsics = PerFrame(
            self.frame_indices, intrinsics.__getitem__, 'recon.intrinsics')
        self.points = Points(self)

    def _point_image(self, frame: int) -> PointArray:
        told = self._model_sigma[frame]
        known = told is not None or self.scale_source == 'sensor_depth'
        return PointArray.make(self._points[frame], self._depth[frame] if known else None, told)

    def require_frames(self, frames: Sequence[int], what: str) -> None:
        """Check that all frames of something else were reconstructed.

        Raises:
            FrameMismatchError: some were not; both sets are named.
        """
        missing = [frame for frame in frames if frame not in self.frame_indices]
        if len(frames) == 1 and missing:
            raise not_a_frame(missing[0], self.frame_indices, 'this reconstruction')
        if missing:
            raise FrameMismatchError(
                f'{what} has frames [{listed(frames)}], the reconstruction has '
                f'[{listed(self.frame_indices)}]; not reconstructed: [{listed(missing)}]. '
                'Reconstruct those frames too, or take frames of both')

    def points_under(self, seg: PerFrameMask) -> PointArray:
        """World points (K, 3) under all masks of all frames of a mask set, none counted twice."""
        return seg.get_masked_points(self, frame=None, object=None)

    def behind_edge(self, frame: int) -> np.ndarray:
        """(H, W) bool: pixels on the far side of a depth jump at most two pixels away.

        A mask that is a little too wide holds these; on the object itself they are few.
        """
        if frame not in self._behind:
            depth = self._depth[frame]
            depth = np.where(np.isfinite(depth), depth, FAR_M)
            side = 2 * JUMP_REACH_PX + 1
            self._behind[frame] = is_behind(
                depth, cv2.erode(depth, np.ones((side, side), dtype=np.uint8)))
        return self._behind[frame]

    def render_bev(
        self, masks: Any = None, labels: Sequence[str] | None = None, ref_frame: int = 0,
        ego_trajectory: bool = True,
    ) -> Image.Image:
        """Picture from above: world x (forward) up, y (left) to the left, with a scale bar.

        Args:
            masks: mask set, or a list of them, whose objects are coloured.
            labels: names for the legend, one per object; the mask sets' own when left out.
            ref_frame: frame whose camera is marked.
            ego_trajectory: whether the cameras' path is drawn.
        """
        from spatialclaw_ros.workspace.bev import render_bev
        return render_bev(self, masks, labels, ref_frame, ego_trajectory)

    def __repr__(self) -> str:
        scale = f'scale from {self.scale_source}' if self.is_metric else (
            'scale unknown: lengths and places are in no unit')
        return f'<reconstruction of frames {self.frame_indices}, {scale}>'
