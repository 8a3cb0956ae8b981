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


"""`tools.SAM3` and mask sets."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_scene import SOLIDS, make_scene

from spatialclaw_ros.errors import FrameMismatchError, PerceptionError


@pytest.mark.parametrize(('call', 'args', 'arrays'), [
    ('tools.SAM3.segment_image_by_text(InputImages[1], "red box", label="cup")',
     {'mode': 'text', 'prompts': ['red box'], 'labels': ['cup'], 'prompt_frame': 1,
      'frame_indices': [1]}, {}),
    ('tools.SAM3(InputImages[1], "red box")',
     {'mode': 'text', 'prompts': ['red box'], 'labels': ['red box'], 'prompt_frame': 1,
      'frame_indices': [1]}, {}),
    ('tools.SAM3.segment_image_by_points(image=InputImages[0], points=[(100, 90)], '
     'point_labels=[1])',
     {'mode': 'points', 'labels': ['object'], 'prompt_frame': 0, 'frame_indices': [0]},
     {'points': [[100, 90]], 'point_labels': [1]}),
    ('tools.SAM3.segment_image_by_box(InputImages[0], box=[90, 80, 110, 99.5], label="b")',
     {'mode': 'box', 'labels': ['b'], 'prompt_frame': 0, 'frame_indices': [0]},
     {'boxes': [[90, 80, 110, 99.5]]}),
    ('tools.SAM3.segment_video_by_text(["red box", "ball"], labels=["a", "b"], '
     'prompt_frame_idx=1, start_frame=1, end_frame=2, video_index=1)',
     {'mode': 'text', 'prompts': ['red box', 'ball'], 'labels': ['a', 'b'], 'video': True,
      'prompt_frame': 1, 'frame_indices': [1, 2]}, {}),
    ('tools.SAM3.segment_video_by_text("ball", end_frame=4)',
     {'mode': 'text', 'prompts': ['ball'], 'labels': ['ball'], 'video': True,
      'prompt_frame': 0, 'frame_indices': [0, 1, 2, 3]}, {}),
    ('tools.SAM3.segment_video_by_box((90, 80, 110, 99), label="x", prompt_frame_idx=2)',
     {'mode': 'box', 'labels': ['x'], 'video': True, 'prompt_frame': 2,
      'frame_indices': [0, 1, 2, 3]}, {'boxes': [[90, 80, 110, 99]]}),
    ('tools.SAM3.segment_video_by_points([[100, 90], [5, 5]], [1, 0], start_frame=2)',
     {'mode': 'points', 'labels': ['object'], 'video': True, 'prompt_frame': 2,
      'frame_indices': [2, 3]}, {'points': [[100, 90], [5, 5]], 'point_labels': [1, 0]}),
    ('tools.SAM3(InputImages[1:], "ball")',
     {'mode': 'text', 'prompts': ['ball'], 'labels': ['ball'], 'frame_indices': [1, 2, 3]}, {}),
])
def test_every_call_goes_out_as_documented(cell, call: str, args, arrays) -> None:
    seg = cell.run(f'out = {call}')
    sent = cell.scene.calls[-1]
    assert sent.tool == 'segment'
    assert sent.args == args
    assert {name: each.tolist() for name, each in sent.arrays.items()} == arrays
    assert seg.frame_indices == args['frame_indices']


def test_several_cameras_are_videos(new_cell) -> None:
    cell = new_cell(make_scene(cameras=('left', 'right')))
    seg = cell.run('out = tools.SAM3.segment_video_by_text("table", video_index=2)')
    assert seg.frame_indices == [1, 3]
    assert cell.scene.calls[-1].args['prompt_frame'] == 1
    assert cell.scope['InputImages_2'].frame_indices == [1, 3]
    assert cell.run('out = tools.Reconstruct(InputImages_1)').frame_indices == [0, 2]
    with pytest.raises(IndexError, match=r'video_index 3 is not in 1\.\.2; cameras: left, right'):
        cell.run('tools.SAM3.segment_video_by_text("table", video_index=3)')


def test_a_mask_set(cell) -> None:
    seg = cell.run('out = tools.SAM3.segment_video_by_text(["red box", "blue ball"])')
    truth = cell.scene.identities
    assert (seg.num_frames, seg.num_objects) == (4, 2)
    assert seg.labels == ['red box', 'blue ball']
    assert seg.scores.shape == (4, 2)
    assert seg[1].shape == (2, 240, 320)
    assert seg[1].dtype == bool
    assert np.array_equal(seg.get_mask(1, 1), truth[1] == 3)
    assert np.array_equal(seg.get_mask(frame=1, object='blue ball'), truth[1] == 3)
    assert seg.get_score(2, 'red box') == pytest.approx(0.9)
    assert seg.select('blue ball').labels == ['blue ball']
    assert sorted(seg.frames_with(0)) == [0, 1, 2, 3]
    areas = [int((truth[frame] == 2).sum()) for frame in seg.frames_with(0)]
    assert areas == sorted(areas, reverse=True)
    assert seg
    assert not cell.run('out = tools.SAM3(InputImages[0], "unicorn")')


def test_points_of_an_object_are_on_it(cell) -> None:
    points = cell.run(
        'recon = tools.Reconstruct()\n'
        'seg = tools.SAM3.segment_video_by_text(["red box", "blue ball"])\n'
        'out = seg.get_masked_points(recon, 2, "blue ball")')
    radii = np.linalg.norm(np.asarray(points) - SOLIDS[3].center, axis=1)
    assert np.abs(radii - 0.05).max() < 1e-5
    mask = cell.scene.identities[2] == 3
    assert 0.9 * mask.sum() < len(points) <= mask.sum()
    center = cell.run('out = seg.get_centroid_3d(recon, 2, 1)')
    assert center.dtype == np.float64
    assert np.linalg.norm(center - SOLIDS[3].center) < 0.05
    # exactly the mean of the points: none of a ball is three times as far out as half of them
    assert center == pytest.approx(np.asarray(points, dtype=np.float64).mean(axis=0), abs=1e-6)


def test_a_mask_that_is_too_wide_gives_no_points_behind(cell) -> None:
    points, raw = cell.run(
        'recon = tools.Reconstruct()\n'
        'seg = tools.SAM3.segment_video_by_text("blue ball")\n'
        'for f in seg.frame_indices:\n'
        '    seg._masks[f] = scipy.ndimage.binary_dilation(seg[f], np.ones((1, 5, 5)))\n'
        'out = (seg.get_masked_points(recon), seg.get_masked_points(recon, clean=False))')
    radii = np.linalg.norm(np.asarray(raw) - SOLIDS[3].center, axis=1)
    assert (radii > 0.06).mean() > 0.1
    # what touches the table beside the ball's foot can't be told apart by depth
    radii = np.linalg.norm(np.asarray(points) - SOLIDS[3].center, axis=1)
    assert (radii > 0.06).mean() < 0.06


def test_unknown_depth_and_low_confidence_are_dropped(cell) -> None:
    cell.run(
        'recon = tools.Reconstruct()\n'
        'seg = tools.SAM3(InputImages[0], "red box")')
    whole = len(cell.run('out = seg.get_masked_points(recon, 0)'))
    recon = cell.scope['recon']
    mask = cell.scope['seg'].get_mask(0)
    recon._confidence[0] = np.where(np.arange(320) < np.nonzero(mask)[1].mean(), 0.01, 0.9)[
        None].repeat(240, axis=0).astype(np.float32)
    assert 0.3 * whole < len(cell.run('out = seg.get_masked_points(recon, 0)')) < 0.7 * whole
    assert len(cell.run('out = seg.get_masked_points(recon, 0, min_confidence=0.95)')) == 0
    assert np.isnan(cell.run('out = seg.get_centroid_3d(recon, 0, min_confidence=0.95)')).all()
    assert len(cell.run('out = seg.get_masked_points(recon, 0, min_confidence=0.0)')) == whole


@pytest.mark.parametrize(('use', 'error', 'message'), [
    ('seg.get_mask(2, 0)', FrameMismatchError, r'frame 2 is not in \[0, 1\].*mean 1'),
    ('seg.get_mask(0, 2)', IndexError, r'object 2 is not in 0\.\.1: 2 objects'),
    ('seg.get_mask(0, "red bix")', IndexError, "did you mean 'red box'"),
    ('seg.get_masked_points(recon, 0, 0)', FrameMismatchError, r'frame 0 is not in \[1, 2\]'),
    ('seg.get_masked_points(recon)', FrameMismatchError, r'not reconstructed: \[0\]'),
    ('seg.get_masked_points(recon, 2, 0)', FrameMismatchError, r'frame 2 is not in \[0, 1\]'),
    ('seg.get_mask_points', AttributeError, "did you mean 'get_masked_points'"),
    ('tools.SAM3(InputImages[0], "unicorn").get_mask(0)', IndexError, 'nothing fits'),
    ('tools.SAM3.segment_by_text', AttributeError, "mean 'segment_(image|video)_by_text'"),
    ('tools.SAM2', AttributeError, "did you mean 'SAM3'"),
    ('tools.SAM3.segment_video_by_text("table", start_frame=9)', FrameMismatchError, 'frame 9'),
    ('tools.SAM3.segment_video_by_box([1, 2, 3], prompt_frame_idx=0)', ValueError, 'x0, y0'),
    ('tools.SAM3.segment_video_by_text("box", prompt_frame_idx=8)', FrameMismatchError,
     'did you mean'),
    ('tools.SAM3.segment_video_by_box([1, 2, 3, 4], prompt_frame_idx=8)', FrameMismatchError,
     'frame 8'),
    ('tools.SAM3.segment_image_by_points(InputImages[0], [[1, 2, 3]])', ValueError, r'\(K, 2\)'),
    ('tools.SAM3.segment_image_by_points(InputImages[0], [[1, 2]], [1, 0])', ValueError,
     'one 1 or 0 per point'),
    ('tools.SAM3.segment_image_by_text("mug", InputImages[0])', TypeError, 'the image comes first'),
])
def test_wrong_use_teaches(cell, use: str, error, message: str) -> None:
    cell.run('recon = tools.Reconstruct(InputImages[1:3])\n'
             'seg = tools.SAM3.segment_video_by_text(["red box", "ball"], end_frame=1)')
    with pytest.raises(error, match=message):
        cell.run(use)


def test_a_crop_goes_out_as_a_picture_and_has_no_depth(cell) -> None:
    seg = cell.run('crop = InputImages[0].crop((10, 10, 60, 50))\n'
                   'out = seg = tools.SAM3.segment_image_by_text(crop, "red box")')
    sent = cell.scene.calls[-1]
    assert sent.args['frame_indices'] == []
    assert np.array_equal(
        sent.arrays['image'], cell.scene.observation.frames[0].image[10:50, 10:60])
    assert seg[0].shape == (1, 40, 50)
    assert seg.visualize().size == (50, 40)
    with pytest.raises(FrameMismatchError, match='crop'):
        cell.run('seg.get_masked_points(tools.Reconstruct(), 0, 0)')


def test_existence(cell, new_cell) -> None:
    assert cell.run('out = tools.SAM3.is_object_exist(InputImages, "ball")') is True
    assert cell.scene.calls[-1].args == {
        'frame_indices': [0, 1, 2, 3], 'object_name': 'ball'}
    assert cell.run('out = tools.SAM3.is_object_exist(InputImages[1], "unicorn")') is False
    assert cell.run(
        'out = tools.SAM3.is_object_exist(InputImages[0].crop((0, 0, 9, 9)), "ball")')
    assert 'image' in cell.scene.calls[-1].arrays
    with pytest.raises(PerceptionError, match="'segment' backend"):
        new_cell(capabilities=frozenset()).run('tools.SAM3.is_object_exist(InputImages, "a")')


def test_overlay_colours_the_masks(cell) -> None:
    picture = np.asarray(cell.run(
        'seg = tools.SAM3(InputImages[0], "red box")\nout = seg.visualize(0)'))
    frame = cell.scene.observation.frames[0].image
    mask = cell.scope['seg'].get_mask(0)
    inner = np.s_[np.nonzero(mask.any(1))[0][0] + 8:, :]
    changed = (picture != frame).any(axis=-1)
    assert changed[inner][mask[inner]].all()
    assert not changed[-20:].any()
    assert picture.shape == frame.shape
