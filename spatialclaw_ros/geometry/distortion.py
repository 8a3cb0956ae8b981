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
_TOLERANCE = 1e-10
_ACCEPTED = 1e-6
_DIFFERENCE = 1e-6


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
        else _distort_polynomial(coefficients, plane))
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
    if model == 'equidistant':
        return _undistort_equidistant(coefficients, plane)
    limit = valid_radius(model, coefficients)
    guess = np.array(plane, dtype=np.float64)
    step = np.array([[_DIFFERENCE, 0.0], [0.0, _DIFFERENCE]])
    for _ in range(_NEWTON_STEPS):
        error = _distort_polynomial(coefficients, guess) - plane
        if float(np.max(np.abs(error), initial=0.0)) < _TOLERANCE:
            break
        # central differences: the columns of the Jacobian
        along_x, along_y = (
            (_distort_polynomial(coefficients, guess + delta)
             - _distort_polynomial(coefficients, guess - delta)) / (2 * _DIFFERENCE)
            for delta in step)
        determinant = along_x[:, 0] * along_y[:, 1] - along_y[:, 0] * along_x[:, 1]
        determinant = np.where(np.abs(determinant) < _TOLERANCE, _TOLERANCE, determinant)
        guess[:, 0] -= (along_y[:, 1] * error[:, 0] - along_y[:, 0] * error[:, 1]) / determinant
        guess[:, 1] -= (along_x[:, 0] * error[:, 1] - along_x[:, 1] * error[:, 0]) / determinant
        radius = np.hypot(guess[:, 0], guess[:, 1])
        guess *= np.where(radius > limit, limit / np.maximum(radius, _TOLERANCE), 1.0)[:, None]
    error = np.abs(_distort_polynomial(coefficients, guess) - plane).max(axis=1)
    guess[~(error < _ACCEPTED)] = np.nan
    return guess


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
    x, y = plane[:, 0], plane[:, 1]
    radius2 = x * x + y * y
    radial = _radial(coefficients, radius2)
    xy2 = 2.0 * x * y
    return np.stack([
        x * radial + p1 * xy2 + p2 * (radius2 + 2 * x * x) + radius2 * (s1 + radius2 * s2),
        y * radial + p1 * (radius2 + 2 * y * y) + p2 * xy2 + radius2 * (s3 + radius2 * s4),
    ], axis=1)


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
