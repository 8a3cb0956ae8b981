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


"""Mask, Time, TF, OCR, vlm, Draw, Graph."""

from __future__ import annotations

import math

import numpy as np
import pytest
from analytic_scene import make_scene
from scipy import ndimage

from spatialclaw_ros.errors import FrameMismatchError, PerceptionError, TransformError
from spatialclaw_ros.geometry.se3 import invert, make_transform, quat_xyzw_to_matrix
from spatialclaw_ros.workspace.calls import ToolResult
from spatialclaw_ros.workspace.tools.draw import Draw
from spatialclaw_ros.workspace.tools.graph import Graph
from spatialclaw_ros.workspace.tools.mask import Mask

MASK = Mask()


def test_mask_measures() -> None:
    mask = np.zeros((50, 80), dtype=bool)
    mask[10:21, 30:61] = True
    mask[25, 70] = True
    assert MASK.area(mask) == 11 * 31 + 1
    assert MASK.bounding_box(mask) == MASK.mask_to_bbox(mask) == (30, 10, 70, 25)
    row, column = ndimage.center_of_mass(mask)
    assert MASK.centroid(mask) == pytest.approx((column, row))
    assert MASK.centroids(np.stack([mask, mask])).shape == (2, 2)
    other = np.roll(mask, 5, axis=1)
    assert MASK.iou(mask, other) == pytest.approx((mask & other).sum() / (mask | other).sum())
    assert np.array_equal(MASK.intersection(mask, other), mask & other)
    empty = np.zeros_like(mask)
    assert MASK.bounding_box(empty) is None
    assert math.isnan(MASK.centroid(empty)[0])
    assert math.isnan(MASK.iou(empty, empty))
    with pytest.raises(ValueError, match=r'one \(H, W\) mask'):
        MASK.area(np.stack([mask, mask]))
    with pytest.raises(ValueError, match='one size'):
        MASK.iou(mask, mask[1:])


def test_time_goes_by_the_stamps(new_cell) -> None:
    cell = new_cell(make_scene(cameras=('left', 'right')))
    assert cell.run('out = tools.Time.frame_to_seconds(3)') == pytest.approx(0.3)
    assert cell.run('out = tools.Time.seconds_to_frame(0.17)') == 2
    assert cell.run('out = tools.Time.seconds_to_frame(0.17, video_index=2)') == 1
    assert cell.run('out = tools.Time.frame_range_to_seconds(1, 3)') == pytest.approx((0.1, 0.3))
    assert cell.run('out = tools.Time.get_frame_at_time(99)').frame_index == 2
    with pytest.raises(FrameMismatchError, match='frame 4'):
        cell.run('tools.Time.frame_to_seconds(4)')


@pytest.fixture(scope='module')
def tf_scene():
    gripper = np.stack([make_transform(
        quat_xyzw_to_matrix(np.array([0, 0, math.sin(a / 2), math.cos(a / 2)])), [0.5, a, 1.0])
        for a in (0.0, 0.1, 0.2, 0.3)])
    gripper[3] = np.nan
    base = np.broadcast_to(make_transform(np.eye(3), [0.2, 0, 0]), (4, 4, 4)).copy()
    scene = make_scene(cameras=('left', 'right'), transforms={
        'gripper': gripper, 'base_link': base})
    return scene, gripper, base


def test_tf_composes_what_the_robot_knows(new_cell, tf_scene) -> None:
    scene, gripper, base = tf_scene
    cell = new_cell(scene)
    names = cell.run('out = tools.TF.frames()')
    assert names == ['base_link', 'gripper', 'left_optical', 'odom', 'right_optical']
    found = cell.run('out = tools.TF.lookup("base_link", "gripper", 1)')
    assert found == pytest.approx(invert(base[1]) @ gripper[1])
    latest = cell.run('out = tools.TF.lookup("base_link", "gripper")')
    assert latest == pytest.approx(invert(base[2]) @ gripper[2])
    pose = scene.observation.frames[1].T_world_camera
    assert cell.run('out = tools.TF.lookup("world", "right_optical", 1)') == pytest.approx(pose)
    assert cell.run('out = tools.TF.lookup("odom", "right", 1)') == pytest.approx(pose)
    assert cell.run('out = tools.TF.lookup("gripper", "/gripper", 0)') == pytest.approx(np.eye(4))


@pytest.mark.parametrize(('use', 'error', 'message'), [
    ('tools.TF.lookup("base_link", "griper")', TransformError, "did you mean 'gripper'"),
    ('tools.TF.lookup("base_link", "gripper", 3)', TransformError,
     r"'gripper' is not known at frame 3, only at \[0, 1, 2\]"),
    ('tools.TF.lookup("left_optical", "right_optical")', TransformError, 'never known at the same'),
    ('tools.TF.lookup("odom", "gripper", 7)', FrameMismatchError, r'frame 7 is not in \[0, 1'),
    ('tools.TF.lookup_transform', AttributeError, "did you mean 'lookup'"),
])
def test_tf_errors_teach(new_cell, tf_scene, use: str, error, message: str) -> None:
    with pytest.raises(error, match=message):
        new_cell(tf_scene[0]).run(use)


def test_ocr(cell, new_cell) -> None:
    cell.scene.answers['ocr'] = ToolResult({'lines': [
        {'text': 'EXIT', 'box': [[1, 2], [9, 2], [9, 5], [1, 5]], 'score': 0.9}]})
    (line,) = cell.run('out = tools.OCR.read(InputImages[2])')
    assert (line.text, line.score) == ('EXIT', 0.9)
    assert line.box.shape == (4, 2)
    assert cell.scene.calls[-1].args == {'frame_index': 2}
    cell.run('tools.OCR.read(InputImages[2].crop((0, 0, 30, 20)))')
    assert cell.scene.calls[-1].args == {'frame_index': None}
    assert cell.scene.calls[-1].arrays['image'].shape == (20, 30, 3)
    with pytest.raises(PerceptionError, match="'ocr' backend, which is not loaded"):
        new_cell(capabilities=frozenset({'segment'})).run('tools.OCR.read(InputImages[2])')


def test_vlm(cell, new_cell) -> None:
    cell.scene.answers['vlm'] = ToolResult({'text': '(500, 500)'})
    assert cell.run('out = vlm.locate(InputImages[0], "the mug")') == '(500, 500)'
    assert cell.scene.calls[-1].args == {
        'kind': 'locate', 'question': 'the mug', 'frame_indices': [0]}
    cell.run('vlm.ask_with_thinking([InputImages[1], InputImages[2].resize((8, 6))], "why?")')
    assert cell.scene.calls[-1].args['kind'] == 'think'
    assert cell.scene.calls[-1].args['frame_indices'] == [1]
    # named for its place, so that "the second picture" is the second one there, too
    assert cell.scene.calls[-1].arrays['image_1'].shape == (6, 8, 3)
    with pytest.raises(ValueError, match='question'):
        cell.run('vlm.locate(InputImages[0], "")')
    with pytest.raises(PerceptionError, match="vlm needs the 'vlm' backend"):
        new_cell(capabilities=frozenset({'segment'})).run('vlm.locate(InputImages[0], "a mug")')


def test_drawing_marks_a_copy(cell) -> None:
    frame = cell.scope['InputImages'][0]
    draw = Draw()
    boxed = np.asarray(draw.draw_bbox(frame, (50, 60, 120, 130), label='mug', color='red'))
    assert tuple(boxed[130, 90]) == tuple(boxed[100, 50]) == (255, 0, 0)
    assert np.array_equal(boxed[63:128, 53:118], frame.array[63:128, 53:118])
    lined = np.asarray(draw.draw_line(frame, (10, 100), (200, 100), '0.4 m', color=(0, 255, 0)))
    assert tuple(lined[100, 60]) == (0, 255, 0)
    dotted = np.asarray(draw.draw_point(frame, [(30, 40), (200, 150)], ['a', 'b'], color='blue'))
    assert tuple(dotted[150, 200]) == tuple(dotted[40, 30]) == (0, 0, 255)
    assert not frame.drawn_on
    several = draw.draw_bbox(frame, [(1, 1, 9, 9), (20, 20, 40, 40)], label=['a', 'b'])
    assert several.size == frame.size
    for bad in ((1, 2, 3), (1, 2, 3, np.nan), 'mug'):
        with pytest.raises(ValueError):
            draw.draw_bbox(frame, bad)


def test_curves() -> None:
    graph = Graph()
    for arguments in (
            {'x': [1, 2, 3]}, {'x': [1, 2, 3], 'y': [[1, 2, 3], [4, 5, 6]], 'labels': ['a', 'b']},
            {'x': [1, 2], 'y': {'left': [1, 2], 'right': [2, 1]}, 'kind': 'bar'},
            {'x': [1, 2], 'y': [3, np.nan], 'kind': 'scatter', 'labels': 'a'}):
        picture = graph.plot(**arguments)
        assert picture.size == (720, 420)
        assert (np.asarray(picture) < 128).any()
    with pytest.raises(ValueError, match='x has 2 values'):
        graph.plot([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match='kind must be'):
        graph.plot([1, 2], kind='pie')
