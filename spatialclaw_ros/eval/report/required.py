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


"""Figures that runs are held to: what is required, what was measured, and whether it is met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from spatialclaw_ros.eval.catalogue import sheets
from spatialclaw_ros.eval.config import FLOOR, DataConfig, EvalConfig, Required, RunConfig
from spatialclaw_ros.eval.described import differences, plain
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.tallies import is_metric, scaled_errors
from spatialclaw_ros.eval.report.wording import UNKNOWN, counted
from spatialclaw_ros.eval.statistics import calibration, share
from spatialclaw_ros.eval.units import convert

FIGURE_HEADINGS = ('run', 'figure', 'required', 'measured', 'met')
SAMPLES = (
    'Plain shares are held against what is required, with one exception: more truths inside two '
    'sigma than required count as met where that many would come by chance in 5 % of samples or '
    'more, were the share the largest allowed. Twenty answers with all truths inside can not be '
    'told from 98 %; too few inside are never excused. Brackets hold 95 % intervals: of truths '
    'inside two sigma the exact binomial one, as in the table of sigma, of other shares that of '
    'Wilson.')
TWO_SIGMA = 2
BY_CHANCE = 0.05
# where the files lie and which model is served may be left to the command line
_LEFT_OPEN = ('data.folder', 'run.model')
_MOST_FIELDS = 4


@dataclass(frozen=True)
class Figure:
    """One figure of a run.

    Args:
        run: its name, unique in a report.
        what: is measured.
        required: in words.
        measured: in words, with counts.
        met: whether it is reached; None where nothing is required.
        remark: why, where the plain share alone does not tell.
    """

    run: str
    what: str
    required: str
    measured: str
    met: bool | None
    remark: str = ''

    @property
    def verdict(self) -> str:
        """Whether it is met, for a person."""
        told = {True: 'yes', False: 'NO', None: UNKNOWN}[self.met]
        return f'{told}: {self.remark}' if self.remark else told


def figures(runs: Sequence[Run], config: EvalConfig | None) -> tuple[Figure, ...]:
    """Figures of all runs that are held to some, and lengths of the others to compare with.

    Args:
        runs: of a report; of several that are the same one of the configuration, each is held.
        config: whose `require` the runs of its names must reach, but for a floor.
    """
    if config is None or config.require is None:
        return ()
    held_to = {run.name: run for run in config.runs if run.backbone != FLOOR}
    found: list[Figure] = []
    for name, wanted in held_to.items():
        there = [run for run in runs if _configured_name(run) == name]
        if not there:
            found.append(Figure(name, 'run', 'is there', 'not there', False))
        for run in there:
            found += [_data(run, config, config.require, wanted), *figures_of(run, config.require)]
    beside = [run for run in runs if _configured_name(run) not in held_to]
    return (*found, *(figure for run in beside
                      for figure in _of_lengths(run.name, _lengths(run.entries), None)))


def _configured_name(run: Run) -> str:
    return str((run.config.get('run') or {}).get('name', run.path.name))


def _data(run: Run, config: EvalConfig, require: Required, wanted: RunConfig) -> Figure:
    """Whether the configuration's questions were asked, and as it says."""
    data = config.data_of(wanted)
    asked = run.config.get('data') or {}
    strays = unlike(run.config, config, wanted)
    if len(strays) > _MOST_FIELDS:
        strays[_MOST_FIELDS:] = [f'{len(strays) - _MOST_FIELDS} more']
    told = _named(str(asked.get('set')), [str(asked.get('split', ''))]) if asked else UNKNOWN
    return Figure(run.name, 'data', _named(data.set, _splits(data, require)),
                  '; '.join((f'{told}, {len(run.questions)} questions', *strays)), not strays)


def unlike(described: Mapping[str, Any], config: EvalConfig, wanted: RunConfig) -> list[str]:
    """In what a run is not one of a configuration's, in words; empty where it is.

    Args:
        described: the run's `config.json`.
        config: as its file has it, with a `require`.
        wanted: its run.
    """
    data = config.data_of(wanted)
    splits = _splits(data, config.require)
    strays = [
        f'{name} {told!r} instead of {said!r}' for name, told, said in differences(
            dict(described), plain({'data': data, 'run': wanted}), ('data', 'run'))
        if not (name in _LEFT_OPEN and not said) and not (name == 'data.split' and told in splits)]
    sheet = sheets().get(data.set)
    version = str((described.get('sheet') or {}).get('version', ''))
    if sheet is not None and version != sheet.version:
        strays.insert(0, f'version {version or UNKNOWN} of {data.set} instead of {sheet.version}')
    return strays


def _splits(data: DataConfig, require: Required | None) -> list[str]:
    """Parts of the data of which one must have been asked."""
    return list(dict.fromkeys((data.split, *(require.splits if require is not None else ()))))


def _named(name: str, splits: Sequence[str]) -> str:
    """A data set and its splits, in words."""
    if not any(splits):
        return name
    return f'{name}, split {" or ".join(split or "as usual" for split in splits)}'


def figures_of(run: Run, wanted: Required) -> list[Figure]:
    """The figures of one run.

    Args:
        run: as its folder has it.
        wanted: what it must reach.
    """
    name, asked, count = run.name, len(run.questions), len(run.entries)
    became = Counter(entry.outcome for entry in run.entries)
    answered = became['right'] + became['wrong']
    failed, wrong = became['failed'], became['wrong']
    return [
        Figure(name, 'questions with a result', 'all', f'{count} of {asked}', count == asked),
        Figure(name, 'questions answered', UNKNOWN, _counted(answered, count), None),
        Figure(name, 'refused where there was an answer', UNKNOWN,
               _counted(became['refused_wrongly'], count), None),
        Figure(name, 'failed, of all', f'{_percent(wanted.failed)} at most',
               _counted(failed, count), bool(count) and failed / count <= wanted.failed),
        *_of_lengths(name, _lengths(run.entries), wanted.within),
        Figure(name, 'wrong and not refused, of all', f'under {_percent(wanted.wrong)}',
               _counted(wrong, count), bool(count) and wrong / count < wanted.wrong),
        _inside(name, run.entries, wanted.inside_2_sigma)]


def _lengths(entries: Sequence[Entry]) -> list[Entry]:
    """Answered questions for lengths and points whose truth is known."""
    return [entry for entry in entries
            if is_metric(entry) and convert(1.0, entry.question.unit, 'm') is not None]


def _of_lengths(name: str, lengths: Sequence[Entry], least: float | None) -> list[Figure]:
    """How many are within tolerance, and how large the errors are."""
    right = sum(entry.result.score.right for entry in lengths)
    sizes_m = [abs(convert(error, entry.question.unit, 'm') or 0.0) for entry in lengths
               if (error := entry.result.score.error) is not None]
    middle, most = np.percentile(sizes_m, (50, 95)).tolist() if sizes_m else (None, None)
    return [
        Figure(name, 'answered lengths within tolerance',
               UNKNOWN if least is None else f'{_percent(least)} or more',
               _counted(right, len(lengths)),
               None if least is None else bool(lengths) and right / len(lengths) >= least),
        Figure(name, 'their error: median, 95th percentile', UNKNOWN,
               f'{_mm(middle)}, {_mm(most)}', None)]


def _inside(name: str, entries: Sequence[Entry], bounds: tuple[float, float]) -> Figure:
    """Of all numbers that were answered: lengths and angles; a point's sigma is not scored."""
    least, most = bounds
    numbers = [entry for entry in entries
               if is_metric(entry) and entry.question.answer == 'number']
    scaled = scaled_errors(numbers)
    met, remark = held(scaled, least, most)
    return Figure(name, 'truths inside 2 sigma', f'{_percent(least)} to {_percent(most)}',
                  f'{counted(calibration(scaled)[TWO_SIGMA])}; {len(scaled)} of '
                  f'{len(numbers)} state a sigma{_half_within(scaled)}', met, remark)


def held(scaled: Sequence[float], least: float, most: float) -> tuple[bool, str]:
    """Whether the share inside two sigma lies within bounds, as far as so many can tell; and why.

    A plain share above `most` is excused where chance may have made it, were `most` the true one:
    where the binomial distribution has as many inside with 5 % or more. How small the errors are
    does not enter: they are not normal. Most are far smaller than sigma, which is there for the few
    that are not, so a small sample without one of these looks as if sigma were too large.

    Args:
        scaled: error over sigma of each answer that states one.
        least: smallest share; the plain one must reach it.
        most: largest share.
    """
    count, inside = len(scaled), _count_inside(scaled)
    if not count or inside / count < least:
        return False, ''
    if inside / count <= most:
        return True, ''
    so_many = float(stats.binom.sf(inside - 1, count, most))
    if so_many < BY_CHANCE:
        return False, f'were {_percent(most)} true, so many would come in {_percent(so_many)}'
    return True, f'{count} can not tell it from {_percent(most)}'


def _count_inside(scaled: Sequence[float]) -> int:
    return round((calibration(scaled)[TWO_SIGMA].value or 0.0) * len(scaled))


def _half_within(scaled: Sequence[float]) -> str:
    """How small the smaller half of the errors is, in words; '' without any."""
    return f'; half of the errors are within {np.median(np.abs(scaled)):.2f}' if scaled else ''


def _counted(hits: int, count: int) -> str:
    return counted(share(hits, count))


def _mm(length_m: float | None) -> str:
    return UNKNOWN if length_m is None else f'{1000 * length_m:.1f} mm'


def _percent(value: float) -> str:
    return f'{100 * value:.3g} %'
