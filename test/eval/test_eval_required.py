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

import dataclasses
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import msgspec
import pytest
from eval_lab import SHEET

from spatialclaw_ros.cli.eval_run import can_be_held, config_of
from spatialclaw_ros.cli.main import build_parser, main
from spatialclaw_ros.eval.claw_sim import ClawSim
from spatialclaw_ros.eval.config import (
    DataConfig,
    EvalConfig,
    Required,
    RunConfig,
    ToleranceConfig,
)
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.described import described, plain
from spatialclaw_ros.eval.records import Question, Result, Said, Score
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.required import figures, held
from spatialclaw_ros.eval.report.sections import sigmas

WANTED = Required(within=0.95, wrong=0.02, inside_2_sigma=(0.90, 0.98), splits=('slice',))
DATA = DataConfig(set='claw-sim', split='public')


def normal(count: int) -> list[float]:
    """Normal errors in sigma, as evenly as they come."""
    return [NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)]


HONEST = [0.01 * scaled for scaled in normal(20)]  # metres


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
def test_how_many_are_inside_two_sigma(inside: int, count: int, met: bool) -> None:
    assert held([1.0] * inside + [3.0] * (count - inside), 0.90, 0.98)[0] is met


@pytest.mark.parametrize(('scaled', 'met'), [
    (normal(20), True),
    ([0.1] * 20, True),  # most errors are far smaller than sigma, which is there for the rest
    ([0.1] * 149, False),
    ([0.1] * 19 + [math.inf], True),  # 95 % are inside
    ([0.1] * 17 + [3.0] * 3, False),
])
def test_errors_need_not_be_normal(scaled: list[float], met: bool) -> None:
    assert held(scaled, 0.90, 0.98)[0] is met


def entry(number: int, error: float | str | None, unit: str = 'm') -> Entry:
    """A question whose truth is 1, answered with an error and a sigma of 0.01.

    A text is the status of one that failed; None is refused.
    """
    question = Question(id=f'q{number}', text='?', media=(), answer='number', truth=1.0, unit=unit)
    if not isinstance(error, float):
        return Entry(question, Result(
            id=question.id, said=Said(status=error or 'REFUSED'),
            score=Score(points=0.0, right=False)))
    right = abs(error) <= 0.03
    return Entry(question, Result(
        id=question.id, score=Score(points=float(right), right=right, error=error),
        said=Said(status='OK', value=1.0 + error, unit=unit, sigma=0.01)))


def run(
    errors: list[Any], asked: int = 0, name: str = 'classical', data: DataConfig = DATA,
    said: RunConfig | None = None, sheet: Sheet = ClawSim.sheet,
) -> Run:
    entries = tuple(entry(number, error) for number, error in enumerate(errors))
    questions = tuple(each.question for each in entries)
    config = plain({
        'run': said or RunConfig(name=name.split('/')[-1]), 'data': data, 'sheet': sheet})
    return Run(name, Path(name), config, questions + questions[:asked], entries)


def required(*names: str, data: DataConfig = DATA) -> EvalConfig:
    return EvalConfig(data=data, runs=tuple(RunConfig(name=name) for name in names), require=WANTED)


@pytest.mark.parametrize(('errors', 'asked', 'short'), [
    (HONEST, 0, set()),
    ([0.001] * 20, 0, set()),  # twenty can't tell
    ([0.001] * 149, 0, {'truths inside 2 sigma'}),
    ([0.001] * 19 + [0.04], 0, {'wrong and not refused, of all'}),
    ([0.001] * 19 + [0.04] + [None] * 31, 0, set()),  # 1 of 51 is under 2 %
    ([0.001] * 19 + [0.04] + [None] * 30, 0, {'wrong and not refused, of all'}),  # 1 of 50 is not
    ([0.001] * 18 + [0.04] + [None] * 90, 0, {'answered lengths within tolerance'}),
    ([0.001] * 17 + [0.025] * 3, 0, {'truths inside 2 sigma'}),
    (HONEST, 1, {'questions with a result'}),
    ([*HONEST, 'TIMEOUT'], 0, {'failed, of all'}),
    ([None] * 20, 0, {'answered lengths within tolerance', 'truths inside 2 sigma'}),
    ([], 0, {'answered lengths within tolerance', 'truths inside 2 sigma',
             'wrong and not refused, of all', 'failed, of all'}),
])
def test_what_falls_short(errors: list[Any], asked: int, short: set[str]) -> None:
    found = figures([run(errors, asked)], required('classical'))
    assert {each.what for each in found if each.met is False} == short


def test_angles_count_for_sigma_and_a_number_without_one_is_told() -> None:
    lengths = run(HONEST[:10])
    angles = tuple(entry(10 + n, error, 'rad') for n, error in enumerate(HONEST[10:]))
    bare = msgspec.structs.replace(angles[0].result, said=Said(status='OK', value=1.0, unit='rad'))
    found = figures([Run('a', Path('classical'), lengths.config, lengths.questions, (
        *lengths.entries, *angles, Entry(angles[0].question, bare)))], required('classical'))
    assert {each.what: each.measured.split(']')[-1] for each in found}[
        'truths inside 2 sigma'] == (
            '; 20 of 21 state a sigma; half of the errors are within 0.68')


@pytest.mark.parametrize(('errors', 'interval'), [
    # Clopper and Pearson (1934): of n that are all inside, 0.025 ** (1 / n) to 1
    ([0.001] * 20, f'[{100 * 0.025 ** (1 / 20):.1f} %, 100.0 %]'),
    ([0.001] * 18 + [0.025] * 2, '[68.3 %, 98.8 %]'),
])
def test_a_share_has_the_same_interval_in_the_row_and_in_the_table_of_sigma(
    errors: list[float], interval: str,
) -> None:
    told = run(errors)
    row, = (each.measured for each in figures([told], required('classical'))
            if each.what == 'truths inside 2 sigma')
    table = sigmas([told]).tables[0]
    cell = table.rows[0][table.headings.index('truth inside 2 sigma')].text
    assert row.startswith(f'{cell}; 20 of 20 state a sigma')
    assert cell.endswith(interval)


@pytest.mark.parametrize(('data', 'said', 'words'), [
    (DataConfig(set='claw-sim', split='slice'), None, ''),
    (DataConfig(set='claw-sim', split='public', folder='elsewhere'), None, ''),
    (DATA, RunConfig(name='a', base_url='http://h', model='m', traces='all'), ''),
    (DataConfig(set='claw-sim', split='other'), None, "data.split 'other' instead of 'public'"),
    (DataConfig(set='claw-sim', split='public', limit=5), None, 'data.limit 5 instead of 0'),
    (DataConfig(set='claw-sim', split='public', setting='perfect', seeds='1-3'), None,
     "data.seeds '1-3' instead of []; data.setting 'perfect' instead of ''"),
    (DATA, RunConfig(name='a', masks='truth'), "run.masks 'truth' instead of 'perceived'"),
    (DATA, RunConfig(name='a', tolerance=ToleranceConfig(length_m=0.5)),
     'run.tolerance.length_m 0.5 instead of 0.1'),
])
def test_other_data_are_not_the_configurations(
    data: DataConfig, said: RunConfig | None, words: str,
) -> None:
    [row, *rest] = figures([run(HONEST, name='a', data=data, said=said)], required('a'))
    assert (row.what, row.required) == ('data', 'claw-sim, split public or slice')
    assert row.measured == '; '.join(
        filter(None, (f'claw-sim, split {data.split}, 20 questions', words)))
    assert row.met is not bool(words)
    assert not any(each.met is False for each in rest)


@pytest.mark.parametrize(('version', 'words'), [
    (ClawSim.sheet.version, ''), ('0', 'version 0 of claw-sim instead of '), ('', 'version – of '),
])
def test_results_of_another_version_are_not_the_configurations(version: str, words: str) -> None:
    sheet = dataclasses.replace(ClawSim.sheet, version=version)
    row = figures([run(HONEST, sheet=sheet)], required('classical'))[0]
    assert row.met is not bool(words)
    assert words in row.measured


@pytest.mark.parametrize(('options', 'there', 'proposed'), [
    ((), ('rules', 'other'), True),
    (('--limit', '3'), ('rules', 'other'), False),
    (('--set', 'runs.rules.timeout_s=60'), ('rules', 'other'), False),
    (('--set', 'workers=2', '--set', 'runs.*.traces=none'), ('rules', 'other'), True),
    (('--only', 'rules'), ('rules',), False),
])
def test_figures_are_proposed_where_the_runs_are_the_configurations(
    tmp_path: Path, options: tuple[str, ...], there: tuple[str, ...], proposed: bool,
) -> None:
    config = tmp_path / 'mine.yaml'
    config.write_bytes(msgspec.yaml.encode(EvalConfig(
        data=DataConfig(set='eval_lab:tiny'), require=WANTED,
        runs=(RunConfig(name='rules'), RunConfig(name='other')), out=str(tmp_path / 'out'))))
    told = config_of(build_parser().parse_args(['eval', 'run', str(config), *options]))
    for each in told.runs:
        if each.name in there:
            folder = tmp_path / 'out' / each.name
            folder.mkdir(parents=True)
            (folder / 'config.json').write_bytes(msgspec.json.encode(
                described(each, told.data, SHEET)))
    assert can_be_held(str(config), told.out) is proposed


def test_each_run_of_a_name_is_held_and_those_without_a_requirement_are_shown() -> None:
    beside = Run('floor', Path('floor'), {}, (), (entry(0, 0.5, 'rad'), entry(1, 0.001)))
    found = figures([run([0.04] * 20, name='old/classical'), beside,
                     run(HONEST, name='new/classical')], required('classical', 'true_masks'))
    assert {each.run for each in found if each.met is False} == {'old/classical', 'true_masks'}
    assert {each.run for each in found if each.met} == {'old/classical', 'new/classical'}
    assert [(each.measured, each.met) for each in found if each.run == 'floor'] == [
        ('1 of 1: 100.0 % [20.7 %, 100.0 %]', None), ('1.0 mm, 1.0 mm', None)]
    assert not figures([beside], None)


@pytest.mark.parametrize(('errors', 'status'), [
    (HONEST, 0), ([*HONEST, 'TIMEOUT'], 1), (HONEST[:19], 1)])
def test_the_exit_status_tells_whether_all_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    errors: list[Any], status: int,
) -> None:
    monkeypatch.setattr('spatialclaw_ros.eval.report.draw_plots', lambda *_: {})
    path = tmp_path / 'mine.yaml'
    path.write_bytes(msgspec.yaml.encode(required('classical')))
    folder = tmp_path / 'out' / 'classical'
    folder.mkdir(parents=True)
    made, whole = run(errors), run([*errors, *HONEST][:max(20, len(errors))])
    for name, records in (('config.json', [made.config]),
                          ('questions.jsonl', [each.question for each in whole.entries]),
                          ('results.jsonl', [each.result for each in made.entries])):
        (folder / name).write_bytes(b''.join(msgspec.json.encode(each) + b'\n' for each in records))
    assert main(['eval', 'report', str(folder), '--require', str(path), '--out',
                 str(tmp_path)]) == status
    assert ('NO' in capsys.readouterr().out) is bool(status)


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
