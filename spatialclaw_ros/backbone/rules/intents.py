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

"""What a question asks for, as values: one frozen dataclass a family."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thing:
    """What a noun phrase names.

    Args:
        text: the phrase, verbatim from the question without leading article, part words removed.
        part: '' for the whole, 'center', 'edge', 'top' or 'bottom'.
        kind: 'object' (to be segmented), 'camera', 'frame' (of TF) or 'robot' (not yet bound).
        frame: TF name, for kind 'frame'.
    """

    text: str
    part: str = ''
    kind: str = 'object'
    frame: str = ''

    @property
    def name(self) -> str:
        """The phrase for a person, part included."""
        return f'{self.part} of {self.text}' if self.part else self.text


CAMERA = Thing('camera', kind='camera')
OPPOSITE = Thing('the other side', 'opposite', 'camera')
"""Who looks at the camera from behind what it sees."""


@dataclass(frozen=True)
class Distance:
    """Metres between two things; `between` is 'closest' or 'centers', `axis` '', 'h' or 'v'."""

    a: Thing
    b: Thing
    between: str = 'closest'
    axis: str = ''


@dataclass(frozen=True)
class Position:
    """Where a thing's centre is, in the frame of another; None for the answer frame."""

    a: Thing
    relative_to: Thing | None = None


@dataclass(frozen=True)
class Size:
    """Extent of a thing: 'length', 'width', 'height', 'diameter', 'radius', 'thickness', 'size'."""

    a: Thing
    dimension: str


@dataclass(frozen=True)
class HeightAbove:
    """Metres from a surface up to a thing: its top level when flat, its lowest point when not."""

    a: Thing
    surface: Thing


@dataclass(frozen=True)
class Count:
    """How many there are; `more_than`/`less_than` in `limit_kind` make it a yes/no question."""

    a: Thing


@dataclass(frozen=True)
class Exists:
    """Whether there is one."""

    a: Thing


@dataclass(frozen=True)
class Extreme:
    """Which of several is 'nearest', 'largest', ...

    Args:
        criterion: 'nearest', 'farthest' (these need `reference`), 'largest', 'smallest',
            'highest', 'lowest', 'tallest', 'shortest', 'longest', 'widest', 'narrowest',
            'leftmost' or 'rightmost' (these need `view`).
        candidates: the things to choose from; empty when `category` says what to look for.
        category: kind of object ('box'); '' for any object.
        reference: what is measured from.
        view: whose left and right.
    """

    criterion: str
    candidates: tuple[Thing, ...] = ()
    category: str = ''
    reference: Thing | None = None
    view: Thing = CAMERA


@dataclass(frozen=True)
class Compare:
    """Whether A is more so than B, by an `Extreme` criterion."""

    criterion: str
    a: Thing
    b: Thing
    reference: Thing | None = None


@dataclass(frozen=True)
class Limit:
    """Whether a measured value is above (`more`) or below a limit in SI units."""

    measure: Distance | Size | HeightAbove | Count
    more: bool
    limit: float
    unit: str = 'm'


@dataclass(frozen=True)
class Relation:
    """Whether A is 'left', 'right', 'front', 'behind', 'above', 'below', 'on' or 'in' of B."""

    a: Thing
    relation: str
    b: Thing
    view: Thing = CAMERA


@dataclass(frozen=True)
class Side:
    """Which of two opposite relations A has to B: ('left', 'right'), ('front', 'behind'), ..."""

    a: Thing
    sides: tuple[str, str]
    b: Thing
    view: Thing = CAMERA


@dataclass(frozen=True)
class RelationWhat:
    """What is left of (right of, ...) B."""

    relation: str
    b: Thing
    category: str = ''
    candidates: tuple[Thing, ...] = ()
    view: Thing = CAMERA


@dataclass(frozen=True)
class Row:
    """Which of several is the first, second, ... (`place`) from the 'left' or 'right' (`side`)."""

    place: int
    side: str
    candidates: tuple[Thing, ...]
    view: Thing = CAMERA


@dataclass(frozen=True)
class Between:
    """Whether A stands between two others, seen from above."""

    a: Thing
    b: Thing
    c: Thing


@dataclass(frozen=True)
class BetweenWhat:
    """What stands between two things, seen from above."""

    b: Thing
    c: Thing
    category: str = ''
    candidates: tuple[Thing, ...] = ()


@dataclass(frozen=True)
class Facing:
    """Whether a camera or TF frame looks at a thing."""

    a: Thing
    b: Thing


@dataclass(frozen=True)
class Bearing:
    """Signed horizontal angle in radians from a frame's forward axis to a thing, left positive."""

    a: Thing
    origin: Thing = CAMERA


@dataclass(frozen=True)
class Motion:
    """How a thing moved between the first and the last view of it.

    Args:
        a: what moved.
        what: 'distance', 'moved', 'direction', 'speed' or 'turn'.
    """

    a: Thing
    what: str


Intent = (Distance | Position | Size | HeightAbove | Count | Exists | Extreme | Compare | Limit
          | Relation | Side | RelationWhat | Row | Between | BetweenWhat | Facing | Bearing
          | Motion)


def things(intent: Intent) -> tuple[Thing, ...]:
    """Every thing that an intent names, in order, without repetition."""
    if isinstance(intent, Limit):
        return things(intent.measure)
    found: list[Thing] = []
    for value in vars(intent).values():
        if isinstance(value, Thing):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(item for item in value if isinstance(item, Thing))
    return tuple(dict.fromkeys(found))
