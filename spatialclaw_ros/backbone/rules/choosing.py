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

"""Measuring cells that compare things: which of several, is one more so, left or right."""

from __future__ import annotations

from spatialclaw_ros.backbone.rules import snippets
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    Compare,
    Extreme,
    Relation,
    RelationWhat,
    Side,
    Thing,
)
from spatialclaw_ros.backbone.rules.parts import CATEGORY_LABEL, cloud, is_flat, label_of, pose

_TALLER_IS_MORE = {
    'largest': ('volume', 1), 'smallest': ('volume', -1), 'tallest': ('height', 1),
    'shortest': ('height', -1), 'longest': ('length', 1), 'widest': ('width', 1),
    'narrowest': ('width', -1), 'highest': ('top', 1), 'lowest': ('bottom', -1),
    'nearest': ('gap', -1), 'farthest': ('gap', 1), 'leftmost': ('left', 1),
    'rightmost': ('left', -1),
}
_KEYS = {
    'volume': 'float(np.prod(np.maximum(box_of(p)[1], 0.005)))',
    'height': 'float(box_of(p)[1][2])',
    'length': 'float(box_of(p)[1][0])',
    'width': 'float(box_of(p)[1][1])',
    'top': 'float(np.percentile(p[:, 2], 99))',
    'bottom': 'float(np.percentile(p[:, 2], 1))',
    'gap': 'float(gap(p, reference)[0])',
    'left': 'float(box_of(p)[0] @ left)',
}
_UNITS = {'volume': 'm^3'}


def _candidates(task: Task, candidates: tuple[Thing, ...], category: str) -> str:
    """Code for the list `candidates` of (name, instance)."""
    if candidates:
        pairs = [(name, label_of(thing)) for name, thing in zip(task.names, candidates)]
        return (f'pairs = {pairs!r}  # what it is called in the answer, its label\n'
                'candidates = [(name, found[label][0]) for name, label in pairs]\n')
    label = category or CATEGORY_LABEL
    noun = category.split()[-1] if category and ' ' not in category else category or 'object'
    return (f"candidates = [(colour_of(c) + ' ' + {noun!r}, c) for c in found[{label!r}]]\n"
            if len(noun.split()) == 1 else
            f'candidates = [({noun!r}, c) for c in found[{label!r}]]\n')


def _not_itself(thing: Thing | None) -> str:
    if thing is None or thing.kind != 'object':
        return ''
    return (f"itself = found[{label_of(thing)!r}][0]['middle']\n"
            "candidates = [(n, c) for n, c in candidates\n"
            "              if np.linalg.norm(c['middle'] - itself) > 0.03]\n")


def extreme(task: Task, intent: Extreme) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('gap', 'viewer', 'colour') + '\n'
    code += _candidates(task, intent.candidates, intent.category)
    if not intent.candidates:
        code += _not_itself(intent.reference)
    if intent.reference is not None and key == 'gap':
        code += cloud(intent.reference, 'reference')
    if key == 'left':
        code += pose(intent.view, 'pose')
    return code + f'''
amounts = []
for name, c in candidates:
    p = c['points']
    amounts.append({_KEYS[key]})
    print(f'{{name}}: {{amounts[-1]:.4f}}')
unit, sigma, problem, value, evidence = None, None, '', None, None
order = np.argsort(amounts)[::{-sign}]
if len(order) == 0:
    problem = 'nothing to choose from was found'
else:
    value = candidates[order[0]][0]
    evidence = [c['middle'] for _, c in [candidates[i] for i in order[:2]]]
    if len(order) > 1:
        first, second = amounts[order[0]], amounts[order[1]]
        if abs(first - second) < max(0.004 if {key != 'volume'!r} else 0, 0.02 * abs(first)):
            problem = (f'{{candidates[order[0]][0]}} and {{candidates[order[1]][0]}} are too '
                       f'close to tell: {{first:.4g}} and {{second:.4g}} {_UNITS.get(key, 'm')}')
'''


def compare(task: Task, intent: Compare) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('gap', 'viewer') + '\n' + cloud(intent.a, 'a') + cloud(intent.b, 'b')
    if intent.reference is not None:
        code += cloud(intent.reference, 'reference')
    if key == 'left':
        code += pose(Thing('camera', kind='camera'), 'pose')
    return code + f'''
of_a, of_b = ({_KEYS[key]} for p in (a, b))
print(f'a: {{of_a:.4f}}, b: {{of_b:.4f}}')
value, unit, sigma, problem = bool({'of_a > of_b' if sign > 0 else 'of_a < of_b'}), None, None, ''
evidence = [np.median(a, axis=0), np.median(b, axis=0)]
if abs(of_a - of_b) < max({0 if key == 'volume' else 0.003}, 0.01 * abs(of_a)):
    problem = f'the two are too close to tell: {{of_a:.4g}} and {{of_b:.4g}} {_UNITS.get(key, 'm')}'
'''


_TESTS = {
    'left': 'd @ left > 0.01', 'right': 'd @ left < -0.01', 'front': 'd @ forward < -0.01',
    'behind': 'd @ forward > 0.01', 'above': 'a_low > b_high - 0.02',
    'below': 'a_high < b_low + 0.02',
    'on': 'abs(a_low - b_high) < 0.03 and over',
    'in': 'over and a_low > b_low - 0.03 and (a_low + a_high) / 2 < b_high',
}


def _relation_values() -> str:
    """Code for what the tests of relations look at, for clouds a and b."""
    return '''a_mid, b_mid = box_of(a)[0], box_of(b)[0]
d = a_mid - b_mid
(a_low, a_high), (b_low, b_high) = (np.percentile(p[:, 2], (1, 99)) for p in (a, b))
near_b, far_b = np.percentile(b[:, :2], (1, 99), axis=0)
over = bool((a_mid[:2] > near_b).all() and (a_mid[:2] < far_b).all())
print(f'left {d @ left:.3f}, behind {d @ forward:.3f}, up {d[2]:.3f} m')
'''


def relation(task: Task, intent: Relation) -> str:
    level = 'b_high = level(b)[0]\n' if intent.relation in {'on', 'above'} and is_flat(
        intent.b) else ''
    return snippets.join('gap', 'viewer', 'level') + '\n' + cloud(intent.a, 'a') + cloud(
        intent.b, 'b') + pose(intent.view, 'pose') + _relation_values() + level + f'''
value, unit, sigma, problem = bool({_TESTS[intent.relation]}), None, None, ''
evidence = [a_mid, b_mid]
'''


def side(task: Task, intent: Side) -> str:
    first, second = intent.sides
    names = task.names or intent.sides
    return snippets.join('shape', 'viewer') + '\n' + cloud(intent.a, 'a') + cloud(
        intent.b, 'b') + pose(intent.view, 'pose') + _relation_values() + f'''
unit, sigma, problem, evidence = None, None, '', [a_mid, b_mid]
if {_TESTS[first]}:
    value = {names[0]!r}
elif {_TESTS[second]}:
    value = {names[1]!r}
else:
    value, problem = None, {f'neither {first} nor {second}: they are level there'!r}
'''


def relation_what(task: Task, intent: RelationWhat) -> str:
    return snippets.join('gap', 'viewer', 'colour') + '\n' + _candidates(
        task, intent.candidates, intent.category) + _not_itself(intent.b) + cloud(
        intent.b, 'b') + pose(intent.view, 'pose') + f'''
fitting = []
for name, c in candidates:
    a = c['points']
    d = box_of(a)[0] - box_of(b)[0]
    (a_low, a_high), (b_low, b_high) = (np.percentile(p[:, 2], (1, 99)) for p in (a, b))
    if {_TESTS[intent.relation]}:
        fitting.append((gap(a, b)[0], name, c))
fitting.sort(key=lambda each: each[0])
print('fitting:', [(name, round(distance, 3)) for distance, name, _ in fitting])
unit, sigma, problem, value, evidence = None, None, '', None, None
if fitting:
    value, evidence = fitting[0][1], [fitting[0][2]['middle'], np.median(b, axis=0)]
else:
    problem = {f'nothing was found {intent.relation} of {intent.b.text}'!r}
'''
