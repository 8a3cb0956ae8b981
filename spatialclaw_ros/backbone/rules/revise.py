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

"""Reads what the cells gave back and decides on the next one, as a careful agent would.

The state is folded from the turns, so nothing about a query is kept anywhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spatialclaw_ros.backbone.protocol import Turn
from spatialclaw_ros.backbone.rules import measures, parts, scaled
from spatialclaw_ros.backbone.rules.bind import Task
from spatialclaw_ros.backbone.rules.intents import (
    BetweenWhat,
    Count,
    Distance,
    Exists,
    Extreme,
    HeightAbove,
    Motion,
    RelationWhat,
    Thing,
    things,
)
from spatialclaw_ros.backbone.rules.looser import looser_prompts
from spatialclaw_ros.backbone.rules.nouns import head_of, place_of, plural
from spatialclaw_ros.backbone.rules.printed import error_text, records, short
from spatialclaw_ros.workspace import calls
from spatialclaw_ros.workspace.cell import CRASH, CellError, CellResult

MIN_POINTS = 20
SAME_SHARE, INSIDE_SHARE = 0.5, 0.8
"""Share of both masks, and of the smaller one, from which on two names have found one thing.

What is opaque shares no pixel with what it hides: a shared outline of a pixel or two is all that
two things have in common, less than a half even of the smallest that is found.
"""
_NO_SECOND_TRY = ('depth', 'CameraInfo', 'intrinsics', 'not loaded', 'pose')

MAX_FRAMES_NAMED = 12


@dataclass(frozen=True)
class Step:
    """What the next cell is.

    Args:
        kind: 'look', 'measure', 'answer' or 'refuse'.
        why: for the reply's `Reasoning`; the reason, when refusing.
        prompts: (label, prompt) of what is looked for.
        loosened: label to how many looser prompts were tried.
        single: whether frames are looked at one by one.
        alone: whether one frame alone is used, as they can't be placed to one another.
        picks: (label, number) of chosen candidates.
        best_frame: whether each thing's best frame alone is used.
        notes: what the tools said.
        looks: label to what the newest look at it printed.
        doubles: pairs of candidates of two labels that may be one thing (see `finding`).
        fresh: labels to look at now; empty for all.
        scale: where metres come from, `recon.scale_source`; '' when nothing was placed.
        anew: whether it is the step before once more, as its worker was lost.
    """

    kind: str
    why: str
    prompts: tuple[tuple[str, str], ...] = ()
    loosened: tuple[tuple[str, int], ...] = ()
    single: bool = False
    alone: bool = False
    picks: tuple[tuple[str, int], ...] = ()
    best_frame: bool = False
    notes: tuple[str, ...] = ()
    looks: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    doubles: tuple[Mapping[str, Any], ...] = ()
    fresh: tuple[str, ...] = ()
    scale: str = ''
    anew: bool = False

    @property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """(label, prompt) of what to look at now."""
        return tuple(
            (label, prompt) for label, prompt in self.prompts
            if self.alone or not self.fresh or label in self.fresh)


def next_step(task: Task, turns: Sequence[Turn]) -> Step:
    """Step after some turns."""
    step = first_step(task)
    for turn in turns:
        step = _after(task, step, turn.result)
    return step


def first_step(task: Task) -> Step:
    """Look for everything that the question names."""
    labels = list(dict.fromkeys(
        parts.label_of(thing) for thing in things(task.intent) if thing.kind == 'object'))
    category = category_label(task)
    if category and category not in labels:
        labels.append(category)
    return Step(
        'look', 'Nothing has been looked at yet; the phrases of the question name what to find.',
        tuple((label, _prompt_of(task, label, label)) for label in labels))


def _prompt_of(task: Task, label: str, text: str) -> str:
    """How to ask for a thing: in the plural where every instance is wanted."""
    every = isinstance(task.measured, Count) or label == category_label(task)
    return plural(text) if every else text


def category_label(task: Task) -> str:
    """Label of the objects to choose from; '' when the question names its candidates."""
    if isinstance(task.intent, Extreme | RelationWhat | BetweenWhat) and not task.intent.candidates:
        return task.intent.category or parts.CATEGORY_LABEL
    return ''


def _after(task: Task, step: Step, result: CellResult | None) -> Step:
    if result is None:
        return step  # the reply was not run: say it again
    # a process may end of what is outside of it; only the second time is it the cell's doing
    if result.error is not None and result.error.kind == CRASH and not step.anew:
        # of a refusal it is what the user reads
        return replace(step, anew=True, why=step.why if step.kind == 'refuse' else (
            'The process ended before the cell did; the same cell once more.'))
    step = replace(step, anew=False)
    if step.kind == 'look':
        return _after_look(task, step, result)
    if step.kind == 'measure':
        return _after_measure(task, step, result)
    return _refusal(step, 'the answer was not accepted: ' + (
        short(result.error.message) if result.error else 'it does not fit what was asked'))


# ---- after looking
def _after_look(task: Task, step: Step, result: CellResult) -> Step:
    if result.error is not None:
        return _after_error(task, step, result.error)
    scale = next(iter(records(result.stdout, 'scale')), {})
    step = replace(step, scale=str(scale.get('source', '')))
    if problem := scaled.objection(task.intent, scale):
        return _refusal(step, problem)
    if scaled.is_alone(task, scale) and step.prompts:
        return replace(step, alone=True, looks={}, fresh=(), why=(
            'Lengths between frames are a guess; the one that sees what is asked will do.'))
    if not step.prompts:
        return replace(step, kind='measure', why='Only cameras and frames are asked about.')
    looks = dict(step.looks)
    looks |= {look['label']: look for look in records(result.stdout, 'look') if 'label' in look}
    notes = tuple(line[5:] for line in result.stdout.splitlines() if line.startswith('note '))
    doubles = tuple(
        pair for line in records(result.stdout, 'twice') for pair in line.get('pairs', ()))
    step = replace(step, notes=notes, looks=looks, doubles=doubles, fresh=())
    word = {Count: calls.CANT_COUNT, Exists: calls.CANT_BE_SURE}.get(type(task.measured))
    if unsure := [note for note in notes if word and word in note]:
        return _refusal(step, unsure[0])
    if any(label not in looks for label, _ in step.prompts):
        return _refusal(step, 'what was seen could not be read back from the cell')
    missing = [label for label, _ in step.prompts if not looks[label].get('n')]
    if missing:
        return _after_missing(task, step, missing, looks)
    picks = []
    for label, prompt in step.prompts:
        if label == category_label(task) or _many_allowed(task):
            continue
        pick, problem = _pick(task, label, looks[label])
        if problem and label in _choices(task):
            continue  # it may be the same answer whichever is meant
        if problem:
            return _with_place(step, [(label, prompt)]) or _refusal(step, problem)
        picks.append((label, pick))
    if problem := _doubled(task, step, dict(picks)):
        return _refusal(step, problem)
    needs_points = measures.needs_depth(task.intent)
    for label, pick in picks:
        counts = looks[label].get('points') or [0]
        if needs_points and pick < len(counts) and counts[pick] < MIN_POINTS:
            return _refusal(step, (
                f'"{label}" was found, but only {counts[pick]} of its pixels have usable depth; '
                'move closer or look from another side'))
    return replace(
        step, kind='measure', picks=tuple(picks) if not _many_allowed(task) else (),
        why='Everything was found: ' + '; '.join(
            f'"{label}" score {(looks[label].get("scores") or [0])[0]:.2f}'
            for label, _ in step.prompts) + '.')


def _doubled(task: Task, step: Step, picks: Mapping[str, int]) -> str:
    """Why two names of the question do not mean two things; '' when they may."""
    # of things of which none may be the answer, it is found out when one is
    others = {parts.label_of(thing) for thing in task.intent.candidates} if isinstance(
        task.intent, BetweenWhat | RelationWhat) else set()
    for pair in step.doubles:
        labels, at, (alike, inside) = pair['of'], pair['at'], pair['share']
        if category_label(task) in labels or others.issuperset(labels) or (
                [picks.get(label, 0) for label in labels] != at):
            continue
        apart = not any(_is_surface(task, label) or _is_part(label) for label in labels)
        if alike < SAME_SHARE and not (apart and inside > INSIDE_SHARE):
            continue
        scores = [(step.looks[label].get('scores') or [0.0])[i] for label, i in zip(labels, at)]
        loosened = dict(step.loosened)
        doubtful, sure = sorted(
            zip(labels, scores), key=lambda one: (not loosened.get(one[0]), one[1]))
        prompt = dict(step.prompts)[doubtful[0]]
        as_what = f', looked for as "{prompt}"' if loosened.get(doubtful[0]) else ''
        return (f'"{doubtful[0]}" (score {doubtful[1]:.2f}{as_what}) was found where "{sure[0]}" '
                f'(score {sure[1]:.2f}) is: the two names seem to mean one thing, and '
                f'"{doubtful[0]}" is the doubtful one; say its colour or where it is')
    return ''


def _is_part(label: str) -> bool:
    """Whether a phrase names a part of a thing."""
    return ' of ' in label.lower() or "'s " in label.lower()


def _many_allowed(task: Task) -> bool:
    """Whether several instances of one phrase are what is asked about."""
    return isinstance(task.measured, Count | Exists)


def _after_missing(
    task: Task, step: Step, missing: list[str], looks: dict[str, dict[str, Any]],
) -> Step:
    untold = [note for note in step.notes if calls.CANT_TELL in note or (
        calls.OTHER_KIND in note and not _many_allowed(task))]
    if untold:
        named = task.frames[:MAX_FRAMES_NAMED] if calls.UNFAMILIAR in untold[0] else ()
        frames = ', '.join(named)  # what nobody knows may be a part of the robot
        return _refusal(step, untold[0] + (f'; the TF frames are {frames}' if frames else ''))
    if _many_allowed(task):
        return replace(step, kind='measure', why='Nothing fits the phrase in any frame: none.')
    tried = dict(step.loosened)
    prompts = dict(step.prompts)
    again = False
    for label in missing:
        looser = tuple(_prompt_of(task, label, text) for text in looser_prompts(label))
        at = tried.get(label, 0)
        while at < len(looser) and looser[at] in prompts.values():
            at += 1
        if at < len(looser):
            prompts[label], tried[label], again = looser[at], at + 1, True
        elif label != category_label(task):
            return _refusal(step, _not_found(label, looser, looks, step.notes))
    if again:
        return replace(
            step, prompts=tuple(prompts.items()), loosened=tuple(tried.items()),
            fresh=tuple(missing),
            why='No mask for ' + ', '.join(f'"{label}"' for label in missing)
            + '; a looser prompt may find it.')
    label = missing[0]
    return _refusal(step, _not_found(label, looser_prompts(label), looks, step.notes))


def _not_found(
    label: str, looser: tuple[str, ...], looks: dict[str, dict[str, Any]], notes: tuple[str, ...],
) -> str:
    also = f' (also tried {", ".join(looser)})' if looser else ''
    seen = [other for other, look in looks.items() if look.get('n')]
    text = f'"{label}" was not found in any frame{also}'
    text += f'; found: {", ".join(seen)}' if seen else ''
    relevant = [note for note in notes if note]
    return text + (f'. {relevant[0]}' if relevant else '')


def _pick(task: Task, label: str, look: dict[str, Any]) -> tuple[int, str]:
    """Which candidate is meant: (number, '') or (0, why none is sure)."""
    count, scores = int(look['n']), list(look.get('scores') or [])
    areas = list(look.get('areas') or [])
    if count == 1 or len(scores) < 2:
        return 0, ''
    if isinstance(task.intent, Motion):
        return 0, ''
    if _is_surface(task, label):
        shown = [a * s for a, s in zip(areas, scores)]
        return shown.index(max(shown)), ''
    if scores[1] <= parts.SCORE_RATIO * scores[0]:
        return 0, ''
    rivals = sum(score > parts.SCORE_RATIO * scores[0] for score in scores)
    where = ', '.join(str(tuple(m)) for m in (look.get('middles') or [])[:rivals])
    return 0, (
        f'{rivals} candidates for "{label}" of similar score '
        f'({", ".join(f"{s:.2f}" for s in scores[:rivals])}) at {where}; '
        'say which one, by its colour or by where it is')


def _choices(task: Task) -> set[str]:
    """Labels of the things to choose from, where the question names them."""
    intent = task.intent
    if isinstance(intent, Extreme):
        return {parts.label_of(thing) for thing in intent.candidates}
    return set()


def _with_place(step: Step, unclear: list[tuple[str, str]]) -> Step | None:
    """Another look, for things where the question says that its other things are."""
    places = {place for other, _ in step.prompts if (place := place_of(other))}
    unclear = [(label, prompt) for label, prompt in unclear if not place_of(prompt)]
    if len(places) != 1 or not unclear:
        return None
    place = places.pop()
    prompts = dict(step.prompts) | {label: f'{prompt} {place}' for label, prompt in unclear}
    named = ', '.join(f'"{label}"' for label, _ in unclear)
    return replace(
        step, kind='look', prompts=tuple(prompts.items()),
        fresh=tuple(label for label, _ in unclear),
        why=f'Several things fit {named}; the question is about what is {place}.')


def _is_surface(task: Task, label: str) -> bool:
    intent = task.measured
    if parts.is_flat(Thing(label)) or head_of(label).split()[-1:] == ['wall']:
        return True
    if isinstance(intent, HeightAbove):
        return intent.surface.text == label
    return isinstance(intent, Distance) and any(
        each.part == 'edge' and each.text == label for each in (intent.a, intent.b))


# ---- after measuring, errors
def _after_measure(task: Task, step: Step, result: CellResult) -> Step:
    if result.error is not None:
        if step.best_frame or not step.prompts:
            return _refusal(step, error_text('measuring failed', result.error))
        return replace(
            step, best_frame=True,
            why=error_text('The cell failed', result.error)
            + '; each thing\'s best frame alone may do.')
    lines = records(result.stdout, 'measure')
    if not lines:
        return _refusal(step, 'the measurement could not be read back from the cell')
    problem = str(lines[-1].get('problem') or '')
    if problem.startswith('it depends on which is meant'):
        chosen = [(label, prompt) for label, prompt in step.prompts if label in _choices(task)]
        return _with_place(step, chosen) or _refusal(step, problem)
    if problem:
        return _refusal(step, problem + scaled.doubt(step.scale))
    value = lines[-1].get('value')
    if value is None or value != value:
        return _refusal(step, 'the measurement gave no number: a point behind it has no depth')
    if problem := scaled.unsure(task, step.scale, lines[-1].get('known')):
        return _refusal(step, problem)
    return replace(step, kind='answer', why=f'Measured {short(json.dumps(value))} '
                                            f'{lines[-1].get("unit") or ""}, nothing against it.')


def _after_error(task: Task, step: Step, error: CellError) -> Step:
    apart = calls.NOT_TOGETHER in error.message
    if apart and step.prompts and not step.alone and not isinstance(task.intent, Motion):
        return replace(
            step, alone=True, looks={}, fresh=(),
            why=error_text('The cell failed', error)
            + '; the one frame that sees what is asked will do.')
    final = any(word in error.message for word in _NO_SECOND_TRY)
    if final or step.single or step.alone or not step.prompts:
        return _refusal(step, error_text('the frames can\'t be used', error))
    return replace(
        step, single=True,
        why=error_text('The cell failed', error) + '; a few frames one by one may do.')


def _refusal(step: Step, reason: str) -> Step:
    return replace(step, kind='refuse', why=short(reason) if len(reason) > 600 else reason)
