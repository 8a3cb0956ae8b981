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


"""What can be said from so many questions: means and shares with intervals, runs compared in pairs.

All intervals are 95 %. Seeds are fixed: the same results give the same numbers.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
_RESAMPLES = 5000
_SEED = 42
# How many numbers one batch of resamples may hold.
_BATCH_NUMBERS = 4_000_000
# Share of a normal error within so many standard deviations.
EXPECTED = {1: 0.6827, 2: 0.9545, 3: 0.9973}


@dataclass(frozen=True)
class Estimate:
    """A mean or a share with its interval.

    Args:
        value: None without any data.
        low: lower end of the 95 % interval; None where nothing can be said of it.
        high: upper end.
        count: how many values it rests on.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int


def mean(
    values: Sequence[float], *, scenes: Sequence[Hashable] = (), shares: bool = True,
) -> Estimate:
    """Mean with its bootstrap interval (percentiles of 5000 resamples).

    Values that are all 0 or all 1 have Wilson's interval where they are `shares`, since resampling
    them says nothing; others that are all equal have none, nor have scenes whose means are.

    Args:
        values: one of each question.
        scenes: what each question is about. Questions of one scene are right or wrong together, so
            whole scenes are resampled (the cluster bootstrap: Davison and Hinkley, 1997, 3.8), and
            count as one for Wilson's interval. Without them, or with a single one, each question is
            a scene of its own: what is told then is of that scene alone.
        shares: whether values lie between 0 and 1; differences do not.
    """
    data = np.asarray(values, dtype=np.float64)
    count = len(data)
    if count == 0:
        return Estimate(None, None, None, 0)
    order = {scene: place for place, scene in enumerate(dict.fromkeys(scenes))}
    where = np.asarray([order[scene] for scene in scenes] if len(order) > 1 else range(count))
    sums, sizes = np.bincount(where, data), np.bincount(where)
    average = float(data.mean())
    if np.ptp(data) == 0:
        if shares and average in (0.0, 1.0):
            ends = share(round(average * len(sums)), len(sums))
            return Estimate(average, ends.low, ends.high, count)
        return Estimate(average, None, None, count)
    if np.ptp(sums / sizes) == 0:
        return Estimate(average, None, None, count)
    with warnings.catch_warnings():
        # newer SciPy calls it rng
        warnings.simplefilter('ignore', DeprecationWarning)
        interval = stats.bootstrap(
            (sums, sizes), _ratio, paired=True, vectorized=True, n_resamples=_RESAMPLES,
            confidence_level=CONFIDENCE, batch=max(1, _BATCH_NUMBERS // len(sums)),
            method='percentile', random_state=np.random.default_rng(_SEED)).confidence_interval
    return Estimate(average, float(interval.low), float(interval.high), count)


def _ratio(sums: np.ndarray, sizes: np.ndarray, axis: int) -> np.ndarray:
    return sums.sum(axis=axis) / sizes.sum(axis=axis)


def share(hits: int, count: int, *, method: Literal['wilson', 'exact'] = 'wilson') -> Estimate:
    """Share of `count` with Wilson's interval, or the exact one of Clopper and Pearson.

    Both take the questions for independent.
    """
    if count == 0:
        return Estimate(None, None, None, 0)
    interval = stats.binomtest(hits, count).proportion_ci(CONFIDENCE, method=method)
    return Estimate(hits / count, float(interval.low), float(interval.high), count)


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same questions.

    Args:
        both: right in both.
        first: right in the first alone.
        second: right in the second alone.
        neither: right in none.
        p: two-sided p-value of McNemar's exact test, its signs drawn for whole scenes, see
            `scenes_differ`; 1 where no scene differs.
        points: mean of second minus first, with its interval.
    """

    both: int
    first: int
    second: int
    neither: int
    p: float
    points: Estimate

    @property
    def count(self) -> int:
        """Questions that both runs have a result for."""
        return self.both + self.first + self.second + self.neither


def compare(
    right: Sequence[tuple[bool, bool]], points: Sequence[tuple[float, float]],
    scenes: Sequence[Hashable] = (), scenes_of_points: Sequence[Hashable] = (),
) -> Comparison:
    """Compare two runs, question by question.

    Args:
        right: for each question, whether the first run was right, and the second.
        points: for each question that has points in both, the first run's and the second's.
        scenes: what each question is about, see `mean`.
        scenes_of_points: the same of those that have points.
    """
    both, first, second, neither = (
        sum(pair == kind for pair in right)
        for kind in ((True, True), (True, False), (False, True), (False, False)))
    p = scenes_differ([b - a for a, b in right], scenes)
    return Comparison(both, first, second, neither, p, mean(
        [b - a for a, b in points], scenes=scenes_of_points, shares=False))


def scenes_differ(differences: Sequence[int], scenes: Sequence[Hashable] = ()) -> float:
    """Two-sided p-value of "neither run is better", by exact sign flips of whole scenes.

    If neither is, a scene's sum of differences is as likely to have the other sign: all ways to
    flip them are counted (Fisher's randomization test, whole scenes flipped). Where each question
    is a scene of its own this is McNemar's exact test.

    Args:
        differences: of each question, 1 where the second run alone is right, -1 where the first.
        scenes: what each question is about, see `mean`.
    """
    if len(set(scenes)) < 2:
        scenes = range(len(differences))
    sums: Counter[Hashable] = Counter()
    for scene, difference in zip(scenes, differences):
        sums[scene] += difference
    chances, reach = np.ones(1), 0  # of each sum from -reach to reach
    for size in filter(None, map(abs, sums.values())):
        wider = np.zeros(len(chances) + 2 * size)
        wider[:len(chances)] += chances / 2
        wider[2 * size:] += chances / 2
        chances, reach = wider, reach + size
    off = np.abs(np.arange(-reach, reach + 1))
    return min(1.0, float(chances[off >= abs(sum(sums.values()))].sum()))


def calibration(scaled: Sequence[float]) -> dict[int, Estimate]:
    """Share of the truths inside 1, 2 and 3 sigma of their answers, with the exact interval.

    Args:
        scaled: error over sigma of each answer that states a sigma; infinite where that is 0 and
            the error is not.
    """
    sizes = np.abs(np.asarray(scaled, dtype=np.float64))
    return {k: share(int((sizes <= k).sum()), len(sizes), method='exact') for k in EXPECTED}
