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


"""ERQA: embodied reasoning on one or several pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    Benchmark,
    Rules,
    embedded,
)
from spatialclaw_ros.eval.benchmarks.rows import Row, table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question
from spatialclaw_ros.eval.tables import picture_counts

TABLE = 'data/test-00000-of-00001.parquet'


class Erqa(Benchmark):
    """`FlagEval/ERQA`: options are part of the question, pictures are embedded."""

    sheet = Sheet(
        name='erqa', title='ERQA', home=f'{HUGGING_FACE}FlagEval/ERQA', licence=NOT_STATED,
        count=400, media='images', score='exact letter',
        files=(f'{TABLE}: questions and pictures (data/erqa.tfrecord, the older form, is not read)',
               ))
    rules = Rules('erqa')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        file = self.file(TABLE)
        rows = table_rows(
            file, ('question_id', 'question', 'question_type', 'answer'), ('visual_indices',))
        for row, count in zip(rows, picture_counts(file, 'images')):
            yield Question(
                id=row.text('question_id'),
                text=marked(row.text('question'), _offsets(row)[:count]),
                media=(embedded(row, 'images', count),), answer='letter',
                truth=row.letter('answer'), category=row.text('question_type'), hint=LETTER_HINT,
                tags={'images': 'single' if count == 1 else 'multiple'})


def marked(text: str, offsets: Sequence[int]) -> str:
    """A text with `[image_N]` where picture N belongs; as it is where all belong before it.

    Args:
        text: the question.
        offsets: of the pictures in order, in characters; one past the end is the end.
    """
    if not any(offsets):
        return text
    for offset, number in sorted(zip(offsets, range(1, len(offsets) + 1)), reverse=True):
        place = min(max(offset, 0), len(text))
        text = f'{text[:place]}[image_{number}]{text[place:]}'
    return text


def _offsets(row: Row) -> list[int]:
    value = row.maybe('visual_indices') or []
    if not all(isinstance(each, int) for each in value):
        raise row.wrong('visual_indices', 'a list of whole numbers', value)
    return list(value)
