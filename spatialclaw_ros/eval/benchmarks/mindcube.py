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


"""MindCube: what a room looks like from where nobody stood."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import jsonl_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question

SETTINGS = ('around', 'rotation', 'translation', 'among')
FOLDERS = ('data/raw/', 'raw/', '')
PICTURES = 'other_all_image'


class MindCube(Benchmark):
    """`MLL-Lab/MindCube`: the full file where it is there, else the tiny one.

    Its authors leave the setting `translation` out of the overall score, the paper does not say.
    All are asked; `category` tells them apart.
    """

    sheet = Sheet(
        name='mindcube', title='MindCube', home=f'{HUGGING_FACE}MLL-Lab/MindCube',
        licence=NOT_STATED, count=21154, media='images', score='exact letter',
        files=('data/raw/MindCube.jsonl or MindCube_tinybench.jsonl: questions',
               f'{PICTURES}/{{among,around,rotation,translation}}: pictures, here or in data/'))
    rules = Rules('mindcube')

    def read(self) -> Iterator[Question]:
        """Lines of the file."""
        file = self.file(*(f'{folder}{name}.jsonl' for name in ('MindCube', 'MindCube_tinybench')
                           for folder in FOLDERS))
        under = 'data' if (self.folder / 'data' / PICTURES).is_dir() else ''
        for row in jsonl_rows(file):
            name = row.text('id')
            yield Question(
                id=name, text=row.text('question'),
                media=(self.pictures(*row.texts('images'), under=under),), answer='letter',
                truth=row.letter('gt_answer'), category=setting_of(name),
                hint=LETTER_HINT,
                tags={'kinds': ', '.join(row.texts('category')),
                      'type': str(row.maybe('type') or ''),
                      'subset': 'tiny' if 'tiny' in Path(file).name else 'full'})


def setting_of(name: str) -> str:
    """How the camera moved, from a question's id."""
    return next((setting for setting in SETTINGS if setting in name), 'other')
