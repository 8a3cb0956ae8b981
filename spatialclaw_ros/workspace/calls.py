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

"""Tool calls that leave the kernel: what a cell's tools ask of the host, and what comes back.

| tool | args | arrays | values | result arrays |
|---|---|---|---|---|
| `reconstruct` | frame_indices | | metric_scale, scale_source, notes | depth_F (H, W) float32; |
| | | | | points_F (H, W, 3) float32, world; confidence_F (H, W) float32; |
| | | | | extrinsics (N, 4, 4) and intrinsics (N, 4: fx fy cx cy) float64; |
| | | | | model_sigma_F (H, W) or (1, 1) float16, see below |
| `segment` | mode ('text', 'points', 'box'), frame_indices, prompts, labels, | points (K, 2), | |
| | prompt_frame, video | point_labels (K,), | labels, notes | masks_F (N, H, W) bool; |
| | | boxes (N, 4) xyxy, image | | scores (frames, N) float32 |
| `exists` | frame_indices, object_name | image | exists, score, notes | |
| `ocr` | frame_index or None | image | lines: [{text, box (4 x [x, y]), score}] | |
| `vlm` | kind ('locate', 'think'), question, frame_indices | image_0, ... | text | |

F in a name is a frame index. `model_sigma_F` is the relative standard deviation of depth that a
model told or that a noisy sensor showed, 0 where that of usual depth cameras holds, NaN unknown; a
reconstruction without it has that of usual ones where `scale_source` is 'sensor_depth', else it is
of unknown worth. Where `scale_source` is `UNKNOWN_SCALE`, lengths and places are in no known unit.

Pixels are (x, y), origin at the top left pixel's centre. `image` is (H, W, 3) uint8 RGB, sent when
the picture is not one of the query's frames; the masks then come as `masks_0`. A note with the
words of `CANT_TELL` says that a prompt could not be looked for, or what is there not be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

JSON = Any  # str, int, float, bool, None, and lists and string-keyed dicts of them


@dataclass(frozen=True, eq=False)
class ToolCall:
    """One request from a cell to the host."""

    tool: str
    args: Mapping[str, JSON] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


class ArrayFile(Protocol):
    """A sealed memory file in which arrays lie: whoever may read them can be handed the file."""

    @property
    def buffer(self) -> memoryview:
        """Its content, read-only."""
        ...


@dataclass(frozen=True, eq=False)
class ToolResult:
    """What the host answers.

    Args:
        values: all but arrays.
        arrays: by name.
        error: a sentence that teaches the model, else None.
        file: where the arrays lie, if they do in a memory file; saves whoever hands them on to
            another process the copy, and means nothing to anybody else.
    """

    values: Mapping[str, JSON] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    error: str | None = None
    file: ArrayFile | None = None


CANT_TELL = "can't tell"
"""Words in a note of `segment`: finding nothing does not mean that there is nothing."""

UNFAMILIAR = f'{CANT_TELL} what'
"""Words in a note of `segment`, those of `CANT_TELL` in them: nobody knows what it looks like.

It may be a part of the robot that TF has a frame for; of other things TF tells nothing.
"""

CANT_COUNT = "can't count"
"""Words in a note of `segment`: of what a plural names there may be more, or fewer, than found."""

UNKNOWN_SCALE = 'unknown'
"""`scale_source` of a reconstruction whose lengths are in no known unit."""

OTHER_KIND = 'what might be one is none'
"""Words in a note of `segment`: something like it is there, and is known to be something else.

A looser word may find that, and would not mean it.
"""

CANT_BE_SURE = "can't be sure"
"""Words in a note of `segment`: what was found may be another kind of thing."""

UNKNOWN_UP = 'which way is up is not known'
"""Words in a note of `reconstruct`: nobody knows what is level there; heights mean nothing."""

NOT_TOGETHER = "can't be used together"
"""Words in an error of `reconstruct`: each frame alone can be placed, but not one to another."""

ToolPort = Callable[[ToolCall], ToolResult]
