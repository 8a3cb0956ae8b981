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


"""VSTI-Bench: what moves, and how far the camera is from it, in videos of rooms."""

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
from spatialclaw_ros.eval.benchmarks.rows import json_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

FILE = 'test.json'
FRAMES_HINT = (
    'Where the question names frame X of N, it counts N frames from 1, even in time over the whole '
    'video: that is InputImages[round((X - 1) / max(N - 1, 1) * (len(InputImages) - 1))].')


class Vsti(Benchmark):
    """`Journey9ni/vstibench`: questions count frames in their own way, and the hint says how."""

    sheet = Sheet(
        name='vsti', title='VSTI-Bench', home=f'{HUGGING_FACE}Journey9ni/vstibench',
        licence=NOT_STATED, count=6042, media='video',
        score='letter; numbers by mean relative accuracy',
        files=(f'{FILE}: questions', 'ScanNet/videos/val/: videos'))
    rules = Rules('vsti', 'vsti', signed=True)

    def read(self) -> Iterator[Question]:
        """Items of the list; those with options are choices."""
        for row in json_rows(self.file(FILE)):
            options = row.options('options')
            yield Question(
                id=row.text('id'), text=row.text('question'),
                media=(Video(path=self.inside(row.text('video_path'))),), options=options,
                answer='letter' if options else 'number',
                truth=(row.letter('mc_answer') if options else row.number_of('ground_truth')),
                category=row.text('question_type'),
                hint=f'{LETTER_HINT if options else NUMBER_HINT} {FRAMES_HINT}')
