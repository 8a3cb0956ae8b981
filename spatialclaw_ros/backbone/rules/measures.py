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

"""The measuring cell of each family: Python that sets value, unit, evidence, sigma, problem.

Texts from the question enter code as literals (`repr`), never by formatting into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spatialclaw_ros.backbone.rules import arranged, choosing, metric, moving
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    Bearing,
    Between,
    BetweenWhat,
    Compare,
    Count,
    Distance,
    Exists,
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
)

UNSURE_M, UNSURE_SHARE = 0.05, 0.10
"""Sigma in metres, and as a share of what is measured, above both of which a number is not told.

Who asks will reach for the thing or drive there: a gripper opens 8 to 14 cm, so with a sigma of
5 cm every third grasp misses; of a way of metres, a tenth is mended by another look on the way.
"""


def measure(task: Task) -> str:
    """Body of the measuring cell."""
    intent = task.intent
    if isinstance(intent, Limit):
        return _limit(task, intent)
    return _MEASURES[type(intent)](task, intent) + _known(task, intent)


def _known(task: Task, intent: Intent) -> str:
    """Code that refuses a number whose sigma is too large to act on."""
    doubt, extent = 'sigma', 'abs(value)'
    if isinstance(intent, Bearing):
        doubt, extent = 'sigma * reach', 'reach'
    elif isinstance(intent, Position):
        extent = '0.0'  # a place is reached for, from however far it was seen
    elif isinstance(intent, Motion) and intent.what in {'distance', 'speed'}:
        doubt, extent = 'sigma * seconds' if intent.what == 'speed' else 'sigma', 'moved'
    elif isinstance(intent, Size):
        extent = 'size.max()' if task.kind == 'text' else extent
    elif not isinstance(intent, Distance | HeightAbove):
        return ''
    limits = f'{UNSURE_M * 100:.0f} cm' + (
        '' if extent == '0.0' else f' and {UNSURE_SHARE * 100:.0f} % of it')
    return f'''
if not problem and not {doubt} <= max({UNSURE_M}, {UNSURE_SHARE} * {extent}):
    about = value if isinstance(value, str) else f'{{np.round(value, 3)}} {{unit}}'
    problem = (f'it is about {{about}}, but with a sigma of {{{doubt}:.3f}} m, above {limits}, it '
               'is not known well enough to act on; a view from nearer, or of sides that are not '
               'seen, would help')
'''


def _limit(task: Task, intent: Limit) -> str:
    inner = intent.measure
    code = _MEASURES[type(inner)](
        Task(inner, 'number', task.answer_type, cameras=task.cameras), inner)
    return code + f'''
if not problem:
    print(f'measured {{value:.4f}}, limit {intent.limit:g} {intent.unit}')
    off = 0.0 if sigma is None else sigma  # a count is sure
    if sigma is not None and not abs(value - {intent.limit!r}) >= np.maximum(0.003, 2 * off):
        problem = (f'{{value:.3f}} m (sigma {{off:.3f}} m) is too close to the limit of '
                   '{intent.limit:g} m to tell; a view from nearer would help')
    value, unit, sigma = bool(value {'>' if intent.more else '<'} {intent.limit!r}), None, None
'''


_MEASURES: dict[type, Callable[[Task, Any], str]] = {
    Distance: metric.distance,
    Position: metric.position,
    Size: metric.size,
    HeightAbove: metric.height,
    Count: metric.count,
    Exists: metric.exists,
    Extreme: choosing.extreme,
    Compare: choosing.compare,
    Relation: choosing.relation,
    Side: choosing.side,
    RelationWhat: choosing.relation_what,
    Row: arranged.row,
    Between: arranged.between,
    BetweenWhat: arranged.between_what,
    Facing: moving.facing,
    Bearing: moving.bearing,
    Motion: moving.motion,
}


def needs_depth(intent: Intent) -> bool:
    """Whether an intent can't be answered from masks alone."""
    return not isinstance(intent, Count | Exists) and not (
        isinstance(intent, Limit) and isinstance(intent.measure, Count))
