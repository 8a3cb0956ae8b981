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

"""What a perception backend is: two protocols and the values that they take and give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.status import PerceptionStatus
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation


@dataclass(frozen=True, eq=False)
class SceneGeometry:
    """Per-frame geometry in one world frame.

    Args:
        frame_indices: N absolute frame indices; all mappings have these keys.
        depth_m: (H, W) float32 metres along z, NaN where unknown.
        points_m: (H, W, 3) float32 world coordinates in metres, NaN where unknown.
        confidence: (H, W) float32 in [0, 1], 0 where unknown.
        extrinsics: (N, 4, 4) float64 `T_world_camera`.
        intrinsics: (N, 4) float64 fx fy cx cy in pixels.
        metric_scale: factor from the backend's own unit to metres that was applied.
        scale_source: 'sensor_depth', 'tf_baseline', 'model', or `UNKNOWN_SCALE` where what is said
            here to be in metres is in no known unit.
        notes: one sentence for each prior that was missing or assumed.
        model_sigma: (H, W), or (1, 1) for all pixels, float16: relative standard deviation of depth
            that a model told, or that a noisy sensor showed; 0 where that of usual sensors holds.
            Empty when it holds for all, and when nothing tells how exact the model is.
    """

    frame_indices: tuple[int, ...]
    depth_m: Mapping[int, np.ndarray]
    points_m: Mapping[int, np.ndarray]
    confidence: Mapping[int, np.ndarray]
    extrinsics: np.ndarray
    intrinsics: np.ndarray
    metric_scale: float
    scale_source: str
    notes: tuple[str, ...] = ()
    model_sigma: Mapping[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SegmentRequest:
    """One segmentation call.

    Args:
        mode: 'text', 'points' or 'box'.
        frame_indices: frames to segment; empty when `image` is given.
        prompts: texts (mode 'text').
        labels: what to call the objects; as many as prompts, or one.
        points: (K, 2) float64 pixels x, y on `prompt_frame`.
        point_labels: (K,) int: 1 inside, 0 outside.
        boxes: (N, 4) float64 pixels x0, y0, x1, y1 on `prompt_frame`.
        prompt_frame: frame that points and boxes are on.
        image: (H, W, 3) uint8 RGB that is not one of the frames (a crop, say): no depth then.
        only_presence: whether the things are there is all that is asked: frames need not be
            followed, and masks may be left out.
    """

    mode: str
    frame_indices: tuple[int, ...] = ()
    prompts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    points: np.ndarray | None = None
    point_labels: np.ndarray | None = None
    boxes: np.ndarray | None = None
    prompt_frame: int | None = None
    image: np.ndarray | None = None
    only_presence: bool = False


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Masks of N objects through the frames.

    Args:
        masks: frame index to (N, H, W) bool; key 0 for a lone `image`.
        labels: N names.
        scores: (frames, N) float32 in [0, 1], in the order of `masks`; 0 where not seen.
        notes: one sentence for each prompt that nothing fits, or what was assumed.
        presence: (frames, prompts) float32 in [0, 1], how sure a model is that a frame shows the
            thing at all; None from a backend that judges objects alone.
    """

    masks: Mapping[int, np.ndarray]
    labels: tuple[str, ...]
    scores: np.ndarray
    notes: tuple[str, ...] = field(default=())
    presence: np.ndarray | None = None


class Reconstructor(Protocol):
    """Turns frames into world points."""

    name: str

    def reconstruct(
        self, observation: Observation, frame_indices: Sequence[int], deadline: Deadline,
    ) -> SceneGeometry:
        """Reconstruct frames.

        Raises:
            PerceptionError: it can't be done (no depth, no intrinsics, poses of several frames
                unknown); the message says which and what to do.
        """
        ...


class Segmenter(Protocol):
    """Finds objects by text, points or boxes."""

    name: str

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Segment; zero objects is a valid result.

        Raises:
            PerceptionError: the request can't be understood or served.
        """
        ...


class Perception(Protocol):
    """Who answers the tool calls of all queries, here or in a process of its own; any thread."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What is there: some of 'reconstruct', 'segment', 'ocr'."""
        ...

    @property
    def names(self) -> dict[str, str]:
        """Backend behind each capability, for status reports."""
        ...

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        """Answer one call; see `tools.PerceptionTools.handle`.

        Raises:
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
            PerceptionUnavailableError: process or server can't be reached, or a model not loaded.
        """
        ...

    def status(self) -> PerceptionStatus:
        """How it is; returns at once, from any thread."""
        ...

    def close(self) -> None:
        """End it: models, process, connections. May be called twice."""
        ...
