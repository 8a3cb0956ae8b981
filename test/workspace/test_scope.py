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


"""The scope as a whole: its names, its documentation, its cost."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from analytic_scene import make_scene

from spatialclaw_ros.workspace.metadata import metadata_of
from spatialclaw_ros.workspace.namespace import ALL_CAPABILITIES
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.prompts import tool_docs

NAMES = {'InputImages', 'Metadata', 'tools', 'show', 'vlm', 'ReturnAnswer', 'np', 'scipy', 'math',
         'plt', 'collections', 'itertools', 'functools'}
TOOLS = {'Reconstruct', 'SAM3', 'Geometry', 'Mask', 'Time', 'Graph', 'Draw', 'OCR', 'TF'}
DOCUMENTED = {
    'Geometry': ['euclidean_distance', 'angle_between_vectors', 'project_point_to_camera',
                 'rotation_matrix_from_vectors', 'transform_points', 'fit_ground_plane_ransac',
                 'normalized_to_pixel', 'closest_points', 'oriented_box'],
    'Mask': ['centroid', 'centroids', 'area', 'bounding_box', 'iou', 'intersection',
             'mask_to_bbox'],
    'Time': ['frame_to_seconds', 'seconds_to_frame', 'frame_range_to_seconds',
             'get_frame_at_time'],
    'Graph': ['plot'], 'Draw': ['draw_bbox', 'draw_line', 'draw_point'], 'OCR': ['read'],
    'TF': ['lookup', 'frames'],
    'SAM3': ['segment_image_by_text', 'segment_image_by_points', 'segment_image_by_box',
             'segment_video_by_text', 'segment_video_by_points', 'segment_video_by_box',
             'is_object_exist'],
    'Reconstruct': ['Reconstruct'],
}


def test_names(cell, new_cell) -> None:
    assert set(cell.scope) - {'__builtins__'} == NAMES
    several = new_cell(make_scene(cameras=('a', 'b')))
    assert set(several.scope) == NAMES | {'InputImages_1', 'InputImages_2'}
    assert set(vars(cell.scope['tools'])) == TOOLS


@pytest.mark.parametrize(('tool', 'name'), [
    (tool, name) for tool, names in DOCUMENTED.items() for name in names])
def test_every_tool_is_there_and_in_its_text(cell, tool: str, name: str) -> None:
    assert callable(getattr(getattr(cell.scope['tools'], tool), name))
    assert re.search(rf'\.{name}\b', tool_docs(ALL_CAPABILITIES))


@pytest.mark.parametrize(('name', 'keywords'), [
    ('tools.Reconstruct.Reconstruct', ['frames', 'frame_indices']),
    ('tools.Reconstruct().render_bev', ['masks', 'labels', 'ref_frame', 'ego_trajectory']),
    ('tools.SAM3.segment_image_by_text', ['image', 'prompt', 'label']),
    ('tools.SAM3.segment_image_by_points', ['image', 'points', 'point_labels', 'label']),
    ('tools.SAM3.segment_image_by_box', ['image', 'box', 'label']),
    ('tools.SAM3.segment_video_by_text', [
        'prompts', 'labels', 'prompt_frame_idx', 'start_frame', 'end_frame', 'video_index']),
    ('tools.SAM3.is_object_exist', ['images', 'object_name']),
    ('tools.TF.lookup', ['target', 'source', 'frame_index']),
    ('tools.SAM3(InputImages[0], "table").get_masked_points', [
        'recon', 'frame', 'object', 'min_confidence', 'clean', 'steady']),
    ('tools.SAM3(InputImages[0], "table").get_centroid_3d', [
        'recon', 'frame', 'object', 'min_confidence']),
    ('tools.SAM3(InputImages[0], "table").get_mask', ['frame', 'object']),
    ('show', ['images', 'label']), ('vlm.locate', ['images', 'question']),
    ('vlm.ask_with_thinking', ['images', 'question']),
    ('ReturnAnswer', ['value', 'unit', 'points', 'frame', 'sigma', 'reason']),
])
def test_keywords_are_the_published_ones(cell, name: str, keywords: list[str]) -> None:
    assert list(inspect.signature(cell.run(f'out = {name}')).parameters) == keywords


@pytest.mark.parametrize(('capability', 'text'), [
    ('reconstruct', 'tools.Reconstruct.Reconstruct('), ('segment', 'segment_video_by_text'),
    ('ocr', 'tools.OCR'), ('vlm', 'vlm.locate(')])
def test_only_what_is_loaded_is_documented(capability: str, text: str) -> None:
    assert text in tool_docs({capability})
    assert text not in tool_docs(ALL_CAPABILITIES - {capability})
    assert 'ReturnAnswer(' in tool_docs(frozenset())
    assert len(tool_docs(ALL_CAPABILITIES)) < 9000


def test_metadata_is_json_and_attributes(new_cell) -> None:
    scene = make_scene(cameras=('left', 'right'), missing=('no TF for right',))
    facts = metadata_of(scene.observation)
    assert json.loads(json.dumps(facts)) == facts
    metadata = new_cell(scene).scope['Metadata']
    assert metadata.is_video
    assert metadata['total_frames'] == metadata.num_images == 4
    assert metadata.num_videos == 2
    assert metadata.fps == pytest.approx(5.0)
    assert metadata.duration_sec == pytest.approx(0.3)
    assert metadata.videos[1] == {
        'video_index': 2, 'camera': 'right', 'num_frames': 2, 'fps': 5.0, 'duration_sec': 0.2,
        'start_frame': 1, 'end_frame': 3}
    assert metadata.cameras['left'] == {
        'width': 320, 'height': 240, 'has_depth': True, 'has_pose': True,
        'intrinsics': {'fx': 280.0, 'fy': 280.0, 'cx': 159.5, 'cy': 119.5},
        'frame_id': 'left_optical', 'frame_indices': [0, 2]}
    assert (metadata.world_frame, metadata.base_frame) == ('odom', 'base_link')
    assert metadata.missing == ['no TF for right']
    with pytest.raises(AttributeError, match="did you mean 'fps'"):
        _ = metadata.fsp
    with pytest.raises(KeyError):
        metadata['colour']


def test_one_image_without_anything_else(new_cell) -> None:
    lone = Observation((Frame(0, 'cam', 7, 'cam', np.zeros((6, 8, 3), dtype=np.uint8)),))
    facts = metadata_of(lone)
    assert (facts['is_video'], facts['fps'], facts['num_videos'], facts['videos']) == (
        False, None, 0, [])
    assert facts['cameras']['cam']['intrinsics'] is None
    scene = make_scene()
    scene.observation = lone
    assert new_cell(scene).run('out = tools.TF.frames()') == ['world']


def test_a_scope_over_many_frames_opens_in_milliseconds(new_cell) -> None:
    frames = tuple(
        Frame(i, 'cam', i, 'cam', np.zeros((480, 640, 3), dtype=np.uint8)) for i in range(32))
    scene = make_scene()
    scene.observation = Observation(frames)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        new_cell(scene)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02


def test_importing_brings_no_ros_and_no_torch() -> None:
    code = ('import sys, spatialclaw_ros.workspace.namespace, spatialclaw_ros.workspace.prompts;'
            'print([m for m in ("rclpy", "torch", "msgspec", "openai", "tkinter") '
            'if m in sys.modules])')
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
