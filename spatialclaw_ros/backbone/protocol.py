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
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.cell import CellResult, ShownImage
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
        system: system prompt of who writes, tool documentation included; the same for every query
            of a robot, so that a server computes it once.
        planner_system: system prompt of who plans; the same for every query, too.
        opening: the question and this query's facts, as a model reads them before the pictures.
        key_frames: frames to be seen, at most 32.
        max_steps: cells that may be written.
        language: of the fenced block that a reply ends with.
    """

    question: Question
    metadata: Mapping[str, Any] = field(default_factory=dict)
    system: str = ''
    planner_system: str = ''
    opening: str = ''
    key_frames: tuple[Frame, ...] = ()
    max_steps: int = 30
    language: str = 'python'


@dataclass(frozen=True, eq=False)
class Turn:
    """One step that has been taken.

    Args:
        reply: the backbone's markdown as it came; of one that could not be read, a line that says
            so.
        result: what the cell gave back; None when the reply was malformed and nothing ran.
        feedback: the text that goes back to a model.
        images: of those that the cell showed, the ones that go back with it.
    """

    reply: str
    result: CellResult | None
    feedback: str
    images: tuple[ShownImage, ...] = ()


@dataclass(frozen=True)
class Exchange:
    """One request to a model, and what it took.

    Args:
        role: 'agent', 'planner', 'locate' or 'think'.
        model: name that the server gives it.
        endpoint: base URL of the server, without anything secret.
        attempts: requests that were sent until one was answered.
        sent_bytes: size of the request's body.
        prefix_share: share of the conversation's request before this one that this one begins
            with, 0 to 1; None for a conversation's first.
        prompt_tokens: as the server counted; None when it didn't.
        completion_tokens: as the server counted; None when it didn't.
        cached_tokens: of the prompt's, those the server knew; None when it didn't say.
        first_s: from the request to the first piece of the reply, seconds; None without one.
        duration_s: all of it, seconds.
        finish: why the reply ended: 'stop', 'length', 'fence' for a reply whose block was closed,
            or the server's own word.
    """

    role: str
    model: str = ''
    endpoint: str = ''
    attempts: int = 1
    sent_bytes: int = 0
    prefix_share: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    first_s: float | None = None
    duration_s: float = 0.0
    finish: str = ''


@dataclass(frozen=True)
class Said:
    """What a backbone said.

    Args:
        text: the reply, or the plan.
        thinking: what a reasoning model thought before; goes into the trace alone.
        exchange: the request behind it; None where there was none.
    """

    text: str
    thinking: str = ''
    exchange: Exchange | None = None


@dataclass(frozen=True)
class EndpointStatus:
    """How an endpoint does.

    Args:
        url: its base URL.
        healthy: whether the last thing heard of it was good; True before any.
        last_error: its latest fault; '' when there was none yet.
        latency_s: from its latest request to the first piece of the reply; None before any.
        requests: replies that it has given.
        prompt_tokens: as it counted them.
        completion_tokens: as it counted them.
        queries: that are bound to it now.
    """

    url: str
    healthy: bool = True
    last_error: str = ''
    latency_s: float | None = None
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    queries: int = 0


class Backbone(Protocol):
    """Writes the plan and the cells; safe from any thread, one thread for each query.

    A reply is markdown with the lines `Purpose:`, `Reasoning:`, `Next goal:` and exactly one
    fenced block of `Brief.language`.

    One that has a false attribute `reads_prompts` gets briefs without `system`, `planner_system`
    and `opening`: they take time to make. It is no language model, and holds its lengths against
    `scale_source` by itself.
    """

    name: str

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        """Plan in words, once per query.

        Raises:
            OutOfScopeError: this backbone can't answer such a question; the message lists what
                it can do.
            BackboneError: no plan came.
        """
        ...

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        """Next reply.

        Raises:
            BackboneError: no reply came.
        """
        ...

    def close(self) -> None:
        """Let go of connections and threads; what runs ends with a `BackboneError`."""
        ...


@runtime_checkable
class SeesImages(Protocol):
    """A backbone that can also look at images: it serves the cells' `vlm` calls."""

    def look(self, call: ToolCall, observation: Observation, deadline: Deadline) -> Said:
        """Answer `vlm.locate` or `vlm.ask_with_thinking` in a conversation of its own.

        Raises:
            BackboneError: no answer came, or the call names pictures that there aren't; the cell
                is told.
        """
        ...


@runtime_checkable
class WritesSome(Protocol):
    """A backbone that can't act in every way.

    Attributes:
        interfaces: names of the action interfaces that it can write for.
    """

    interfaces: tuple[str, ...]


@runtime_checkable
class HasEndpoints(Protocol):
    """A backbone that asks servers."""

    def status(self) -> Sequence[EndpointStatus]:
        """How each of them does; from any thread."""
        ...

    def probe(self, deadline: Deadline) -> Sequence[EndpointStatus]:
        """Ask each of them whether it is there."""
        ...
