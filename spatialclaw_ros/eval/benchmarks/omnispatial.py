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


"""OmniSpatial: four tasks of spatial thinking on single pictures."""

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
from spatialclaw_ros.eval.records import Question

TEST = 'OmniSpatial-test'


class OmniSpatial(Benchmark):
    """`qizekun/OmniSpatial`, its test part: what can't be read counts as A, as its authors do."""

    sheet = Sheet(
        name='omnispatial', title='OmniSpatial', home=f'{HUGGING_FACE}qizekun/OmniSpatial',
        licence=NOT_STATED, count=1533, media='image', score='exact letter; A without an answer',
        files=(f'{TEST}/data.json: questions', f'{TEST}/<task_type>/: pictures'))
    rules = Rules('omnispatial')

    def read(self) -> Iterator[Question]:
        """Items of the list; an id is unique only within its task."""
        for row in json_rows(self.file(f'{TEST}/data.json')):
            task, part, number = (row.text(each) for each in ('task_type', 'sub_task_type', 'id'))
            options = row.options('options')
            index = row.get('answer')
            if not isinstance(index, int) or not 0 <= index < len(options):
                raise row.wrong('answer', f'an index from 0 to {len(options) - 1}', index)
            yield Question(
                id=f'{task}-{part}-{number}', text=row.text('question'),
                media=(self.pictures(f'{number.split("_")[0]}.png', under=f'{TEST}/{task}'),),
                options=options, answer='letter', truth='ABCDEFGH'[index], category=task,
                hint=LETTER_HINT, tags={'sub_task': part})
