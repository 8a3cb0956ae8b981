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



"""Points under masks: dense and sampled ways agree, and fast indexing is plain indexing."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_scene import make_scene

from spatialclaw_ros.workspace.lifting import lifted, some_lifted
from spatialclaw_ros.workspace.perframe import PerFrame
from spatialclaw_ros.workspace.points import PointArray, picked


@pytest.fixture
def noisy(new_cell):
    """A reconstruction with noise and holes, and masks of box, ball and table."""
    cell = new_cell(make_scene(noise_m=0.003, holes=0.05))
    cell.run('recon = tools.Reconstruct()\n'
             'seg = tools.SAM3.segment_video_by_text(["red box", "blue ball", "table"])\n')
    return cell.scope['recon'], cell.scope['seg']


def widened(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask that is some pixels too wide on every side."""
    wide = mask.copy()
    for _ in range(pixels):
        wide[1:] |= wide[:-1].copy()
        wide[:-1] |= wide[1:].copy()
        wide[:, 1:] |= wide[:, :-1].copy()
        wide[:, :-1] |= wide[:, 1:].copy()
    return wide


def cleaned_plainly(recon, frame: int, mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: the good pixels of a mask, pixel by pixel."""
    depth = recon.depth[frame]
    good = mask & np.isfinite(depth) & (recon.points.confidence[frame] >= 0.02)
    kept = good & ~recon.behind_edge(frame)
    supported = np.zeros_like(mask)
    for row, column in np.argwhere(kept):
        around = np.s_[max(row - 1, 0):row + 2, max(column - 1, 0):column + 2]
        close = np.abs(depth[around] - depth[row, column]) < 0.01 + 0.02 * depth[row, column]
        supported[row, column] = np.count_nonzero(close & kept[around]) - 1 >= 3
    return supported if supported.sum() >= 0.2 * good.sum() else good


@pytest.mark.parametrize(('number', 'wide'), [(0, 0), (0, 4), (1, 3), (2, 0)])
def test_cleaning_is_that_of_its_definition(noisy, number: int, wide: int) -> None:
    recon, seg = noisy
    mask = widened(seg.get_mask(1, number), wide)
    expected = cleaned_plainly(recon, 1, mask)
    found = lifted(recon, 1, mask, 0.02, True)
    assert np.array_equal(found, np.asarray(recon.points[1])[expected])
    assert np.array_equal(found.depth_m, recon.depth[1][expected])


def test_sampled_points_are_cleaned_too(noisy) -> None:
    recon, seg = noisy
    for number, name in enumerate(seg.labels):
        masks = {frame: widened(seg.get_mask(frame, number), 3) for frame in seg.frame_indices}
        dense = np.concatenate([
            lifted(recon, frame, mask, 0.02, True) for frame, mask in masks.items()])
        some = some_lifted(recon, masks, 1000)
        assert 500 <= len(some) <= 2100, name
        known = set(map(tuple, np.asarray(dense)))
        # not all: neighbours that are dropped themselves still count as support
        assert np.mean([tuple(point) in known for point in some]) > 0.95
        # the same cloud: medians within the spread of a thousand points
        assert np.median(some, axis=0) == pytest.approx(np.median(dense, axis=0), abs=0.03)


@pytest.mark.parametrize('high', [2, 3, 4, 9])
@pytest.mark.parametrize('top', [120, 121, 122, 123, 229])
def test_no_row_of_a_low_mask_is_missed(new_cell, top: int, high: int) -> None:
    cell = new_cell(make_scene())
    recon = cell.run('out = tools.Reconstruct()')
    mask = np.zeros(recon.depth[0].shape, dtype=bool)
    mask[top:top + high, 60:90] = True
    # cleaning may drop some, not a whole row
    some = set(map(tuple, some_lifted(recon, {0: mask}, 10**6)))
    for row in range(high):
        assert some & set(map(tuple, np.asarray(recon.points[0])[top + row, 60:90])), row


def test_masks_at_the_border_empty_and_of_one_pixel(noisy) -> None:
    recon, _ = noisy
    shape = recon.depth[0].shape
    empty, corner, whole = np.zeros(shape, bool), np.zeros(shape, bool), np.ones(shape, bool)
    corner[-1, -1] = True
    assert len(lifted(recon, 0, empty, 0.02, True)) == 0
    assert len(some_lifted(recon, {0: empty, 1: empty}, 50)) == 0
    assert len(some_lifted(recon, {0: corner}, 50)) == 0
    assert len(lifted(recon, 0, corner, 0.02, True)) == np.isfinite(recon.depth[0][-1, -1])
    assert len(lifted(recon, 0, whole, 0.02, False)) == np.isfinite(recon.depth[0]).sum()
    with pytest.raises(ValueError, match='same image size'):
        some_lifted(recon, {0: np.ones((4, 4), bool)}, 50)


@pytest.mark.parametrize('layout', ['whole', 'strided', 'transposed'])
@pytest.mark.parametrize('share', [0.0, 0.3, 1.0])
def test_picked_is_indexing_by_a_mask(layout: str, share: float) -> None:
    generator = np.random.default_rng(3)
    points = generator.random((12, 10, 3)).astype(np.float32)
    points = {'whole': points, 'strided': points[::2, 1:], 'transposed': points.transpose(1, 0, 2)}[
        layout]
    mask = generator.random(points.shape[:2]) < share
    assert np.array_equal(picked(points, mask), points[mask])
    made = PointArray.make(points, points[..., 2])
    found = made[mask]
    assert isinstance(found, PointArray)
    assert np.array_equal(found, points[mask])
    assert np.array_equal(found.depth_m, points[..., 2][mask])
    with pytest.raises(IndexError):
        picked(points, np.ones((3, 3), bool))


def test_a_mask_over_all_frames_needs_no_stack() -> None:
    generator = np.random.default_rng(4)
    whole = generator.random((3, 6, 5, 3))
    values = PerFrame([0, 2, 5], lambda frame: whole[[0, 2, 5].index(frame)], 'recon.points')
    for mask in (whole[..., 0] > 0.5, whole[:, :, 0, 0] > 0.5, np.array([True, False, True])):
        assert np.array_equal(values[mask], whole[mask])
    with pytest.raises(IndexError):
        values[np.ones((3, 4, 4), bool)]
