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


"""SpatialTree-Bench: spatial abilities from perceiving to acting, on pictures or a video."""

from __future__ import annotations

from collections.abc import Iterator

from spatialclaw_ros.eval.benchmarks.base import (
    HUGGING_FACE,
    LETTER_HINT,
    NOT_STATED,
    NUMBER_HINT,
    Benchmark,
    Rules,
    scored,
)
from spatialclaw_ros.eval.benchmarks.rows import Row, table_rows
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.extract import yes_no
from spatialclaw_ros.eval.records import AnswerKind, Media, Question, Score, Video

TABLE = 'annotations_plain.parquet'
COLUMNS = ('session_id', 'question', 'question_type', 'answer', 'option', 'video', 'image',
           'extra_info')
UNSCORED = ('gpteval', 'cogmapeval', 'affmask', 'manipulateeval', 'agenticnaveval', 'gravityeval')


class SpatialTree(Benchmark):
    """`LongfeiLi/SpatialTree-Bench`: metrics that need a judge or a simulator are not scored."""

    sheet = Sheet(
        name='spatialtree', title='SpatialTree-Bench',
        home=f'{HUGGING_FACE}LongfeiLi/SpatialTree-Bench', licence=NOT_STATED, count=6300,
        media='video',
        score='letter; numbers by mean relative accuracy; text equality; some are not scored',
        files=(f'{TABLE}: questions', 'videos/, images/: what they look at'))
    rules = Rules('spatialtree', 'spatialtree')

    def read(self) -> Iterator[Question]:
        """Rows of the one table."""
        for row in table_rows(self.file(TABLE), COLUMNS):
            info = row.json('extra_info')
            if not isinstance(info, dict):
                raise row.wrong('extra_info', 'a JSON object', info)
            options = row.options('option')
            metric = str(info.get('metricfunc') or '').lower()
            kind, truth = _kind_and_truth(row, bool(options), metric)
            yield Question(
                id=row.text('session_id'), text=row.text('question'), media=self._media(row),
                options=options, answer=kind, truth=truth,
                category=str(info.get('spatree1') or ''),
                hint={'letter': LETTER_HINT, 'number': NUMBER_HINT}.get(kind, ''),
                tags={'level': str(info.get('spatree0') or ''),
                      'part': str(info.get('spatree2') or ''), 'metric': metric},
                counts=kind != 'text' or metric not in UNSCORED)

    def score_text(self, question: Question, text: str) -> Score:
        """By kind; None for what the release does not score either."""
        if not question.counts:
            return Score(points=None, right=False, read=text or None)
        if isinstance(question.truth, bool):
            return scored(yes_no(text, 'last'), question.truth)
        if question.answer == 'text':
            return scored(text.lower(), str(question.truth).strip().lower())
        return super().score_text(question, text)

    def _media(self, row: Row) -> tuple[Media, ...]:
        """The first video alone, or the pictures where there is none."""
        videos = row.texts('video')
        if videos:
            return (Video(path=self.inside(videos[0])),)
        return (self.pictures(*row.texts('image')),)


def _kind_and_truth(
    row: Row, has_options: bool, metric: str,
) -> tuple[AnswerKind, str | float | bool]:
    """Open and judged questions say so; what else has options is a choice, whatever its metric."""
    kind = row.text('question_type').lower()
    is_open, is_judged = 'open' in kind, 'judge' in (kind, metric)
    if has_options and not is_open and not is_judged:
        return 'letter', row.letter('answer')
    answer = '' if row.get('answer') is None else str(row.get('answer'))
    plain = answer.strip().strip('.').lower()
    if is_judged and plain in ('yes', 'no'):
        return 'yes_no', plain == 'yes'
    if metric in UNSCORED:
        return 'text', answer
    try:
        return 'number', float(answer)
    except ValueError:
        return 'text', row.text('answer')
