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


"""What a report says, as sections of tables; the pages only lay them out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spatialclaw_ros.eval.records import Tokens
from spatialclaw_ros.eval.report.chance import Chance, chance
from spatialclaw_ros.eval.report.failures import kinds
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.required import FIGURE_HEADINGS, SAMPLES, Figure
from spatialclaw_ros.eval.report.tallies import (
    by_category,
    by_scale,
    by_tag,
    compare_runs,
    metrics,
    scaled_errors,
    scene,
    tally,
)
from spatialclaw_ros.eval.report.wording import UNKNOWN, counted, estimate, line, quantity
from spatialclaw_ros.eval.statistics import EXPECTED, Estimate, calibration, share
from spatialclaw_ros.sharing.texts import clean_line

# With more runs than this each is compared with the first alone.
_ALL_PAIRS = 6
# A tag of more values, or of fewer questions for each, names things rather than their kind.
_MOST_VALUES = 16
_LEAST_OF_A_VALUE = 3
# scale source of a reconstruction whose metres are a network's guess
_GUESSED = 'model'


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Args:
        text: what it says.
        link: where it leads, relative to the report; '' for nowhere.
        command: what to type for more.
    """

    text: str
    link: str = ''
    command: str = ''


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        headings: of its columns.
        rows: cells, or texts.
        title: above it.
        texts: whether all columns are texts; otherwise all but the first are numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ''
    texts: bool = False


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Args:
        title: its heading.
        plot: title of the plot that stands in it; '' for none.
        tables: in order.
        text: what a reader must know for them.
    """

    title: str
    tables: tuple[Table, ...]
    plot: str = ''
    text: str = ''


def table(headings: Sequence[str], rows: Iterable[Sequence[str | Cell]], title: str = '',
          *, texts: bool = False) -> Table:
    """Make a table; its texts may come from outside, and keep no control characters."""
    return Table(tuple(map(clean_line, headings)), tuple(tuple(map(_cell, row)) for row in rows),
                 clean_line(title), texts)


def _cell(cell: str | Cell) -> Cell:
    if isinstance(cell, Cell):
        return Cell(clean_line(cell.text), cell.link, cell.command)
    return Cell(clean_line(cell))


def summary(runs: Sequence[Run]) -> Section:
    """What became of each run's questions, and in what the runs differ."""
    rows = []
    counted = any(entry.result.tokens != Tokens() for run in runs for entry in run.entries)
    for run in runs:
        found = tally(run.entries)
        kinds_failed = ', '.join(f'{count} {status}' for status, count in found.failed.items())
        rows.append([
            run.name, f'{found.count} of {len(run.questions)}',
            str(len({scene(entry.question) for entry in run.entries})), str(found.answered),
            *_counts(found.outcomes), kinds_failed or '0', estimate(found.wrong, percent=True),
            estimate(found.points), quantity(found.time_s, 's'), quantity(found.steps),
            *([f'{found.tokens[0]} / {found.tokens[1]}'] if counted else [])])
    headings = ('run', 'asked', 'scenes', 'answered', 'right', 'wrong', 'refused rightly',
                'refused wrongly', 'failed', 'wrong, of all', 'mean points', 'median time',
                'mean steps', *(['tokens read / written'] if counted else []))
    tables = [table(headings, rows), table(
        ('', *(run.name for run in runs)), _settings(runs), 'What was run', texts=True)]
    notes = [(run.name, note) for run in runs for note in (*run.notes, *_guessed_metres(run))]
    if notes:
        tables.append(table(('run', 'note'), notes, 'Mind', texts=True))
    return Section('Runs', tuple(tables), text=(
        'A refusal ("looked, and can not tell") is apart from a wrong answer; failed is what ended '
        'without either. Points are what the data set itself scores, 0 to 1. Brackets hold 95 % '
        'intervals: of points by a bootstrap of whole scenes (questions about the same video or '
        'world; of questions where there is but one), of shares that of Wilson, which takes '
        'questions for independent.'))


def _guessed_metres(run: Run) -> list[str]:
    """That lengths rest on metres that nothing measured, where they do."""
    groups = by_scale(run.entries)
    count, guessed = sum(map(len, groups.values())), len(groups.get(_GUESSED, ()))
    return [f'{guessed} of {count} answered lengths, numbers without a unit among them, rest on '
            'metres that a model guessed: neither depth nor a known way of the camera tells them'
            ] if guessed else []


def _counts(outcomes: Any) -> list[str]:
    return [str(outcomes[kind]) for kind in ('right', 'wrong', 'refused_rightly',
                                             'refused_wrongly')]


def required(figures: Sequence[Figure]) -> Section | None:
    """What runs are held to; None where nothing is asked of them."""
    if not figures:
        return None
    rows = [(each.run, each.what, each.required, each.measured, each.verdict) for each in figures]
    return Section('Required figures', (table(FIGURE_HEADINGS, rows, texts=True),), text=SAMPLES)


_ALWAYS = ('data.set', 'data.setting', 'run.backbone', 'run.interface', 'run.masks', 'version')


def _settings(runs: Sequence[Run]) -> list[list[str]]:
    """Settings that differ, and those that are always of interest."""
    flat = [_flat({key: run.config.get(key) for key in ('version', 'data', 'run', 'backbone')})
            for run in runs]
    names = [name for name in dict.fromkeys(itertools.chain(*flat)) if name != 'run.name']
    return [[name, *(one.get(name) or UNKNOWN for one in flat)] for name in names
            if name in _ALWAYS or len({one.get(name) for one in flat}) > 1]


def _flat(value: Any, name: str = '') -> dict[str, str]:
    if not isinstance(value, dict):
        return {} if value is None else {name: str(value)}
    return {key: text for part, inner in value.items()
            for key, text in _flat(inner, f'{name}.{part}' if name else str(part)).items()}


def categories(runs: Sequence[Run]) -> Section:
    """Points by category, and what became of the questions of each."""
    groups = [by_category(run.entries) for run in runs]
    names = sorted({name for group in groups for name in group})
    tables = [table(('category', *(run.name for run in runs)), (
        [name, *(estimate(tally(group.get(name, ())).points) for group in groups)]
        for name in names), 'Mean points')] if len(runs) > 1 else []
    for run, group in zip(runs, groups):
        rows = []
        for name, entries in group.items():
            found = tally(entries)
            rows.append([name, str(found.count), *_counts(found.outcomes),
                         str(found.outcomes['failed']), estimate(found.points),
                         *_by_chance(chance([entry.question for entry in entries]))])
        tables.append(table(
            ('category', 'asked', 'right', 'wrong', 'refused rightly', 'refused wrongly', 'failed',
             'mean points', 'random guess', 'one answer to all'), rows, run.name))
    return Section('By category', tuple(tables), 'Points by category', (
        'Where all questions of a category are yes/no or have options, the last two columns tell '
        'what comes right without a look: a guess among the options, and the one answer that is '
        'right most often.'))


def _by_chance(found: Chance | None) -> tuple[str, str]:
    if found is None:
        return UNKNOWN, UNKNOWN
    guess = UNKNOWN if found.guess is None else f'{found.guess:.3f}'
    return guess, f'{found.majority:.3f} ("{line(found.answer)}")'


def tags(runs: Sequence[Run]) -> Section | None:
    """The same by the data set's own tags, those of few values; None when it has none."""
    names = sorted({tag for run in runs for entry in run.entries for tag in entry.question.tags})
    tables = []
    for name in names:
        groups = [by_tag(run.entries, name) for run in runs]
        values = sorted({value for group in groups for value in group})
        tagged = max(sum(map(len, group.values())) for group in groups)
        if not 2 <= len(values) <= min(_MOST_VALUES, tagged / _LEAST_OF_A_VALUE):
            continue
        rows = []
        for value in values:
            for run, group in zip(runs, groups):
                found = tally(group.get(value, ()))
                within = next((metric.within for metric in metrics(group.get(value, ()))
                               if metric.unit == 'm'), share(0, 0))
                rows.append([
                    value, run.name, str(found.count), *_counts(found.outcomes),
                    str(found.outcomes['failed']), estimate(found.points),
                    estimate(within, percent=True)])
        tables.append(table(
            (name, 'run', 'asked', 'right', 'wrong', 'refused rightly', 'refused wrongly',
             'failed', 'mean points', 'lengths within tolerance'), rows, f'By {name}'))
    return Section('By tag', tuple(tables)) if tables else None


def errors(runs: Sequence[Run]) -> Section:
    """Errors of numbers and points."""
    rows = [
        [run.name, found.unit or 'none stated', str(found.count),
         estimate(found.within, percent=True), *(
             quantity(value, found.unit) for value in (found.median, found.p95, found.worst)),
         quantity(found.bias, found.unit, sign=True), str(found.unread)]
        for run in runs for found in metrics(run.entries)]
    tables = (
        table(('run', 'unit', 'answered', 'within tolerance', 'median error', '95th percentile',
               'worst', 'mean error', 'not read'), rows),
        table(('run', 'metres from', 'unit', 'answered', 'within tolerance', 'median error',
               'mean error'), _scales(runs), 'What metres rest on'))
    return Section(
        'Metric questions', tables, 'Error of lengths against the length',
        'Of the questions that were answered and whose truth is known. A tolerance is 2 cm or 3 %, '
        'of angles 5 degrees, where a question has none of its own; of public benchmarks a tenth. '
        'Errors are absolute; the mean error is answer minus truth. Metres are measured where they '
        'come from sensor_depth or tf_baseline; those of a model are its guess, and its error is '
        'in all of them. Numbers without a unit count as lengths there, for they may be some.')


def _scales(runs: Sequence[Run]) -> list[list[str]]:
    """How many lengths rest on what, and how right those are."""
    return [
        [run.name, source, found.unit or 'none stated', str(found.count),
         estimate(found.within, percent=True), quantity(found.median, found.unit),
         quantity(found.bias, found.unit, sign=True)]
        for run in runs for source, entries in by_scale(run.entries).items()
        for found in metrics(entries)]


def sigmas(runs: Sequence[Run]) -> Section:
    """Whether the stated sigma is true."""
    rows, parts = [], []
    for run in runs:
        stated = [found for found in metrics(run.entries) if found.sigmas[1].count]
        rows += [[run.name, found.unit or 'none stated', *_inside(found.sigmas)]
                 for found in stated]
        if len(stated) > 1:
            rows.append([run.name, 'all', *_inside(calibration(scaled_errors(run.entries)))])
        parts += [[name, run.name, *_inside(calibration(scaled))]
                  for name, part in by_category(run.entries).items()
                  if (scaled := scaled_errors(part))]
    rows.append(['a normal error', '', '', *(f'{100 * part:.1f} %' for part in EXPECTED.values())])
    inside = ('answers with sigma', *(f'truth inside {k} sigma' for k in EXPECTED))
    tables = [table(('run', 'unit', *inside), rows)]
    if len({row[0] for row in parts}) > 1:
        tables.append(table(('category', 'run', *inside), sorted(parts), 'By category'))
    return Section('Calibration of sigma', tuple(tables), 'Calibration of sigma', (
        'Of the answers that state a standard deviation (sigma): how many truths lie within so '
        'many of it. Brackets hold the exact binomial interval (Clopper and Pearson, 95 %), which '
        'takes the questions for independent.'))


def _inside(found: Mapping[int, Estimate]) -> list[str]:
    return [str(found[1].count), *map(counted, found.values())]


def pairs(runs: Sequence[Run]) -> Section | None:
    """Runs compared on the questions that they share; None for a single run."""
    chosen = list(itertools.combinations(runs, 2)) if len(runs) <= _ALL_PAIRS else [
        (runs[0], run) for run in runs[1:]]
    if not chosen:
        return None
    rows = []
    for first, second in chosen:
        found = compare_runs(first, second)
        rows.append([
            f'{first.name} → {second.name}', str(found.count), str(found.both), str(found.first),
            str(found.second), str(found.neither), f'{found.p:.3g}' if found.count else UNKNOWN,
            estimate(found.points)])
    return Section('Runs in pairs', (table(
        ('first → second', 'questions of both', 'both right', 'first alone', 'second alone',
         'neither', 'p (exact, by scenes)', 'points, second minus first'), rows),), text=(
        'Question by question. A small p says that the two differ in how often they are right '
        '(a right refusal is right): it is that of all ways to swap the two in whole scenes, which '
        'is McNemar\'s exact test where each question has a scene of its own, or all have one. '
        'The interval of the difference is a paired bootstrap of whole scenes.'))


def failure_kinds(runs: Sequence[Run]) -> Section:
    """What went wrong, by kind."""
    tables = [table(('kind', 'questions', 'categories', 'for example'), (
        [kind.title, str(kind.count),
         ', '.join(f'{name or "no category"} {count}' for name, count in kind.categories),
         ', '.join(kind.ids)] for kind in kinds(run.entries)), run.name, texts=True)
        for run in runs if any(_is_failure(entry) for entry in run.entries)]
    return Section('Kinds of failure', tuple(tables),
                   text='' if tables else 'Nothing was wrong, refused wrongly, or failed.')


def _is_failure(entry: Entry) -> bool:
    return entry.outcome in ('wrong', 'refused_wrongly', 'failed')
