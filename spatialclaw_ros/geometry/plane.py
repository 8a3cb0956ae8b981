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


"""Planes, fitted by least squares and by RANSAC."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.cloud import finite_rows

_FITTED_POINTS = 20000
_SCREENED_POINTS = 500
_MOST_SCREENED = 1000
_BEST_SCREENED = 64
_RIVAL_SHARE = 0.8
_SCORED_POINTS = 4000
_REFITS = 4
_TIGHT_SIGMAS = 2.5
_MAD_TO_SIGMA = 1.4826
_TIGHTEST = 0.02
_DEGENERATE = 1e-12


@dataclass(frozen=True, eq=False)
class Plane:
    """All points p with normal . p + offset = 0; unpacks as (normal, offset).

    Args:
        normal: (3,) unit vector; it is normalised when made.
        offset: metres.

    Raises:
        ValueError: the normal is not three finite numbers, or all of them zero.
    """

    normal: np.ndarray
    offset: float

    def __post_init__(self) -> None:
        normal = np.asarray(self.normal, dtype=np.float64)
        length = float(np.linalg.norm(normal)) if normal.shape == (3,) else math.nan
        if not length > 0 or not math.isfinite(length + self.offset):
            raise ValueError(
                f'a plane needs a finite (3,) normal that is not 0 and a finite offset, '
                f'got {self.normal!r} and {self.offset!r}')
        object.__setattr__(self, 'normal', normal / length)
        object.__setattr__(self, 'offset', float(self.offset) / length)

    def __iter__(self) -> Iterator[object]:
        return iter((self.normal, self.offset))

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distances in metres, positive on the normal's side.

        Args:
            points: (..., 3).
        """
        return np.asarray(np.asarray(points) @ self.normal + self.offset)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Feet of the perpendiculars from points (..., 3)."""
        return np.asarray(points - self.distance(points)[..., None] * self.normal)

    def flipped(self) -> Plane:
        """The same plane, its normal turned round."""
        return Plane(-self.normal, -self.offset)

    def facing(self, direction: np.ndarray) -> Plane:
        """The same plane, its normal on the side of a direction (3,)."""
        return self.flipped() if float(np.dot(self.normal, direction)) < 0 else self


def fit_plane(points: np.ndarray) -> Plane:
    """Plane of least squared distances; the normal has z >= 0.

    Args:
        points: (N, 3); rows with NaN are left out.

    Raises:
        ValueError: fewer than three points, or all on one line.
    """
    points = np.asarray(points, dtype=np.float64)
    return _least_squares(finite_rows(points))


def fit_plane_ransac(
    points: np.ndarray, threshold_m: float = 0.01, iterations: int = 400, seed: int = 0,
    normal_hint: np.ndarray | None = None, max_angle_rad: float | None = None,
) -> tuple[Plane, np.ndarray]:
    """Plane of `ransac_plane` through one cloud, and which points lie on it.

    Args:
        points: (N, 3); rows with NaN are never inliers.
        threshold_m: see `ransac_plane`, as all that follow.
        iterations: number of hypotheses.
        seed: of the random choice.
        normal_hint: (3,) direction of the normal.
        max_angle_rad: greatest angle to it.

    Returns:
        The plane and (N,) bool inliers.

    Raises:
        ValueError: as `ransac_plane`.
    """
    points = np.asarray(points)
    plane = ransac_plane([points], threshold_m, iterations, seed, normal_hint, max_angle_rad)
    with np.errstate(invalid='ignore'):
        return plane, np.asarray(np.abs(plane.distance(points)) <= threshold_m)


def ransac_plane(
    clouds: Sequence[np.ndarray], threshold_m: float = 0.01, iterations: int = 400,
    seed: int = 0, normal_hint: np.ndarray | None = None, max_angle_rad: float | None = None,
) -> Plane:
    """Plane with the most points within a threshold (Fischler and Bolles 1981), then refitted.

    All is done on at most 20,000 points drawn at random, whatever their number: noise of 3 mm
    leaves 0.02 mm of doubt in their plane. Hypotheses are screened on some hundred points, the best
    ones scored on some thousand (preemptive scoring: Nister 2003).

    Args:
        clouds: (N, 3) each; rows with NaN are left out.
        threshold_m: greatest distance of an inlier.
        iterations: number of hypotheses drawn; at most 1,000 that agree with the hint are screened.
        seed: of the random choice; the same one gives the same plane.
        normal_hint: (3,) direction that the normal should have, up to its sign.
        max_angle_rad: greatest angle between normal and hint; 20 degrees when left out.

    Returns:
        The plane, its normal towards `normal_hint` (or z >= 0).

    Raises:
        ValueError: fewer than three finite points, or no plane near the hint.
    """
    generator = np.random.default_rng(seed)
    kept = _drawn(clouds, generator)
    up = np.array([0.0, 0.0, 1.0]) if normal_hint is None else np.asarray(normal_hint, float)
    up = up / np.linalg.norm(up)
    min_cosine = -1.0 if normal_hint is None else math.cos(
        math.radians(20.0) if max_angle_rad is None else max_angle_rad)
    normals, offsets = _hypotheses(kept, iterations, generator)
    near = np.abs(normals @ up) >= min_cosine
    if not near.any():
        raise ValueError(
            f'no plane within the angle of the hint among {iterations} hypotheses of '
            f'{len(kept)} points; allow a larger angle or give other points')
    normals, offsets = normals[near][:_MOST_SCREENED], offsets[near][:_MOST_SCREENED]
    scored = kept[generator.permutation(len(kept))[:_SCORED_POINTS]]
    screened = _counts(normals, offsets, scored[:_SCREENED_POINTS], threshold_m)
    best = np.argsort(-screened, kind='stable')[:_BEST_SCREENED]
    counts = _counts(normals[best], offsets[best], scored, threshold_m)
    at = best[int(np.argmax(counts))]
    plane = _refitted(Plane(normals[at], offsets[at]), kept, threshold_m, up, min_cosine)
    # a floor may hold about as many points as a table: what else is there is refitted too
    others = scored[np.abs(plane.distance(scored)) > 2 * threshold_m]
    elsewhere = _counts(normals, offsets, others[:_SCREENED_POINTS], threshold_m)
    at = int(np.argmax(elsewhere))
    share = elsewhere[at] / max(1, min(len(others), _SCREENED_POINTS))
    if share * len(others) > _RIVAL_SHARE * float(counts.max()):
        rival = _refitted(Plane(normals[at], offsets[at]), kept, threshold_m, up, min_cosine)
        plane = max(plane, rival, key=lambda each: int(np.count_nonzero(
            np.abs(each.distance(kept)) <= threshold_m)))
    return plane.facing(up)


def _refitted(
    plane: Plane, kept: np.ndarray, threshold_m: float, up: np.ndarray, min_cosine: float,
) -> Plane:
    """A hypothesis, refitted to its own points until noise alone is left, but not off the hint."""
    for _ in range(_REFITS):
        away = np.abs(plane.distance(kept))
        inside = away[away <= threshold_m]
        # what noise explains: points of other surfaces that cross the plane would tilt it
        noise_m = _TIGHT_SIGMAS * _MAD_TO_SIGMA * float(np.median(inside)) if len(inside) else 0.0
        near_m = min(max(noise_m, _TIGHTEST * threshold_m), threshold_m)
        try:
            refit = _least_squares(kept[away <= near_m])
        except ValueError:
            break
        if abs(float(refit.normal @ up)) < min_cosine:
            break
        plane = refit
    return plane


def _least_squares(points: np.ndarray) -> Plane:
    """As `fit_plane`, of finite float64 points."""
    if len(points) < 3:
        raise ValueError(f'a plane needs at least 3 finite points, got {len(points)}')
    center = points.mean(axis=0)
    away = points - center
    values, vectors = np.linalg.eigh(away.T @ away)
    if values[1] <= _DEGENERATE * max(values[2], _DEGENERATE):
        raise ValueError(f'a plane needs points that are not on one line, got {len(points)}')
    normal = vectors[:, 0]
    return Plane(normal, -float(normal @ center)).facing(np.array([0.0, 0.0, 1.0]))


def _drawn(clouds: Sequence[np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """(K, 3) float64 finite points of all clouds, each as likely; all of them when they are few."""
    starts = np.cumsum([0, *(len(cloud) for cloud in clouds)])
    total = int(starts[-1])
    if total > 2 * _FITTED_POINTS:
        rows = np.sort(generator.integers(0, total, _FITTED_POINTS * 3 // 2))
        ends = np.searchsorted(rows, starts)
        some = _finite([
            cloud[rows[first:last] - start]
            for cloud, start, first, last in zip(clouds, starts, ends, ends[1:])])
        if len(some) >= _FITTED_POINTS // 2:
            return some
    kept = _finite(clouds)
    if len(kept) < 3:
        raise ValueError(f'a plane needs at least 3 finite points, got {len(kept)}')
    if len(kept) > _FITTED_POINTS:
        kept = kept[generator.integers(0, len(kept), _FITTED_POINTS)]
    return kept


def _finite(clouds: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty((0, 3)), *(finite_rows(cloud) for cloud in clouds)])


def _counts(
    normals: np.ndarray, offsets: np.ndarray, points: np.ndarray, threshold_m: float,
) -> np.ndarray:
    """(P,) how many points lie on each plane."""
    away = normals @ points.T
    away += offsets[:, None]
    return np.count_nonzero(np.abs(away, out=away) <= threshold_m, axis=1)


def _hypotheses(
    points: np.ndarray, count: int, generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    triples = points[generator.integers(0, len(points), size=(count, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    good = lengths > _DEGENERATE
    if not good.any():
        plane = fit_plane(points)
        return plane.normal[None], np.array([plane.offset])
    normals = normals[good] / lengths[good, None]
    return normals, -np.einsum('ij,ij->i', normals, triples[good, 0])
