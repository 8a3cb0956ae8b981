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
    eyes,
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
_UNITS = {'volume': 'm^3'}


def candidates_of(task: Task, candidates: tuple[Thing, ...], category: str) -> str:
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


def not_itself(thing: Thing | None) -> str:
    """Code that takes a thing itself out of the `candidates`."""
    if thing is None or thing.kind != 'object':
        return ''
    return (f"itself = found[{label_of(thing)!r}][0]['middle']\n"
            "candidates = [(n, cs) for n, cs in candidates\n"
            "              if np.linalg.norm(cs[0]['middle'] - itself) > 0.03]\n")


def extreme(task: Task, intent: Extreme) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('amounts', 'viewer', 'colour') + '\n'
    code += candidates_of(task, intent.candidates, intent.category)
    if not intent.candidates:
        code += not_itself(intent.reference)
    if intent.reference is not None and key == 'gap':
        code += item(intent.reference, 'reference')
    if key == 'left':
        code += pose(intent.view, 'pose')
    code += _key(key, '[c for _, cs in candidates for c in cs]')
    return code + f'''
# How much so each is; where several things fit a phrase, each of them.
every = [[amount_of(c, key) for c in cs] for _, cs in candidates]
for (name, _), amounts in zip(candidates, every):
    print(name, [f'{{value:.4f}}, sigma {{off:.4f}}' for value, off, *_ in amounts])
unit, sigma, problem, value, evidence = None, None, '', None, None
if not candidates:
    problem = 'nothing to choose from was found'
else:
    least = [min(amounts, key=lambda a: {sign} * a[0]) for amounts in every]
    best = max(range(len(least)), key=lambda n: {sign} * least[n][0])
    value, evidence = candidates[best][0], [cs[0]['middle'] for _, cs in candidates]
    for n, (name, _) in enumerate(candidates):
        for amount in every[n] if n != best else ():
            why = untold((value, name), (least[best], amount), unit_of_key)
            if why or {sign} * amount[0] > {sign} * least[best][0]:
                problem = problem or why or 'one may be more so'
    if problem and any(len(cs) > 1 for _, cs in candidates):
        problem = 'it depends on which is meant: ' + ', '.join(
            f'{{len(cs)}} things fit "{{name}}"' for name, cs in candidates)
'''


def _key(key: str, things: str) -> str:
    """Code for what is compared, with its unit: sides by the picture where depth is a guess."""
    code = f'key, unit_of_key = {key!r}, {_UNITS.get(key, "m")!r}\n'
    if key == 'left':
        code += f"if any(map(blind, {things})):\n    key, unit_of_key = 'turn', 'rad'\n"
    return code


def compare(task: Task, intent: Compare) -> str:
    key, sign = _TALLER_IS_MORE[intent.criterion]
    code = snippets.join('amounts', 'viewer') + '\n' + item(intent.a, 'a') + item(intent.b, 'b')
    if intent.reference is not None:
        code += item(intent.reference, 'reference')
    if key == 'left':
        code += pose(Thing('camera', kind='camera'), 'pose')
    code += _key(key, '(a, b)')
    names = (intent.a.name, intent.b.name)
    return code + f'''
of_a, of_b = (amount_of(c, key) for c in (a, b))
print(f'a: {{of_a[0]:.4f}}, b: {{of_b[0]:.4f}}')
value, unit, sigma = bool(of_a[0] {'>' if sign > 0 else '<'} of_b[0]), None, None
evidence = [np.median(all_points(c), axis=0) for c in (a, b)]
problem = untold({names!r}, (of_a, of_b), unit_of_key)
'''


def relation(task: Task, intent: Relation) -> str:
    return _pair(task, intent.a, intent.b, intent.view) + f'''
value, problem = agreed(a, b, {intent.relation!r}, {is_flat(intent.a)}, {is_flat(intent.b)})
value, unit, sigma, evidence = bool(value), None, None, [center_of(a), center_of(b)]
'''


def side(task: Task, intent: Side) -> str:
    names = task.names or intent.sides
    flats = f'{is_flat(intent.a)}, {is_flat(intent.b)}'
    return _pair(task, intent.a, intent.b, intent.view) + f'''
verdicts = [agreed(a, b, relation, {flats}) for relation in {intent.sides!r}]
fitting = [name for name, (so, why) in zip({tuple(names)!r}, verdicts) if so and not why]
unit, sigma, evidence = None, None, [center_of(a), center_of(b)]
value = fitting[0] if len(fitting) == 1 else None
problem = '' if value else verdicts[0][1] or verdicts[1][1] or (
    ('both {intent.sides[0]} and {intent.sides[1]}' if fitting else
     'neither {intent.sides[0]} nor {intent.sides[1]}') + ' would be said of it')
'''


def _pair(task: Task, a: Thing, b: Thing, view: Thing) -> str:
    """Code for what the relation of two things is read from."""
    return snippets.join('where') + '\n' + item(a, 'a') + item(b, 'b') + eyes(task, view)


def relation_what(task: Task, intent: RelationWhat) -> str:
    flats = f'False, {is_flat(intent.b)}'
    return snippets.join('where', 'gap', 'colour') + '\n' + candidates_of(
        task, intent.candidates, intent.category) + not_itself(intent.b) + item(
        intent.b, 'b') + eyes(task, intent.view) + f'''
fitting = []
for name, (c, *_) in candidates:
    so, why = agreed(c, b, {intent.relation!r}, {flats})
    if so or why:
        away, _, off = gap_of(c, b)
        fitting.append((away, off, name, why, c))
fitting.sort(key=lambda each: each[0])
print('fitting:', [(name, round(away, 3), why) for away, _, name, why, _ in fitting])
unit, sigma, problem, value, evidence = None, None, '', None, None
if not fitting:
    problem = {f'nothing was found {intent.relation} of {intent.b.text}'!r}
else:
    away, off, value, why, c = fitting[0]
    evidence = [c['middle'], np.median(all_points(b), axis=0)]
    problem = why and f'{{value}} is the nearest that may be there, but {{why}}'
    for other, other_off, name, _, _ in fitting[1:2]:
        if not other - away >= 2 * np.hypot(off, other_off):
            problem = problem or (
                f'{{value}} and {{name}} are both there, and which is nearer is too close to tell: '
                f'{{away:.3f}} m (sigma {{off:.3f}}) and {{other:.3f}} m (sigma {{other_off:.3f}})'
                if np.isfinite(off + other_off) else
                f'{{value}} and {{name}} are both there, and which is nearer can not be told')
'''
