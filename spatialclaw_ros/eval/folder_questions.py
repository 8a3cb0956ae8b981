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


"""Questions that a person wrote down about frames or a bag: `questions.yaml`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.frame_folder import FrameFolder
from spatialclaw_ros.eval.quantities import quantities, read_number
from spatialclaw_ros.eval.records import AnswerKind, Bag, Folder, Question
from spatialclaw_ros.eval.scoring import chosen_option
from spatialclaw_ros.eval.units import ANY_UNIT, OTHER, si_unit

KINDS = ('number', 'count', 'yes_no', 'text', 'point')
WINDOW_S = 5.0
# Nothing but numbers with units.
_MEASURED = re.compile(
    rf'\s*(?:[-+]?\.?\d[^a-z°%]*(?:{ANY_UNIT})(?![a-z])[\s,]*)+', re.IGNORECASE)


@dataclass(frozen=True)
class BagFile:
    """A rosbag2 folder that questions are about.

    Args:
        path: the bag's folder.
        cameras: a parameter file of the node, for the cameras' topics; '' for the usual ones.
    """

    path: Path
    cameras: str


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A `questions.yaml`.

    Args:
        questions: an `Entry` each.
        bag: a rosbag2 folder that they are about instead of frames, beside this file.
        cameras: a parameter file of the node that names the bag's topics, likewise.
    """

    questions: list[Any]
    bag: str = ''
    cameras: str = ''


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question of `questions.yaml`.

    Args:
        question: as it is asked.
        answer: a number, yes or no, a text, or a point as three numbers; `null` where only a
            refusal is right. A text with a unit is a number, too: "41 cm".
        unit: of a number or a point; metres for what is neither a count nor has one.
        tolerance: how far a number or a point may be off, in that unit; left out, lengths may be
            off by 2 cm or 3 %, angles by 5 degrees.
        type: number, count, yes_no, text or point; left out, it follows from the answer: a whole
            number without a unit is a count.
        options: texts to choose from; the answer is one of them.
        frame: TF frame of a point.
        category: what kind of question it is, for the report.
        note: for people: how the truth was measured.
        frames: names of the frames that are looked at, in quotes; all without.
        at: of a bag, the moment that is asked about: seconds from its beginning; its end without.
        window: of a bag, how far back from there images are looked at, seconds.
        id: left out, its number in the list.
    """

    question: str
    answer: float | int | bool | str | tuple[float, float, float] | None
    unit: str = ''
    tolerance: float | None = None
    type: AnswerKind | None = None
    options: tuple[str | float | bool, ...] = ()
    frame: str = ''
    category: str = ''
    note: str = ''
    frames: tuple[str, ...] = ()
    at: float | None = None
    window: float | None = None
    id: str | int = ''


def read_listed(path: Path) -> Listed:
    """Read a `questions.yaml`.

    Raises:
        InvalidRequestError: it is no YAML, or not as `Listed` has it.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    # a ValueError: a day such as 2026-02-30
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InvalidRequestError(f"{path} can't be read as YAML: {error}") from error
    try:
        return msgspec.convert(
            {'questions': content} if isinstance(content, list) else content, Listed)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f'{path} must hold a list `questions`, and `bag` and `cameras` where they are about a '
            f'bag: {error}') from error


def questions_of(
    listed: Listed, path: Path, source: FrameFolder | BagFile,
) -> tuple[Question, ...]:
    """The questions of a `questions.yaml`.

    Args:
        listed: what is in it.
        path: where it lies.
        source: what they are about.

    Raises:
        InvalidRequestError: the message names the file, the entry and what was expected.
    """
    found: dict[str, Question] = {}
    for number, given in enumerate(listed.questions, start=1):
        asked = given.get('question') if isinstance(given, dict) else given
        try:
            question = _question(msgspec.convert(given, Entry), number, source)
        except ValueError as error:  # msgspec.ValidationError is one
            raise InvalidRequestError(f'{path} entry {number} ({asked!r}): {error}') from error
        if question.id in found:
            raise InvalidRequestError(
                f'{path} entry {number} ({asked!r}): its id {question.id!r} is taken by an '
                'earlier one; give it another')
        found[question.id] = question
    return tuple(found.values())


def _question(entry: Entry, number: int, source: FrameFolder | BagFile) -> Question:
    """A checked entry as a question; a `ValueError` says what was expected."""
    kind, truth, unit = _truth(entry)
    if not entry.question.strip():
        raise ValueError('`question` is empty; write what is asked')
    options = tuple(_plain(option) for option in entry.options)
    if len(options) == 1 or (options and truth is not None
                             and chosen_option(str(truth), options) is None):
        raise ValueError(
            f'`options` must be two or more texts, one of them the answer {truth!r}, got '
            f'{list(options)}')
    if entry.tolerance is not None and not (
            kind in ('number', 'point', 'count') and 0 <= entry.tolerance < math.inf):
        raise ValueError(
            f'`tolerance` must be 0 or more, of a number or a point; got {entry.tolerance} for an '
            f'answer of type {kind}')
    return Question(
        id=str(entry.id) or str(number), text=entry.question.strip(),
        media=(_media(entry, source),), options=options, answer=kind, truth=truth,
        unit=unit, frame=entry.frame, category=entry.category,
        tags={'note': entry.note} if entry.note else {},
        facts={} if entry.tolerance is None else {'tolerance': entry.tolerance})


def _media(entry: Entry, source: FrameFolder | BagFile) -> Folder | Bag:
    """What an entry looks at."""
    if isinstance(source, BagFile):
        if entry.frames:
            raise ValueError('`frames` are of a folder; of a bag name the moment with `at`')
        if not (entry.at is None or 0 <= entry.at < math.inf) or not 0 <= (entry.window or 0) < 1e4:
            raise ValueError('`at` and `window` must be 0 or more seconds, got '
                             f'{entry.at} and {entry.window}')
        return Bag(path=str(source.path), at_s=entry.at, cameras=source.cameras,
                   window_s=WINDOW_S if entry.window is None else entry.window)
    if entry.at is not None or entry.window is not None:
        raise ValueError('`at` and `window` are of a bag: name it with `bag` beside `questions`, '
                         'or name the frames of this folder with `frames`')
    known = {source.robot.world_frame, *source.robot.transforms}
    if entry.frame and entry.frame not in known:
        raise ValueError(
            f'`frame` {entry.frame!r} is no TF frame of this folder; it has '
            f'{", ".join(sorted(known))}')
    unknown = [name for name in entry.frames if name not in source.names]
    if unknown:
        raise ValueError(
            f'`frames` has {unknown[0]!r}, which is not there; the folder has '
            f'{source.names[0]} to {source.names[-1]}')
    return Folder(path=str(source.path), frames=entry.frames)


def _truth(entry: Entry) -> tuple[AnswerKind, Any, str]:
    """Kind, truth and unit of an entry."""
    answer, unit = entry.answer, entry.unit
    if si_unit(unit) is None:
        raise ValueError(f'`unit` {unit!r} is not known; lengths are in m, cm or mm, angles in rad '
                         'or deg')
    is_number = not entry.options and entry.type in (None, 'number')
    measured = _measured(answer) if is_number else ''
    kind = entry.type or _own_kind(answer, unit, bool(entry.options), bool(measured))
    if kind not in KINDS:
        raise ValueError(f'`type` must be one of {", ".join(KINDS)}, got {kind!r}')
    if kind in ('number', 'point') and not unit:
        unit = measured or 'm'
    if answer is None:
        return kind, None, unit
    if kind in ('number', 'count') and isinstance(answer, str):
        answer = read_number(answer, unit)
    number = (isinstance(answer, (int, float)) and not isinstance(answer, bool)
              and math.isfinite(answer))
    fits = {'number': number, 'count': number and answer % 1 == 0,  # type: ignore[operator]
            'yes_no': isinstance(answer, bool), 'text': isinstance(answer, (str, bool)) or number,
            'point': isinstance(answer, tuple) and all(map(math.isfinite, answer))}[kind]
    if not fits:
        raise ValueError(f'`answer` must be {_WANTED[kind]}, got {entry.answer!r}')
    if kind == 'text':
        answer = _plain(answer)
    elif isinstance(answer, int) and not isinstance(answer, bool):
        answer = float(answer)
    return kind, answer, unit


_WANTED = {'number': 'a number of `unit`', 'count': 'a whole number', 'yes_no': 'yes or no',
           'text': 'a text', 'point': 'three numbers'}


def _measured(answer: object) -> str:
    """SI unit of a text that is nothing but a number with a unit; '' for anything else."""
    if not isinstance(answer, str) or not _MEASURED.fullmatch(answer):
        return ''
    found = quantities(answer)
    if found is None or len(found) != 1:
        raise ValueError(
            f'`answer` must be one number with its unit, such as 1.5 m, got {answer!r}')
    return '' if found[0].unit == OTHER else found[0].unit


def _own_kind(answer: object, unit: str, has_options: bool, measured: bool) -> AnswerKind:
    if has_options:
        return 'text'
    if isinstance(answer, bool):
        return 'yes_no'
    if isinstance(answer, int) and not unit:
        return 'count'
    if isinstance(answer, str):
        return 'number' if unit or measured else 'text'
    return 'point' if isinstance(answer, tuple) else 'number'


def _plain(option: object) -> str:
    """An option as a person wrote it: YAML takes a bare yes for a truth value."""
    return ('yes' if option else 'no') if isinstance(option, bool) else str(option)
