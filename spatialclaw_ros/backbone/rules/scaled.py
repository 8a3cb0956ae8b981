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

"""What can be told where a metre is a guess or unknown, and where it is unknown what is level.

| `recon.scale_source` | lengths, places | comparisons, limits | left, right, bearings | counts |
|---|---|---|---|---|
| `sensor_depth`, `tf_baseline` | with sigma | told | told | told |
| `model` | sigma is NaN | refused | by the picture | told |
| `unknown` | refused | refused | by one picture | by one picture |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    Bearing,
    Between,
    BetweenWhat,
    Compare,
    Distance,
    Extreme,
    Facing,
    HeightAbove,
    Intent,
    Limit,
    Motion,
    Position,
    Relation,
    RelationWhat,
    Row,
    Side,
    Size,
    things,
)
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, UNKNOWN_UP

GUESSED = frozenset({'model', UNKNOWN_SCALE})
"""Values of `scale_source` with which nothing tells how far off depth is."""

_HELP = 'a depth sensor, or TF that moves the camera, would tell it'
_UP_HELP = 'TF from the camera to the robot would tell it, or a view in which the floor shows.'
_NO_SIGMA = 'lengths are not compared where nothing tells how far off they are'
_NO_METRES = (
    f'the scale of what the cameras see is unknown: {_HELP}, or a metric model such as '
    'da3metric-large')

PRINT = f'''print('scale', json.dumps(dict(
    source=recon.scale_source, frames=recon.num_frames,
    notes=[note for note in recon.notes if 'scale is unknown' in note][:1],
    up=[note for note in recon.notes if {UNKNOWN_UP!r} in note][:1])))
'''
"""Line of a looking cell from which the functions here read: a reconstruction's scale and up."""


def needs_metres(intent: Intent) -> bool:
    """Whether a reconstruction in no known unit is of no use to an intent.

    It is where a length is asked for, and where what it holds is seen against a TF frame, which is
    in metres. Between TF frames alone TF tells all.
    """
    measured = intent.measure if isinstance(intent, Limit) else intent
    kinds = {thing.kind for thing in things(measured)}
    if kinds <= {'frame'}:
        return False
    lengths = isinstance(measured, Distance | Position | Size | HeightAbove) or (
        isinstance(measured, Motion) and measured.what != 'turn')
    return lengths or 'frame' in kinds


def needs_up(intent: Intent) -> bool:
    """Whether an intent means nothing where it is not known what is level.

    How far apart things are, how they moved, and left and right in a picture are the same then.
    """
    measured = intent.measure if isinstance(intent, Limit) else intent
    named = things(measured)
    if {thing.kind for thing in named} <= {'frame'}:
        return False
    if any(thing.part in {'top', 'bottom'} for thing in named):
        return True
    if isinstance(measured, Distance):
        return bool(measured.axis) or 'edge' in {measured.a.part, measured.b.part}
    if isinstance(measured, Position):
        return measured.relative_to is not None and measured.relative_to.kind == 'object'
    if isinstance(measured, Motion):
        return measured.what == 'direction'
    if isinstance(measured, Extreme | Compare):
        return measured.criterion not in {'nearest', 'farthest', 'leftmost', 'rightmost'}
    if isinstance(measured, Relation | RelationWhat | Side):
        return not _is_turn(measured)
    return isinstance(measured, HeightAbove | Size | Bearing | Facing | Between | BetweenWhat)


def objection(intent: Intent, line: Mapping[str, Any]) -> str:
    """Why a scale, or an unknown up, does not do for an intent; '' where it does.

    Args:
        intent: what is asked.
        line: what `PRINT` printed.
    """
    if line.get('up') and needs_up(intent):
        return f'{line["up"][0]} {_UP_HELP}'
    if line.get('source') != UNKNOWN_SCALE:
        return ''
    why = str(next(iter(line.get('notes') or ()), _NO_METRES))
    if needs_metres(intent):
        return why
    return '' if _is_turn(intent) else f'{_NO_SIGMA}: {why}'


def is_alone(task: Task, line: Mapping[str, Any]) -> bool:
    """Whether one of several frames does better than all, as no length holds between them.

    In no known unit, no length tells which of their things are the same. What is to the left is
    told by the picture of the camera; of several cameras it must not be left out that they see it
    differently.
    """
    if int(line.get('frames') or 0) < 2:
        return False
    return line.get('source') == UNKNOWN_SCALE or (
        line.get('source') in GUESSED and _is_turn(task.intent) and len(task.cameras) == 1)


def _is_turn(intent: Intent) -> bool:
    """Whether it is answered by angles, as a picture shows them; so is what TF alone tells."""
    if isinstance(intent, Relation | RelationWhat):
        return intent.relation in {'left', 'right'}
    if isinstance(intent, Side):
        return 'left' in intent.sides
    if isinstance(intent, Extreme | Compare):
        return intent.criterion in {'leftmost', 'rightmost'}
    return isinstance(intent, Row | Bearing | Facing) or (
        {thing.kind for thing in things(intent)} <= {'frame', 'camera'})


def doubt(source: str) -> str:
    """What a refusal says besides, with a scale; '' where sigmas are known."""
    return f"; how far off the model's depth is, is not known: {_HELP}" if source in GUESSED else ''


def unsure(task: Task, source: str, known: Mapping[str, Any] | None) -> str:
    """Why a number is not known to the tolerance that is asked for; '' where it is.

    What has no sigma because a model guessed it is told without, and held to no tolerance.

    Args:
        task: what is asked.
        source: the reconstruction's `scale_source`.
        known: of a number, the arguments of `Tolerance.objection`; None of what is none.
    """
    if known is None or (source in GUESSED and math.isnan(float(known['sigma']))):
        return ''
    return task.tolerance.objection(**known)
