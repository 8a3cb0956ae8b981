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


"""SPBench: rooms of ScanNet, on a single picture (SI) or on several views (MV)."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NUMBER_HINT,
    Benchmark,
    Rules,
)
from spatialclaw_ros.eval.benchmarks.rows import Row, table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import ImageFile, Images, Question

SUBSETS = ('SI', 'MV')
COLUMNS = ('id', 'question', 'question_type', 'scene_name', 'images', 'options', 'ground_truth')
FOLDERS = ('images', 'SPBench-{}/images', 'SPBench-{}-images', 'SPBench-{}')
CHOICES = ('object_rel_direction', 'object_rel_distance')


class SpBench(Benchmark):
    """`hongxingli/SPBench`: the single pictures first, then the views."""

    sheet = Sheet(
        name='spbench', title='SPBench', home=f'{HUGGING_FACE}hongxingli/SPBench',
        licence='apache-2.0 (read on its web page)', count=1328, media='images',
        score='letter; numbers by mean relative accuracy',
        files=(*(f'SPBench-{subset}.parquet: questions' for subset in SUBSETS),
               '<scene_name>/: pictures, here or in images/'))
    rules = Rules('spbench', 'spbench', signed=True)

    def read(self) -> Iterator[Question]:
        """Rows of both tables; an id is unique only within its own."""
        for subset in SUBSETS:
            for row in table_rows(self.file(f'SPBench-{subset}.parquet'), COLUMNS):
                kind = row.text('question_type')
                options = row.options('options')
                choice = kind.startswith(CHOICES)
                yield Question(
                    id=f'{subset}-{row.text("id")}', text=row.text('question'),
                    media=(self._pictures(row, subset),),
                    options=options, answer='letter' if choice else 'number',
                    truth=(row.letter('ground_truth') if choice
                           else row.number_of('ground_truth')),
                    category=kind, hint=LETTER_HINT if choice else NUMBER_HINT,
                    tags={'subset': subset})

    def _pictures(self, row: Row, subset: str) -> Images:
        """Wherever the archive of the subset puts its scenes."""
        scene = row.text('scene_name')
        under = ('', *(folder.format(subset) for folder in FOLDERS))
        return Images(pictures=tuple(
            ImageFile(path=self.found(f'{scene}/{name}', *under)) for name in row.texts('images')))
