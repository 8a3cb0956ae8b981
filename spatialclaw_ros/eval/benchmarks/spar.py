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


"""SPAR-Bench: twenty tasks from depth to imagined views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    NUMBER_HINT,
    Benchmark,
    Rules,
    embedded,
)
from spatialclaw_ros.eval.benchmarks.rows import table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.extract import moves, number
from spatialclaw_ros.eval.metrics import vci
from spatialclaw_ros.eval.records import AnswerKind, Question, Score
from spatialclaw_ros.eval.tables import picture_counts

SHARDS = 'data/test-*-of-[0-9][0-9][0-9][0-9][0-9].parquet'
NUMERIC = ('depth_prediction', 'distance_prediction')
MOVES = 'view_change_infer'
MIDDLE = (MOVES, 'position_matching', 'camera_motion_infer')
MOVES_HINT = ('Answer with the moves and turns and their amounts alone, such as '
              '"move_right:0.3, move_down:0.1, turn_left:20".')


class Spar(Benchmark):
    """`jasonzhango/SPAR-Bench`: letters are read leniently, view changes scored by axis."""

    sheet = Sheet(
        name='spar', title='SPAR-Bench', home=f'{HUGGING_FACE}jasonzhango/SPAR-Bench',
        licence=NOT_STATED, count=7207, media='images',
        score='lenient letter; numbers by mean relative accuracy; view changes by axis (VCI)',
        files=('data/test-0000N-of-00004.parquet: questions and pictures',))
    rules = Rules('spar', 'spar', zero='absolute')

    def read(self) -> Iterator[Question]:
        """Rows of the shards, in the order of their names."""
        for file in self._shards():
            rows = table_rows(file, ('id', 'question', 'answer', 'task'), ('img_type', 'source'))
            for row, count in zip(rows, picture_counts(file, 'image')):
                task = row.text('task')
                kind = kind_of(task)
                yield Question(
                    id=row.text('id'), text=row.text('question'),
                    media=(embedded(row, 'image', count),), answer=kind,
                    truth=row.number_of('answer') if kind == 'number' else row.text('answer'),
                    category=task,
                    hint={'number': NUMBER_HINT, 'moves': MOVES_HINT}.get(kind, LETTER_HINT),
                    tags={'level': level_of(task), 'views': str(row.maybe('img_type') or ''),
                          'source': str(row.maybe('source') or '')})

    def _shards(self) -> list[Path]:
        """All of them, as many as their names say."""
        there = sorted(self.folder.glob(SHARDS))
        if not there:
            raise InvalidRequestError(f'{self.folder / SHARDS} is not there. {self.where}')
        count = there[0].stem.rpartition('-')[2]
        wanted = [f'data/test-{place:05d}-of-{count}.parquet' for place in range(int(count))]
        return [self.file(name) for name in wanted]

    def read_number(self, question: Question, text: str) -> float | None:
        """The first number; where there are several views, the last."""
        return number(text, 'spar_mv' if question.category.endswith('_mv') else 'spar')

    def score_text(self, question: Question, text: str) -> Score:
        """By task."""
        truth = question.truth
        if not isinstance(truth, str):
            return super().score_text(question, text)
        if question.answer == 'moves':
            points = vci(moves(text), moves(truth))
            return Score(points=points, right=points == 1.0, read=text or None)
        chosen = self.read_letter(question, text)
        right = chosen is not None and is_lenient_match(chosen, truth.strip())
        return Score(points=float(right), right=right, read=chosen)


def is_lenient_match(read: str, truth: str) -> bool:
    """Equal, contained in the reference, or beginning with it."""
    return bool(read) and (read in truth or read[0] == truth)


def kind_of(task: str) -> AnswerKind:
    """What a task asks for."""
    if task == MOVES:
        return 'moves'
    return 'number' if task.startswith(NUMERIC) else 'letter'


def level_of(task: str) -> str:
    """The level that its authors count a task to."""
    if task.startswith(NUMERIC):
        return 'Low'
    return 'Middle' if task in MIDDLE else 'High'
