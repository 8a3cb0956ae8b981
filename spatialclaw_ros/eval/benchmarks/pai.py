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


"""PAI-Bench, its part on understanding: videos of a physical world."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import Row, plain_options, table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

TABLE = 'data/test-00000-of-00001.parquet'
LETTERS = 'ABCDEFGH'
COLUMNS = ('question', 'index2ans', 'answer', 'video_path', 'category', 'subcategory')


class Pai(Benchmark):
    """`shi-labs/physical-ai-bench-understanding`: a row's number is its id."""

    sheet = Sheet(
        name='pai', title='PAI-Bench (understanding)',
        home=f'{HUGGING_FACE}shi-labs/physical-ai-bench-understanding', licence=NOT_STATED,
        count=1214, media='video', score='exact letter',
        files=(f'{TABLE}: questions', 'videos/: videos, in 7 folders'))
    rules = Rules('pai')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE), COLUMNS):
            yield Question(
                id=str(row.number), text=row.text('question'),
                media=(Video(path=self.inside(row.text('video_path'))),),
                options=plain_options(_options(row)), answer='letter', truth=row.letter('answer'),
                category=row.text('category'), hint=LETTER_HINT,
                tags={'subcategory': row.text('subcategory')})


def _options(row: Row) -> list[str]:
    """Texts in their letters' places, as far as there are any."""
    value = row.json('index2ans')
    try:
        options = {str(letter): str(text) for letter, text in dict(value).items()
                   if text is not None}
    except (TypeError, ValueError):
        raise row.wrong('index2ans', 'a map from letters to texts', value) from None
    if not options or not set(options) <= set(LETTERS):
        raise row.wrong('index2ans', 'a map from A, B, ... to texts', value)
    return [options.get(letter, '') for letter in LETTERS[:LETTERS.index(max(options)) + 1]]
