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


"""PerceptComp: questions that need several looks at a video."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import json_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

FILE = 'questions.json'
LETTERS = 'ABCDE'
MAX_FPS = 1.0


class PerceptComp(Benchmark):
    """`hrinnnn/PerceptionComp`: five options each."""

    sheet = Sheet(
        name='perceptcomp', title='PerceptComp (PerceptionComp)',
        home=f'{HUGGING_FACE}hrinnnn/PerceptionComp', licence=NOT_STATED, count=1114,
        media='video', score='exact letter',
        files=(f'{FILE}: questions', 'data/<video_id>.mp4: videos'))
    rules = Rules('perceptcomp')

    def read(self) -> Iterator[Question]:
        """Items of the list."""
        for row in json_rows(self.file(FILE)):
            right = row.number_of('answer_id')
            if right not in range(len(LETTERS)):
                raise row.wrong('answer_id', '0 to 4', right)
            path = self.inside('data', f'{row.text("video_id")}.mp4')
            yield Question(
                id=row.text('key'), text=row.text('question'),
                media=(Video(path=path, max_fps=MAX_FPS),),
                options=tuple(row.text(f'answer_choice_{place}') for place in range(len(LETTERS))),
                answer='letter', truth=LETTERS[int(right)], category=row.text('category'),
                hint=LETTER_HINT, tags={'difficulty': str(row.maybe('difficulty') or '')})
