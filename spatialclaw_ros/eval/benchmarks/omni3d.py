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


"""Omni3D-Bench: metric questions on single pictures of rooms."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    Benchmark,
    Rules,
    scored,
)
from spatialclaw_ros.eval.benchmarks.rows import Row, json_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.extract import omni3d_text
from spatialclaw_ros.eval.metrics import mra_vadar
from spatialclaw_ros.eval.records import Question, Score

HINTS = {
    'float': 'Answer with the bare number, without a unit.',
    'int': 'Answer with the bare whole number.',
    'str': 'Answer with yes or no, or with the name of the thing alone, as the question has it.'}


class Omni3d(Benchmark):
    """`dmarsili/Omni3D-Bench`: three kinds of answers, each with a rule of its own."""

    sheet = Sheet(
        name='omni3d', title='Omni3D-Bench', home=f'{HUGGING_FACE}dmarsili/Omni3D-Bench',
        licence='cc-by-nc-4.0 (read on its web page)', count=501, media='image',
        score='equality; numbers by mean relative accuracy after VADAR',
        files=('annotations.json: questions', 'images/: pictures'))
    rules = Rules('default', 'omni3d')

    def read(self) -> Iterator[Question]:
        """Items of the list `questions`."""
        for row in json_rows(self.file('annotations.json'), 'questions'):
            kind = row.text('answer_type')
            if kind not in HINTS:
                raise row.wrong('answer_type', 'float, int or str', kind)
            yield Question(
                id=row.text('question_index'), text=row.text('question'),
                media=(self.pictures(row.text('image_filename'), under='images'),),
                answer={'float': 'number', 'int': 'count', 'str': 'text'}[kind],  # type: ignore[arg-type]
                truth=_truth(row, kind), category=kind, hint=HINTS[kind])

    def score_text(self, question: Question, text: str) -> Score:
        """Names are equal, in any case; numbers have a rule of their own."""
        if question.answer == 'text':
            return scored(omni3d_text(text), str(question.truth).strip().lower())
        return super().score_text(question, text)

    def number_points(self, question: Question, read: float | None, truth: float) -> float:
        """VADAR's accuracy; counts are rounded, and equal."""
        if question.answer == 'count':
            return float(read is not None and round(read) == truth)
        return mra_vadar(read, truth)


def _truth(row: Row, kind: str) -> str | float:
    return row.text('answer') if kind == 'str' else row.number_of('answer')
