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


"""Point arrays carry their noise through what keeps points points, and through nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.geometry.noise import depth_offset_sigma_m, depth_sigma_m
from spatialclaw_ros.workspace.points import PointArray

GENERATOR = np.random.default_rng(0)
DEPTH = GENERATOR.uniform(0.5, 3, (6, 5)).astype(np.float32)
RAW = GENERATOR.uniform(-1, 1, (6, 5, 3)).astype(np.float32)
MASK = DEPTH > 1.5


def points() -> PointArray:
    return PointArray.make(RAW, DEPTH)


@pytest.mark.parametrize(('take', 'depth'), [
    (lambda p: p[MASK], DEPTH[MASK]),
    (lambda p: p[2], DEPTH[2]),
    (lambda p: p[1:4, 2], DEPTH[1:4, 2]),
    (lambda p: p.reshape(-1, 3), DEPTH.reshape(-1)),
    (lambda p: p.reshape(-1, 3)[::7], DEPTH.reshape(-1)[::7]),
    (lambda p: p[MASK][[3, 1]], DEPTH[MASK][[3, 1]]),
    (lambda p: p[MASK].copy(), DEPTH[MASK]),
    (lambda p: p[MASK] + np.array([1, 2, 3]), DEPTH[MASK]),
    (lambda p: np.concatenate([p[0], p[MASK]]), np.concatenate([DEPTH[0], DEPTH[MASK]])),
    (lambda p: np.vstack([p[0], p[1]]), np.concatenate([DEPTH[0], DEPTH[1]])),
    (lambda p: p[3, 4], DEPTH[3, 4]),
    (lambda p: p[MASK][np.isfinite(p[MASK]).all(axis=1)], DEPTH[MASK]),
])
def test_noise_goes_along(take, depth: np.ndarray) -> None:
    found = take(points())
    assert isinstance(found, PointArray)
    assert found.sigma == pytest.approx(depth_sigma_m(depth))
    assert found.shared_sigma == pytest.approx(depth_offset_sigma_m(depth))
    assert np.asarray(found).shape == (*np.shape(depth), 3)


@pytest.mark.parametrize('take', [
    lambda p: p[..., 2], lambda p: p[MASK][:, 0], lambda p: p[MASK][:, :2],
    lambda p: p[MASK].mean(axis=0), lambda p: np.median(p[MASK], axis=0),
    lambda p: p[MASK] * 2, lambda p: p[MASK] @ np.eye(3), lambda p: p[0] - p[1],
    lambda p: np.linalg.norm(p, axis=-1), lambda p: p > 0, lambda p: np.cross(p[0], p[1]),
    lambda p: np.concatenate([p[0], np.zeros((2, 3))]), lambda p: np.nanmedian(p, axis=(0, 1)),
])
def test_other_arithmetic_gives_plain_numbers(take) -> None:
    assert getattr(take(points()), 'sigma', None) is None
    plain = take(np.array(RAW))
    assert np.allclose(np.asarray(take(points())), plain)


@pytest.mark.parametrize(('told', 'shared'), [
    (0.0, None), (0.001, None), (0.05, None), (0.001, 0.03), (np.nan, None),
])
def test_who_is_noisier_is_off_as_a_whole_by_as_much(told: float, shared: float | None) -> None:
    found = PointArray.make(
        RAW, DEPTH, np.float32(told), None if shared is None else np.float32(shared))
    usual = depth_offset_sigma_m(DEPTH)
    wanted = np.fmax(usual, told * DEPTH) if shared is None else shared * DEPTH
    for some, expected in (
            (found, wanted), (found[2], wanted[2]),
            (np.vstack([found[0], found[1]]), np.concatenate([wanted[0], wanted[1]]))):
        assert some.shared_sigma == pytest.approx(expected, rel=1e-3)
    both = np.concatenate([points()[0], found[1]])
    assert both.shared_sigma == pytest.approx(np.concatenate([usual[0], wanted[1]]), rel=1e-3)


def test_in_place_and_unknown() -> None:
    moved = PointArray.make(RAW.copy(), DEPTH)
    moved += 1
    assert np.asarray(moved) == pytest.approx(RAW + 1)
    assert PointArray.make(RAW, None)[MASK].sigma is None


def test_the_summary_is_short() -> None:
    assert repr(points()).startswith('<points (6, 5, 3) float32, 30 of 30 known, median [')
    assert repr(points()[0, 0]).startswith('PointArray([')
    assert 'median none' in repr(PointArray.make(np.full((50, 3), np.nan), None))
