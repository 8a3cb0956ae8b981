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

"""Ties an intent to the robot at hand: TF frames, cameras, and the type of answer asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spatialclaw_ros.backbone.rules import words
from spatialclaw_ros.backbone.rules.intents import (
    CAMERA,
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
    Thing,
)
from spatialclaw_ros.backbone.rules.parse import parse_things
from spatialclaw_ros.errors import OutOfScopeError
from spatialclaw_ros.workspace.question import AnswerType, Question
from spatialclaw_ros.workspace.tolerance import Tolerance

_GRIPPER_WORDS = frozenset({
    'gripper', 'hand', 'end effector', 'end-effector', 'tool', 'tcp', 'tool center point',
    'tool centre point', 'robot hand', "robot's hand", "robot's gripper", 'robot gripper',
    'fingers', 'claw', 'flange',
})
_GRIPPER_FRAMES = ('tcp', 'gripper', 'hand', 'tool', 'end_effector', 'ee_link', 'flange')
_OF_SIZE = frozenset({
    'largest', 'smallest', 'tallest', 'shortest', 'longest', 'widest', 'narrowest'})
_YES = re.compile(r'^\W*(yes|true|y)\b', re.IGNORECASE)
_NO = re.compile(r'^\W*(no|false|not|n)\b', re.IGNORECASE)
_WORDS_FOR_KIND = {
    'number': 'a number', 'boolean': 'yes or no', 'name': 'one of several things',
    'point': 'a point', 'text': 'words',
}
_ALLOWED = {
    'number': {AnswerType.NUMBER, AnswerType.TEXT, AnswerType.CHOICE},
    'boolean': {AnswerType.BOOLEAN, AnswerType.TEXT, AnswerType.CHOICE},
    'name': {AnswerType.TEXT, AnswerType.CHOICE},
    'point': {AnswerType.POINT, AnswerType.TEXT},
    'text': {AnswerType.TEXT, AnswerType.CHOICE},
}
_NATURAL = {
    'number': AnswerType.NUMBER, 'boolean': AnswerType.BOOLEAN, 'name': AnswerType.TEXT,
    'point': AnswerType.POINT, 'text': AnswerType.TEXT,
}


@dataclass(frozen=True)
class Task:
    """An intent that cells can be written for.

    Args:
        intent: its things bound to TF frames and cameras.
        kind: what its result is: 'number', 'boolean', 'name', 'point' or 'text'.
        answer_type: what `ReturnAnswer` gets, never ANY.
        choices: texts to choose from, for CHOICE.
        values: SI value of each choice, for a number to be chosen.
        names: for each candidate of the intent, what to answer when it is the one.
        cameras: names of the cameras.
        frames: names of the TF frames that could have been meant.
        tolerance: to which a number is wanted.
    """

    intent: Intent
    kind: str
    answer_type: AnswerType
    choices: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ('camera',)
    frames: tuple[str, ...] = ()
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def measured(self) -> Intent:
        """What is measured: a limit's own measure, else the intent itself."""
        return self.intent.measure if isinstance(self.intent, Limit) else self.intent


def bind(intent: Intent, question: Question, metadata: Mapping[str, Any]) -> Task:
    """Make a task of an intent.

    Raises:
        OutOfScopeError: the question needs another answer type, or something this robot lacks.
    """
    cameras = tuple(metadata.get('cameras') or ('camera',))
    intent = _Binder(metadata, cameras).bind(intent)
    intent = _as_asked(intent, question)
    kind = kind_of(intent, question.answer_type)
    wanted = question.answer_type
    if wanted == AnswerType.ANY:
        wanted = AnswerType.CHOICE if question.choices else _NATURAL[kind]
        if wanted not in _ALLOWED[kind]:
            wanted = _NATURAL[kind]
    if wanted not in _ALLOWED[kind]:
        allowed = ', '.join(sorted(each.name for each in _ALLOWED[kind]))
        raise OutOfScopeError(
            f'this question is answered by {_WORDS_FOR_KIND[kind]}, but answer_type is '
            f'{wanted.name}; ask it with {allowed} or ANY')
    task = Task(intent, kind, wanted, cameras=cameras,
                frames=tuple(sorted(metadata.get('tf_frames') or ())),
                tolerance=question.tolerance)
    return _with_choices(task, question) if wanted == AnswerType.CHOICE else _with_names(task)


def kind_of(intent: Intent, wanted: AnswerType = AnswerType.ANY) -> str:
    """Kind of result that an intent has."""
    if isinstance(intent, Exists | Compare | Limit | Relation | Facing | Between):
        return 'boolean'
    if isinstance(intent, Extreme | Side | RelationWhat | Row | BetweenWhat):
        return 'name'
    if isinstance(intent, Position):
        relative = intent.relative_to
        return 'text' if relative is not None and relative.kind == 'object' else 'point'
    if isinstance(intent, Motion) and intent.what in {'moved', 'direction'}:
        return 'boolean' if intent.what == 'moved' else 'text'
    if isinstance(intent, Size) and intent.dimension == 'size' and wanted not in {
            AnswerType.NUMBER, AnswerType.CHOICE}:
        return 'text'
    return 'number'


def _as_asked(intent: Intent, question: Question) -> Intent:
    """Another intent where the answer type says that it is meant."""
    number = question.answer_type == AnswerType.NUMBER
    if isinstance(intent, Facing) and number:
        return Bearing(intent.b, intent.a)
    if isinstance(intent, Motion) and intent.what == 'moved' and number:
        return replace(intent, what='distance')
    if isinstance(intent, Exists) and number:
        return Count(intent.a)
    return intent


def _with_names(task: Task) -> Task:
    intent = task.intent
    if isinstance(intent, Extreme | RelationWhat | Row | BetweenWhat):
        return replace(task, names=tuple(thing.name for thing in intent.candidates))
    if isinstance(intent, Side):
        return replace(task, names=intent.sides)
    return task


def _with_choices(task: Task, question: Question) -> Task:
    """Match the request's choices with what the intent can result in."""
    intent, choices = task.intent, question.choices
    if task.kind == 'boolean':
        yes = [c for c in choices if _YES.match(c)]
        no = [c for c in choices if _NO.match(c)]
        if len(yes) != 1 or len(no) != 1:
            raise OutOfScopeError(
                f'this question is answered by yes or no, which the choices {list(choices)} '
                'don\'t offer once each; ask it with BOOLEAN')
        return replace(task, choices=choices, names=(yes[0], no[0]))
    if task.kind == 'number':
        values = tuple(_quantity(choice, count=isinstance(intent, Count)) for choice in choices)
        if any(value is None for value in values):
            raise OutOfScopeError(
                f'this question is answered by a number, and not every choice of {list(choices)} '
                'is one with its unit; ask it with NUMBER')
        return replace(
            task, choices=choices, values=tuple(v for v in values if v is not None))
    if isinstance(intent, Extreme | RelationWhat | Row | BetweenWhat):
        if not intent.candidates and not isinstance(intent, Row):
            candidates = parse_things(choices)
            return replace(
                task, intent=replace(intent, candidates=candidates, category=''),
                choices=choices, names=choices)
        return replace(task, choices=choices, names=tuple(
            _choice_for(thing.text, choices) for thing in intent.candidates))
    if isinstance(intent, Side):
        return replace(task, choices=choices, names=tuple(
            _choice_for(side, choices) for side in intent.sides))
    return replace(task, choices=choices)


def _choice_for(text: str, choices: tuple[str, ...]) -> str:
    """The choice that names a thing."""
    def content(phrase: str) -> set[str]:
        return set(re.findall(r'\w+', phrase.lower())) - words.ARTICLES

    wanted = content(text)
    same = [c for c in choices if content(c) == wanted]
    near = same or [c for c in choices if content(c) and (
        content(c) <= wanted or wanted <= content(c))]
    if len(near) != 1:
        raise OutOfScopeError(
            f'the question names {text!r}, and {len(near)} of the choices {list(choices)} mean '
            'that; use the same words in both')
    return near[0]


def _quantity(choice: str, *, count: bool) -> float | None:
    tokens = words.tokenize(words.clean(choice))
    found = [t for t in tokens if t.kind == ('NUMBER' if count else 'QUANTITY')]
    if count and not found:
        numbers = re.findall(r'\d+', choice)
        return float(numbers[0]) if len(numbers) == 1 else None
    return found[0].value if len(found) == 1 else None


class _Binder:
    """Replaces names of frames and cameras by the real ones."""

    def __init__(self, metadata: Mapping[str, Any], cameras: tuple[str, ...]) -> None:
        self._frames = {name.lower(): name for name in metadata.get('tf_frames') or ()}
        for name in (metadata.get('world_frame'), metadata.get('base_frame')):
            if name:
                self._frames.setdefault(name.lower(), name)
        self._base = metadata.get('base_frame') or ''
        self._cameras = cameras

    def bind(self, intent: Intent) -> Intent:
        if isinstance(intent, Limit):
            measure = self.bind(intent.measure)
            if isinstance(measure, Distance | Size | HeightAbove | Count):
                return replace(intent, measure=measure)
        if isinstance(intent, Position) and intent.relative_to is None:
            intent = self._position(intent)
        changes: dict[str, Any] = {}
        for name, value in vars(intent).items():
            if isinstance(value, Thing):
                changes[name] = self._thing(value)
            elif name == 'candidates':
                changes[name] = tuple(self._thing(each) for each in value)
        bound: Intent = replace(intent, **changes)
        self._check(bound)
        return bound

    def _position(self, intent: Position) -> Position:
        """Split "mug in base_link" where the last words name a frame."""
        head, found, tail = intent.a.text.rpartition(' in ')
        frame = self._frame(tail) if found else None
        if frame is None:
            return intent
        return Position(
            replace(intent.a, text=head), Thing(tail, kind='frame', frame=frame))

    def _thing(self, thing: Thing) -> Thing:
        if thing.kind == 'robot':
            if not self._base:
                raise OutOfScopeError(
                    'the question is about the robot itself, and TF has no base frame; set '
                    'base_frame, or ask about the camera or another TF frame')
            return replace(thing, kind='frame', frame=self._base)
        if thing.kind != 'object':
            return thing
        name = self._camera(thing.text)
        if name and thing.text.lower().endswith(' camera'):  # what it sees, not its mount's frame
            return Thing(thing.text, kind='camera', frame=name)
        frame = self._frame(thing.text)
        if frame is not None:
            return Thing(thing.text, kind='frame', frame=frame)
        return CAMERA if name is None else Thing(thing.text, kind='camera', frame=name) if (
            name) else thing

    def _camera(self, text: str) -> str | None:
        """Name of the camera that a phrase means; None for the only one; '' for none."""
        plain = text.lower().strip()
        for name in self._cameras:
            if plain in {name.lower(), f'{name} camera'.lower().replace('_', ' '),
                         f'{name} camera'.lower()}:
                return name
        return None if plain.endswith(' camera') and len(self._cameras) == 1 else ''

    def _frame(self, text: str) -> str | None:
        plain = re.sub(r'^(the|robot\'s|my|your)\s+|\s+(tf )?frame$', '', text.lower().strip())
        plain = re.sub(r'^(the|robot\'s)\s+', '', plain)
        key = re.sub(r'[\s\-]+', '_', plain)
        for candidate in (text.lower(), plain, key, f'{key}_link', f'{key}_frame', f'/{key}'):
            if candidate in self._frames:
                return self._frames[candidate]
        if plain in _GRIPPER_WORDS:
            for part in _GRIPPER_FRAMES:
                found = [name for low, name in sorted(self._frames.items()) if part in low]
                if found:
                    return min(found, key=len)
        return None

    def _check(self, intent: Intent) -> None:
        """Refuse what makes no sense of a frame or a camera."""
        objects: tuple[Thing, ...] = ()
        if isinstance(intent, Size | Exists | Count):
            objects = (intent.a,)
        elif isinstance(intent, Compare) and intent.criterion in _OF_SIZE:
            objects = (intent.a, intent.b)
        elif isinstance(intent, Extreme | RelationWhat | Row | BetweenWhat):
            objects = intent.candidates
        elif isinstance(intent, HeightAbove):
            objects = (intent.surface,)
        for thing in objects:
            if thing.kind != 'object':
                raise OutOfScopeError(
                    f'{thing.text!r} is a frame of the robot and not seen by its cameras; ask '
                    'for its distance or position instead')
        if isinstance(intent, Row) and intent.place > len(intent.candidates):
            raise OutOfScopeError(
                f'only {len(intent.candidates)} things are named, so none of them is number '
                f'{intent.place} from the {intent.side}; name all things of the row')
        if isinstance(intent, Facing) and intent.a.kind == 'object':
            raise OutOfScopeError(
                f'which way {intent.a.text!r} faces is not known from its shape; ask about the '
                'camera, the robot, or a TF frame')
        if isinstance(intent, Bearing) and intent.origin.kind == 'object':
            raise OutOfScopeError(
                f'which way {intent.origin.text!r} faces is not known, so it has no bearings; '
                'ask from the camera, the robot, or a TF frame')
        view = getattr(intent, 'view', CAMERA)
        if view.kind == 'object':
            raise OutOfScopeError(
                f'{view.text!r} is no camera and no TF frame, so its view is not known; TF has: '
                f'{", ".join(sorted(self._frames.values())) or "nothing"}')
        if isinstance(intent, Motion) and intent.what == 'turn' and intent.a.kind == 'object':
            raise OutOfScopeError(
                f'how far {intent.a.text!r} turned is not seen from its shape; ask about the '
                'camera, the robot, or a TF frame')
