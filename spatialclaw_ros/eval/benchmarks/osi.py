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


"""OSI-Bench: outdoor videos, metric and in words."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    NUMBER_HINT,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.metrics import OSI_TAU, mra_zero_aware
from spatialclaw_ros.eval.records import Question, Video

TABLE = 'data.parquet'
COLUMNS = ('index', 'file_name', 'question', 'question_type', 'category', 'options', 'answer')


class Osi(Benchmark):
    """`HarmlessSR07/OSI-Bench`: speeds and paths may be zero, and are scored so."""

    sheet = Sheet(
        name='osi', title='OSI-Bench', home=f'{HUGGING_FACE}HarmlessSR07/OSI-Bench',
        licence=NOT_STATED, count=8766, media='video',
        score='letter; numbers by mean relative accuracy, aware of zero',
        files=(f'{TABLE}: questions', '*.mp4: videos, beside it'))
    rules = Rules('osi', 'osi', zero='exact')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE), COLUMNS):
            kind = row.text('question_type')
            if kind not in ('mcq', 'numerical'):
                raise row.wrong('question_type', 'mcq or numerical', kind)
            choice = kind == 'mcq'
            yield Question(
                id=row.text('index'), text=row.text('question'),
                media=(Video(path=self.inside(row.text('file_name'))),),
                options=row.options('options') if choice else (),
                answer='letter' if choice else 'number',
                truth=row.letter('answer') if choice else row.number_of('answer'),
                category=row.text('category'), hint=LETTER_HINT if choice else NUMBER_HINT,
                tags={'kind': kind})

    def number_points(self, question: Question, read: float | None, truth: float) -> float:
        """Mean relative accuracy; of what may stand still, with a least amount."""
        tau = OSI_TAU.get(question.category)
        if tau is None:
            return super().number_points(question, read, truth)
        return mra_zero_aware(read, truth, tau)
