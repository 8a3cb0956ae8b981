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


"""The map from a model's depth to metres, fitted to measured depth against many outliers.

Three families, from the plainest up: a scale, which is all that a model with one world needs; a
scale and a shift of depth; a scale and a shift of inverse depth, which is what monocular models are
trained up to (Ranftl et al., "Towards Robust Monocular Depth Estimation", TPAMI 2020). Residuals
are relative, log(fitted / measured), as errors of such models grow with depth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

FAMILIES = ('scale', 'depth', 'inverse')

_FEWEST = 30
_MOST_SAMPLES = 6000
_SCORED = 500
_HYPOTHESES = 200
_INLIER = 0.05
_OUTLIER = 0.2
_ROUNDS = 8
_TUKEY = 4.685  # 95 % efficient under Gaussian noise
_MAD_TO_SIGMA = 1.4826
_LEAST_SIGMA = 1e-4
_WORTH = 0.85  # a further parameter must bring cost or spread below this share
_FAR = 10.0  # fitted depth beyond this many times the farthest measured one is unknown


@dataclass(frozen=True)
class DepthFit:
    """Metres of a model's depth d.

    Args:
        family: 'scale' for a d, 'depth' for a d + b, 'inverse' for 1 / (a / d + b).
        a: positive.
        b: 0 for 'scale'; metres for 'depth', 1 / metres for 'inverse'.
        inliers: share of the samples that lie within 5 % or three standard deviations of it, and
            within 20 %.
        residual: median of |log(fitted / measured)| of all samples, outliers too.
        sigma: robust standard deviation of the inliers' log(fitted / measured).
        residual_m: median of |fitted - measured| of all samples, metres.
        count: number of samples.
        near_m: 2nd percentile of the measured depth.
        far_m: 98th percentile of the measured depth.
        cost: mean squared log(fitted / measured), each truncated at 5 %.
    """

    family: str
    a: float
    b: float = 0.0
    inliers: float = math.nan
    residual: float = math.nan
    sigma: float = math.nan
    residual_m: float = math.nan
    count: int = 0
    near_m: float = math.nan
    far_m: float = math.nan
    cost: float = math.nan

    @property
    def metres_per_unit(self) -> float:
        """Scale of the model's unit, without the shift."""
        return 1 / self.a if self.family == 'inverse' else self.a

    def beats(self, plainer: DepthFit) -> bool:
        """Whether this fit is so much better that its further parameters are not mere noise."""
        tighter = self.sigma < _WORTH * plainer.sigma and self.inliers > plainer.inliers - 0.02
        return tighter or self.cost < _WORTH * plainer.cost

    def after_scale(self, scale: float) -> DepthFit:
        """As a fit of d, where this one is of `scale * d`."""
        return replace(self, a=self.a / scale if self.family == 'inverse' else self.a * scale)

    def apply(self, depth: np.ndarray) -> np.ndarray:
        """Metres (...) float32 of depth (...) in the model's unit; NaN where there are none."""
        metres = _apply(self.family, self.a, self.b, np.asarray(depth, dtype=np.float32))
        bound = _FAR * self.far_m if math.isfinite(self.far_m) else math.inf
        with np.errstate(invalid='ignore'):
            known = (metres > 0) & (metres < bound)
        return np.where(known, metres, np.float32(np.nan)).astype(np.float32)


def fit_depth(
    depth: np.ndarray, measured_m: np.ndarray, families: tuple[str, ...] = FAMILIES, seed: int = 0,
) -> DepthFit | None:
    """Fit model depth to measured depth: RANSAC over pairs, then Tukey's biweight.

    Args:
        depth: (K,) in the model's unit; what is not positive and finite is left out.
        measured_m: (K,) metres; likewise.
        families: which to try, plainest first; a later one is taken only when it `beats` those
            before.
        seed: of the random choice.

    Returns:
        The fit; None when fewer than 30 samples are known, or when none of the families puts
        near and far in the measured order.
    """
    d, z = _known(depth, measured_m)
    if len(d) < _FEWEST:
        return None
    generator = np.random.default_rng(seed)
    if len(d) > _MOST_SAMPLES:
        some = generator.integers(0, len(d), _MOST_SAMPLES)
        d, z = d[some], z[some]
    best: DepthFit | None = None
    for family in families:
        found = _fit(family, d, z, generator)
        if found is not None and (best is None or found.beats(best)):
            best = found
    return best


def judge_scale(
    scale: float, depth: np.ndarray, measured_m: np.ndarray,
) -> DepthFit | None:
    """How well a scale found elsewhere fits these samples; arguments and None as in `fit_depth`."""
    d, z = _known(depth, measured_m)
    return _judged('scale', scale, 0.0, d, z) if len(d) >= _FEWEST else None


def _known(depth: np.ndarray, measured_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    d = np.asarray(depth, dtype=np.float64).ravel()
    z = np.asarray(measured_m, dtype=np.float64).ravel()
    with np.errstate(invalid='ignore'):
        known = (d > 0) & (z > 0) & np.isfinite(d) & np.isfinite(z)
    return d[known], z[known]


def _fit(
    family: str, d: np.ndarray, z: np.ndarray, generator: np.random.Generator,
) -> DepthFit | None:
    start = _scale(d, z) if family == 'scale' else _drawn(family, d, z, generator)
    if start is None:
        return None
    a, b = start
    for _ in range(_ROUNDS):
        residual = _log_residual(family, a, b, d, z)
        away = residual / max(_TUKEY * _sigma(residual), _LEAST_SIGMA)
        weight = np.square(np.clip(1 - np.square(np.nan_to_num(away, nan=9.0)), 0, None))
        refit = _least_squares(family, d, z, weight)
        if refit is None:
            break
        a, b = refit
    return _judged(family, a, b, d, z)


def _judged(family: str, a: float, b: float, d: np.ndarray, z: np.ndarray) -> DepthFit:
    residual = _log_residual(family, a, b, d, z)
    size = np.where(np.isfinite(residual), np.abs(residual), np.inf)
    sigma = _sigma(residual)
    near_m, far_m = np.percentile(z, (2, 98))
    return DepthFit(
        family, float(a), float(b), float((size < min(max(_INLIER, 3 * sigma), _OUTLIER)).mean()),
        float(np.median(size)), sigma,
        float(np.nanmedian(np.abs(_apply(family, a, b, d) - z))), len(d), float(near_m),
        float(far_m), float(np.square(np.minimum(size, _INLIER)).mean()))


def _scale(d: np.ndarray, z: np.ndarray) -> tuple[float, float] | None:
    """Half-sample mode of log ratios: right with less than half outliers, wherever they lie."""
    ratio = np.sort(np.log(z / d))
    while len(ratio) > 3:
        half = (len(ratio) + 1) // 2
        width = ratio[half - 1:] - ratio[:len(ratio) - half + 1]
        at = int(np.argmin(width))
        if half < 200:  # noise decides from here on
            return math.exp(float(np.median(ratio[at:at + half]))), 0.0
        ratio = ratio[at:at + half]
    return math.exp(float(np.median(ratio))), 0.0


def _drawn(
    family: str, d: np.ndarray, z: np.ndarray, generator: np.random.Generator,
) -> tuple[float, float] | None:
    x, y = (d, z) if family == 'depth' else (1 / d, 1 / z)
    one, two = generator.integers(0, len(d), (2, _HYPOTHESES))
    with np.errstate(divide='ignore', invalid='ignore'):
        a = (y[two] - y[one]) / (x[two] - x[one])
        b = y[one] - a * x[one]
    good = np.isfinite(a) & (a > 0) & np.isfinite(b)
    if not good.any():
        return None
    a, b = a[good], b[good]
    some = generator.integers(0, len(d), min(_SCORED, len(d)))
    size = np.abs(_log_residual(family, a[:, None], b[:, None], d[None, some], z[None, some]))
    cost = np.square(np.minimum(np.nan_to_num(size, nan=_INLIER), _INLIER)).mean(axis=1)
    at = int(np.argmin(cost))
    return float(a[at]), float(b[at])


def _least_squares(
    family: str, d: np.ndarray, z: np.ndarray, weight: np.ndarray,
) -> tuple[float, float] | None:
    """Weighted fit of relative errors."""
    if weight.sum() < 10:
        return None
    if family == 'scale':
        return math.exp(float(np.average(np.log(z / d), weights=weight))), 0.0
    # 'depth': (a d + b) / z = 1. 'inverse': (a / d + b) z = 1, relative to first order.
    x, one = (d / z, 1 / z) if family == 'depth' else (z / d, z)
    xx, xo, oo = (weight @ (x * x), weight @ (x * one), weight @ (one * one))
    xy, oy = weight @ x, weight @ one
    determinant = xx * oo - xo * xo
    if determinant <= 1e-9 * xx * oo:  # all at one depth: nothing tells a shift
        return None
    a = (xy * oo - oy * xo) / determinant
    return (a, (oy * xx - xy * xo) / determinant) if a > 0 else None


def _apply(
    family: str, a: float | np.ndarray, b: float | np.ndarray, d: np.ndarray,
) -> np.ndarray:
    if family == 'scale':
        return np.asarray(a * d)
    if family == 'depth':
        return np.asarray(a * d + b)
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = a / d + b
        return np.asarray(np.where(inverse > 0, 1 / inverse, np.nan))


def _log_residual(
    family: str, a: float | np.ndarray, b: float | np.ndarray, d: np.ndarray, z: np.ndarray,
) -> np.ndarray:
    fitted = _apply(family, a, b, d)
    with np.errstate(invalid='ignore', divide='ignore'):
        return np.asarray(np.where(fitted > 0, np.log(fitted / z), np.nan))


def _sigma(residual: np.ndarray) -> float:
    """Spread of the better part: outliers of up to half leave it alone."""
    size = np.sort(np.where(np.isfinite(residual), np.abs(residual), np.inf))
    size = size[size < max(3 * size[len(size) // 2], _LEAST_SIGMA)]
    return max(_LEAST_SIGMA, _MAD_TO_SIGMA * float(np.median(size))) if len(size) else math.inf
