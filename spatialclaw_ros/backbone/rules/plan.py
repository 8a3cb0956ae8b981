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

"""The plan in words, and what to say when a question is outside the families."""

from __future__ import annotations

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
    things,
)

FAMILIES: tuple[tuple[str, str], ...] = (
    ('distance between two things', 'How far is the mug from the edge of the table?'),
    ('distance between centres', 'How far apart are the centres of the mug and the box?'),
    ('distance from the camera or a TF frame', 'How far is the mug from the gripper?'),
    ('position', 'Where is the mug relative to the gripper?'),
    ('size', 'How tall is the bottle?'),
    ('height above a surface', 'How high is the table top above the floor?'),
    ('count', 'How many red blocks are on the table?'),
    ('existence', 'Is there a blue box on the table?'),
    ('which of several', 'Which is closer to the mug: the box or the ball?'),
    ('comparison', 'Is the bottle taller than the mug?'),
    ('limit', 'Is the gap between the mug and the box wider than 10 cm?'),
    ('left, right, in front, behind, above, below, on', 'Is the mug left of the box?'),
    ('between', 'Is the mug between the box and the ball?'),
    ('order in a row', 'Of the mug, the box and the ball, which is second from the left?'),
    ('facing and bearing', 'Is the robot facing the table?'),
    ('motion between two times', 'How far did the ball move?'),
)


def out_of_scope(text: str) -> str:
    """Message for a question that fits no family."""
    shown = ' '.join(text.split())
    shown = shown if len(shown) <= 120 else shown[:117] + '...'
    known = '; '.join(f'{name} ("{example}")' for name, example in FAMILIES)
    return (
        f'the rules backbone can\'t answer {shown!r}: it answers one metric question at a time, '
        f'of these kinds: {known}. Ask one of these, in English, or use a vision-language backbone')


def make_plan(task: Task) -> str:
    """Two or three lines: what is looked for, what is measured, what is answered."""
    seen = [f'"{thing.text}"' for thing in things(task.intent) if thing.kind == 'object']
    category = getattr(task.intent, 'category', None)
    if isinstance(task.intent, Extreme | RelationWhat | BetweenWhat) and not task.intent.candidates:
        seen.append(f'every "{category or "object"}"')
    lines = []
    if seen:
        lines.append(f'Look: find {", ".join(seen)} in all frames and place them in 3D.')
    lines.append(f'Measure: {describe(task.intent)}.')
    lines.append(f'Answer: {task.answer_type.name}, SI units, with the points it rests on.')
    return '\n'.join(f'{number}. {line}' for number, line in enumerate(lines, start=1))


def describe(intent: Intent) -> str:
    """What is measured, as the object of a sentence."""
    if isinstance(intent, Limit):
        amount = f'{intent.limit:g} {intent.unit}'.strip()
        side = 'above' if intent.more else 'below'
        return f'whether {describe(intent.measure)} is {side} {amount}'
    if isinstance(intent, Distance):
        way = {'h': 'horizontal ', 'v': 'vertical '}.get(intent.axis, '')
        what = 'centres' if intent.between == 'centers' else 'closest points'
        return f'the {way}distance between the {what} of {intent.a.name} and {intent.b.name}'
    if isinstance(intent, Position):
        where = 'in the world' if intent.relative_to is None else (
            f'relative to {intent.relative_to.name}')
        return f'the centre of {intent.a.name} {where}'
    if isinstance(intent, Size):
        what = 'length, width and height' if intent.dimension == 'size' else intent.dimension
        return f'the {what} of {intent.a.name}'
    if isinstance(intent, HeightAbove):
        return (f'the height of {intent.a.name} above {intent.surface.name} '
                '(its level when flat, else its lowest point)')
    return _describe_choice(intent)


def _describe_choice(intent: Intent) -> str:
    if isinstance(intent, Count):
        return f'the number of {intent.a.name}'
    if isinstance(intent, Exists):
        return f'whether there is {intent.a.name}'
    if isinstance(intent, Extreme):
        among = ', '.join(t.name for t in intent.candidates) or (
            f'every {intent.category or "object"}')
        ending = f' to {intent.reference.name}' if intent.reference else ''
        return f'which is {intent.criterion}{ending} among {among}'
    if isinstance(intent, Compare):
        ending = f' to {intent.reference.name}' if intent.reference else ''
        return f'whether {intent.a.name} is {intent.criterion}{ending} against {intent.b.name}'
    if isinstance(intent, Relation):
        return (f'whether {intent.a.name} is {intent.relation} of {intent.b.name}, seen from '
                f'{intent.view.name}')
    if isinstance(intent, Side):
        return (f'whether {intent.a.name} is {intent.sides[0]} or {intent.sides[1]} of '
                f'{intent.b.name}, seen from {intent.view.name}')
    if isinstance(intent, RelationWhat):
        return f'what is {intent.relation} of {intent.b.name}, seen from {intent.view.name}'
    if isinstance(intent, Row):
        among = ', '.join(thing.name for thing in intent.candidates)
        return f'which is number {intent.place} from the {intent.side} of {among}'
    if isinstance(intent, Between):
        return f'whether {intent.a.name} stands between {intent.b.name} and {intent.c.name}'
    if isinstance(intent, BetweenWhat):
        return f'what stands between {intent.b.name} and {intent.c.name}'
    if isinstance(intent, Facing):
        return f'whether {intent.a.name} faces {intent.b.name}'
    if isinstance(intent, Bearing):
        return f'the horizontal angle from {intent.origin.name} to {intent.a.name}'
    if isinstance(intent, Motion):
        return f'the {intent.what} of {intent.a.name} between its first and last view'
    raise TypeError(f'no description for {type(intent).__name__}')
