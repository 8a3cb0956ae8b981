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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from spatialclaw_ros.eval.config import Required
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.report.tallies import is_metric, scaled_errors
from spatialclaw_ros.eval.report.wording import UNKNOWN, estimate
from spatialclaw_ros.eval.statistics import calibration, share
from spatialclaw_ros.eval.units import convert

FIGURE_HEADINGS = ('run', 'figure', 'required', 'measured', 'met')
SAMPLES = (
    'Plain shares are held against what is required, with one exception: more truths inside two '
    'sigma than required count as met as long as that many would come by chance in 5 % of samples '
    'or more, were the true share the largest allowed. Twenty answers with all truths inside can '
    'not be told from 98 %; too few inside are never excused.')
TWO_SIGMA = 2
BY_CHANCE = 0.05


@dataclass(frozen=True)
class Figure:
    """One figure of a run.

    Args:
        run: its name in the configuration.
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


def figures(runs: Sequence[Run], require: Mapping[str, Required]) -> tuple[Figure, ...]:
    """Figures of all runs that are held to some, and lengths of the others to compare with.

    Args:
        runs: of a report.
        require: name of a run in its configuration to what it must reach.
    """
    if not require:
        return ()
    named = {str((run.config.get('run') or {}).get('name', run.path.name)): run for run in runs}
    found: list[Figure] = []
    for name, wanted in require.items():
        run = named.pop(name, None)
        found += [Figure(name, 'run', 'is there', 'not there', False)] if run is None else (
            figures_of(name, len(run.questions), run.entries, wanted))
    return (*found, *(figure for name, run in named.items()
                      for figure in _of_lengths(name, _lengths(run.entries), None)))


def figures_of(
    name: str, asked: int, entries: Sequence[Entry], wanted: Required,
) -> list[Figure]:
    """The figures of one run.

    Args:
        name: of the run.
        asked: how many questions it is about.
        entries: those with a result.
        wanted: what they must reach.
    """
    lengths = _lengths(entries)
    wrong = sum(entry.outcome == 'wrong' for entry in entries)
    answered = sum(entry.result.said.answered for entry in entries)
    return [
        Figure(name, 'questions with a result', 'all', f'{len(entries)} of {asked}',
               len(entries) == asked),
        Figure(name, 'questions answered', UNKNOWN, _counted(answered, len(entries)), None),
        *_of_lengths(name, lengths, wanted.within),
        Figure(name, 'wrong and not refused, of all', f'under {_percent(wanted.wrong)}',
               _counted(wrong, len(entries)),
               bool(entries) and wrong / len(entries) < wanted.wrong),
        _inside(name, scaled_errors(lengths), wanted.inside_2_sigma)]


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


def _inside(name: str, scaled: Sequence[float], bounds: tuple[float, float]) -> Figure:
    least, most = bounds
    count = len(scaled)
    inside = round((calibration(scaled)[TWO_SIGMA].value or 0.0) * count)
    met, remark = held(inside, count, least, most)
    return Figure(name, 'truths inside 2 sigma', f'{_percent(least)} to {_percent(most)}',
                  _counted(inside, count), met, remark)


def held(inside: int, count: int, least: float, most: float) -> tuple[bool, str]:
    """Whether a share lies within bounds, as far as so many can tell; and why, where that matters.

    Args:
        inside: how many are.
        count: of how many.
        least: smallest share; the plain one must reach it.
        most: largest share; a plain one above it is excused where chance may have made it: where
            the binomial distribution of `most` has `inside` or more with 5 % or more.
    """
    if not count or inside / count < least:
        return False, ''
    if inside / count <= most:
        return True, ''
    chance = float(stats.binom.sf(inside - 1, count, most))
    if chance < BY_CHANCE:
        return False, f'were {_percent(most)} true, so many would come in {_percent(chance)}'
    return True, f'{count} can not tell it from {_percent(most)}'


def _counted(hits: int, count: int) -> str:
    return f'{hits} of {count}: {estimate(share(hits, count), percent=True)}'


def _mm(length_m: float | None) -> str:
    return UNKNOWN if length_m is None else f'{1000 * length_m:.1f} mm'


def _percent(value: float) -> str:
    return f'{100 * value:.3g} %'
