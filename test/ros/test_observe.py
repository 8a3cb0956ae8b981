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

"""From topics to an observation over real DDS: what is picked, paired, placed, and missing."""

from __future__ import annotations

import math
import re
import struct
import time

import cv2
import numpy as np
import pytest

from spatialclaw_ros.errors import InvalidRequestError, NoFramesError
from spatialclaw_ros.ros import observe
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.observe import select_observation

SECOND = 10**9
NOW = 50.0


def stamps(observation):
    return [round(frame.stamp_s, 3) for frame in observation.frames]


def test_a_frame_with_everything(robot):
    rig, buffers, transforms = robot
    rig.send(NOW, depth_m=1.25)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    spent = {}
    seen = select_observation(buffers, transforms, spent=spent)
    assert spent['decode'] > 0
    (frame,) = seen.frames
    assert (frame.index, frame.camera, frame.frame_id) == (0, 'cam', 'cam_optical')
    assert frame.stamp_ns == int(NOW * SECOND)
    assert (frame.image == 100).all()
    np.testing.assert_allclose(frame.depth_m, 1.25)
    assert (frame.intrinsics.fx, frame.intrinsics.width) == (20.0, 16)
    np.testing.assert_allclose(frame.T_world_camera[:3, 3], [NOW + 0.1, 0, 0])
    assert (seen.world_frame, seen.base_frame, seen.missing) == ('odom', 'base_link', ())
    assert set(seen.transforms) == {'base_link', 'cam_optical', 'hand'}
    np.testing.assert_allclose(seen.transforms['hand'][0][:3, 3], [NOW, 0.5, 0])


def test_frames_spread_over_the_window_with_the_newest(robot):
    rig, buffers, transforms = robot
    for step in range(21):
        rig.send(NOW + step * 0.1)
    assert rig.sent(buffers, 21, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms, window_s=1.0, max_frames=5)
    assert stamps(seen) == pytest.approx([51.0, 51.25, 51.5, 51.75, 52.0], abs=0.06)
    assert [frame.index for frame in seen.frames] == [0, 1, 2, 3, 4]
    moved = [frame.T_world_camera[0, 3] - frame.stamp_s for frame in seen.frames]
    np.testing.assert_allclose(moved, 0.1, atol=1e-6)
    earlier = select_observation(
        buffers, transforms, stamp_ns=int(50.95 * SECOND), window_s=0.5, max_frames=2)
    assert stamps(earlier) == [50.5, 50.9]
    (newest,) = select_observation(buffers, transforms, max_frames=1).frames
    assert newest.stamp_s == pytest.approx(52.0)


def test_only_what_is_picked_is_decoded(robot, monkeypatch):
    rig, buffers, transforms = robot
    for step in range(10):
        rig.send(NOW + step * 0.1)
    assert rig.sent(buffers, 10, roles=('image', 'depth'))
    decoded = []
    real = observe.decode_frame
    monkeypatch.setattr(
        observe, 'decode_frame', lambda raw, *rest: decoded.append(raw) or real(raw, *rest))
    select_observation(buffers, transforms, max_frames=3)
    assert len(decoded) == 3


def test_depth_pairs_with_the_nearest_stamp_within_the_tolerance(robot):
    rig, buffers, transforms = robot
    for offset, depth_m in ((-0.015, 1.0), (0.004, 2.0), (0.018, 3.0)):
        rig.send(NOW + offset, color=False, info=False, depth_m=depth_m)
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1)
    assert rig.sent(buffers, 3, roles=('depth',))
    (frame,) = select_observation(buffers, transforms).frames
    np.testing.assert_allclose(frame.depth_m, 2.0)


def test_depth_outside_the_tolerance_is_missing_not_wrong(robot):
    rig, buffers, transforms = robot
    rig.send(NOW - 0.05, color=False, info=False)
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1)
    assert rig.sent(buffers, 1, roles=('depth',))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].depth_m is None
    (line,) = seen.missing
    assert '/cam/depth within 0.02 s' in line
    assert '0.050 s away' in line


def test_images_with_depth_are_preferred(robot):
    """Depth at half the rate, and not yet there for the newest image."""
    rig, buffers, transforms = robot
    for step in range(8):
        rig.send(NOW + step * 0.1, depth=step % 2 == 0)
    assert rig.sent(buffers, 8)
    assert rig.sent(buffers, 4, roles=('depth',))
    seen = select_observation(buffers, transforms, max_frames=4)
    assert stamps(seen) == [50.0, 50.2, 50.4, 50.6]
    assert all(frame.depth_m is not None for frame in seen.frames)
    assert seen.missing == ()


def test_nothing_known_but_the_image(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.send(NOW, info=False, depth=False)
    assert rig.sent(buffers, 1)
    seen = select_observation(buffers, transforms)
    (frame,) = seen.frames
    assert (frame.depth_m, frame.intrinsics, frame.T_world_camera) == (None, None, None)
    assert (seen.world_frame, seen.base_frame, seen.transforms) == ('', '', {})
    said = ' | '.join(seen.missing)
    assert 'nothing came on /cam/camera_info' in said
    assert 'nothing came on /cam/depth' in said
    assert 'nothing came on /tf or /tf_static' in said


def test_depth_that_gave_way_to_newer_images_is_told_with_its_age(rig):
    buffers = rig.buffers(buffer_bytes=2000)
    rig.send(NOW, color=False, info=False)
    for step in range(3):
        rig.send(NOW + step, info=False, depth=False)
    assert rig.sent(buffers, 3)
    seen = select_observation(buffers, rig.transforms())
    line = next(line for line in seen.missing if 'no depth' in line)
    assert re.search(r'nothing came on /cam/depth for \d+\.\d s, .* \(buffer_mb\)', line), line
    assert '`ros2 topic hz /cam/depth`' in line


def test_depth_that_is_larger_than_the_buffer_is_told(rig, make):
    buffers = rig.buffers(buffer_bytes=2000)
    rig.publish('/cam/depth', make.image(NOW, 'cam_optical', '16UC1', np.ones((50, 50), np.uint16)))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth'))
    seen = select_observation(buffers, rig.transforms())
    line = next(line for line in seen.missing if 'no depth' in line)
    assert 'messages on /cam/depth were larger than buffer_mb' in line
    assert '`ros2 topic bw /cam/depth`' in line


def test_images_without_a_stamp_are_told_while_they_are_looked_at(rig):
    buffers, transforms = rig.buffers(), rig.transforms()
    rig.send(0.0, info=False, depth=False)
    rig.send(time.time() + 1.0, info=False, depth=False)
    assert rig.sent(buffers, 2)
    for window_s, told in ((9.0, 1), (0.5, 0)):
        seen = select_observation(buffers, transforms, window_s=window_s)
        lines = [line for line in seen.missing if 'have no stamp' in line]
        assert len(lines) == told
        assert all('`ros2 topic echo /cam/image --field header.stamp`' in line for line in lines)


def test_intrinsics_of_zeros(robot, make):
    rig, buffers, transforms = robot
    rig.send(NOW, info=False)
    rig.publish('/cam/camera_info', make.camera_info(NOW, 'cam_optical', focal=0.0))
    zeros = make.camera_info(NOW, 'cam_optical')
    zeros.k = [0.0] * 9
    rig.publish('/cam/camera_info', zeros)
    assert rig.sent(buffers, 1, roles=('image', 'depth'))
    assert rig.sent(
        buffers, 2, roles=('camera_info',))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].intrinsics is None
    assert any('no intrinsics of cam' in line for line in seen.missing)


def test_calibration_published_once_long_ago(robot, make):
    rig, buffers, transforms = robot
    rig.publish('/cam/camera_info', make.camera_info(3.0, 'cam_optical'))
    rig.send(NOW, info=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].intrinsics.fx == 20.0
    assert any('47.00 s from the image: taken to hold still' in line for line in seen.missing)


@pytest.mark.parametrize(('values', 'encoding', 'unknown'), [
    (np.array([0, 65535, 1500], np.uint16), '16UC1', 2),
    (np.array([math.nan, math.inf, 0.0, -1.0, 1.5], np.float32), '32FC1', 4)])
def test_depth_that_knows_nothing_in_places(robot, make, values, encoding, unknown):
    rig, buffers, transforms = robot
    depth = np.full((12, 16), values[-1])
    depth.ravel()[:len(values)] = values
    rig.publish('/cam/depth', make.image(NOW, 'cam_optical', encoding, depth))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    got = select_observation(buffers, transforms).frames[0].depth_m
    assert np.isnan(got).sum() == unknown
    np.testing.assert_allclose(got[np.isfinite(got)], 1.5)


def test_depth_of_another_size_of_the_same_view(robot, make):
    rig, buffers, transforms = robot
    small = np.array([[1000, 2000, 1000, 2000]] * 3, np.uint16)
    rig.publish('/cam/depth', make.image(NOW, 'cam_optical', '16UC1', small))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms)
    np.testing.assert_allclose(seen.frames[0].depth_m, np.repeat(np.repeat(
        small, 4, axis=0), 4, axis=1) / 1000)
    assert any('4x3, colour is 16x12' in line for line in seen.missing)


def test_depth_of_another_shape_is_missing(robot, make):
    rig, buffers, transforms = robot
    rig.publish('/cam/depth', make.image(
        NOW, 'cam_optical', '16UC1', np.full((12, 12), 1000, np.uint16)))
    rig.send(NOW, depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms)
    assert seen.frames[0].depth_m is None
    assert any('12x12, colour is 16x12' in line for line in seen.missing)


def test_compressed_topics(rig, make):
    config = CameraConfig(
        'cam', '/cam/image/compressed', '/cam/camera_info', '/cam/depth/compressedDepth',
        image_transport='compressed', depth_transport='compressedDepth')
    buffers, transforms = rig.buffers(config), rig.transforms()
    _, jpeg = cv2.imencode('.jpg', np.full((12, 16, 3), (10, 100, 200), np.uint8))
    _, png = cv2.imencode('.png', np.full((12, 16), 1500, np.uint16))
    rig.publish('/cam/depth/compressedDepth', make.compressed(
        NOW, 'cam_optical', '16UC1; compressedDepth png',
        struct.pack('<iff', 0, 0, 0) + png.tobytes()))
    rig.publish('/cam/image/compressed', make.compressed(
        NOW, 'cam_optical', 'rgb8; jpeg compressed bgr8', jpeg.tobytes()))
    assert rig.sent(buffers, 1, roles=('image', 'depth'))
    (frame,) = select_observation(buffers, transforms).frames
    np.testing.assert_allclose(frame.image[6, 8], [200, 100, 10], atol=8)
    np.testing.assert_allclose(frame.depth_m, 1.5)


def test_an_encoding_nobody_knows(robot, make):
    rig, buffers, transforms = robot
    rig.publish('/cam/image', make.image(
        NOW, 'cam_optical', 'plasma9', np.zeros((12, 16, 3), np.uint8)))
    assert rig.sent(buffers, 1)
    with pytest.raises(NoFramesError) as caught:
        select_observation(buffers, transforms)
    assert '/cam/image' in str(caught.value)
    assert 'plasma9' in str(caught.value)
    assert 'plasma9' in buffers.status()[0].last_error
    rig.send(NOW + 0.1)
    assert rig.sent(buffers, 2, roles=('image',))
    assert rig.sent(buffers, 1, roles=('depth',))
    seen = select_observation(buffers, transforms, max_frames=1)
    assert stamps(seen) == [50.1]
    assert buffers.status()[0].last_error == ''


def test_a_camera_that_never_published_is_named(rig):
    buffers, transforms = rig.buffers(CameraConfig('wrist', '/wrist/image')), rig.transforms()
    with pytest.raises(NoFramesError) as caught:
        select_observation(buffers, transforms, window_s=2.0)
    assert 'no image on /wrist/image in 2.0 s: no publishers' in str(caught.value)


def test_images_that_stopped_coming(robot, monkeypatch):
    rig, buffers, transforms = robot
    rig.send(NOW)
    assert rig.sent(buffers, 1)
    monkeypatch.setattr(observe, 'STALE_S', 0.05)
    rig.wait(lambda: False, timeout_s=0.15)
    with pytest.raises(NoFramesError, match=r'1 publisher, 1 came since the start, the last one 0'):
        select_observation(buffers, transforms, window_s=0.1)
    (frame,) = select_observation(
        buffers, transforms, stamp_ns=int(NOW * SECOND), window_s=0.1).frames
    assert frame.stamp_s == NOW


def test_a_time_that_is_not_in_the_buffer(robot):
    rig, buffers, transforms = robot
    rig.send(NOW)
    assert rig.sent(buffers, 1)
    with pytest.raises(NoFramesError) as caught:
        select_observation(buffers, transforms, stamp_ns=20 * SECOND, window_s=1.0)
    assert 'from 19.000 s to 20.000 s' in str(caught.value)
    assert 'from 50.000 s to 50.000 s' in str(caught.value)


def test_stamps_that_jump_back(robot):
    rig, buffers, transforms = robot
    rig.send(NOW + 5)
    rig.send(NOW - 8)
    assert rig.sent(buffers, 2, roles=('image', 'depth', 'camera_info'))
    seen = select_observation(buffers, transforms, window_s=60.0)
    assert stamps(seen) == [42.0]
    np.testing.assert_allclose(seen.frames[0].T_world_camera[0, 3], 42.1)


def test_two_cameras_share_the_frames(rig):
    buffers = rig.buffers(
        CameraConfig('left', '/left/image'), CameraConfig('right', '/right/image'),
        CameraConfig('dead', '/dead/image'))
    transforms = rig.transforms()
    for step in range(6):
        for name, offset in (('left', 0.0), ('right', 0.03)):
            rig.send(NOW + step * 0.1 + offset, name=name, depth=False)
    assert rig.sent(buffers, 6, name='left')
    assert rig.sent(buffers, 6, name='right')
    seen = select_observation(buffers, transforms, max_frames=5)
    assert [frame.camera for frame in seen.frames].count('left') == 3
    assert seen.cameras == ('left', 'right')
    assert stamps(seen) == sorted(stamps(seen))
    assert stamps(seen)[-2:] == [50.5, 50.53]
    assert any('no image on /dead/image' in line for line in seen.missing)
    only = select_observation(buffers, transforms, cameras=['right'], max_frames=1)
    assert only.cameras == ('right',)
    assert not any('/dead' in line for line in only.missing)
    first = select_observation(buffers, transforms, cameras=['left', 'right'], max_frames=1)
    assert first.cameras == ('left',)
    assert any('right is left out' in line for line in first.missing)


@pytest.mark.parametrize(('fields', 'said'), [
    ({'cameras': ['wrist']}, 'there are cam'), ({'cameras': ['cams']}, "did you mean 'cam'"),
    ({'window_s': 0.0}, 'window'), ({'window_s': math.nan}, 'window'),
    ({'window_s': -1.0}, 'window'), ({'max_frames': 0}, 'max_frames')])
def test_requests_of_no_use(rig, fields, said):
    with pytest.raises(InvalidRequestError, match=said):
        select_observation(rig.buffers(), rig.transforms(), **fields)
