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


from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.records import (
    Media,
    Question,
    Result,
    Said,
    Score,
    Simulated,
    Tokens,
    Video,
)
from spatialclaw_ros.eval.report import Report, make_report
from spatialclaw_ros.eval.report.failures import kinds, pattern
from spatialclaw_ros.eval.report.plots import draw_categories
from spatialclaw_ros.eval.report.reading import Entry, Run, read_run, read_runs
from spatialclaw_ros.eval.report.sections import pairs, sigmas, tags
from spatialclaw_ros.eval.report.tallies import compare_runs, metrics, scaled_errors, scene
from spatialclaw_ros.eval.scoring import score_typed

NASTY = 'mug | box <script>alert("1")</script> `x` [a](b)\nnext'
ODD_NAME = 'cost $x_{ vs $y \u202eabc\x1b[0m' + 'long ' * 20


def make_questions(count: int = 40) -> list[Question]:
    """Distances, counts, options, and some that can't be told."""
    made = []
    for i in range(count):
        kind = ('distance', 'count', 'nearer', 'not there')[i % 4]
        text = f'How far is thing {i}?' if i else f'How far? {NASTY}'
        made.append({
            'distance': Question(id=f'd/{i}', text=text, media=(), answer='number', unit='m',
                                 truth=0.2 + 0.05 * i, category='distance',
                                 facts={'distance_m': 1.0 + 0.1 * i},
                                 tags={'setting': 'tof' if i % 8 else 'perfect', 'n': str(i)}),
            'count': Question(id=f'c{i}', text='How many?', media=(), answer='count', truth=3.0,
                              category=ODD_NAME),
            'nearer': Question(id=f'n{i}', text='Which?', media=(), truth='mug', category='nearer',
                               options=('mug', 'box')),
            'not there': Question(id=f'x{i}', text='How far is the zebra?', media=(),
                                  answer='number', unit='m', category='not there'),
        }[kind])
    return made


def make_result(question: Question, number: int, noise_m: float, trace: str = '') -> Result:
    """An answer whose errors are normal with a sigma that it states."""
    error = float(np.random.default_rng(number).normal(0.0, noise_m))
    said = Said(status='OK', value='box' if number % 5 == 2 else 'mug', notes=('| a note',))
    if question.truth is None:
        said = Said(status='REFUSED', message='"zebra" was not found in 5 frames')
    elif question.answer == 'count':
        said = Said(status='OK', value=4.0 if number % 9 == 1 else 3.0)
    elif question.answer == 'number':
        said = Said(status='OK', value=float(question.truth) + error, unit='m',  # type: ignore
                    sigma=noise_m, text=NASTY, scale_source='sensor_depth')
    if number % 13 == 7:
        said = Said(status='REFUSED', message=f'"thing {number}" was not found')
    if number % 17 == 5:
        said = Said(status='TIMEOUT', message=f'{number}.5 s are over')
    return Result(
        id=question.id, said=said, score=score_typed(question, said), steps=1 + number % 4,
        times_s={'total': 0.1 * (number % 7)}, tokens=Tokens(prompt=10), trace=trace)


def write_run(folder: Path, questions: Sequence[Question], results: Sequence[Result],
              tail: bytes = b'', config: object = None) -> Path:
    """Write a folder as a run leaves it."""
    folder.mkdir(parents=True)
    for name, records in (('questions', questions), ('results', results)):
        lines = b''.join(msgspec.json.encode(record) + b'\n' for record in records)
        (folder / f'{name}.jsonl').write_bytes(lines + (tail if name == 'results' else b''))
    if config is not None:
        (folder / 'config.json').write_text(json.dumps(config), encoding='utf-8')
    return folder


class Links(HTMLParser):
    """Links and images of a page, and any tag that must not be in one."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == 'script'
        if tag == 'a':
            self.links.append(given.get('href') or '')
        if tag == 'img':
            self.images.append(given.get('src') or '')


@pytest.fixture(scope='module')
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp('eval') / 'out dir'
    questions = make_questions()
    traces = {2: 'traces/a b', 22: 'traces/gone'}
    for name, noise_m in (('fine', 0.01), ('coarse', 0.03)):
        results = [make_result(question, i, noise_m, traces.get(i, ''))
                   for i, question in enumerate(questions)]
        stray = msgspec.structs.replace(results[0], id='of another run')
        folder = write_run(
            top / name, questions, [*results[:-1], stray], b'{"id": "cut',
            {'run': {'name': name, 'backbone': 'rules', 'agent': {'max_steps': len(name)}},
             'data': {'set': 'folder'}, 'sheet': {'title': 'A | set'}})
        (folder / 'traces' / 'a b').mkdir(parents=True)
        (folder / 'traces' / 'a b' / 'trace.html').touch()
    return top


@pytest.fixture(scope='module')
def report(two_runs: Path) -> Report:
    return make_report([two_runs], two_runs.parent / 'report')


def test_a_report_over_two_runs(report: Report) -> None:
    assert [run.name for run in report.runs] == ['coarse', 'fine']
    coarse, fine = report.runs
    assert (fine.asked, fine.tally.count) == (40, 39)
    assert fine.tally.outcomes == {
        'right': 23, 'wrong': 3, 'refused_rightly': 9, 'refused_wrongly': 2, 'failed': 2}
    assert fine.tally.failed == {'TIMEOUT': 2}
    assert fine.metrics[0].within.value == 1.0
    assert coarse.metrics[0].within.value == pytest.approx(8 / 9)
    assert fine.metrics[0].sigmas[1].value == pytest.approx(5 / 9)
    assert len(report.plots) == 4
    assert all(path.read_bytes().startswith(b'\x89PNG') for path in report.plots)


def test_the_markdown_page(report: Report) -> None:
    text = report.markdown.read_text(encoding='utf-8')
    assert '<script>' not in text
    assert not any(mark in text for mark in '\x1b\u202e')
    assert '[a](b)' not in text
    assert '1 result of no question of this run left out: of another run' in text
    assert 'was cut off and is left out' in text
    assert '1 of 40 questions without a result yet' in text
    assert '| run.agent.max_steps | 6 | 4 |' in text, 'what the runs differ in is said'
    for table in re.findall(r'(?:^\|.*\n)+', text, re.MULTILINE):
        cells = {len(re.findall(r'(?<!\\)\|', row)) for row in table.splitlines()}
        assert len(cells) == 1, f'each row has as many cells as its heading: {table}'
    for plot in re.findall(r'!\[.*?\]\((.*?)\)', text):
        assert (report.markdown.parent / plot).is_file()


def test_the_pages_lead_to_traces_and_hold_no_markup_of_answers(report: Report) -> None:
    page = Links()
    html = report.html.read_text(encoding='utf-8')
    page.feed(html)
    assert page.scripts == 0
    assert not any(mark in html for mark in '\x1b\u202e')
    assert len(page.images) == 4
    assert all(image.startswith('data:image/png;base64,') for image in page.images)
    traces = [link for link in page.links if not link.startswith('#')]
    assert traces == [f'../out%20dir/{run}/traces/a%20b/trace.html' for run in ('coarse', 'fine')]
    assert 'trace not there' in html
    assert 'spatialclaw view &#39;' in html, 'a folder with a blank is quoted for the shell'
    assert f'](<{traces[0]}>)' in report.markdown.read_text(encoding='utf-8')


@pytest.mark.parametrize('count', [0, 1])
def test_a_run_without_results_and_one_with_a_single_one(tmp_path: Path, count: int) -> None:
    questions = make_questions(1)
    results = [make_result(questions[0], 1, 0.01)] * count
    folder = write_run(tmp_path / 'run', questions, results)
    if not count:
        (folder / 'results.jsonl').unlink()
    report = make_report([folder], tmp_path)
    assert report.runs[0].tally.count == count
    assert report.runs[0].tally.points.value == (1.0 if count else None)
    assert len(report.plots) == 4 * count
    text = report.markdown.read_text(encoding='utf-8')
    assert 'nan' not in text.lower()
    assert 'the configuration is unknown' in text


def test_runs_of_different_data_are_not_paired(tmp_path: Path) -> None:
    first, second = make_questions(8), make_questions(4)
    changed = [msgspec.structs.replace(question, text='another') for question in second]
    for name, questions in (('a/run', first), ('b/run', second), ('c/run', changed)):
        write_run(tmp_path / name, questions,
                  [make_result(question, i, 0.01) for i, question in enumerate(questions)])
    runs = read_runs([tmp_path / part for part in 'abc'])
    assert [run.name for run in runs] == ['a/run', 'b/run', 'c/run']
    section = pairs(runs)
    assert section is not None
    found = [(row[0].text, row[1].text) for row in section.tables[0].rows]
    assert found == [('a/run → b/run', '4'), ('a/run → c/run', '0'), ('b/run → c/run', '0')]
    assert pairs(runs[:1]) is None


@pytest.mark.parametrize(('content', 'message'), [
    (None, 'no folder of a run and holds none'),
    ('{"id": 3}\n', "can't be read"),
])
def test_a_folder_that_is_no_run(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / 'questions.jsonl').write_text(content, encoding='utf-8')
    with pytest.raises(InvalidRequestError, match=message):
        make_report([tmp_path], tmp_path / 'out')


def test_a_broken_line_is_left_out_and_said(tmp_path: Path) -> None:
    questions = make_questions(2)
    results = [make_result(question, i, 0.01) for i, question in enumerate(questions)]
    folder = write_run(tmp_path / 'run', questions, results, b'{"no": "result"}\n')
    run = read_run(folder)
    assert len(run.entries) == 2
    assert any('line 3 left out' in note for note in run.notes)


def test_tags_of_few_values_are_broken_down(two_runs: Path) -> None:
    section = tags([read_run(two_runs / 'coarse')])
    assert section is not None
    (table,) = section.tables
    rows = [[cell.text for cell in row] for row in table.rows]
    assert [row[:6] for row in rows] == [
        ['perfect', 'coarse', '5', '4', '1', '0'], ['tof', 'coarse', '5', '4', '0', '0']]
    assert rows[0][-1].startswith('80.0 %')


def test_failures_are_grouped_by_what_they_have_in_common(two_runs: Path) -> None:
    found = {kind.title: kind.count for kind in kinds(read_run(two_runs / 'coarse').entries)}
    assert found['another option'] == 1
    assert found['counted too many'] == 2
    assert found['TIMEOUT: # s are over'] == 2
    assert found['refused: … was not found'] == 2
    assert found['off by up to 5 times the tolerance'] == 1


def entry(unit: str, said: Said, score: Score) -> Entry:
    question = Question(id='q', text='?', media=(), answer='number', truth=1.0, unit=unit)
    return Entry(question, Result(id='q', said=said, score=score))


def test_errors_are_told_apart_by_unit() -> None:
    answer = Said(status='OK', value=102.0, unit='cm', sigma=1.0)
    meters, plain = metrics([
        entry('m', answer, Score(points=1.0, right=True, read=1.02, error=0.02)),
        entry('m', answer, Score(points=0.0, right=False, read=3.0)),
        entry('', answer, Score(points=0.3, right=False, read=1.02)),     # a rule without errors
        entry('m', Said(status='REFUSED'), Score(points=0.0, right=False)),
    ])
    assert (meters.unit, meters.count, meters.unread) == ('m', 2, 1)
    assert meters.within.value == 0.5
    assert (meters.median, meters.bias) == (0.02, 0.02)
    assert [meters.sigmas[k].value for k in (1, 2)] == [0.0, 1.0], 'sigma is in the unit said'
    assert (plain.unit, plain.count, plain.unread, plain.median) == ('', 1, 0, None)


def test_a_sigma_of_zero_claims_that_the_answer_is_exact_and_what_is_none_claims_nothing() -> None:
    stated = [(0.1, 0.02, 0.2), (0.0, 0.02, math.inf), (0.0, -0.02, -math.inf), (0.0, 1e-12, 0.0),
              (math.inf, 0.02, math.inf), (-0.1, 0.0, math.inf), (None, 0.02, None)]
    entries = [entry('m', Said(status='OK', value=1.0, unit='m', sigma=sigma),
                     Score(points=1.0, right=True, read=1.0, error=error))
               for sigma, error, _ in stated]
    expected = [scaled for _, _, scaled in stated if scaled is not None]
    assert scaled_errors(entries) == pytest.approx(expected)
    cells = [[cell.text for cell in row] for row in sigmas([
        Run('a', Path('a'), {}, (), tuple(entries))]).tables[0].rows]
    assert [cell.split(':')[0] for cell in cells[0]] == ['a', 'm', '6', *['2 of 6'] * 3]


def test_a_refusal_is_right_where_there_is_nothing_to_tell_and_nowhere_else(tmp_path: Path) -> None:
    guessed = Score(points=1.0, right=True)       # by a rule that takes no answer for an A
    for name, said in (('a', Said(status='REFUSED')), ('b', Said(status='OK', value=1.0))):
        write_run(tmp_path / name, [entry('m', said, guessed).question],
                  [entry('m', said, guessed).result])
    found = compare_runs(*read_runs([tmp_path]))
    assert (found.first, found.second) == (0, 1)


def test_questions_of_a_world_are_of_one_scene() -> None:
    def about(*media: Media) -> Question:
        return Question(id=str(len(media)), text='?', media=media)
    world = scene(about(Simulated(seed=3, setting='tof')))
    assert world == scene(about(Simulated(seed=3, setting='perfect')))
    assert world != scene(about(Simulated(seed=4)))
    assert scene(about(Video(path='a'))) == scene(about(Video(path='a')))
    assert scene(about()) == '0'


def test_names_of_runs_are_shown_as_they_are(tmp_path: Path) -> None:
    questions = make_questions(4)
    for name in ('_$a$', '_b'):
        write_run(tmp_path / name, questions,
                  [make_result(question, i, 0.03) for i, question in enumerate(questions)])
    figure = draw_categories(read_runs([tmp_path]))
    assert figure is not None
    (legend,) = figure.subfigs[0].legends
    assert [text.get_text() for text in legend.get_texts()] == [
        'one answer to all', 'random guess', r' _\$a\$', ' _b']


@pytest.mark.parametrize(('message', 'expected'), [
    ('"red mug" was seen in 3 frames, 0.5 m off', '… was seen in # frames, # m off'),
    ('', 'no message'),
    ('first\nsecond', 'first'),
    ("it can't read 'How far is Bob's mug?': ask 'How far?'", "it can't read …: ask …"),
    ('x' * 200, 'x' * 139 + '…'),
])
def test_a_message_without_names_and_numbers(message: str, expected: str) -> None:
    assert pattern(message) == expected
