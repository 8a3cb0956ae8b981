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


"""What the public benchmarks have in common: a folder, a sheet, media, and a rule of scoring."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.benchmarks.rows import Row
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.extract import LetterRule, NumberRule, letter, number, yes_no
from spatialclaw_ros.eval.media import observe_media
from spatialclaw_ros.eval.metrics import Zero, mra
from spatialclaw_ros.eval.records import (
    ImageFile,
    Images,
    Media,
    Question,
    Said,
    Score,
    TableImage,
)
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Observation

HUGGING_FACE = 'https://huggingface.co/datasets/'
NOT_STATED = 'not stated'
LETTER_HINT = 'Answer with the letter of the right option alone.'
NUMBER_HINT = ('Answer with the number alone, in the unit that the question asks for, SI or not; '
               'name no unit.')
# For a person a number is right within this share; mean relative accuracy gives 0.9 there.
RIGHT_SHARE = 0.10
_RIGHT_POINTS = 0.9

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """How answers are read and numbers are scored.

    Args:
        letter: the rule of `extract.letter`.
        number: of `extract.number`; None where no question asks for one.
        zero: what a reference of 0 scores, see `metrics.mra`.
        signed: divides by the reference with its sign, see there.
    """

    letter: LetterRule
    number: NumberRule | None = None
    zero: Zero = 'zero'
    signed: bool = False


class Benchmark(ABC):
    """A `DataSet` in the format in which it is published.

    Args:
        folder: what was downloaded, archives unpacked next to themselves.
    """

    sheet: ClassVar[Sheet]
    rules: ClassVar[Rules]

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._seen: tuple[tuple[Media, ...], Observation] | None = None

    @abstractmethod
    def read(self) -> Iterator[Question]:
        """The questions in the order of the published files.

        Raises:
            InvalidRequestError: a file is missing or not as published.
        """

    def questions(self) -> Sequence[Question]:
        """All questions; read once."""
        return self._questions

    @cached_property
    def _questions(self) -> tuple[Question, ...]:
        taken: Counter[str] = Counter()
        unique = []
        for question in self.read():
            taken[question.id] += 1
            if taken[question.id] > 1:  # published twice: an id is a result's name
                again = f'{question.id}#{taken[question.id]}'
                question = msgspec.structs.replace(question, id=again)
            unique.append(question)
        if self.sheet.count not in (0, len(unique)):
            logger.warning('%s has %d questions, %d are published: scores of another draw of them '
                           'are not to be compared', self.folder, len(unique), self.sheet.count)
        return tuple(unique)

    def observe(self, question: Question) -> Observation:
        """Its pictures or videos; the last are kept, as many questions are about one video."""
        if self._seen is None or self._seen[0] != question.media:
            self._seen = None  # a video may fill a good part of the memory
            try:
                self._seen = question.media, observe_media(question.media)
            except InvalidRequestError as error:
                raise InvalidRequestError(
                    f'question {question.id}: {error}. {self.where}') from error
        return self._seen[1]

    def score(self, question: Question, said: Said) -> Score:
        """By the published rule; without an answer nothing is right, whatever the rule guesses."""
        score = self.score_text(question, said_text(said))
        return score if said.answered else msgspec.structs.replace(score, right=False)

    def score_text(self, question: Question, text: str) -> Score:
        """What a text scores, by the kind of the question's reference."""
        truth = question.truth
        if isinstance(truth, bool):
            return scored(yes_no(text), truth)
        if isinstance(truth, (int, float)):
            read = self.read_number(question, text)
            return numeric(question, self.number_points(question, read, truth), read, truth)
        return scored(self.read_letter(question, text), truth)

    def read_letter(self, question: Question, text: str) -> str | None:
        """The letter that a text chooses."""
        return letter(text, self.rules.letter, question.options)

    def read_number(self, question: Question, text: str) -> float | None:
        """The number that a text gives."""
        return number(text, self.rules.number) if self.rules.number else None

    def number_points(self, question: Question, read: float | None, truth: float) -> float:
        """Mean relative accuracy."""
        return mra(read, truth, zero=self.rules.zero, signed=self.rules.signed)

    def perception(self, question: Question) -> Perception | None:
        """The configured backends."""
        return None

    @property
    def where(self) -> str:
        """Where the data come from, and where they go."""
        home, folder = self.sheet.home, self.folder
        how = f'download {home} into {folder}'
        if home.startswith(HUGGING_FACE):
            name = home.removeprefix(HUGGING_FACE)
            how = f'hf download {name} --repo-type dataset --local-dir {folder}'
        needed = ''.join(f'\n  {line}' for line in self.sheet.files)
        return (f'{self.sheet.title} comes from {home}: {how}, then unpack its archives next to '
                f'themselves; needed there:{needed}')

    def file(self, *names: str) -> Path:
        """The first of these files that is there.

        Raises:
            InvalidRequestError: none is; the message says what to download and where it goes.
        """
        for name in names:
            if (self.folder / name).is_file():
                return self.folder / name
        raise InvalidRequestError(f'{self.folder / names[0]} is not there. {self.where}')

    def inside(self, *parts: str) -> str:
        """The path of something in the folder.

        Raises:
            InvalidRequestError: it would lie outside.
        """
        path = self.folder.joinpath(*parts)
        if '..' in path.parts[len(self.folder.parts):] or not path.is_relative_to(self.folder):
            raise InvalidRequestError(f'{"/".join(parts)} lies outside of {self.folder}')
        return str(path)

    def found(self, name: str, *under: str) -> str:
        """The path of something in the first of these folders that has it; else in the first."""
        there = (folder for folder in under if (self.folder / folder / name).exists())
        return self.inside(next(there, under[0]), name)

    def pictures(self, *names: str, under: str = '') -> Images:
        """Picture files of the folder, in their order."""
        return Images(pictures=tuple(
            ImageFile(path=self.inside(under, name)) for name in names))


def embedded(row: Row, column: str, count: int) -> Images:
    """The pictures of a list in a row of a Parquet file."""
    return Images(pictures=tuple(
        TableImage(path=str(row.file), row=row.number, column=column, item=item)
        for item in range(count)))


def said_text(said: Said) -> str:
    """What was answered, as the rules read it; '' without an answer."""
    if not said.answered:
        return ''
    value = said.value
    if value is None:
        return said.text.strip()
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, float) and math.isfinite(value):
        # the rules read 4.1e-05 as 4.1
        return np.format_float_positional(value, trim='-')
    text = str(value).strip()
    # of 12 m^2 some rules read the 2
    return text.removesuffix(f' {said.unit}') if said.unit else text


def scored(read: str | bool | None, truth: object) -> Score:
    """Right or wrong."""
    right = read is not None and read == truth
    return Score(points=float(right), right=right, read=read)


def numeric(question: Question, points: float, read: float | None, truth: float) -> Score:
    """A number's score; for a person it is right within a tenth, a count when it scores."""
    if read is None:
        return Score(points=points, right=False)
    error = read - truth
    if question.answer == 'count':
        right = points == 1.0
    elif truth == 0:
        right = read == 0 or points >= _RIGHT_POINTS
    else:  # met as written, whatever binary fractions make of the difference
        right = abs(error) <= (RIGHT_SHARE + 1e-9) * abs(truth)
    return Score(points=points, right=right, read=read, error=error)
