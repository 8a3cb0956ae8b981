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


"""DSI-Bench: who moves, thing or camera, in four variants of each video."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import csv_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Video

VARIANTS = ('std', 'reverse', 'hflip', 'reverse_hflip')
CATEGORIES = (
    'object motion, static camera', 'object motion, moving camera', 'camera motion, static scene',
    'camera motion, dynamic scene', 'object-camera distance', 'object-camera orientation')


class Dsi(Benchmark):
    """`Viglong/DSI-Bench`: each variant is a question of its own, with its own reference."""

    sheet = Sheet(
        name='dsi', title='DSI-Bench', home=f'{HUGGING_FACE}Viglong/DSI-Bench',
        licence='cc-by-4.0 (read on the web)', count=7076, media='video', score='exact letter',
        files=('metadatas/{std,reverse,hflip,reverse_hflip}.csv: questions',
               'videos/<variant>/: videos'))
    rules = Rules('dsi')

    def read(self) -> Iterator[Question]:
        """Rows of the four files; a row's place tells which belong together."""
        for variant in VARIANTS:
            for row in csv_rows(self.file(f'metadatas/{variant}.csv')):
                category = row.number_of('cate')
                if category not in range(len(CATEGORIES)):
                    raise row.wrong('cate', f'0 to {len(CATEGORIES) - 1}', category)
                options = split_options(row.text('options'))
                if len(options) < 2:
                    raise row.wrong('options', 'like "A: x; B: y"', row.get('options'))
                path = self.inside('videos', variant, row.text('relative_path'))
                yield Question(
                    id=f'{row.number}-{variant}', text=row.text('question'),
                    media=(Video(path=path),), options=options, answer='letter',
                    truth=row.letter('GT'), category=CATEGORIES[int(category)], hint=LETTER_HINT,
                    tags={'variant': variant, 'base': str(row.number),
                          'video_type': str(row.maybe('video_type') or '')})


def split_options(text: str) -> tuple[str, ...]:
    """Texts of "A: x; B: y; C: z", split where the next letter stands; a text may hold a ';'."""
    options = []
    for letter in 'ABCDEFGH':
        begin = re.match(rf'\s*{letter}:\s*', text)
        if begin is None:
            break
        following = re.search(rf'[;\s]\s*(?={chr(ord(letter) + 1)}:)', text[begin.end():])
        end = begin.end() + following.start() if following else len(text)
        options.append(text[begin.end():end].strip().rstrip(';').strip())
        text = text[end:].lstrip('; \t\r\n')
    return tuple(options)
