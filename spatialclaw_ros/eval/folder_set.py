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


"""A data set from a folder of frames and the questions that a person wrote down for it.

`questions.yaml` has a list `questions`, an entry each as `Entry` tells; without that file, the
table question | answer | tolerance of the folder's README.md is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.frame_folder import FrameFolder, read_frames
from spatialclaw_ros.eval.quantities import quantities, read_number, si_unit
from spatialclaw_ros.eval.records import AnswerKind, Folder, Question, Said, Score
from spatialclaw_ros.eval.scoring import chosen_option, score_typed
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.sim.folder import Reference, parse_references
from spatialclaw_ros.workspace.observation import Observation

QUESTIONS_FILE, README_FILE = 'questions.yaml', 'README.md'
KINDS = ('number', 'count', 'yes_no', 'text', 'point')
_NOTE = re.compile(r'\s*\([^()]*\)\s*$')
_MEASURED = re.compile(r'\s*[-+]?[\d.,]+\s*[^\d\s]\S*\s*')


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
    id: str | int = ''


class FolderSet:
    """Questions about a folder of real frames.

    Args:
        path: the folder.

    Raises:
        InvalidRequestError: its poses.json is missing or malformed.
    """

    sheet = Sheet(
        name='folder', title='Frames of a folder', home='', licence='that of the folder',
        count=0, media='frames',
        score='numbers within their tolerance, else 2 cm or 3 %; counts, options, yes/no equal',
        files=('poses.json: intrinsics and poses; `spatialclaw eval record` writes it',
               'frame-NNNNNN.color.jpg, frame-NNNNNN.depth.png: images, depth in millimetres',
               'questions.yaml: questions with their answers; or README.md with a table of them'),
        typed=True)

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder: FrameFolder = read_frames(path)
        self._seen: tuple[tuple[str, ...], Observation] | None = None

    def questions(self) -> Sequence[Question]:
        """Those of questions.yaml, else of the README's table.

        Raises:
            InvalidRequestError: there are none, or one is not as `Entry` has it.
        """
        listed, readme = self.path / QUESTIONS_FILE, self.path / README_FILE
        if listed.is_file():
            found = read_questions(listed, self._folder)
        elif readme.is_file():
            references = parse_references(readme.read_text(encoding='utf-8'))
            found = tuple(self._of_reference(each, number)
                          for number, each in enumerate(references, start=1))
        else:
            found = ()
        if not found:
            raise InvalidRequestError(
                f'{self.path} has no questions: write them down in {listed}, a list `questions` '
                'whose entries have `question` and `answer`, or in a table question | answer | '
                f'tolerance in {readme}')
        return found

    def _of_reference(self, reference: Reference, number: int) -> Question:
        is_length = reference.value is not None
        return Question(
            id=str(number), text=reference.text, media=(Folder(path=str(self.path)),),
            answer='number' if is_length else 'text', unit='m' if is_length else '',
            truth=reference.value if is_length else _NOTE.sub('', reference.answer),
            category='reference', facts={} if reference.tolerance_m is None else {
                'tolerance': reference.tolerance_m})

    def observe(self, question: Question) -> Observation:
        """The frames of a question; those of the last one are kept."""
        (media,) = question.media
        assert isinstance(media, Folder)
        if self._seen is None or self._seen[0] != media.frames:
            self._seen = media.frames, self._folder.observe(media.frames)
        return self._seen[1]

    def score(self, question: Question, said: Said) -> Score:
        """By type, see `scoring.score_typed`."""
        return score_typed(question, said)

    def perception(self, question: Question) -> Perception | None:
        """None: what is configured perceives."""
        return None


def read_questions(path: Path, folder: FrameFolder) -> tuple[Question, ...]:
    """Questions of a `questions.yaml`.

    Raises:
        InvalidRequestError: the message names the file, the entry and what was expected.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequestError(f"{path} can't be read as YAML: {error}") from error
    entries = content.get('questions') if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise InvalidRequestError(
            f'{path} must hold a list `questions`, got {type(entries).__name__}')
    found: dict[str, Question] = {}
    for number, given in enumerate(entries, start=1):
        asked = given.get('question') if isinstance(given, dict) else given
        try:
            question = _question(msgspec.convert(given, Entry), number, folder)
        except ValueError as error:  # msgspec.ValidationError is one
            raise InvalidRequestError(f'{path} entry {number} ({asked!r}): {error}') from error
        if question.id in found:
            raise InvalidRequestError(
                f'{path} entry {number} ({asked!r}): its id {question.id!r} is taken by an '
                'earlier one; give it another')
        found[question.id] = question
    return tuple(found.values())


def _question(entry: Entry, number: int, folder: FrameFolder) -> Question:
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
    known = {folder.robot.world_frame, *folder.robot.transforms}
    if entry.frame and entry.frame not in known:
        raise ValueError(
            f'`frame` {entry.frame!r} is no TF frame of this folder; it has '
            f'{", ".join(sorted(known))}')
    unknown = [name for name in entry.frames if name not in folder.names]
    if unknown:
        raise ValueError(
            f'`frames` has {unknown[0]!r}, which is not there; the folder has '
            f'{folder.names[0]} to {folder.names[-1]}')
    return Question(
        id=str(entry.id) or str(number), text=entry.question.strip(),
        media=(Folder(path=str(folder.path), frames=entry.frames),), options=options, answer=kind,
        truth=truth, unit=unit, frame=entry.frame, category=entry.category,
        tags={'note': entry.note} if entry.note else {},
        facts={} if entry.tolerance is None else {'tolerance': entry.tolerance})


def _truth(entry: Entry) -> tuple[AnswerKind, Any, str]:
    """Kind, truth and unit of an entry."""
    answer, unit = entry.answer, entry.unit
    if si_unit(unit) is None:
        raise ValueError(f'`unit` {unit!r} is not known; lengths are in m, cm or mm, angles in rad '
                         'or deg')
    measured = _measured(answer)
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
            'point': isinstance(answer, tuple)}[kind]
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
    found = quantities(answer) if isinstance(answer, str) and _MEASURED.fullmatch(answer) else ()
    return found[0].unit if found else ''


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
