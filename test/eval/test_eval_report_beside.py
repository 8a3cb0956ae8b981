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



"""What a report says beside right and wrong: what comes by chance, what metres rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from spatialclaw_ros.eval.records import Question, Result, Said, Score
from spatialclaw_ros.eval.report.chance import chance
from spatialclaw_ros.eval.report.plots import draw_categories
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.sections import Section, categories, errors, summary


def asked(number: int = 0, **fields: Any) -> Question:
    return Question(**{'id': f'q{number}', 'text': '?', 'media': (), 'category': 'c', **fields})


def yes_no(*truths: bool | str | None) -> list[Question]:
    return [asked(answer='yes_no', truth=truth) for truth in truths]


def of_options(*truths: str | None, options: tuple[str, ...] = ('mug', 'box')) -> list[Question]:
    return [asked(options=options, truth=truth) for truth in truths]


def letters(*truths: str, options: tuple[str, ...] = ()) -> list[Question]:
    return [asked(options=options, answer='letter', truth=truth) for truth in truths]


@pytest.mark.parametrize(('questions', 'guess', 'majority', 'answer'), [
    (yes_no(True, True, False, 'no', True), 0.5, 0.6, 'yes'),
    (yes_no(None, None, True), 0.5 / 3, 2 / 3, "can't tell"),
    (of_options('mug', 'box', 'box'), 0.5, 2 / 3, 'option B'),
    # the words differ, the place is the same
    ([*of_options('mug'), *of_options('ball', options=('ball', 'can', 'cup'))], 5 / 12, 1.0,
     'option A'),
    # the place differs, the words are the same
    ([*of_options('mug'), *of_options('mug', options=('box', 'mug'))], 0.5, 1.0, 'mug'),
    (letters('B', 'B', 'C', options=('a mug', 'a box', 'a ball', '')), 1 / 3, 2 / 3, 'option B'),
    (letters('B', 'B', 'C'), None, 2 / 3, 'B'),
])
def test_what_comes_right_without_a_look(
    questions: list[Question], guess: float | None, majority: float, answer: str,
) -> None:
    found = chance(questions)
    assert found is not None
    assert (found.majority, found.answer) == (pytest.approx(majority), answer)
    assert found.guess == (guess if guess is None else pytest.approx(guess))


@pytest.mark.parametrize('questions', [
    [], [asked(answer='number', truth=1.0, unit='m')], [asked(answer='count', truth=2.0)],
    [asked(truth='a mug')], [*yes_no(True), asked(answer='number', truth=1.0)]])
def test_there_is_no_chance_where_not_all_is_a_choice(questions: list[Question]) -> None:
    assert chance(questions) is None


def run_of(questions: list[Question], *said: Said, error: float | None = None) -> Run:
    entries = tuple(
        Entry(msgspec.structs.replace(question, id=str(number)), Result(
            id=str(number), said=each, score=Score(points=1.0, right=True, error=error)))
        for number, (question, each) in enumerate(zip(questions, said)))
    return Run('a', Path('a'), {}, tuple(entry.question for entry in entries), entries)


def texts(section: Section, title: str) -> list[list[str]]:
    return [[cell.text for cell in row] for table in section.tables if table.title == title
            for row in table.rows]


def test_chance_stands_beside_the_points_and_in_the_plot() -> None:
    answer = Said(status='OK', value=True)
    length = msgspec.structs.replace(
        asked(answer='number', truth=1.0, unit='m'), category='lengths')
    run = run_of([*yes_no(True, True, True, False), length], *[answer] * 5)
    assert [row[-2:] for row in texts(categories([run]), 'a')] == [
        ['0.500', '0.750 ("yes")'], ['–', '–']]
    figure = draw_categories([run])
    assert figure is not None
    drawn = {each.get_label(): [segment[0, 0] for segment in each.get_segments()]
             for each in figure.subfigs[1].axes[0].collections
             if not str(each.get_label()).startswith('_')}
    assert drawn == {'one answer to all': [0.75], 'random guess': [0.5]}


METRES = asked(answer='number', truth=1.0, unit='m')


@pytest.mark.parametrize(('question', 'sources', 'rows', 'noted'), [
    (METRES, ['sensor_depth', 'model', 'model', ''],
     [['model', 'm', '2'], ['nothing', 'm', '1'], ['sensor_depth', 'm', '1']], '2 of 4'),
    (METRES, ['sensor_depth', 'tf_baseline'],
     [['sensor_depth', 'm', '1'], ['tf_baseline', 'm', '1']], ''),
    (asked(answer='number', truth=1.0), ['model'], [['model', 'none stated', '1']], '1 of 1'),
    (asked(answer='number', truth=1.0, unit='rad'), ['model'], [], ''),
    (asked(answer='count', truth=1.0), ['model'], [], ''),
])
def test_what_lengths_rest_on(
    question: Question, sources: list[str], rows: list[list[str]], noted: str,
) -> None:
    run = run_of([question] * len(sources), *(
        Said(status='OK', value=1.0, scale_source=source) for source in sources), error=0.01)
    found = texts(errors([run]), 'What metres rest on')
    assert [row[1:4] for row in found] == rows
    notes = [row[1] for row in texts(summary([run]), 'Mind')]
    assert len(notes) == bool(noted)
    assert all(note.startswith(f'{noted} answered lengths') and 'guessed' in note
               for note in notes)
