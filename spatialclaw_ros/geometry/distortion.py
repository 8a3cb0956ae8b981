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


"""Lens distortion on the z = 1 plane, forth and back.

Formulas: OpenCV's calib3d page for plumb_bob (k1 k2 p1 p2 k3) and rational_polynomial
(k1 k2 p1 p2 k3 k4 k5 k6, then thin prism s1 to s4); Kannala and Brandt (2006) for equidistant.
"""

from __future__ import annotations

import functools
import math

import numpy as np

MODELS = ('plumb_bob', 'rational_polynomial', 'equidistant')
_LENGTHS = {
    'plumb_bob': (0, 4, 5), 'rational_polynomial': (0, 4, 5, 8, 12, 14), 'equidistant': (0, 4)}
_RADIUS_STEPS = 4096
_MAX_RADIUS = 20.0
_NEWTON_STEPS = 20
_CHUNK = 4096
_TOLERANCE = 1e-10
_ACCEPTED = 1e-6


def check_coefficients(model: str, coefficients: tuple[float, ...]) -> None:
    """Refuse coefficients that a model doesn't have.

    Raises:
        ValueError: a wrong number of them, one that is not finite, or a tilted sensor.
    """
    if len(coefficients) not in _LENGTHS[model] and any(coefficients):
        raise ValueError(
            f'{model} has {_LENGTHS[model]} distortion coefficients, got {len(coefficients)}')
    if not all(math.isfinite(value) for value in coefficients):
        raise ValueError(f'distortion coefficients must be finite, got {coefficients}')
    if any(coefficients[12:]):
        raise ValueError(
            f'tilted-sensor coefficients are not supported, got {coefficients[12:]}; '
            'rectify the image first')


def distort(model: str, coefficients: tuple[float, ...], plane: np.ndarray) -> np.ndarray:
    """Distort points on the z = 1 plane.

    Args:
        model: one of `MODELS`.
        coefficients: as in `CameraInfo.d`.
        plane: (N, 2) undistorted x, y.

    Returns:
        (N, 2); NaN outside the radius up to which the model is one-to-one.
    """
    radius = np.hypot(plane[:, 0], plane[:, 1])
    outside = radius > valid_radius(model, coefficients)
    distorted = (
        _distort_equidistant(coefficients, plane, radius) if model == 'equidistant'
        else _distort_polynomial(coefficients, plane.T).T)
    distorted[outside] = np.nan
    return distorted


def undistort(model: str, coefficients: tuple[float, ...], plane: np.ndarray) -> np.ndarray:
    """Undo `distort` by Newton's method.

    Args:
        model: one of `MODELS`.
        coefficients: as in `CameraInfo.d`.
        plane: (N, 2) distorted x, y.

    Returns:
        (N, 2); NaN where no undistorted point leads there.
    """
    plane = np.asarray(plane, dtype=np.float64)
    if model == 'equidistant':
        return _undistort_equidistant(coefficients, plane)
    limit = valid_radius(model, coefficients)
    found = np.empty_like(plane)
    for start in range(0, len(plane), _CHUNK):  # so that intermediates stay in the cache
        rows = slice(start, start + _CHUNK)
        found[rows] = _undistort_polynomial(
            coefficients, np.ascontiguousarray(plane[rows].T), limit).T
    return found


def _undistort_polynomial(
    coefficients: tuple[float, ...], plane: np.ndarray, limit: float,
) -> np.ndarray:
    """Newton's method on (2, N) x and y."""
    found = plane.copy()
    error = _distort_polynomial(coefficients, found) - plane
    for _ in range(_NEWTON_STEPS):
        if not (np.abs(error) >= _TOLERANCE).any():  # NaN where it diverged
            break
        (xx, xy), (yx, yy) = _jacobian(coefficients, found)
        determinant = xx * yy - xy * yx
        determinant[np.abs(determinant) < _TOLERANCE] = _TOLERANCE
        found[0] -= (yy * error[0] - xy * error[1]) / determinant
        found[1] -= (xx * error[1] - yx * error[0]) / determinant
        if math.isfinite(limit):
            radius = np.maximum(np.hypot(found[0], found[1]), _TOLERANCE)
            found *= np.minimum(limit / radius, 1.0)
        error = _distort_polynomial(coefficients, found) - plane
    found[:, ~(np.abs(error).max(axis=0) < _ACCEPTED)] = np.nan
    return found


@functools.lru_cache(maxsize=32)
def valid_radius(model: str, coefficients: tuple[float, ...]) -> float:
    """Largest undistorted radius on the z = 1 plane before the radial part folds back."""
    radius = np.linspace(0.0, _MAX_RADIUS, _RADIUS_STEPS)
    if model == 'equidistant':
        distorted = _theta_distorted(coefficients, np.arctan(radius))
    else:
        distorted = radius * _radial(coefficients, radius**2)
    falling = np.nonzero(~(np.diff(distorted) > 0))[0]
    return float(radius[falling[0]]) if len(falling) else math.inf


def _radial(coefficients: tuple[float, ...], radius2: np.ndarray) -> np.ndarray:
    k1, k2, _, _, k3, k4, k5, k6 = (*coefficients, *(0.0,) * 8)[:8]
    above = 1.0 + radius2 * (k1 + radius2 * (k2 + radius2 * k3))
    if not (k4 or k5 or k6):
        return np.asarray(above)
    return np.asarray(above / (1.0 + radius2 * (k4 + radius2 * (k5 + radius2 * k6))))


def _distort_polynomial(coefficients: tuple[float, ...], plane: np.ndarray) -> np.ndarray:
    _, _, p1, p2, _, _, _, _, s1, s2, s3, s4 = (*coefficients, *(0.0,) * 12)[:12]
    x, y = plane
    radius2 = x * x + y * y
    radial = _radial(coefficients, radius2)
    xy2 = 2.0 * x * y
    return np.stack([
        x * radial + p1 * xy2 + p2 * (radius2 + 2 * x * x) + radius2 * (s1 + radius2 * s2),
        y * radial + p1 * (radius2 + 2 * y * y) + p2 * xy2 + radius2 * (s3 + radius2 * s4),
    ])


def _jacobian(
    coefficients: tuple[float, ...], plane: np.ndarray,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Derivatives of the distorted x and y by x and y."""
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = (*coefficients, *(0.0,) * 12)[:12]
    x, y = plane
    s = x * x + y * y
    below = 1.0 + s * (k4 + s * (k5 + s * k6))
    radial = (1.0 + s * (k1 + s * (k2 + s * k3))) / below
    slope = (k1 + s * (2 * k2 + s * 3 * k3) - radial * (k4 + s * (2 * k5 + s * 3 * k6))) / below
    cross = 2 * x * y * slope + 2 * (p1 * x + p2 * y)
    prism_x, prism_y = 2 * (s1 + 2 * s2 * s), 2 * (s3 + 2 * s4 * s)
    return (
        (radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x + prism_x * x, cross + prism_x * y),
        (cross + prism_y * x, radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x + prism_y * y))


def _theta_distorted(coefficients: tuple[float, ...], theta: np.ndarray) -> np.ndarray:
    k1, k2, k3, k4 = (*coefficients, *(0.0,) * 4)[:4]
    square = theta * theta
    return np.asarray(
        theta * (1.0 + square * (k1 + square * (k2 + square * (k3 + square * k4)))))


def _distort_equidistant(
    coefficients: tuple[float, ...], plane: np.ndarray, radius: np.ndarray,
) -> np.ndarray:
    distorted = _theta_distorted(coefficients, np.arctan(radius))
    scale = np.where(radius > _TOLERANCE, distorted / np.maximum(radius, _TOLERANCE), 1.0)
    return np.asarray(plane * scale[:, None])


def _undistort_equidistant(coefficients: tuple[float, ...], plane: np.ndarray) -> np.ndarray:
    k1, k2, k3, k4 = (*coefficients, *(0.0,) * 4)[:4]
    radius = np.hypot(plane[:, 0], plane[:, 1])
    theta = np.minimum(radius, math.pi / 2)
    for _ in range(_NEWTON_STEPS):
        error = _theta_distorted(coefficients, theta) - radius
        if float(np.max(np.abs(error), initial=0.0)) < _TOLERANCE:
            break
        s = theta * theta
        slope = 1.0 + s * (3 * k1 + s * (5 * k2 + s * (7 * k3 + s * 9 * k4)))
        theta = np.clip(
            theta - error / np.where(slope > _TOLERANCE, slope, _TOLERANCE), 0.0, math.pi / 2)
    error = np.abs(_theta_distorted(coefficients, theta) - radius)
    seen = (error < _ACCEPTED) & (theta < math.pi / 2 - _ACCEPTED)
    scale = np.where(radius > _TOLERANCE, np.tan(theta) / np.maximum(radius, _TOLERANCE), 1.0)
    return np.asarray(np.where(seen[:, None], plane * scale[:, None], np.nan))
