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


"""BLINK: what people see in a blink, in fourteen subtasks."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import HUGGING_FACE, LETTER_HINT, Benchmark, Rules
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Images, Question, TableImage
from spatialclaw_ros.eval.tables import picture_counts

SUBTASKS = (
    'Art_Style', 'Counting', 'Forensic_Detection', 'Functional_Correspondence', 'IQ_Test', 'Jigsaw',
    'Multi-view_Reasoning', 'Object_Localization', 'Relative_Depth', 'Relative_Reflectance',
    'Semantic_Correspondence', 'Spatial_Relation', 'Visual_Correspondence', 'Visual_Similarity')
TABLE = 'val-00000-of-00001.parquet'
PICTURES = ('image_1', 'image_2', 'image_3', 'image_4')


class Blink(Benchmark):
    """`BLINK-Benchmark/BLINK`, its validation part: the test part's answers are withheld."""

    sheet = Sheet(
        name='blink', title='BLINK (validation part)',
        home=f'{HUGGING_FACE}BLINK-Benchmark/BLINK',
        licence='apache-2.0 (read on its web page)', count=1901, media='images',
        score='exact letter',
        files=(f'<Subtask>/{TABLE}: questions and pictures, of all 14 subtasks',))
    rules = Rules('blink')

    def read(self) -> Iterator[Question]:
        """Rows of the subtasks' tables, in the order of their names."""
        for subtask in SUBTASKS:
            file = self.file(f'{subtask}/{TABLE}')
            rows = table_rows(file, ('idx', 'question', 'choices', 'answer'))
            counts = zip(*(picture_counts(file, column) for column in PICTURES))
            for row, there in zip(rows, counts):
                pictures = tuple(TableImage(path=str(file), row=row.number, column=column)
                                 for column, count in zip(PICTURES, there) if count)
                yield Question(
                    id=row.text('idx'), text=row.text('question'),
                    media=(Images(pictures=pictures),),
                    options=row.options('choices'), answer='letter',
                    truth=row.letter('answer'), category=subtask, hint=LETTER_HINT)
