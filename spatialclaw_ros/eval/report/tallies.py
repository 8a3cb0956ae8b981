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


"""The numbers of a report: counts, points, errors and calibration of a run or of a part of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.eval.records import Question, Simulated
from spatialclaw_ros.eval.report.reading import Entry, Run
from spatialclaw_ros.eval.scoring import OUTCOMES, Outcome
from spatialclaw_ros.eval.statistics import Comparison, Estimate, calibration, compare, mean, share
from spatialclaw_ros.eval.units import convert

# What binary fractions make of an error of 0.
_EXACT = 1e-9


@dataclass(frozen=True)
class Tally:
    """What became of some questions.

    Args:
        count: how many have a result.
        outcomes: how many of each.
        failed: statuses of those that failed, the most frequent first.
        points: mean of the data set's own score, with its interval.
        wrong: share of answers that are wrong, of all asked.
        time_s: median of the whole time of a question; None when unknown.
        steps: mean number of cells.
        tokens: read and written by a model, all together.
    """

    count: int
    outcomes: Mapping[Outcome, int]
    failed: Mapping[str, int]
    points: Estimate
    wrong: Estimate
    time_s: float | None
    steps: float | None
    tokens: tuple[int, int]

    @property
    def answered(self) -> int:
        """How many have an answer, right or wrong."""
        return self.outcomes['right'] + self.outcomes['wrong']


def tally(entries: Sequence[Entry]) -> Tally:
    """Count what became of some questions."""
    outcomes = Counter(entry.outcome for entry in entries)
    failed = Counter(
        entry.result.said.status for entry in entries if entry.outcome == 'failed')
    scored = [(point, scene(entry.question)) for entry in entries
              if (point := entry.result.score.points) is not None]
    times_s = [time_s for entry in entries if (time_s := total_s(entry)) is not None]
    return Tally(
        len(entries), {kind: outcomes[kind] for kind in OUTCOMES}, dict(failed.most_common()),
        mean([point for point, _ in scored], scenes=[where for _, where in scored]),
        share(outcomes['wrong'], len(entries)), float(np.median(times_s)) if times_s else None,
        float(np.mean([entry.result.steps for entry in entries])) if entries else None,
        (sum(entry.result.tokens.prompt for entry in entries),
         sum(entry.result.tokens.completion for entry in entries)))


def scene(question: Question) -> Hashable:
    """What a question is about: its media, or the world, whatever its noise; itself without."""
    seeds = tuple(each.seed for each in question.media if isinstance(each, Simulated))
    return seeds or question.media or question.id


def total_s(entry: Entry) -> float | None:
    """Time of a question from its images to its answer, seconds; None when it was not taken."""
    return entry.result.times_s.get('total')


def by_category(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Entries by their question's category, in alphabetical order."""
    return _grouped((entry.question.category or 'no category', entry) for entry in entries)


def by_tag(entries: Sequence[Entry], tag: str) -> dict[str, list[Entry]]:
    """Entries of questions that have a tag, by its value, in alphabetical order."""
    return _grouped((entry.question.tags[tag], entry) for entry in entries
                    if entry.question.tags.get(tag))


def _grouped(pairs: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for name, entry in pairs:
        found.setdefault(name, []).append(entry)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Metric:
    """Errors of the answered questions that ask for a number or a point of one unit.

    Args:
        unit: '' where the data set states none.
        count: how many were answered, though their truth is known.
        unread: how many of them have no number, or none of that unit.
        within: share within tolerance; those not read are outside.
        median: of the absolute errors; None without any.
        p95: their 95th percentile.
        worst: the largest.
        bias: mean error, sign kept; None for points.
        sigmas: share of truths inside 1, 2 and 3 sigma, of those answers that state one.
    """

    unit: str
    count: int
    unread: int
    within: Estimate
    median: float | None
    p95: float | None
    worst: float | None
    bias: float | None
    sigmas: Mapping[int, Estimate]


def metrics(entries: Sequence[Entry]) -> tuple[Metric, ...]:
    """Errors by unit, the unit with most answers first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if is_metric(entry):
            groups.setdefault(entry.question.unit, []).append(entry)
    found = [_metric(unit, group) for unit, group in groups.items()]
    return tuple(sorted(found, key=lambda metric: -metric.count))


def by_scale(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Answered lengths by what their metres rest on; numbers without a unit may be lengths, too."""
    return _grouped(
        (entry.result.said.scale_source or 'nothing', entry) for entry in entries
        if is_metric(entry) and (
            not entry.question.unit or convert(1.0, entry.question.unit, 'm') is not None))


def is_metric(entry: Entry) -> bool:
    """Whether a number or a point was asked for, can be known, and was answered."""
    return (entry.question.answer in ('number', 'point') and entry.question.truth is not None
            and entry.result.said.answered)


def _metric(unit: str, entries: Sequence[Entry]) -> Metric:
    errors = [error for entry in entries if (error := entry.result.score.error) is not None]
    signed = [error for entry in entries if entry.question.answer == 'number'
              and (error := entry.result.score.error) is not None]
    sizes = np.abs(errors)
    right = sum(entry.result.score.right for entry in entries)
    # a data set without units may score by the number alone and tell no error
    unread = sum(entry.result.score.error is None and bool(unit or entry.result.score.read is None)
                 for entry in entries)
    return Metric(
        unit, len(entries), unread, share(right, len(entries)),
        float(np.median(sizes)) if errors else None,
        float(np.percentile(sizes, 95)) if errors else None,
        float(sizes.max()) if errors else None, float(np.mean(signed)) if signed else None,
        calibration(scaled_errors(entries)))


def scaled_errors(entries: Sequence[Entry]) -> list[float]:
    """Error over sigma of each number whose sigma is known.

    A sigma of 0 says that the answer is exact: any error is infinitely many of it then. So it is of
    what can be no sigma, for such an answer tells nothing of its error.
    """
    found = []
    for entry in entries:
        said, error = entry.result.said, entry.result.score.error
        if entry.question.answer != 'number' or error is None or said.sigma is None:
            continue
        sigma = convert(said.sigma, said.unit or entry.question.unit, entry.question.unit)
        if sigma is None:
            continue
        if not 0 <= sigma < math.inf:
            found.append(math.inf)
        elif abs(error) <= _EXACT:
            found.append(0.0)
        else:
            found.append(error / sigma if sigma else math.copysign(math.inf, error))
    return found


def compare_runs(first: Run, second: Run) -> Comparison:
    """Compare two runs on the questions that both have a result for."""
    others = {entry.question.id: entry for entry in second.entries}
    pairs = [(entry, others[entry.question.id]) for entry in first.entries
             if entry.question.id in others
             and entry.question.text == others[entry.question.id].question.text]
    points = [(a, b, scene(one.question)) for one, other in pairs
              if (a := one.result.score.points) is not None
              and (b := other.result.score.points) is not None]
    return compare([(_is_right(one), _is_right(other)) for one, other in pairs],
                   [(a, b) for a, b, _ in points], [scene(one.question) for one, _ in pairs],
                   [where for _, _, where in points])


def _is_right(entry: Entry) -> bool:
    return entry.outcome in ('right', 'refused_rightly')
