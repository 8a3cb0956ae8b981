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


"""Heights and places, frame by frame: poses that are off, noise, and masks that lack a part."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.ndimage

from spatialclaw_ros.backbone.rules.hidden import COVERED
from spatialclaw_ros.backbone.rules.moving import _PLACED
from spatialclaw_ros.backbone.rules.snippets import join
from spatialclaw_ros.workspace.points import PointArray
from spatialclaw_ros.workspace.tools.geometry import Geometry

RANDOM = np.random.default_rng(11)
EYE = np.array([0.0, 0.0, 1.5])


def scope() -> dict[str, Any]:
    """All functions of the cells, with one camera at EYE."""
    pose = np.eye(4)
    pose[:3, 3] = EYE
    names: dict[str, Any] = {
        'np': np, 'scipy': scipy, 'tools': SimpleNamespace(Geometry=Geometry()),
        'recon': SimpleNamespace(frame_indices=(0,), extrinsics={0: pose}, is_metric=True)}
    exec(join('rising', 'sides', 'gap'), names)
    return names


def noisy(points: np.ndarray, noise_m: float) -> PointArray:
    """Points with noise along the rays from EYE, that tell it."""
    rays = points - EYE
    away = np.linalg.norm(rays, axis=1, keepdims=True)
    moved = points + rays / away * RANDOM.normal(0, noise_m, (len(points), 1))
    return PointArray.make(moved, away[:, 0], noise_m / away[:, 0])


def front(low: float, high: float, count: int = 4000) -> np.ndarray:
    """An upright face at x = 1.5."""
    return np.column_stack([
        np.full(count, 1.5), RANDOM.uniform(-0.1, 0.1, count), RANDOM.uniform(low, high, count)])


def top(height: float, count: int = 2500) -> np.ndarray:
    """A level face behind it."""
    return np.column_stack([
        RANDOM.uniform(1.5, 1.7, count), RANDOM.uniform(-0.1, 0.1, count),
        np.full(count, height)])


@pytest.mark.parametrize('noise_m', [0.001, 0.01, 0.025])
@pytest.mark.parametrize('level', [True, False], ids=['level top', 'end of a side'])
def test_noise_lifts_no_top(noise_m: float, level: bool) -> None:
    side = front(0.0, 0.5)
    points = noisy(np.concatenate([side, top(0.5)]) if level else side, noise_m)
    found, sigma = scope()['top_in'](points, 0)
    assert found == pytest.approx(0.5, abs=0.004 + 0.2 * noise_m)
    assert abs(found - 0.5) < 2 * sigma
    assert sigma < 0.004 + noise_m


def over(names: dict[str, Any], pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return names['over_frames'](pairs)  # type: ignore[no-any-return]


@pytest.mark.parametrize(('pairs', 'value', 'sigma'), [
    ([(0.5, 0.01)], 0.5, 0.01),
    ([(0.5, 0.01)] * 4, 0.5, 0.01),  # what a camera is off by stays
    ([(0.48, 0.01), (0.52, 0.01)], 0.5, math.hypot(0.01, 0.02 / math.sqrt(2))),
    ([(0.5, 0.01), (0.9, 1.0)], 0.5, 0.0145),  # who hardly knows hardly counts
])
def test_frames_by_themselves(
    pairs: list[tuple[float, float]], value: float, sigma: float,
) -> None:
    found, off = over(scope(), pairs)
    assert found == pytest.approx(value, abs=0.001)
    assert off == pytest.approx(sigma, rel=0.1)


class Masks:
    """A thing and a level surface under it, as each frame's tilted pose has them."""

    def __init__(self, tilts: dict[int, float]) -> None:
        self._tilts = tilts

    def get_masked_points(self, recon: Any, f: int, k: int, steady: bool = False) -> PointArray:
        """0: the thing, 0.3 m high; 1: what it stands on, seen from 2 to 4 m away."""
        if k:
            x = RANDOM.uniform(2.0, 4.0, 4000)
            points = np.column_stack([x, RANDOM.uniform(-1, 1, 4000), 0 * x])
        else:
            points = np.concatenate([front(0.0, 0.3), top(0.3)])
        turned = points - EYE
        tilt = self._tilts[f]
        turned = turned @ np.array([
            [math.cos(tilt), 0, math.sin(tilt)], [0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)]])
        return noisy(turned + EYE, 0.002)


@pytest.mark.parametrize('tilts', [(0.0,), (0.01,), (-0.008, 0.012), (0.01, 0.01, -0.01)])
def test_a_tilted_pose_changes_no_height(tilts: tuple[float, ...]) -> None:
    names = scope()
    names['recon'].extrinsics = dict.fromkeys(range(len(tilts)), names['recon'].extrinsics[0])
    seg, frames = Masks(dict(enumerate(tilts))), list(range(len(tilts)))
    thing, floor = (
        {'seg': seg, 'k': k, 'frames': frames, 'whole': frames} for k in (0, 1))
    height, sigma, ends = names['rise_over'](thing, floor, False)
    assert height == pytest.approx(0.3, abs=0.004)
    assert abs(height - 0.3) < 2 * sigma < 0.02
    assert ends[0][2] - ends[1][2] == pytest.approx(0.3, abs=0.01)
    thing['frames'] = [7]  # of frames that do not show both, none tells
    assert names['rise_over'](thing, floor, False) is None


@pytest.mark.parametrize(('tops', 'nearest'), [
    ((0.3,), 0.3),
    ((0.3, 0.3, 0.36), 0.3),
    ((0.36, 0.3, 0.3), 0.3),  # not of the frame that happens to be the first
    ((0.3, 0.38, 0.33), 0.33),
])
def test_the_ends_of_a_height_are_of_the_frame_that_is_nearest_to_it(
    tops: tuple[float, ...], nearest: float,
) -> None:
    names, frames = scope(), list(range(len(tops)))
    names['recon'].extrinsics = dict.fromkeys(frames, names['recon'].extrinsics[0])
    names['top_in'] = lambda p, f: (tops[f], 0.001)
    seg = Masks(dict.fromkeys(frames, 0.0))
    thing, floor = ({'seg': seg, 'k': k, 'frames': frames, 'whole': frames} for k in (0, 1))
    height, _, ends = names['rise_over'](thing, floor, False)
    # each counts by its sigma, which hardly differs
    assert height == pytest.approx(np.mean(tops), abs=0.004)
    assert ends[0][2] - ends[1][2] == pytest.approx(nearest, abs=0.002)


@pytest.mark.parametrize(('beside_m', 'lacking'), [
    (None, False),  # the wall behind it
    (0.0, True),  # as far away, and standing: it goes on there
    (-0.3, False),  # something that hides it is no part of it
])
def test_a_mask_that_lacks_a_part_is_seen(beside_m: float | None, lacking: bool) -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:50, 20:40] = True
    depth = np.full(mask.shape, 3.0)
    depth[20:50, 20:40] = 1.5
    if beside_m is not None:
        depth[20:50, 40:60] = 1.5 + beside_m
    z = np.broadcast_to((60 - np.arange(60))[:, None] * 0.01, mask.shape)
    points = np.stack([depth, np.zeros(mask.shape), z], axis=-1)
    names: dict[str, Any] = {
        'np': np, 'scipy': scipy, 'noise': lambda p: 0.001, 'all_points': lambda t: None,
        'box_of': lambda p: (None, np.array([0.2, 0.1, 0.3])),
        'recon': SimpleNamespace(depth={0: depth}, points={0: points})}
    exec(COVERED, names)
    thing = {'seg': SimpleNamespace(get_mask=lambda f, k: mask), 'k': 0, 'frames': [0],
             'whole': [0], 'label': 'thing'}
    assert names['lacks'](thing) == (pytest.approx(0.05) if lacking else 0.0)


@pytest.mark.parametrize(('cut', 'kept'), [
    ({}, {0, 1, 2, 3}),
    ({1, 2}, {0, 3}),
    ({3}, {0, 1, 2, 3}),  # it went on after it was last seen whole
    ({0}, {1, 2, 3}),  # it had not begun to move: whole views tell its place better
    ({0, 1, 2, 3}, {0, 1, 2, 3}),
])
def test_ends_of_a_way_may_be_cut_off(cut: set[int], kept: set[int]) -> None:
    names: dict[str, Any] = {'np': np}
    exec(_PLACED, names)
    track = {f: np.array([x, 0.0, 0.0]) for f, x in enumerate((0.0, 0.02, 0.4, 0.8))}
    sizes = dict.fromkeys(track, np.array([0.2, 0.2, 0.3]))
    found = names['without_cut'](track, {f: f in cut for f in track}, sizes)
    assert set(found) == kept


@pytest.mark.parametrize('noise_m', [0.0005, 0.002, 0.004, 0.006])
@pytest.mark.parametrize('radius_m', [0.05, 0.13])
def test_noise_makes_no_ball_smaller_than_it_says(radius_m: float, noise_m: float) -> None:
    """Only the side that shows is seen, and of that not the rim."""
    center = np.array([1.5, 0.0, radius_m])
    to_eye = (EYE - center) / np.linalg.norm(EYE - center)
    ways = RANDOM.normal(size=(20000, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    points = noisy(center + radius_m * ways[ways @ to_eye > 0.4], noise_m)
    ball = scope()['ball_of'](points)
    if ball is None:
        assert noise_m > 0.05 * radius_m  # too noisy to be round
        return
    found, radius, _, doubt = ball
    assert abs(radius - radius_m) < 0.001 + 0.5 * doubt
    assert np.linalg.norm(found - center) < 0.001 + doubt
    assert doubt < 0.002 + 5 * noise_m ** 2 / radius_m / 0.13
