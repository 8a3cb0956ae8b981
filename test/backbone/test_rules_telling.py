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


"""Whether two things can be told apart, by what is known of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.rules.snippets import SHAPE, VIEWS
from spatialclaw_ros.backbone.rules.telling import AMOUNTS, WHERE
from spatialclaw_ros.geometry.noise import depth_sigma_m
from spatialclaw_ros.workspace.points import PointArray

EYE = np.array([0.0, 0.0, 1.3])


def scope() -> dict[str, Any]:
    """The snippets' functions, with one camera 1.3 m above what things stand on."""
    pose = np.eye(4)
    pose[:3, 3] = EYE
    names = {'np': np, 'recon': SimpleNamespace(
        frame_indices=(0,), extrinsics={0: pose}, is_metric=True)}
    exec(SHAPE + VIEWS + AMOUNTS + WHERE, names)
    return names


def block(low: float, high: float, y: float, away: float) -> dict[str, Any]:
    """What a camera with the noise of usual ones sees of a block: its front and its top."""
    random = np.random.default_rng(int(1000 * (low + high) + 100 * away))
    front = np.column_stack([np.full(1500, away), random.uniform(y, y + 0.2, 1500),
                             random.uniform(low, high, 1500)])
    top = np.column_stack([random.uniform(away, away + 0.2, 700),
                           random.uniform(y, y + 0.2, 700), np.full(700, high)])
    p = np.concatenate([front, top])
    rays = (p - EYE) / np.linalg.norm(p - EYE, axis=1, keepdims=True)
    p += rays * random.normal(0, depth_sigma_m(p[:, :1]))
    seen = PointArray.make(p.astype(np.float32), p[:, 0])
    return {'points': seen, 'frames': [0], 'whole': [0]}


LOWER, BESIDE = (0.0, 0.05, 0.0), (0.0, 0.05, -0.3)


@pytest.mark.parametrize(('upper', 'lower', 'away', 'truth'), [
    ((0.05, 0.10, 0.0), LOWER, 1.0, True),
    ((0.05, 0.10, 0.0), LOWER, 3.5, True),
    ((0.30, 0.35, 0.0), LOWER, 3.5, True),
    ((0.0, 0.05, 0.0), BESIDE, 1.0, False),
    ((0.0, 0.05, 0.0), BESIDE, 3.5, False),
    ((0.0, 0.30, 0.0), (0.0, 0.20, -0.3), 3.0, False),
    ((0.0, 0.30, 0.0), (0.0, 0.025, -0.3), 3.0, None),  # a bottle beside a book
])
def test_noise_widens_the_doubt_of_what_is_above(
    upper: tuple[float, float, float], lower: tuple[float, float, float], away: float,
    truth: bool | None,
) -> None:
    names = scope()
    a, b = block(*upper, away), block(*lower, away)
    for relation, first, second in (('above', a, b), ('below', b, a)):
        found, why = names['where_to'](first, second, relation, None, False, False)
        assert (None if why else found) is truth, why


@pytest.mark.parametrize('relation', ['left', 'behind'])
def test_what_is_not_known_is_not_told(relation: str) -> None:
    names = scope()
    names['spread_of'] = lambda thing: (np.full((3, 3), np.nan), 0.0)
    eye = (np.eye(4), np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), 0.0)
    far, near = np.array([[2.0, 0.5, 0.0]]), np.array([[1.0, -0.5, 0.0]])
    assert names['where_to'](far, near, relation, eye, False, False)[1]
    assert names['untold'](('mug', 'box'), ((2.0, np.nan, False), (1.0, 0.1, False)), 'm')


@pytest.mark.parametrize(('cameras', 'told'), [(('front', 'front'), True),
                                               (('front', 'back'), False)])
def test_what_one_camera_is_off_does_not_count_twice(
    cameras: tuple[str, str], told: bool,
) -> None:
    amounts = [(value, 0.02, False, (camera, 0.019))
               for value, camera in zip((2.0, 2.03), cameras)]
    assert (not scope()['untold'](('mug', 'box'), amounts, 'm')) is told


@pytest.mark.parametrize(('share', 'sign'), [(0.0, 1), (2.0, -1)], ids=['camera', 'beyond'])
def test_a_camera_is_off_along_its_rays(share: float, sign: int) -> None:
    names, thing = scope(), block(0.0, 0.1, 0.0, 2.0)
    at = np.asarray(thing['points'][0])
    place = EYE + share * (at - EYE)
    names['InputImages'] = SimpleNamespace(at=lambda f: SimpleNamespace(camera='front'))
    names['reference'] = place[None]
    camera, off = names['tied'](thing, [at, place])
    assert camera == 'front'
    assert off == pytest.approx(sign * 0.0145, abs=0.002)  # at 2 m to 2.2 m
