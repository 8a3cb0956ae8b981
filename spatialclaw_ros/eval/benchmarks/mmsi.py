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


"""MMSI-Bench: questions that need several pictures."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    Benchmark,
    Rules,
    embedded,
)
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question
from spatialclaw_ros.eval.tables import picture_counts

TABLE = 'MMSI_Bench.parquet'


class Mmsi(Benchmark):
    """`RunsenXu/MMSI-Bench`: options are part of the question, pictures are plain bytes."""

    sheet = Sheet(
        name='mmsi', title='MMSI-Bench', home=f'{HUGGING_FACE}RunsenXu/MMSI-Bench',
        licence='not stated (a third party\'s copy on the web: cc-by-4.0)', count=1000,
        media='images', score='exact letter', files=(f'{TABLE}: questions and pictures',))
    rules = Rules('mmsi')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        file = self.file(TABLE)
        rows = table_rows(file, ('id', 'question', 'question_type', 'answer'), ('difficulty',))
        for row, count in zip(rows, picture_counts(file, 'images')):
            yield Question(
                id=row.text('id'), text=row.text('question'), answer='letter',
                media=(embedded(row, 'images', count),), truth=row.letter('answer'),
                category=row.text('question_type'), hint=LETTER_HINT,
                tags={'difficulty': str(row.maybe('difficulty') or '')})
