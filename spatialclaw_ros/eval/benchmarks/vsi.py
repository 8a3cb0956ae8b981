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


"""VSI-Bench-U: videos of rooms, the questions that can't be answered without looking."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NUMBER_HINT,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

TABLE = 'test_debiased.parquet'
COLUMNS = ('id', 'dataset', 'scene_name', 'question_type', 'question', 'options', 'ground_truth')
NUMERIC = ('object_abs_distance', 'object_counting', 'object_size_estimation',
           'room_size_estimation')


class VsiU(Benchmark):
    """`nyu-visionx/VSI-Bench`, its unbiased part."""

    sheet = Sheet(
        name='vsi', title='VSI-Bench-U (unbiased)', home=f'{HUGGING_FACE}nyu-visionx/VSI-Bench',
        licence='apache-2.0 (read on its web page)', count=2362, media='video',
        score='letter; numbers by mean relative accuracy',
        files=(f'{TABLE}: questions', 'scannet/, scannetpp/, arkitscenes/: <scene_name>.mp4'))
    rules = Rules('vsi', 'vsi')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE), COLUMNS):
            kind, source = row.text('question_type'), row.text('dataset')
            choice = kind not in NUMERIC
            yield Question(
                id=row.text('id'), text=row.text('question'),
                media=(Video(path=self.inside(source, f'{row.text("scene_name")}.mp4')),),
                options=row.options('options') if choice else (),
                answer='letter' if choice else 'number',
                truth=row.letter('ground_truth') if choice else row.number_of('ground_truth'),
                category=kind, hint=LETTER_HINT if choice else NUMBER_HINT,
                tags={'source': source})
