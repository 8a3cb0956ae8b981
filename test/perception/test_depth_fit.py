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


"""Scale and shift of depth, fitted to measured depth that is noisy and in part wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spatialclaw_ros.perception.depth_fit import FAMILIES, DepthFit, fit_depth, judge_scale

MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'scale': lambda z: z / 2.7,
    'depth': lambda z: (z - 0.3) / 1.9,
    'inverse': lambda z: 0.5 / (1 / z + 0.2)}


def samples(
    family: str, noise: float, outliers: float, count: int = 5000, far: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    z = generator.uniform(0.5, 4.0, count)
    d = MODELS[family](z) * np.exp(generator.normal(0, noise, count))
    wild = generator.random(count) < outliers
    factor = generator.uniform(1.2, 4.0, count)
    d[wild] *= factor[wild] if far else 1 / factor[wild]
    return d, z


@pytest.mark.parametrize('far', [True, False])
@pytest.mark.parametrize('outliers', [0.0, 0.3, 0.45])
@pytest.mark.parametrize('noise', [0.0, 0.02])
@pytest.mark.parametrize('family', FAMILIES)
def test_within_one_percent(family: str, noise: float, outliers: float, far: bool) -> None:
    fit = fit_depth(*samples(family, noise, outliers, far=far))
    assert fit is not None
    assert fit.family == family
    true = np.linspace(0.5, 4.0, 40)
    assert fit.apply(MODELS[family](true)) == pytest.approx(true, rel=0.01 if noise else 1e-3)
    assert fit.inliers == pytest.approx(1 - outliers, abs=0.03)
    assert fit.residual_m >= 0


def test_a_plainer_family_is_kept_when_it_does() -> None:
    depth, measured = samples('scale', 0.05, 0.2)
    assert fit_depth(depth, measured).family == 'scale'
    flat = np.full(1000, 1.5) + np.random.default_rng(0).normal(0, 0.005, 1000)
    assert fit_depth(flat / 2, flat).family == 'scale'  # one depth tells no shift


@pytest.mark.parametrize(('depth', 'measured'), [
    (np.ones(29), np.ones(29)), (np.full(100, np.nan), np.ones(100)),
    (-np.ones(100), np.ones(100)), (np.ones(100), np.zeros(100))])
def test_too_little_is_no_fit(depth: np.ndarray, measured: np.ndarray) -> None:
    assert fit_depth(depth, measured) is None
    assert judge_scale(1.0, depth, measured) is None


def test_reversed_order_has_few_inliers() -> None:
    z = np.random.default_rng(0).uniform(0.5, 4, 2000)
    fit = fit_depth(5 - z, z)
    assert fit is None or fit.inliers < 0.4


def test_depth_without_a_meaning_is_unknown() -> None:
    given = np.array([0.1, 1.0, 10.0, np.nan], dtype=np.float32)
    assert np.isnan(DepthFit('depth', 1.0, -0.5).apply(given)[[0, 3]]).all()
    assert np.isnan(DepthFit('inverse', 1.0, -0.5).apply(given)[[2, 3]]).all()  # behind infinity
    far = DepthFit('scale', 100.0, far_m=4.0).apply(given)
    assert np.isfinite(far[0])
    assert np.isnan(far[1:]).all()  # ten times beyond all that was measured


@pytest.mark.parametrize('family', FAMILIES)
def test_after_scale(family: str) -> None:
    fit = DepthFit(family, 1.3, 0.0 if family == 'scale' else 0.1)
    depth = np.linspace(0.5, 3.0, 9)
    assert fit.after_scale(2.5).apply(depth) == pytest.approx(fit.apply(2.5 * depth))
