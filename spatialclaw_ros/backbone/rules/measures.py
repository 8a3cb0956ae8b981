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

from spatialclaw_ros.backbone.rules import choosing, metric, moving
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    Bearing,
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
    Side,
    Size,
)


def measure(task: Task) -> str:
    """Body of the measuring cell."""
    intent = task.intent
    if isinstance(intent, Limit):
        return _limit(task, intent)
    return _MEASURES[type(intent)](task, intent)


def _limit(task: Task, intent: Limit) -> str:
    code = measure(Task(intent.measure, 'number', task.answer_type, cameras=task.cameras))
    return code + f'''
if not problem:
    print(f'measured {{value:.4f}}, limit {intent.limit:g} {intent.unit}')
    unsure = 0.0 if sigma is None else max(0.003, 2 * np.nan_to_num(sigma))  # a count is sure
    if abs(value - {intent.limit!r}) < unsure:
        problem = f'{{value:.3f}} m is too close to the limit of {intent.limit:g} m to tell'
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
    Facing: moving.facing,
    Bearing: moving.bearing,
    Motion: moving.motion,
}


def needs_depth(intent: Intent) -> bool:
    """Whether an intent can't be answered from masks alone."""
    return not isinstance(intent, Count | Exists) and not (
        isinstance(intent, Limit) and isinstance(intent.measure, Count))
