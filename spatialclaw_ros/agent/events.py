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

"""What happens in a query, as values: the service, the action, the trace and the CLI read these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.workspace.cell import CellResult
from spatialclaw_ros.workspace.question import AnswerType, Status, Value


@dataclass(frozen=True)
class Planned:
    """The plan is there."""

    text: str


@dataclass(frozen=True)
class CellWritten:
    """The backbone wrote a cell; `step` counts from 1."""

    step: int
    purpose: str
    reasoning: str
    next_goal: str
    code: str


@dataclass(frozen=True, eq=False)
class CellRan:
    """A cell ran, or its reply was malformed: then `result` is None and `reply` is what came."""

    step: int
    result: CellResult | None
    feedback: str
    reply: str = ''


@dataclass(frozen=True, eq=False)
class EvidenceObject:
    """An object that the answer rests on.

    Args:
        label: its name.
        points: (K, 3) float32 world coordinates in metres, at most a few thousand.
        masks: frame index to (H, W) bool.
        box_center: (3,) float64, world, metres.
        box_size: (3,) float64, metres, along the box's own axes.
        box_rotation: (3, 3) float64, box axes into the world.
        score: how sure the segmentation was where it saw it best, 0 to 1; NaN when unknown.
    """

    label: str
    points: np.ndarray
    masks: Mapping[int, np.ndarray]
    box_center: np.ndarray
    box_size: np.ndarray
    box_rotation: np.ndarray
    score: float = math.nan


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an answer rests on.

    Args:
        frame_indices: frames that tools looked at.
        objects: found objects; of a query that was just asked they are made when somebody first
            looks at them (`LateObjects`), for an answer does not wait for its drawings.
        points: (K, 3) float64 world points handed to `ReturnAnswer` (two for a distance), as who
            wrote the cell chose them; nothing holds them against the value.
        extrinsics: frame index to `T_world_camera` (4, 4), as the reconstruction used them.
        scale_source: of the last reconstruction: 'sensor_depth', 'tf_baseline', 'model', 'unknown'
            (lengths are in no unit, so no points are told), or '' when nothing was reconstructed.
        notes: what the tools assumed or missed.
    """

    frame_indices: tuple[int, ...] = ()
    objects: Sequence[EvidenceObject] = ()
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    extrinsics: Mapping[int, np.ndarray] = field(default_factory=dict)
    scale_source: str = ''
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Answered:
    """The query has an answer.

    Args:
        value: number (float), boolean, text, or (3,) float64 point.
        answer_type: type of `value`, never ANY.
        text: the answer for a person: '0.412 m'.
        unit: SI unit, '' for none.
        sigma: standard deviation in `unit`, NaN when unknown.
        frame: frame of a point value: '' for the world, or a TF frame.
        choice: index of the chosen text, -1 when there were no choices.
        evidence: what it rests on.
        steps: cells run.
    """

    value: Value
    answer_type: AnswerType
    text: str
    unit: str = ''
    sigma: float = math.nan
    frame: str = ''
    choice: int = -1
    evidence: Evidence = field(default_factory=Evidence)
    steps: int = 0


@dataclass(frozen=True, eq=False)
class Refused:
    """The agent looked, and can't tell."""

    reason: str
    evidence: Evidence = field(default_factory=Evidence)
    steps: int = 0


@dataclass(frozen=True)
class Failed:
    """The query could not be carried through; `stage` is where it stopped."""

    status: Status
    message: str
    stage: str
    steps: int = 0


Event = Planned | CellWritten | CellRan | Answered | Refused | Failed
