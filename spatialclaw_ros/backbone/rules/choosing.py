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
from spatialclaw_ros.backbone.rules.nouns import head_of
from spatialclaw_ros.backbone.rules.parts import (
    CATEGORY_LABEL,
    SCORE_RATIO,
    cloud,
    is_flat,
    item,
    label_of,
    pose,
)

_TALLER_IS_MORE = {
    'largest': ('volume', 1), 'smallest': ('volume', -1), 'tallest': ('height', 1),
    'shortest': ('height', -1), 'longest': ('length', 1), 'widest': ('width', 1),
    'narrowest': ('width', -1), 'highest': ('top', 1), 'lowest': ('bottom', -1),
    'nearest': ('gap', -1), 'farthest': ('gap', 1), 'leftmost': ('left', 1),
    'rightmost': ('left', -1),
}
_KEYS = {
    'volume': 'float(np.prod(np.maximum(size_of(c), 0.005)))',
    'height': 'float(size_of(c)[2])',
    'length': 'float(size_of(c)[0])',
    'width': 'float(size_of(c)[1])',
    'top': 'float(np.percentile(all_points(c)[:, 2], 99))',
    'bottom': 'float(np.percentile(all_points(c)[:, 2], 1))',
    'gap': 'over_views(gap, c, reference)[0]',
    'left': 'float(center_of(c) @ left)',
}
_UNITS = {'volume': 'm^3'}


def _margin(key: str) -> float:
    """Share by which two amounts must differ to be told apart."""
    return 0.05 if key == 'volume' else 0.005


def _candidates(task: Task, candidates: tuple[Thing, ...], category: str) -> str:
    """Code for the list `candidates` of (name, things that fit it)."""
    if candidates:
        pairs = [(name, label_of(thing)) for name, thing in zip(task.names, candidates)]
        return (f'pairs = {pairs!r}  # what it is called in the answer, its label\n'
                'candidates = [(name, [c for c in found[label]\n'
                f"              if c['score'] > {SCORE_RATIO} * found[label][0]['score']][:4])\n"
                '              for name, label in pairs]\n')
    label = category or CATEGORY_LABEL
    noun = head_of(category) or 'object'
    name = f"colour_of(c) + ' ' + {noun!r}" if ' ' not in noun else repr(noun)
    return f'candidates = [({name}, [c]) for c in found[{label!r}]]\n'


def _not_itself(thing: Thing | None) -> str:
    if thing is None or thing.kind != 'object':
        return ''
    return (f"itself = found[{label_of(thing)!r}][0]['middle']\n"
            "candidates = [(n, cs) for n, cs in candidates\n"
            "              if np.linalg.norm(cs[0]['middle'] - itself) > 0.03]\n")


def extreme(task: Task, intent: Extreme) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('gap', 'viewer', 'colour') + '\n'
    code += _candidates(task, intent.candidates, intent.category)
    if not intent.candidates:
        code += _not_itself(intent.reference)
    if intent.reference is not None and key == 'gap':
        code += item(intent.reference, 'reference')
    if key == 'left':
        code += pose(intent.view, 'pose')
    margin = f"{_margin(key)} * abs(least[best]){'' if key == 'volume' else ' + 0.003'}"
    return code + f'''
# How much so each is; from least to most where several things fit its phrase.
least, most = [], []
for name, cs in candidates:
    amounts = [{sign} * {_KEYS[key]} for c in cs]
    least.append(min(amounts))
    most.append(max(amounts))
    print(name, [round(abs(amount), 4) for amount in amounts])
unit, sigma, problem, value, evidence = None, None, '', None, None
if not candidates:
    problem = 'nothing to choose from was found'
else:
    best = int(np.argmax(least))
    value, evidence = candidates[best][0], [cs[0]['middle'] for _, cs in candidates]
    others = [amount for n, amount in enumerate(most) if n != best]
    if others and least[best] - max(others) < {margin}:
        second = candidates[most.index(max(others))][0]
        if any(len(cs) > 1 for _, cs in candidates):
            problem = 'it depends on which is meant: ' + ', '.join(
                f'{{len(cs)}} things fit "{{name}}"' for name, cs in candidates)
        else:
            problem = (f'{{value}} and {{second}} are too close to tell: {{abs(least[best]):.4g}} '
                       f'and {{abs(max(others)):.4g}} {_UNITS.get(key, 'm')}')
'''


def compare(task: Task, intent: Compare) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('gap', 'viewer') + '\n' + item(intent.a, 'a') + item(intent.b, 'b')
    if intent.reference is not None:
        code += item(intent.reference, 'reference')
    if key == 'left':
        code += pose(Thing('camera', kind='camera'), 'pose')
    return code + f'''
of_a, of_b = ({_KEYS[key]} for c in (a, b))
print(f'a: {{of_a:.4f}}, b: {{of_b:.4f}}')
value, unit, sigma, problem = bool({'of_a > of_b' if sign > 0 else 'of_a < of_b'}), None, None, ''
evidence = [np.median(all_points(c), axis=0) for c in (a, b)]
if abs(of_a - of_b) < {_margin(key)} * abs(of_a){'' if key == 'volume' else ' + 0.003'}:
    problem = f'the two are too close to tell: {{of_a:.4g}} and {{of_b:.4g}} {_UNITS.get(key, 'm')}'
'''


_TESTS = {
    'left': 'd @ left > 0.01', 'right': 'd @ left < -0.01', 'front': 'd @ forward < -0.01',
    'behind': 'd @ forward > 0.01', 'above': 'a_low > b_high - 0.02',
    'below': 'a_high < b_low + 0.02',
    'on': 'abs(a_low - b_high) < 0.03 + 2 * foggy and over',
    'in': 'over and a_low > b_low - 0.03 and (a_low + a_high) / 2 < b_high',
}


def _relation_values() -> str:
    """Code for what the tests of relations look at, for clouds a and b."""
    return '''a_mid, b_mid = box_of(a)[0], box_of(b)[0]
d = a_mid - b_mid
(a_low, a_high), (b_low, b_high) = (np.percentile(p[:, 2], (1, 99)) for p in (a, b))
near_b, far_b = np.percentile(b[:, :2], (1, 99), axis=0)
over = bool((a_mid[:2] > near_b).all() and (a_mid[:2] < far_b).all())
foggy = float(np.nan_to_num(noise(a)))  # the lowest of what is seen from afar is not its foot
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
    return snippets.join('views', 'viewer') + '\n' + cloud(intent.a, 'a') + cloud(
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
for name, (c, *_) in candidates:
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
