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

"""Measuring cells of how things are arranged: their order in a row, what is between two."""

from __future__ import annotations

from spatialclaw_ros.backbone.rules import snippets
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.choosing import candidates_of, not_itself
from spatialclaw_ros.backbone.rules.intents import Between, BetweenWhat, Row
from spatialclaw_ros.backbone.rules.parts import eyes, item

_INSIDE = (0.15, 0.85)
"""What stands between two things for sure is not beside one of them: share of the way from one's
middle to the other's."""

_BETWEEN = f'''
def stands_between(x, a, b):
    """(whether a thing stands between two, why that is not sure or ''), seen from above.

    It does when the line between their middles runs through it, and does not when all of it is
    beside the way from one to the other.
    """
    start, way = center_of(a)[:2], (center_of(b) - center_of(a))[:2]
    length = float(np.linalg.norm(way))
    if any(map(blind, (x, a, b))):
        return False, 'what is between can not be told when the sigma of depth is not known'
    if length < 0.05:
        return False, 'the two stand on one spot'
    way = way / length
    aside = np.array([-way[1], way[0]])
    half = lambda thing: float(np.ptp(np.percentile(
        all_points(thing)[:, :2] @ aside, (2, 98)))) / 2
    middle = center_of(x)[:2] - start
    along, beside = float(middle @ way) / length, abs(float(middle @ aside))
    spread = spread_of(x)[0] + (spread_of(a)[0] + spread_of(b)[0]) / 2
    off = 2 * float(np.sqrt(np.linalg.eigvalsh(spread[:2, :2])[-1]))
    print(f'along {{along:.2f}}, beside {{beside:.3f}} m, known to {{off:.3f}} m')
    low, high = {_INSIDE[0]} + off / length, {_INSIDE[1]} - off / length
    if low < along < high and beside + off < half(x):
        return True, ''
    if along <= -off / length or along >= 1 + off / length or (
            beside - off > half(x) + min(half(a), half(b))):
        return False, ''
    return False, (f'it is {{beside:.3f}} m (known to {{off:.3f}} m) beside the line between the '
                   f'two, at {{along:.2f}} of the way: that can be argued about')
'''


def row(task: Task, intent: Row) -> str:
    return snippets.join('amounts', 'viewer') + '\n' + candidates_of(
        task, intent.candidates, '') + eyes(task, intent.view) + f'''
unit, sigma, problem, value, evidence = None, None, '', None, None
for eye in eyes:
    turns = [turn_of(cs[0], eye) for _, cs in candidates]
    order = sorted(range(len(turns)), key=lambda n: -turns[n][0])
    n = order[{intent.place - 1 if intent.side == 'left' else -intent.place}]
    names = [candidates[k][0] for k in order]
    print('from left to right:', names)
    for k in order:
        problem = problem or (k != n and untold(
            (candidates[n][0], candidates[k][0]), (turns[n], turns[k]), 'rad')) or ''
    if value not in (None, candidates[n][0]):
        problem = 'it depends on which camera sees them; say from which, by its name'
    value, evidence = candidates[n][0], [cs[0]['middle'] for _, cs in candidates]
if any(len(cs) > 1 for _, cs in candidates):
    problem = 'it depends on which is meant: ' + ', '.join(
        f'{{len(cs)}} things fit "{{name}}"' for name, cs in candidates)
'''


def between(task: Task, intent: Between) -> str:
    things = item(intent.a, 'x') + item(intent.b, 'a') + item(intent.c, 'b')
    return snippets.join('middle') + _BETWEEN + f'''
{things}
value, problem = stands_between(x, a, b)
value, unit, sigma, evidence = bool(value), None, None, [center_of(c) for c in (x, a, b)]
'''


def between_what(task: Task, intent: BetweenWhat) -> str:
    return snippets.join('middle', 'colour') + _BETWEEN + candidates_of(
        task, intent.candidates, intent.category) + not_itself(intent.b) + not_itself(
        intent.c) + item(intent.b, 'a') + item(intent.c, 'b') + '''
verdicts = [(name, c, *stands_between(c, a, b)) for name, cs in candidates for c in cs]
inside = [(name, c) for name, c, so, _ in verdicts if so]
unsure = [f'{name}: {why}' for name, _, so, why in verdicts if why]
unit, sigma, problem, value, evidence = None, None, '', None, None
if len(inside) == 1 and not unsure:
    value, evidence = inside[0][0], [inside[0][1]['middle'], center_of(a), center_of(b)]
elif unsure:
    problem = 'what may be between them: ' + '; '.join(unsure)
else:
    problem = f'{len(inside)} things are between them' + ''.join(f', {n}' for n, _ in inside)
'''
