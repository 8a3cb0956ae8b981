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


def measure(task: Task) -> str:
    """Body of the measuring cell: sets value, unit, evidence, sigma, problem, known.

    `known` is what a question's tolerance is held against, the arguments of `Tolerance.objection`;
    None for what is no measured number.
    """
    intent = task.intent
    if isinstance(intent, Limit):
        return _limit(task, intent) + 'known = None  # what is nearer to the limit was refused\n'
    return _MEASURES[type(intent)](task, intent) + _known(task, intent)


def _known(task: Task, intent: Intent) -> str:
    """Code for how well a number is known, and what its tolerance is a share of."""
    unit, doubt, extent = 'm', 'sigma', 'abs(value)'
    if isinstance(intent, Bearing) or (isinstance(intent, Motion) and intent.what == 'turn'):
        unit, extent = 'rad', '0.0'
    elif isinstance(intent, Position):
        extent = '0.0'  # a place is reached for, from however far it was seen
    elif isinstance(intent, Motion) and intent.what in {'distance', 'speed'}:
        doubt, extent = 'sigma * seconds' if intent.what == 'speed' else 'sigma', 'moved'
    elif isinstance(intent, Size):
        extent = 'size.max()' if task.kind == 'text' else extent
    elif not isinstance(intent, Distance | HeightAbove):
        return 'known = None\n'
    return f'''
known = None if problem else dict(
    about=value if isinstance(value, str) else f'{{np.round(value, 3)}} {{unit}}',
    sigma=float({doubt}), unit={unit!r}, extent=float({extent}))
'''


def _limit(task: Task, intent: Limit) -> str:
    inner = intent.measure
    code = _MEASURES[type(inner)](
        Task(inner, 'number', task.answer_type, cameras=task.cameras), inner)
    return code + f'''
if not problem:
    print(f'measured {{value:.4f}}, limit {intent.limit:g} {intent.unit}')
    off = 0.0 if sigma is None else sigma  # a count is sure
    if np.isnan(off):
        problem = (f'{{value:.3f}} m, of which no sigma is known, can not be held against a limit '
                   'of {intent.limit:g} m')
    elif sigma is not None and not abs(value - {intent.limit!r}) >= np.maximum(0.003, 2 * off):
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
