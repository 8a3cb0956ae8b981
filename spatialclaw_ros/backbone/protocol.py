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

"""What a backbone is: it plans once, then writes one reply a step, reading what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question


@dataclass(frozen=True, eq=False)
class Brief:
    """What stays the same through one query.

    Args:
        question: what is asked.
        metadata: facts of the frames, as `Metadata` in a cell has them (JSON-like): `is_video`,
            `fps`, `duration_sec`, `total_frames`, `cameras`, `world_frame`, `base_frame`,
            `tf_frames`, `missing`.
        system: system prompt, tool documentation included.
        key_frames: frames to be seen, at most 32.
        max_steps: cells that may be written.
    """

    question: Question
    metadata: Mapping[str, Any] = field(default_factory=dict)
    system: str = ''
    key_frames: tuple[Frame, ...] = ()
    max_steps: int = 30


@dataclass(frozen=True, eq=False)
class Turn:
    """One step that has been taken.

    Args:
        reply: the backbone's markdown as it came.
        result: what the cell gave back; None when the reply was malformed and nothing ran.
        feedback: the text that goes back to a model.
    """

    reply: str
    result: CellResult | None
    feedback: str


class Backbone(Protocol):
    """Writes the plan and the cells.

    A reply is markdown with the lines `Purpose:`, `Reasoning:`, `Next goal:` and exactly one
    fenced ```python block.
    """

    name: str

    def plan(self, brief: Brief, deadline: Deadline) -> str:
        """Plan in words, once per query.

        Raises:
            OutOfScopeError: this backbone can't answer such a question; the message lists what
                it can do.
            BackboneError: no plan came.
        """
        ...

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> str:
        """Next reply.

        Raises:
            BackboneError: no reply came.
        """
        ...


@runtime_checkable
class SeesImages(Protocol):
    """A backbone that can also look at images: it serves the cells' `vlm` calls."""

    def look(self, call: ToolCall, observation: Observation, deadline: Deadline) -> ToolResult:
        """Answer `vlm.locate` or `vlm.ask_with_thinking` in a conversation of its own."""
        ...
