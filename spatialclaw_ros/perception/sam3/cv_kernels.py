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

"""Operations on masks in the library's stead: two that it downloads, one that it does at length.

transformers' video model suppresses duplicates among detections, fills holes and removes specks by
kernels from the hub; without the package for that, or without a network, it leaves all three out
and says so in a warning. `Kernels` does the same on masks of the model's size, for any device.

Its overlap of N masks with M takes N x M x H x W x 8 bytes, 25 GiB for 200 detections at full size;
`mask_iou` takes those of the masks alone.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch


class Kernels:
    """Stands where transformers keeps the module that it downloads."""

    @staticmethod
    def generic_nms(
        ious: torch.Tensor, scores: torch.Tensor, iou_threshold: float, use_iou_matrix: bool = True,
    ) -> torch.Tensor:
        """Greedy non-maximum suppression.

        Args:
            ious: (N, N) overlap of each with each.
            scores: (N,).
            iou_threshold: more overlap than this with a better one removes one.
            use_iou_matrix: as the library gives it; there is no other way here.

        Returns:
            Positions of those that are kept, the best first.
        """
        order = scores.argsort(descending=True, stable=True).tolist()
        overlap = (ious > iou_threshold).cpu().numpy()
        kept: list[int] = []
        for number in order:
            if not overlap[number, kept].any():
                kept.append(number)
        return torch.tensor(kept, dtype=torch.long, device=scores.device)

    @staticmethod
    def cc_2d(masks: torch.Tensor, get_counts: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
        """Connected components, neighbours at corners included.

        Args:
            masks: (N, 1, H, W) uint8.
            get_counts: as the library gives it; areas always come.

        Returns:
            Labels (0 outside), and at each pixel the area of its component (0 outside), both
            (N, 1, H, W) int32.
        """
        labels = np.zeros(masks.shape, np.int32)
        counts = np.zeros(masks.shape, np.int32)
        for number, mask in enumerate(masks.cpu().numpy()[:, 0]):
            _, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            areas = stats[:, cv2.CC_STAT_AREA].copy()
            areas[0] = 0
            labels[number, 0], counts[number, 0] = found, areas[found]
        return (torch.from_numpy(labels).to(masks.device),
                torch.from_numpy(counts).to(masks.device))


def mask_iou(pred_masks: torch.Tensor, gt_masks: torch.Tensor) -> torch.Tensor:
    """Intersection over union.

    Args:
        pred_masks: (N, H, W) bool.
        gt_masks: (M, H, W) bool.

    Returns:
        (N, M) float32; exact, as float32 counts pixels without loss up to 2^24.
    """
    one, other = pred_masks.flatten(1).float(), gt_masks.flatten(1).float()
    intersection = one @ other.T
    union = one.sum(dim=1)[:, None] + other.sum(dim=1)[None] - intersection
    return intersection / union.clamp(min=1)


def use_own_kernels() -> None:
    """Let transformers use these, and download nothing."""
    from transformers.models.sam3_video import modeling_sam3_video as library

    place: Any = library
    place.cv_utils_kernel = Kernels
    place.mask_iou = mask_iou
