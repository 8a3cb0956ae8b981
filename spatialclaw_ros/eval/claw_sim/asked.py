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



"""A question about a world as its family makes it, before it becomes a record."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from spatialclaw_ros.eval.claw_sim.known import Known
from spatialclaw_ros.eval.records import AnswerKind

Truth = str | float | bool | tuple[float, ...] | None


@dataclass(frozen=True)
class Asked:
    """A question and its true answer.

    Args:
        text: as it is asked.
        answer: kind of the answer.
        truth: None where only a refusal is right.
        unit: SI unit of a number or a point.
        frame: TF frame of a point.
        options: texts to choose from.
        about: names of the things that it is about, for facts.
        tags: 'why' of a refusal, 'borderline'.
        measure: what a metric truth is a measure of, for the floor of its error: 'gap', 'centers',
            'camera', 'frame', 'point', 'size', 'top', 'level', 'edge', 'moved', 'path'; '' for
            others.
        detail: of the measure: a frame, a dimension, a surface.
    """

    text: str
    answer: AnswerKind
    truth: Truth
    unit: str = ''
    frame: str = ''
    options: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    measure: str = ''
    detail: str = ''


Family = Callable[[Known, random.Random], Iterable[Asked]]


def metres(value: float) -> float:
    """A truth in metres, to a tenth of a millimetre: finer says nothing."""
    return round(float(value), 4)


def clear_margin(a: float, b: float, least: float, share: float) -> bool:
    """Whether two amounts differ so much that nobody would call them equal."""
    return abs(a - b) >= max(least, share * max(abs(a), abs(b)))
