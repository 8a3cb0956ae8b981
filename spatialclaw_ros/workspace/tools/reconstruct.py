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


"""`tools.Reconstruct`: from frames to world points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spatialclaw_ros.errors import FrameMismatchError
from spatialclaw_ros.workspace.reconstruction import Reconstruction
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.teaching import Teaching, listed

PROMPT = """\
`recon = tools.Reconstruct.Reconstruct(frames, frame_indices=None)` or `tools.Reconstruct(frames)`:
  depth, world points and cameras; `frames` is InputImages, a list of its images, one image or
  absolute indices. World: x forward, y left, z up, metres where `.is_metric`. Index by absolute
  frame index f:
  `.frame_indices`, `.num_frames`, `.metric_scale`, `.scale_source`, `.notes`, `.depth[f]` (H, W),
  `.points[f]` (H, W, 3) NaN where unknown, `.points.confidence[f]` (H, W) in [0, 1],
  `.points[seg]` or `recon.points_under(seg)` (K, 3) under a mask set, `.extrinsics[f]`
  T_world_camera (4, 4) of the optical frame (z forward, x right, y down),
  `.extrinsics.camera_poses` (N, 4, 4), `.intrinsics[f]` dict fx fy cx cy.
  `.render_bev(masks=None, labels=None, ref_frame=0, ego_trajectory=True)` picture from above."""


class Reconstruct(Teaching):
    """Callable, and has `.Reconstruct`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(
        self, frames: Any = None, frame_indices: Sequence[int] | None = None,
    ) -> Reconstruction:
        """Reconstruct frames.

        Args:
            frames: InputImages, a list of its images, one image, or absolute indices; all frames
                when left out.
            frame_indices: absolute indices; of the frames given, when both are.

        Raises:
            FrameMismatchError: the two name different frames, or a frame that isn't there.
            PerceptionError: it can't be done; the message says what is missing.
        """
        scope = self._scope
        scope.require('reconstruct', 'tools.Reconstruct')
        wanted = scope.frame_indices(frames if frames is not None else frame_indices)
        if frames is not None and frame_indices is not None:
            asked = scope.frame_indices(list(frame_indices))
            if not set(asked) <= set(wanted):
                raise FrameMismatchError(
                    f'the frames given are [{listed(wanted)}], frame_indices are '
                    f'[{listed(asked)}]; indices are absolute (frame.frame_index): leave '
                    'frame_indices out, or give those of the frames')
            wanted = asked
        wanted = sorted(wanted)
        result = scope.call('reconstruct', {'frame_indices': wanted})
        return Reconstruction(
            frame_indices=wanted, images=scope.images, arrays=result.arrays,
            metric_scale=float(result.values['metric_scale']),
            scale_source=str(result.values['scale_source']),
            notes=result.values.get('notes', ()))

    def Reconstruct(
        self, frames: Any = None, frame_indices: Sequence[int] | None = None,
    ) -> Reconstruction:
        """As calling the tool itself."""
        return self(frames, frame_indices)

    def __repr__(self) -> str:
        return '<tools.Reconstruct(frames, frame_indices=None)>'
