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

"""What the cells make of sides that no camera saw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.ndimage

from spatialclaw_ros.backbone.rules.hidden import HIDDEN

RANDOM = np.random.default_rng(3)


def scope(*eyes: tuple[float, float, float]) -> dict[str, Any]:
    """The snippet's functions, with cameras at some places."""
    poses = {}
    for f, eye in enumerate(eyes):
        poses[f] = np.eye(4)
        poses[f][:3, 3] = eye
    names = {'np': np, 'scipy': scipy,
             'recon': SimpleNamespace(
                 frame_indices=tuple(poses), extrinsics=poses, is_metric=True)}
    exec(HIDDEN, names)
    return names


def round_body(radius: float, noise_m: float) -> np.ndarray:
    """The half of an upright cylinder at (1, 0) that a camera at the origin sees, 0.2 m high."""
    turn = RANDOM.uniform(np.pi / 2 + 0.15, 1.5 * np.pi - 0.15, 4000)
    return np.column_stack([
        1 + radius * np.cos(turn), radius * np.sin(turn), RANDOM.uniform(0.7, 0.9, 4000),
    ]) + RANDOM.normal(0, noise_m, (4000, 3))


def front_face(width: float) -> np.ndarray:
    """A face at x = 1 that looks at the origin, 0.2 m high."""
    return np.column_stack([
        1 + RANDOM.normal(0, 0.001, 3000), RANDOM.uniform(-width / 2, width / 2, 3000),
        RANDOM.uniform(0.7, 0.9, 3000)])


def corner() -> np.ndarray:
    """Two faces of a box that meet in an upright edge."""
    face = front_face(0.1)
    return np.concatenate([face, (face - [1, -0.05, 0])[:, [1, 0, 2]] + [1, -0.05, 0]])


@pytest.mark.parametrize('radius', [0.034, 0.06])
def test_round_body_is_completed(radius: float) -> None:
    whole, known = scope((0, 0, 1))['completed'](round_body(radius, 0.001))
    assert known
    assert whole[:, 0].max() == pytest.approx(1 + radius, abs=0.003)
    assert whole[-1].shape == (3,)


@pytest.mark.parametrize('points', [
    front_face(0.1), corner(), round_body(0.04, 0.006), round_body(0.04, 0.001)[:50],
    round_body(0.1, 0.001) * [1, 1, 0.05]], ids=['face', 'corner', 'noisy', 'few', 'flat'])
def test_what_is_not_surely_round_is_left_as_it_is(points: np.ndarray) -> None:
    whole, known = scope((0, 0, 1))['completed'](points)
    assert not known
    assert whole is points


@pytest.mark.parametrize(('eyes', 'toward', 'sigma'), [
    (((0, 0, 0.8),), (2, 0, 0.8), 0.024),  # away from the camera: a quarter of the width
    (((0, 0, 0.8),), (0.2, 0, 0.8), 0.0),  # towards it
    (((0, 0, 0.8), (2, 0.1, 0.8)), (2, 0, 0.8), 0.0),  # another camera looked from behind
    (((0, 0, 1.4),), (2, 0, 0.8), 0.0),  # the top is seen from above
])
def test_far_side_makes_sigma_large(
    eyes: tuple[tuple[float, float, float], ...], toward: tuple[float, float, float],
    sigma: float,
) -> None:
    names = scope(*eyes)
    found = names['far_side'](front_face(0.1), np.array([1.0, 0, 0.8]), np.array(toward))
    assert found == pytest.approx(sigma, abs=0.002)
