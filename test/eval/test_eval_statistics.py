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

import dataclasses

import numpy as np
import pytest
from scipy import stats

from spatialclaw_ros.eval.statistics import (
    EXPECTED,
    calibration,
    compare,
    mean,
    scenes_differ,
    share,
)


def test_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    found = mean(values.tolist())
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)
    assert found == mean(values.tolist()), 'the same results give the same numbers'


@pytest.mark.parametrize(('values', 'expected'), [
    ([], (None, None, None, 0)),
    ([0.4], (0.4, None, None, 1)),
    ([1.0], (1.0, 0.207, 1.0, 1)),          # Wilson: one success of one
    ([0.0] * 10, (0.0, 0.0, 0.278, 10)),
    ([0.5, 0.5], (0.5, None, None, 2)),
    ([0.0, 1.0] * 50, (0.5, 0.4, 0.6, 100)),
])
def test_mean_of_few_and_of_equal_values(values: list[float], expected: tuple) -> None:
    found = mean(values)
    got = (found.value, found.low, found.high, found.count)
    assert got == tuple(e if e is None else pytest.approx(e, abs=0.011) for e in expected)


def test_share_has_wilsons_interval() -> None:
    # Agresti and Coull (1998): 0.9 of 10 gives 0.596 to 0.982.
    found = share(9, 10)
    assert (found.value, found.low, found.high) == (
        0.9, pytest.approx(0.596, abs=1e-3), pytest.approx(0.982, abs=1e-3))
    assert share(0, 0).value is None


def test_two_runs_on_the_same_questions() -> None:
    right = [(True, True)] * 5 + [(True, False)] * 1 + [(False, True)] * 8 + [(False, False)] * 2
    found = compare(right, [(float(a), float(b)) for a, b in right])
    assert (found.both, found.first, found.second, found.neither, found.count) == (5, 1, 8, 2, 16)
    assert found.p == pytest.approx(2 * (1 + 9) / 2 ** 9)      # exact, two-sided
    assert found.points.value == pytest.approx(7 / 16)
    assert 0 < (found.points.low or 0) < 7 / 16


@pytest.mark.parametrize(('differences', 'scenes', 'p'), [
    ([1, 1, 1], 'aab', 0.5),  # 3 or -3, of 3, 1, -1, -3
    ([1, 1, 1, 1], 'aabb', 0.5),
    ([1, 1, 1, 1], 'abcd', 2 / 16),
    ([1, 1, 1, 1], 'aaaa', 2 / 16),  # of that scene alone
    ([1, -1, 0, 1, 1], 'aabbc', 0.5),  # the first scene tells nothing
    ([1, -1], 'ab', 1.0), ([0, 0], 'ab', 1.0), ([], '', 1.0),
])
def test_whole_scenes_change_their_sign(differences: list[int], scenes: str, p: float) -> None:
    assert scenes_differ(differences, scenes) == pytest.approx(p)


def test_alone_questions_have_mcnemars_p_and_those_of_few_scenes_a_larger_one() -> None:
    differences = [1] * 14 + [-1] * 4 + [0] * 7
    alone = scenes_differ(differences)
    assert alone == pytest.approx(stats.binomtest(4, 18, 0.5).pvalue)
    assert scenes_differ(differences, [place // 5 for place in range(25)]) > 2 * alone
    right = [(each < 0, each > 0) for each in differences]
    assert compare(right, [], range(25)).p == pytest.approx(alone)


@pytest.mark.parametrize('right', [[], [(True, True)] * 3, [(False, False)]])
def test_runs_that_never_differ(right: list[tuple[bool, bool]]) -> None:
    found = compare(right, [])
    assert found.p == 1.0
    assert found.points.value is None


def test_two_equal_runs_differ_by_nothing_that_an_interval_could_hold() -> None:
    same = compare([(True, True)] * 50, [(1.0, 1.0)] * 50).points
    assert (same.value, same.low, same.high) == (0.0, None, None)
    pairs = [(0.0, 1.0)] * 30 + [(1.0, 1.0)] * 20
    up, down = compare([], pairs).points, compare([], [(b, a) for a, b in pairs]).points
    assert (up.value, up.low, up.high) == pytest.approx(
        (-(down.value or 0), -(down.high or 0), -(down.low or 0)), abs=0.03)


def test_questions_of_one_scene_count_together() -> None:
    values = [0.0] * 40 + [1.0] * 40
    alone = mean(values)
    together = mean(values, scenes=[place // 8 for place in range(80)])
    assert together.value == alone.value == 0.5
    assert (together.high or 0) - (together.low or 0) > 2 * ((alone.high or 0) - (alone.low or 0))
    assert mean(values, scenes=list(range(80))) == alone
    assert mean(values, scenes=[0] * 80) == alone, 'of that scene alone'
    halves = [place % 2 for place in range(80)]
    assert mean([1.0] * 80, scenes=halves) == dataclasses.replace(share(2, 2), count=80)
    assert mean(values, scenes=halves).low is None, 'nothing to tell scenes apart by'


def test_calibration_of_a_true_sigma_and_of_one_that_is_too_small() -> None:
    errors = np.random.default_rng(2).normal(0.0, 1.0, 3000)
    for k, found in calibration(errors.tolist()).items():
        assert (found.low or 0) - 0.005 < EXPECTED[k] < (found.high or 0) + 0.005
    assert calibration((2 * errors).tolist())[2].value == pytest.approx(0.68, abs=0.03)
    assert calibration([])[1].value is None
    # Clopper and Pearson (1934): all of 10 gives 0.025 ** 0.1 to 1
    assert calibration([0.0] * 9 + [-np.inf])[3].value == 0.9
    assert calibration([0.0] * 10)[1].low == pytest.approx(0.025 ** 0.1)
