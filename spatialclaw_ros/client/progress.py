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

"""What a node tells about a query that is under way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from spatialclaw_ros.action import SpatialQuery

LAST_STAGE = 'answer'


@dataclass(frozen=True, eq=False)
class Progress:
    """One thing that happened, or one that takes long and has begun: its text ends in ` …`.

    Args:
        query_id: the node's id of the query.
        stage: 'queued', 'frames', 'plan', 'write', 'run', 'answer'.
        step: cell that it is about, from 1; 0 before the first.
        max_steps: cells that may be written; 0 when the node doesn't say.
        text: one line for a person.
        jpeg: what the step looked at or masked, at most 320 pixels wide; b'' for none.
    """

    query_id: str
    stage: str
    step: int
    max_steps: int
    text: str
    jpeg: bytes = b''

    @classmethod
    def of(cls, feedback: SpatialQuery.Feedback) -> Progress:
        """Read a message."""
        event = feedback.event
        return cls(
            event.query_id, event.stage, int(event.step), int(event.max_steps), event.text,
            bytes(feedback.image.data))

    @property
    def last(self) -> bool:
        """Whether nothing follows but the answer."""
        return self.stage == LAST_STAGE

    @cached_property
    def image(self) -> np.ndarray | None:
        """(H, W, 3) uint8 RGB; None when there is none."""
        if not self.jpeg:
            return None
        pixels = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        return None if pixels is None else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
