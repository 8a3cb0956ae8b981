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


"""Video-MME and Video-MME-v2: videos of all kinds, from short to an hour."""

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

TABLE = 'videomme/test-00000-of-00001.parquet'
COLUMNS = ('question_id', 'videoID', 'question', 'options', 'answer', 'duration', 'domain',
           'task_type')
TABLE_V2 = 'test.parquet'
COLUMNS_V2 = ('question_id', 'video_id', 'question', 'options', 'answer')
MORE_V2 = ('group_type', 'group_structure', 'level', 'second_head', 'third_head')
MAX_FPS = 1.0


class VideoMme(Benchmark):
    """`lmms-lab/Video-MME`: three questions on each of 900 videos; subtitles are not used."""

    sheet = Sheet(
        name='video-mme', title='Video-MME', home=f'{HUGGING_FACE}lmms-lab/Video-MME',
        licence=NOT_STATED, count=2700, media='video', score='exact letter',
        files=(f'{TABLE}: questions', 'data/<videoID>.mp4: videos'))
    rules = Rules('videomme')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE), COLUMNS):
            path = self.inside('data', f'{row.text("videoID")}.mp4')
            yield Question(
                id=row.text('question_id'), text=row.text('question'),
                media=(Video(path=path, max_fps=MAX_FPS),),
                options=row.options('options'), answer='letter',
                truth=row.letter('answer'), category=row.text('task_type'), hint=LETTER_HINT,
                tags={'duration': row.text('duration'), 'domain': row.text('domain')})


class VideoMmeV2(Benchmark):
    """`MME-Benchmarks/Video-MME-v2`: four questions on each of 800 videos, up to eight options.

    Its authors also score the four of a video together, which a random draw does not allow; the
    paper has plain accuracy, as here.
    """

    sheet = Sheet(
        name='video-mme-v2', title='Video-MME-v2',
        home=f'{HUGGING_FACE}MME-Benchmarks/Video-MME-v2', licence=NOT_STATED, count=3200,
        media='video', score='exact letter',
        files=(f'{TABLE_V2}: questions', 'videos/<video_id>.mp4: videos'))
    rules = Rules('videomme_v2')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE_V2), COLUMNS_V2, MORE_V2):
            path = self.inside('videos', f'{row.text("video_id")}.mp4')
            yield Question(
                id=row.text('question_id'), text=row.text('question'),
                media=(Video(path=path, max_fps=MAX_FPS),),
                options=row.lines('options'), answer='letter',
                truth=row.letter('answer'),
                category=str(row.maybe('second_head') or row.maybe('group_type') or ''),
                hint=LETTER_HINT,
                tags={name: str(row.maybe(name) or '') for name in MORE_V2})
