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


"""CV-Bench: what only several videos together tell; not the picture benchmark of that name."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

TABLE = 'data/test-00000-of-00001.parquet'
VIDEOS = ('video_1', 'video_2', 'video_3', 'video_4')
FOLDERS = ('videos', 'CVBench', '')
MAX_FPS = 1.0
YES_NO = {'yes', 'no'}


class CrossVideo(Benchmark):
    """`Dongyh35/CVBench`: two to four videos, each a camera of its own."""

    sheet = Sheet(
        name='cv-bench', title='CV-Bench (cross-video)', home=f'{HUGGING_FACE}Dongyh35/CVBench',
        licence=NOT_STATED, count=1000, media='videos', score='letter, or yes and no',
        files=(f'{TABLE}: questions', 'videos/ or CVBench/: videos, from CVBench.zip'))
    rules = Rules('cvbench')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        columns = ('id', 'task_type', *VIDEOS, 'question', 'options', 'answer')
        for row in table_rows(self.file(TABLE), columns):
            names = [row.text(name) for name in VIDEOS if row.get(name)]
            options = row.options('options')
            said = row.text('answer').strip().strip('.').lower()
            says_yes_no = said in YES_NO and {
                option.strip('.').lower() for option in options} == YES_NO
            yield Question(
                id=row.text('id'), text=row.text('question'),
                media=tuple(Video(path=self.found(name, *FOLDERS), max_fps=MAX_FPS)
                            for name in names),
                options=() if says_yes_no else options,
                answer='yes_no' if says_yes_no else 'letter',
                truth=said == 'yes' if says_yes_no else row.letter('answer'),
                category=row.text('task_type'),
                hint='Answer with yes or no.' if says_yes_no else LETTER_HINT,
                tags={'videos': str(len(names))})
