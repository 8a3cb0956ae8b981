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


"""Figures that runs are held to: what counts as met, and what the command line makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.eval.config import Required
from spatialclaw_ros.eval.records import Question, Result, Said, Score
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.required import figures, held

WANTED = Required(within=0.95, wrong=0.02, inside_2_sigma=(0.90, 0.98))


@pytest.mark.parametrize(('inside', 'count', 'met'), [
    (0, 0, False),
    (17, 20, False),  # few inside are never excused
    (18, 20, True), (19, 20, True),
    (20, 20, True),  # 0.98 ** 20 = 67 %
    (147, 148, True),
    (148, 148, True),  # 0.98 ** 148 = 5.03 %
    (149, 149, False),  # 4.93 %
    (490, 500, True), (500, 500, False), (450, 500, True), (449, 500, False),
])
def test_what_is_inside_two_sigma(inside: int, count: int, met: bool) -> None:
    assert held(inside, count, 0.90, 0.98)[0] is met


def entry(number: int, error_m: float | None, sigma_m: float = 0.01, unit: str = 'm') -> Entry:
    """A distance of 1 m answered with an error; refused without one."""
    question = Question(id=f'q{number}', text='?', media=(), answer='number', truth=1.0, unit=unit)
    if error_m is None:
        return Entry(question, Result(id=question.id, said=Said(status='REFUSED'),
                                      score=Score(points=0.0, right=False)))
    right = abs(error_m) <= 0.03
    return Entry(question, Result(
        id=question.id, score=Score(points=float(right), right=right, error=error_m),
        said=Said(status='OK', value=1.0 + error_m, unit=unit, sigma=sigma_m)))


def run(errors: list[float | None], asked: int = 0, name: str = 'classical') -> Run:
    entries = tuple(entry(number, error) for number, error in enumerate(errors))
    questions = tuple(each.question for each in entries)
    return Run('any', Path('any'), {'run': {'name': name}}, questions + questions[:asked], entries)


@pytest.mark.parametrize(('errors', 'asked', 'short'), [
    ([0.001] * 20, 0, set()),
    ([0.001] * 19 + [0.04], 0, {'wrong and not refused, of all'}),
    ([0.001] * 19 + [0.04] + [None] * 31, 0, set()),  # 1 of 51 is under 2 %
    ([0.001] * 19 + [0.04] + [None] * 30, 0, {'wrong and not refused, of all'}),  # 1 of 50 is not
    ([0.001] * 18 + [0.04] + [None] * 90, 0, {'answered lengths within tolerance'}),
    ([0.001] * 17 + [0.025] * 3, 0, {'truths inside 2 sigma'}),
    ([0.001] * 20, 1, {'questions with a result'}),
    ([None] * 20, 0, {'answered lengths within tolerance', 'truths inside 2 sigma'}),
    ([], 0, {'answered lengths within tolerance', 'truths inside 2 sigma',
             'wrong and not refused, of all'}),
])
def test_what_falls_short(errors: list[float | None], asked: int, short: set[str]) -> None:
    found = figures([run(errors, asked)], {'classical': WANTED})
    assert {each.what for each in found if each.met is False} == short


def test_angles_are_no_lengths_and_runs_without_a_requirement_are_shown() -> None:
    angle = entry(0, 0.5, unit='rad')
    beside = Run('floor', Path('floor'), {}, (angle.question,), (angle, entry(1, 0.001)))
    found = figures([beside, run([0.001])], {'classical': WANTED, 'true_masks': WANTED})
    assert [(each.run, each.measured, each.met) for each in found if each.run != 'classical'] == [
        ('true_masks', 'not there', False),
        ('floor', '1 of 1: 100.0 % [20.7 %, 100.0 %]', None),
        ('floor', '1.0 mm, 1.0 mm', None)]
    assert not figures([run([0.001])], {})


def test_the_floor_is_run_and_what_is_not_there_falls_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / 'out'
    assert main(['eval', 'run', 'claw-sim', '--only', 'depth_floor', '--workers', '1', '--out',
                 str(out), '--set', 'data.seeds=1004-1004', '--set', 'data.setting=perfect']) == 0
    capsys.readouterr()
    assert main(['eval', 'report', str(out), '--require', 'claw-sim']) == 1
    rows = [line.split('  ') for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[:4]] == ['run', 'classical', 'true_masks', 'depth_floor']
    page = (out / 'report' / 'report.md').read_text(encoding='utf-8')
    assert '## Required figures' in page
    assert main(['eval', 'report', str(out), '--require', 'folder']) == 2
    assert 'folder has no `require`' in capsys.readouterr().err
