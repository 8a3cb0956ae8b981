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

"""Things that several cameras see: the same one, where depth and TF tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.observation import Frame


@dataclass(frozen=True, eq=False)
class Seen:
    """One thing in some frames.

    Args:
        prompt: position of the text or box that found it.
        cameras: that see it.
        packed: frame index to (H, ceil(W / 8)) uint8, frames that show it alone.
        scores: frame index to the score there, of the same frames.
    """

    prompt: int
    cameras: tuple[str, ...]
    packed: Mapping[int, np.ndarray]
    scores: Mapping[int, float]

    @property
    def score(self) -> float:
        """The best of all frames; 0 for a thing that none shows."""
        return max(self.scores.values(), default=0.0)

    def mask(self, frame: int, width: int) -> np.ndarray:
        """(H, W) bool in one frame that shows it."""
        return np.unpackbits(self.packed[frame], axis=-1, count=width).view(bool)


def link(
    found: Sequence[Seen], frames: Sequence[Frame], deadline: Deadline,
) -> tuple[list[Seen], list[str]]:
    """Join things of several cameras that are one, and say which could not be compared."""
    cameras = {name for thing in found for name in thing.cameras}
    if len(cameras) < 2:
        return list(found), []
    return list(found), ['Each camera\'s objects are listed separately.']
