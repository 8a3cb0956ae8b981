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


"""`tools.Reconstruct` and what it gives back."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_scene import SOLIDS, make_scene

from spatialclaw_ros.errors import FrameMismatchError, PerceptionError
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, ToolResult
from spatialclaw_ros.workspace.perframe import PerFrame


@pytest.mark.parametrize(('call', 'frames'), [
    ('tools.Reconstruct.Reconstruct(InputImages)', [0, 1, 2, 3]),
    ('tools.Reconstruct(InputImages)', [0, 1, 2, 3]),
    ('tools.Reconstruct(InputImages[1:3])', [1, 2]),
    ('tools.Reconstruct([InputImages[3], InputImages[0]])', [0, 3]),
    ('tools.Reconstruct(InputImages[2])', [2]),
    ('tools.Reconstruct(frame_indices=[0, 2])', [0, 2]),
    ('tools.Reconstruct(InputImages, frame_indices=[0, 2])', [0, 2]),
    ('tools.Reconstruct(InputImages[[0, 2]], frame_indices=[0, 2])', [0, 2]),
    ('tools.Reconstruct([1, 3])', [1, 3]),
    ('tools.Reconstruct()', [0, 1, 2, 3]),
])
def test_frames_may_be_given_in_any_way(cell, call: str, frames: list[int]) -> None:
    recon = cell.run(f'out = {call}')
    assert recon.frame_indices == frames
    assert recon.num_frames == len(frames)
    assert cell.scene.calls[-1].args == {'frame_indices': frames}


def test_values_are_the_truth(cell) -> None:
    recon = cell.run('out = tools.Reconstruct(InputImages[[0, 2]])')
    frame = cell.scene.observation.frames[2]
    assert (recon.metric_scale, recon.scale_source) == (1.0, 'sensor_depth')
    assert np.array_equal(recon.depth[2], frame.depth_m, equal_nan=True)
    assert np.array_equal(recon.extrinsics[2], frame.T_world_camera)
    assert recon.extrinsics.camera_poses.shape == (2, 4, 4)
    assert recon.intrinsics[2] == {'fx': 280.0, 'fy': 280.0, 'cx': 159.5, 'cy': 119.5}
    table = cell.scene.identities[2] == 1
    points = recon.points[2][table]
    # the table is a box: every seen point lies on one of its faces
    away = np.abs(np.asarray(points) - SOLIDS[1].center) - np.array(SOLIDS[1].size) / 2
    assert np.abs(away.max(axis=1)).max() < 2e-6 * 100
    assert recon.points.confidence[2].shape == (240, 320)
    assert recon.points[2].dtype == np.float32


def test_per_frame_values_are_arrays_too(cell) -> None:
    recon = cell.run('out = tools.Reconstruct(InputImages[[0, 2]])')
    assert recon.points.points.shape == (2, 240, 320, 3)
    assert np.asarray(recon.depth).shape == (2, 240, 320)
    assert (recon.points.confidence > 0.5).shape == (2, 240, 320)
    assert recon.points.points[recon.points.confidence > 0.5].shape[1] == 3
    assert recon.points[2, 100, 160] == pytest.approx(np.asarray(recon.points[2])[100, 160])
    assert len(recon.depth) == 2
    assert 2 in recon.depth
    assert 1 not in recon.depth
    assert [frame for frame, _ in recon.depth.items()] == [0, 2]
    assert float(recon.depth[cell.scope['InputImages'][2]][100, 160]) > 0


@pytest.mark.parametrize(('use', 'error', 'message'), [
    ('recon.depth[1]', FrameMismatchError, r'frame 1 is not in \[0, 2\], the frames of '
     r'recon.depth; did you mean 2\?'),
    ('recon.extrinsics[9]', FrameMismatchError, r'frame 9 is not in \[0, 2\].*mean 2'),
    ('recon.points[1]', FrameMismatchError, 'recon.points'),
    ('recon.point', AttributeError, "did you mean 'points'"),
    ('recon.points.colours', AttributeError, 'absolute frame index'),
    ('recon.points[tools.SAM3.segment_video_by_text("table")]', FrameMismatchError,
     r'\[0, 1, 2, 3\].*\[0, 2\]; not reconstructed: \[1, 3\]'),
    ('recon.points[tools.SAM3(InputImages[1], "table")]', FrameMismatchError,
     r'frame 1 is not in \[0, 2\]'),
    ('tools.Reconstruct(InputImages[:2], frame_indices=[0, 2])', FrameMismatchError,
     r'\[0, 1\], frame_indices are \[0, 2\]'),
    ('tools.Reconstruct([0, 17])', FrameMismatchError, r'frame 17 is not in \[0, 1, 2, 3\]'),
    ('tools.Reconstruct(InputImages[0].crop((0, 0, 9, 9)))', TypeError, 'crop'),
    ('tools.Reconstruct([])', ValueError, 'no frames came'),
])
def test_wrong_frames_teach(cell, use: str, error, message: str) -> None:
    cell.run('recon = tools.Reconstruct(InputImages[[0, 2]])')
    with pytest.raises(error, match=message):
        cell.run(use)


def test_the_hosts_error_reaches_the_cell(cell, new_cell) -> None:
    cell.scene.answers['reconstruct'] = ToolResult(error='frame 0 has no depth')
    with pytest.raises(PerceptionError, match='frame 0 has no depth'):
        cell.run('tools.Reconstruct(InputImages)')
    bare = new_cell(capabilities=frozenset({'segment'}))
    with pytest.raises(PerceptionError, match=r"'reconstruct' backend.*loaded: segment"):
        bare.run('tools.Reconstruct(InputImages)')
    assert not bare.scene.calls


def test_points_under_masks_of_all_frames(cell) -> None:
    points = cell.run(
        'recon = tools.Reconstruct()\n'
        'seg = tools.SAM3.segment_video_by_text("red box")\n'
        'out = recon.points[seg]')
    away = np.abs(np.asarray(points) - SOLIDS[2].center) - np.array(SOLIDS[2].size) / 2
    assert len(points) > 2000
    assert np.abs(away.max(axis=1)).max() < 1e-5
    assert points.sigma.shape == (len(points),)


def test_no_sigma_without_a_sensor(new_cell) -> None:
    scene = make_scene()
    scene.scale_source = 'model'
    cell = new_cell(scene)
    points = cell.run('out = tools.Reconstruct()[0] if False else tools.Reconstruct().points[0]')
    assert points.sigma is None


@pytest.mark.parametrize(('source', 'is_metric', 'said'), [
    ('sensor_depth', True, 'scale from sensor_depth>'), ('model', True, 'scale from model>'),
    (UNKNOWN_SCALE, False, 'lengths and places are in no unit>'),
])
def test_a_cell_sees_whether_lengths_are_metres(
    new_cell, source: str, is_metric: bool, said: str,
) -> None:
    scene = make_scene()
    scene.scale_source = source
    cell = new_cell(scene)
    recon = cell.run('out = tools.Reconstruct()')
    assert (recon.scale_source, recon.is_metric) == (source, is_metric)
    assert repr(recon).endswith(said)


def test_picture_from_above(cell) -> None:
    picture = np.asarray(cell.run(
        'recon = tools.Reconstruct()\n'
        'seg = tools.SAM3.segment_video_by_text(["red box", "blue ball"])\n'
        'out = recon.render_bev(seg, labels=["A", "B"], ref_frame=2)').convert('RGB'))
    from spatialclaw_ros.workspace.pictures import colour_of
    rows, columns = {}, {}
    for number in (0, 1):
        map_part = picture[:, :-200]  # the legend is beside it
        y, x = np.nonzero((map_part == colour_of(number)).all(axis=-1))
        assert len(y) > 30
        rows[number], columns[number] = np.median(y), np.median(x)
    # the ball is to the right (smaller y) of and beyond (greater x) the box
    assert columns[1] > columns[0]
    assert rows[1] < rows[0]
    with pytest.raises(ValueError, match='1 labels came for 2 objects'):
        cell.run('recon.render_bev(seg, labels=["A"])')
    assert cell.run('out = recon.render_bev()').size[0] >= 320
    assert cell.run('out = recon.render_bev([seg, seg.select(0)], ego_trajectory=False)')


def test_frames_of_several_sizes_are_no_one_array() -> None:
    sizes = {0: (4, 6), 2: (3, 5)}
    depth = PerFrame([0, 2], lambda frame: np.zeros(sizes[frame]), 'recon.depth')
    assert depth[2].shape == (3, 5)
    with pytest.raises(ValueError, match=r'\(4, 6\), \(3, 5\), .* take one frame, \[0\]'):
        depth + 1
