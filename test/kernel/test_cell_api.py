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


"""Every name that the design gives a cell, called with its keywords by cells of a real kernel."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
import pytest
from analytic_scene import AnalyticScene, make_scene

from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult


class FullScene(AnalyticScene):
    """The analytic scene, and a reader and a model that say the same each time."""

    def __call__(self, call: ToolCall) -> ToolResult:
        """Answer a tool call."""
        if call.tool == 'ocr':
            box = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]
            return ToolResult({'lines': [{'text': 'TEA', 'box': box, 'score': 0.9}]})
        if call.tool == 'vlm':
            return ToolResult({'text': 'the mug is at [100, 200, 300, 400]'})
        return super().__call__(call)


@pytest.fixture(scope='module')
def session(kernel: Kernel) -> Iterator[KernelSession]:
    gripper = np.tile(np.eye(4), (4, 1, 1))
    gripper[:, 0, 3] = 0.5
    scene = make_scene(cameras=('left', 'right'), transforms={'gripper': gripper})
    full = FullScene(scene.observation, scene.identities)
    with kernel.open(scene.observation, full) as opened:
        opened.run(SET_UP)
        yield opened


SET_UP = """
recon = tools.Reconstruct.Reconstruct(frames=InputImages, frame_indices=[0, 1, 2, 3])
seg = tools.SAM3(InputImages[0], 'red box')
mask = seg.get_mask(frame=0, object=0)
red = seg.get_masked_points(recon, 0, 0)
ball = tools.SAM3.segment_image_by_text(image=InputImages[0], prompt='blue ball', label='ball')
blue = ball.get_masked_points(recon, frame=0, object=0)
x0, y0, x1, y1 = tools.Mask.bounding_box(mask)
"""

CELLS = {
    'InputImages': """
        assert len(InputImages) == 4 and type(InputImages[1:3]) is type(InputImages)
        assert InputImages.frame_indices.index(2) == 2
        assert InputImages.camera('right').frame_indices == [1, 3]
        assert InputImages_1.frame_indices == [0, 2] and InputImages_2.frame_indices == [1, 3]""",
    'a frame': """
        frame = InputImages[1]
        assert (frame.width, frame.height) == (320, 240)
        assert (frame.frame_index, frame.camera) == (1, 'right')
        assert frame.crop((0, 0, 10, 5)).size == (10, 5)
        assert frame.array.shape == (240, 320, 3) and not frame.array.flags.writeable
        assert abs(frame.stamp_s - 5.1) < 1e-6 and frame.frame_id == 'right_optical'""",
    'Metadata': """
        assert Metadata.is_video and Metadata.total_frames == Metadata.num_images == 4
        assert Metadata.num_videos == len(Metadata.videos) == 2
        assert Metadata.fps > 0 and abs(Metadata.duration_sec - 0.3) < 1e-3
        camera = Metadata.cameras['left']
        assert camera['has_depth'] and camera['has_pose'] and camera['intrinsics']['fx'] == 280.0
        assert Metadata.world_frame == 'odom' and 'gripper' in Metadata.tf_frames""",
    'Reconstruct': """
        again = tools.Reconstruct(InputImages)
        assert again.frame_indices == [0, 1, 2, 3] and again.num_frames == 4
        assert recon.metric_scale == 1.0 and recon.scale_source == 'sensor_depth'
        assert recon.depth[2].shape == (240, 320) and recon.depth[2].dtype == np.float32
        assert recon.points[2].shape == recon.points.points[2].shape == (240, 320, 3)
        assert recon.points[2].dtype == np.float32
        assert recon.points.confidence[2].shape == (240, 320)
        assert recon.extrinsics[2].shape == (4, 4) and recon.extrinsics[2].dtype == np.float64
        assert recon.extrinsics.camera_poses.shape == (4, 4, 4)
        assert sorted(recon.intrinsics[2]) == ['cx', 'cy', 'fx', 'fy']
        assert recon.points[seg].shape[1] == 3
        picture = recon.render_bev(masks=seg, labels=['box'], ref_frame=0, ego_trajectory=True)
        show(picture, label='from above')""",
    'SAM3': """
        image = InputImages[0]
        middle = [[(x0 + x1) / 2, (y0 + y1) / 2]]
        box = [x0, y0, x1, y1]
        several = [
            tools.SAM3.segment_image_by_points(
                image=image, points=middle, point_labels=[1], label='object'),
            tools.SAM3.segment_image_by_box(image=image, box=box, label='object'),
            tools.SAM3.segment_video_by_text(
                prompts=['red box'], labels=['box'], prompt_frame_idx=0, start_frame=0,
                end_frame=2, video_index=1),
            tools.SAM3.segment_video_by_points(
                points=middle, point_labels=[1], label='object', prompt_frame_idx=0,
                start_frame=0, end_frame=2, video_index=1),
            tools.SAM3.segment_video_by_box(
                box=box, label='object', prompt_frame_idx=0, start_frame=None, end_frame=None,
                video_index=1)]
        assert [each.num_frames for each in several] == [1, 1, 2, 2, 2]
        assert all(each.labels == ['red box'] for each in several)
        assert tools.SAM3.is_object_exist(images=InputImages, object_name='table') is True""",
    'PerFrameMask': """
        assert seg.frame_indices == [0] and seg.labels == ['red box']
        assert seg.num_frames == seg.num_objects == 1 and seg.scores.shape == (1, 1)
        assert seg[0].shape == (1, 240, 320) and seg[0].dtype == bool
        assert seg.get_centroid_3d(recon, 0, 0).shape == (3,)
        assert seg.get_centroid_3d(recon, frame=0, object=0)[1] > 0.1
        assert seg.visualize(0).size == (320, 240)""",
    'Geometry': """
        geometry = tools.Geometry
        assert geometry.euclidean_distance([0, 0, 0], [3, 4, 0]) == 5.0
        assert abs(geometry.angle_between_vectors([1, 0, 0], [0, 1, 0]) - np.pi / 2) < 1e-12
        centre = seg.get_centroid_3d(recon, 0, 0)
        u, v, z = geometry.project_point_to_camera(
            centre, recon.extrinsics[0], recon.intrinsics[0])
        assert x0 <= u <= x1 and y0 <= v <= y1 and z > 0
        assert np.allclose(
            geometry.rotation_matrix_from_vectors([1, 0, 0], [0, 0, 1]) @ [1, 0, 0], [0, 0, 1])
        assert np.allclose(geometry.transform_points([[1, 2, 3]], np.eye(4)), [[1, 2, 3]])
        plane = geometry.fit_ground_plane_ransac(recon.points[0])
        assert plane.normal[2] > 0.99
        assert geometry.normalized_to_pixel('[500, 500, 1000, 1000]', InputImages[0])[0] == 160.0
        found = geometry.closest_points(red, blue)
        assert found.distance > 0.1 and found.point_a.shape == found.point_b.shape == (3,)
        assert found.sigma > 0
        assert geometry.oriented_box(red).size.shape == (3,)""",
    'Mask': """
        x, y = tools.Mask.centroid(mask)
        assert x0 < x < x1 and y0 < y < y1
        assert np.allclose(tools.Mask.centroids(seg[0]), [[x, y]])
        assert tools.Mask.area(mask) == mask.sum()
        assert tools.Mask.mask_to_bbox(mask) == tools.Mask.bounding_box(mask)
        assert tools.Mask.iou(mask, mask) == 1.0
        assert tools.Mask.intersection(mask, ~mask).sum() == 0""",
    'Time': """
        assert abs(tools.Time.frame_to_seconds(2) - 0.2) < 1e-6
        assert tools.Time.seconds_to_frame(0.21) == 2
        assert np.allclose(tools.Time.frame_range_to_seconds(1, 3), (0.1, 0.3))
        assert tools.Time.get_frame_at_time(0.0).frame_index == 0""",
    'pictures': """
        marked = tools.Draw.draw_bbox(InputImages[0], [10, 10, 50, 50], label='a')
        marked = tools.Draw.draw_line(marked, (0, 0), (20, 20))
        marked = tools.Draw.draw_point(marked, (30, 30))
        curve = tools.Graph.plot([0, 1, 2], [3, 4, 5], title='t')
        show([marked, curve], label='marks')
        plt.plot([1, 2])
        plt.show()""",
    'OCR and vlm': """
        line = tools.OCR.read(InputImages[0])[0]
        assert line.text == 'TEA' and line.box.shape == (4, 2) and line.score == 0.9
        assert 'mug' in vlm.ask_with_thinking(InputImages, 'what is it?')
        text = vlm.locate(images=[InputImages[0]], question='the mug')
        found = tools.Geometry.normalized_to_pixel(text, InputImages[0])
        assert np.allclose(found, (32, 48, 96, 96))""",
    'TF': """
        assert 'gripper' in tools.TF.frames()
        moved = tools.TF.lookup(target='gripper', source='odom', frame_index=1)
        assert np.allclose(moved[:3, 3], (-0.5, 0, 0))""",
    'scope': """
        import numpy, re
        from scipy.spatial import distance, KDTree, cKDTree
        from scipy.spatial.distance import cdist
        import matplotlib.pyplot
        scipy.ndimage.label(mask), scipy.signal.detrend([1.0, 2.0]), scipy.optimize.minimize
        math.pi, collections.Counter, itertools.chain, functools.partial, scipy.spatial.cKDTree
        for f in recon.frame_indices:
            print(f, recon.frame_indices.index(f), (recon.points.confidence[f] > 0.5).mean())""",
    'ReturnAnswer': """
        ReturnAnswer(
            value=found_distance, unit='m', points=np.zeros((2, 3)), frame=None, sigma=0.01)""",
    'ReturnAnswer refuses': "ReturnAnswer(None, reason='not there')",
    'ReturnAnswer of a vector': "ReturnAnswer([1.0, 2.0, 3.0], unit='m', frame='gripper')",
}


@pytest.mark.parametrize('name', CELLS)
def test_names_of_the_design(session: KernelSession, name: str) -> None:
    code = 'found_distance = 0.5\n' + textwrap.dedent(CELLS[name])
    result = session.run(code)
    assert result.error is None, result.error
    assert len(result.images) == {'Reconstruct': 1, 'pictures': 3}.get(name, 0)
    assert (result.answer is not None) == name.startswith('ReturnAnswer')
