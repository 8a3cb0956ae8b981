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

"""The lines of `trace.jsonl` as values: the schema that docs/trace.md documents.

A line is a JSON object whose `event` names one of these. Fields that an older version lacks have
defaults here, so that its traces are read as well; a number that is not finite is null.
"""

from __future__ import annotations

from typing import Annotated, Any, Union

import msgspec

from spatialclaw_ros.kernel.messages import MAX_CLOCK_READINGS, Nanoseconds

SCHEMA_VERSION = 2
"""Raised when a field changes its meaning; a new field alone does not raise it."""

Matrix = list[list[Union[float, None]]]  # noqa: UP007
FrameKey = Annotated[str, msgspec.Meta(pattern='^[0-9]{1,9}$')]
Vector = list[Union[float, None]]  # noqa: UP007


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field='event'):
    """What every line has: seconds since the trace began."""

    at_s: float = 0.0


class ToleranceLine(msgspec.Struct, frozen=True, kw_only=True):
    """To which tolerance numbers were wanted; fields as `workspace.tolerance.Tolerance`."""

    length_m: float
    share: float
    angle_deg: float


class AskedLine(msgspec.Struct, frozen=True, kw_only=True):
    """The question; `tolerance` is null in traces of versions that had none."""

    text: str
    answer_type: str = 'ANY'
    choices: list[str] = []
    frame_id: str = ''
    tolerance: ToleranceLine | None = None


class FrameLine(msgspec.Struct, frozen=True, kw_only=True):
    """One frame; `image` is the JPEG file, `width` and `height` are of the frame itself."""

    index: int
    camera: str = ''
    stamp_ns: int = 0
    frame_id: str = ''
    image: str = ''
    width: int = 0
    height: int = 0
    has_depth: bool = False
    intrinsics: dict[str, Any] | None = None
    T_world_camera: Matrix | None = None


class StartedLine(Line, tag='started', frozen=True, kw_only=True):
    """The first line: what was asked, of what, and who answers."""

    schema_version: int
    question: AskedLine
    query_id: str = ''
    time: str = ''
    setup: dict[str, Any] = {}
    world_frame: str = ''
    base_frame: str = ''
    missing: list[str] = []
    frames: list[FrameLine] = []


class ExchangedLine(Line, tag='exchanged', frozen=True, kw_only=True):
    """A request to a model; fields as `backbone.protocol.Exchange`."""

    role: str = ''
    thinking: str = ''
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


class PlannedLine(Line, tag='planned', frozen=True, kw_only=True):
    """The plan."""

    text: str


class CellWrittenLine(Line, tag='cell_written', frozen=True, kw_only=True):
    """A reply that could be read; `reply` is as it came."""

    step: int
    purpose: str = ''
    reasoning: str = ''
    next_goal: str = ''
    code: str = ''
    reply: str = ''


class ToolCalledLine(Line, tag='tool_called', frozen=True, kw_only=True):
    """A tool call of the running cell.

    `args` and `values` are exact: see `exact`. `arrays` and `asked` give shapes; what they held is
    in `file`, where that was written. `ahead`: the result was there, or under way, before the cell
    asked; `duration_s` is how long the cell waited.
    """

    tool: str
    args: dict[str, Any] = {}
    asked: dict[str, list[int]] = {}
    values: dict[str, Any] = {}
    arrays: dict[str, list[int]] = {}
    error: str | None = None
    duration_s: float = 0.0
    file: str = ''
    ahead: bool = False


class ErrorLine(msgspec.Struct, frozen=True, kw_only=True):
    """An exception of a cell."""

    kind: str
    message: str = ''
    line: int | None = None
    traceback: str = ''


class VariableLine(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that a cell made or changed."""

    name: str
    type: str = ''
    text: str = ''
    nbytes: int = 0


class ImageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a cell showed; `pixels` is the lossless file, where that was written."""

    label: str = ''
    file: str = ''
    pixels: str = ''


class CellRanLine(Line, tag='cell_ran', frozen=True, kw_only=True):
    """A cell ran; or nothing did, and `reply` is what came instead of one (then `ran` is false)."""

    step: int
    feedback: str = ''
    reply: str = ''
    ran: bool | None = None
    stdout: str = ''
    error: ErrorLine | None = None
    variables: list[VariableLine] = []
    images: list[ImageLine] = []
    duration_s: float = 0.0
    tool_calls: int = 0
    restarted: bool = False
    clock: Annotated[
        list[Nanoseconds], msgspec.Meta(max_length=MAX_CLOCK_READINGS + 1)] = []


class ObjectLine(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the evidence; `points` counts them, `masks` maps frame index to a file."""

    label: str
    points: int = 0
    box_center: Vector = []
    box_size: Vector = []
    box_rotation: Matrix = []
    score: float | None = None
    frames: list[int] = []
    masks: dict[FrameKey, str] = {}


class EvidenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer rests on; `cloud` is the file with points of the objects and the scene."""

    frame_indices: list[int] = []
    points: Matrix = []
    extrinsics: dict[FrameKey, Matrix] = {}
    scale_source: str = ''
    notes: list[str] = []
    objects: list[ObjectLine] = []
    cloud: str = ''


class AnsweredLine(Line, tag='answered', frozen=True, kw_only=True):
    """The query has an answer."""

    value: Any = None
    answer_type: str = 'ANY'
    text: str = ''
    unit: str = ''
    sigma: float | None = None
    frame: str = ''
    choice: int = -1
    steps: int = 0
    evidence: EvidenceLine = EvidenceLine()


class RefusedLine(Line, tag='refused', frozen=True, kw_only=True):
    """The agent looked, and can't tell."""

    reason: str = ''
    steps: int = 0
    evidence: EvidenceLine = EvidenceLine()


class FailedLine(Line, tag='failed', frozen=True, kw_only=True):
    """The query could not be carried through."""

    status: str
    message: str = ''
    stage: str = ''
    steps: int = 0


class BrokeOffLine(Line, tag='broke_off', frozen=True, kw_only=True):
    """The session ended without any of the three."""

    cause: str = ''


class AheadLine(Line, tag='ahead', frozen=True, kw_only=True):
    """What came of tool calls that ran ahead of the model."""

    used: int = 0
    wasted: int = 0
    saved_s: float = 0.0


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """`raw/stored.json`: whether all that a replay needs is there, and if not, why."""

    replayable: bool = True
    reason: str = ''
    raw_bytes: int = 0


EndLine = Union[AnsweredLine, RefusedLine, FailedLine, BrokeOffLine]  # noqa: UP007
AnyLine = Union[  # noqa: UP007
    StartedLine, ExchangedLine, PlannedLine, CellWrittenLine, ToolCalledLine, CellRanLine,
    AnsweredLine, RefusedLine, FailedLine, BrokeOffLine, AheadLine]
