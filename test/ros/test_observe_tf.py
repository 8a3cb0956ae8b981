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

"""Observations and TF: the world, its fallbacks, depth of another camera, further frames."""

from __future__ import annotations

import numpy as np
import pytest
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.observe import select_observation
from spatialclaw_ros.ros.tf_topics import TfTopics
from spatialclaw_ros.ros.world import MAX_TF_FRAMES

NOW = 50.0


def test_world_falls_back_to_the_base(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.tf(('base_link', 'cam_optical', 0, (0.1, 0, 0)), static=True)
    rig.send(NOW)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame('base_link'))
    seen = select_observation(buffers, transforms)
    assert (seen.world_frame, seen.base_frame) == ('base_link', 'base_link')
    np.testing.assert_allclose(seen.frames[0].T_world_camera[:3, 3], [0.1, 0, 0])
    assert seen.missing == (
        "TF has no frame 'odom': 'base_link' is the world, taken to stand still; see `ros2 run "
        'tf2_ros tf2_echo odom cam_optical`',)
    nowhere = select_observation(buffers, transforms, world_frame='', base_frame='')
    assert nowhere.frames[0].T_world_camera is None
    assert nowhere.missing == ('no camera pose: world_frame and base_frame name no TF frame',)


def test_a_gap_between_odom_and_the_camera_falls_back_too(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.tf(('base_link', 'cam_optical', 0), ('map', 'odom', 0), static=True)
    rig.send(NOW)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame('odom'))
    seen = select_observation(buffers, transforms)
    assert seen.world_frame == 'base_link'
    assert 'two or more unconnected trees: ' in seen.missing[0]
    assert '`ros2 run tf2_ros tf2_echo odom cam_optical`' in seen.missing[0]
    seen = select_observation(buffers, transforms, prefer=['map', 'nose'])
    for line in seen.missing[1:]:
        assert '`ros2 run tf2_tools view_frames`' in line
    assert len(seen.missing) == 3


def test_images_that_name_no_frame_are_told_with_where_to_see_it(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.tf(('odom', 'base_link', 0), static=True)
    rig.send(NOW, frame='')
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame('odom'))
    line, = select_observation(buffers, transforms).missing
    assert line.count('images of camera cam have an empty frame_id') == 1
    assert '`ros2 topic echo --once --field header IMAGE_TOPIC`' in line


@pytest.mark.parametrize(('frames', 'told'), [
    (('left_optical', 'right_optical'), False), (('left_optical', 'left_optical'), True)])
def test_cameras_that_share_a_frame_are_told(rig, frames, told):
    """Two drivers as they come, of one name: each thing is where the other camera would see it."""
    buffers = rig.buffers(*(
        CameraConfig(name, f'/{name}/image', depth_topic=f'/{name}/depth')
        for name in ('left', 'right')))
    transforms = rig.transforms()
    rig.tf(*(('odom', frame, 0) for frame in {'base_link', *frames}), static=True)
    for name, frame in zip(('left', 'right'), frames):
        rig.send(NOW, name=name, frame=frame)
        assert rig.sent(buffers, 1, name=name, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame(frames[1]))
    lines = select_observation(buffers, transforms).missing
    assert len(lines) == told
    for word in ('left and right', "'left_optical'", 'camera_name') if told else ():
        assert word in lines[0]


def test_a_loop_in_tf_ends_with_a_reason(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.tf(('a', 'cam_optical', 0), ('cam_optical', 'a', 0), ('odom', 'base_link', 0), static=True)
    rig.send(NOW)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame('odom'))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].T_world_camera is None
    assert any('loop' in line for line in seen.missing)


def test_poses_that_tf_does_not_have_yet_are_missing_not_made_up(robot):
    rig, buffers, transforms = robot
    for stamp in (NOW + 9.5, NOW + 10.5):
        rig.send(stamp)
    assert rig.sent(buffers, 2, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].T_world_camera is not None
    assert seen.frames[1].T_world_camera is None
    assert np.isnan(seen.transforms['base_link'][1]).all()
    (line,) = seen.missing
    assert 'no pose for 1 of 2 images' in line
    assert 'into the future' in line


def test_named_and_too_many_tf_frames(robot):
    rig, buffers, transforms = robot
    rig.tf(*[('base_link', f'link_{number}', 0) for number in range(80)], static=True)
    rig.send(NOW)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.wait(lambda: transforms.has_frame('link_79'))
    seen = select_observation(buffers, transforms)
    assert len(seen.transforms) == MAX_TF_FRAMES
    assert 'base_link' in seen.transforms
    (line,) = seen.missing
    assert 'TF has 83 frames, 64 of them are given' in line
    assert 'link_70' not in seen.transforms
    named = select_observation(buffers, transforms, prefer=['link_70', 'nose'])
    assert {'base_link', 'link_70'} < set(named.transforms)
    assert len(named.transforms) == MAX_TF_FRAMES
    assert "TF has no frame 'nose'; see `ros2 run tf2_tools view_frames`" in named.missing


@pytest.mark.parametrize(('moves', 'said', 'placed', 'known'), [
    # a joint that was silent while it moved, a camera that was handed over, one that jumps when its
    # last image has come
    ([('neck', 'left_optical', 50.0, 0.1), ('neck', 'left_optical', 50.1, 0.1),
      ('neck', 'left_optical', 51.9, 0.3), ('neck', 'left_optical', 52.1, 0.3)], 'TF has a gap',
     [52], [52]),
    ([('neck', 'left_optical', 50.0, 0.1), ('hand', 'left_optical', 51.9, 0.3),
      ('hand', 'left_optical', 52.1, 0.3)], 'changes its parent', [52], [51, 52]),
    ([('neck', 'left_optical', 50.0, 0.1), ('neck', 'left_optical', 52.5, 0.1),
      ('neck', 'left_optical', 52.51, 0.9), ('neck', 'left_optical', 53.1, 0.9)],
     "of frame 'left_optical': TF jumps", [51, 52], [53])])
def test_what_breaks_one_cameras_way_is_no_fault_of_anothers(rig, moves, said, placed, known):
    buffers = rig.buffers(*(CameraConfig(name, f'/{name}/image') for name in ('left', 'right')))
    transforms = rig.transforms()
    rig.tf(('odom', 'base_link', 0), ('base_link', 'neck', 0), ('base_link', 'hand', 0),
           ('base_link', 'right_optical', 0), static=True)
    for parent, child, stamp_s, x in moves:
        rig.tf((parent, child, stamp_s, (x, 0, 0)))
    for stamp_s in (51.0, 52.0, 53.0):
        for name in ('left', 'right') if stamp_s < 53.0 else ('right',):
            rig.send(stamp_s, name=name, depth=False, info=False, frame=f'{name}_optical')
    assert rig.sent(buffers, 2, name='left')
    assert rig.sent(buffers, 3, name='right')
    assert rig.wait(lambda: transforms.has_frame('hand') and transforms.breaks('odom', moves[0][1]))
    seen = select_observation(buffers, transforms, prefer=['left_optical'])
    assert sorted(
        (frame.camera, frame.stamp_s) for frame in seen.frames if frame.T_world_camera is not None
    ) == [*(('left', each) for each in placed), *(('right', each) for each in (51, 52, 53))]
    assert any(said in line for line in seen.missing)
    # further frames are as sure as cameras, but for those that are handed over
    poses = seen.transforms['left_optical']
    assert known == sorted({
        frame.stamp_s for frame in seen.frames if np.isfinite(poses[frame.index]).all()})


def test_commands_in_messages_name_the_topics_that_tf_comes_on(rig):
    buffers = rig.buffers()
    transforms = rig.transforms(topics=TfTopics('/robot1/tf', '/robot1/tf_static'))
    rig.send(NOW)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert not transforms.is_published()
    (line,) = select_observation(buffers, transforms).missing
    assert 'nothing came on /robot1/tf or /robot1/tf_static' in line
    assert ('`ros2 run tf2_ros tf2_echo odom cam_optical --ros-args -r /tf:=/robot1/tf '
            '-r /tf_static:=/robot1/tf_static`') in line
    rig.publish('/robot1/tf', TFMessage(transforms=[]))
    assert transforms.is_published()


def test_depth_of_another_camera_is_brought_over(rig, make):
    """The depth camera is 0.1 m to the left and has twice the pixels."""
    config = CameraConfig(
        'cam', '/cam/image', depth_topic='/cam/depth', depth_info_topic='/cam/depth_info')
    buffers, transforms = rig.buffers(config), rig.transforms()
    rig.tf(('cam_optical', 'cam_depth', 0, (-0.1, 0, 0)), static=True)
    levels = np.full((24, 32), 2000, np.uint16)
    levels[:, 16:] = 1000
    rig.publish('/cam/depth_info', make.camera_info(NOW, 'cam_depth', 32, 24, 40.0))
    rig.publish('/cam/depth', make.image(NOW, 'cam_depth', '16UC1', levels))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info', 'depth_camera_info'))
    assert rig.wait(lambda: transforms.has_frame('cam_depth'))
    depth = select_observation(buffers, transforms).frames[0].depth_m
    # At 1 m the left edge of the near half, column 7.5, moves 2 pixels to the left; at 2 m by 1.
    np.testing.assert_allclose(depth[6, 6:14], 1.0)
    np.testing.assert_allclose(depth[6, :5], 2.0)


@pytest.mark.parametrize('info', [False, True])
def test_depth_of_another_camera_without_a_way_over(rig, make, info):
    config = CameraConfig(
        'cam', '/cam/image', depth_topic='/cam/depth',
        depth_info_topic='/cam/depth_info' if info else '')
    buffers, transforms = rig.buffers(config), rig.transforms()
    if not info:
        rig.tf(('cam_optical', 'cam_depth', 0, (-0.1, 0, 0)), static=True)
        assert rig.wait(lambda: transforms.has_frame('cam_depth'))
    else:
        rig.publish('/cam/depth_info', make.camera_info(NOW, 'cam_depth'))
    rig.publish('/cam/depth', make.image(
        NOW, 'cam_depth', '16UC1', np.full((12, 16), 900, np.uint16)))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].depth_m is None
    said = ' '.join(seen.missing)
    assert 'cam_depth' in said
    assert ('does not exist' if info else 'depth_camera_info is not set') in said
