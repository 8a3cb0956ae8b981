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

"""One contract for cv_bridge, point_cloud2 and tf_transformations, whichever is behind them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Image, PointField
from std_msgs.msg import Header

from spatialclaw_ros.ros.compat import cv_bridge as cv_bridge_compat
from spatialclaw_ros.ros.compat import report, tf_transformations
from spatialclaw_ros.ros.compat.cv_bridge import CvBridge, CvBridgeError
from spatialclaw_ros.ros.compat.sensor_msgs_py import point_cloud2

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (5, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize(('array', 'encoding'), [
    (COLOR, 'rgb8'), (COLOR, 'bgr8'), (COLOR[..., 0], 'mono8'),
    (RNG.integers(0, 65536, (5, 6), dtype=np.uint16), '16UC1'),
    (RNG.random((5, 6)).astype(np.float32), '32FC1')])
def test_images_come_back_as_they_went(array, encoding):
    header = Header(frame_id='camera')
    message = CvBridge().cv2_to_imgmsg(array, encoding, header=header)
    assert (message.height, message.width, message.encoding) == (5, 6, encoding)
    assert message.step == array.itemsize * array.size // 5
    assert message.header.frame_id == 'camera'
    back = CvBridge().imgmsg_to_cv2(message)
    np.testing.assert_array_equal(back, array)


def test_passthrough_names_the_type():
    assert CvBridge().cv2_to_imgmsg(COLOR).encoding == '8UC3'
    assert CvBridge().cv2_to_imgmsg(COLOR[..., 0].astype(np.float32)).encoding == '32FC1'


def test_channels_are_swapped_when_asked():
    message = CvBridge().cv2_to_imgmsg(COLOR, 'rgb8')
    np.testing.assert_array_equal(
        CvBridge().imgmsg_to_cv2(message, 'bgr8'), COLOR[..., ::-1])
    grey = CvBridge().imgmsg_to_cv2(message, 'mono8')
    exact = COLOR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey - exact).max() <= 1.0


def test_wrong_type_for_an_encoding():
    with pytest.raises(CvBridgeError):
        CvBridge().cv2_to_imgmsg(COLOR, 'mono8')
    with pytest.raises(TypeError):
        CvBridge().cv2_to_imgmsg([[1, 2]], 'mono8')


def test_compressed_round_trip():
    smooth = np.full((32, 32, 3), (30, 120, 200), np.uint8)
    message = CvBridge().cv2_to_compressed_imgmsg(smooth, 'png')
    assert 'png' in message.format
    np.testing.assert_array_equal(CvBridge().compressed_imgmsg_to_cv2(message), smooth)


def test_the_package_indexs_cv_bridge_is_told_by_its_reading_of_16_bit():
    """ROS 1's, which the package index has, reads 16UC1 as bytes."""
    class Ros1:
        class CvBridge:
            def imgmsg_to_cv2(self, message: Image, encoding: str = 'passthrough') -> np.ndarray:
                return np.frombuffer(message.data, np.uint8).reshape(message.height, -1)
    assert '16UC1' in cv_bridge_compat._probe(Ros1)


FIELDS = [
    PointField(name='x', offset=0, datatype=PointField.FLOAT32, count=1),
    PointField(name='y', offset=4, datatype=PointField.FLOAT32, count=1),
    PointField(name='z', offset=8, datatype=PointField.FLOAT32, count=1),
    PointField(name='rgb', offset=12, datatype=PointField.UINT32, count=1)]


def test_cloud_of_xyz():
    points = RNG.random((7, 3)).astype(np.float32)
    cloud = point_cloud2.create_cloud_xyz32(Header(frame_id='odom'), points)
    assert (cloud.width, cloud.height, cloud.point_step, cloud.row_step) == (7, 1, 12, 84)
    assert cloud.header.frame_id == 'odom'
    read = point_cloud2.read_points(cloud)
    np.testing.assert_array_equal(np.stack([read[name] for name in 'xyz'], axis=1), points)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), points)


def test_cloud_of_mixed_fields():
    dtype = point_cloud2.dtype_from_fields(FIELDS)
    points = np.zeros(4, dtype)
    points['x'], points['rgb'] = [1, 2, np.nan, 4], [0xFF0000, 1, 2, 3]
    cloud = point_cloud2.create_cloud(Header(), FIELDS, points)
    assert cloud.point_step == 16
    read = point_cloud2.read_points(cloud, field_names=['x', 'rgb'], skip_nans=True)
    assert read['x'].tolist() == [1.0, 2.0, 4.0]
    assert read['rgb'].tolist() == [0xFF0000, 1, 3]


def test_cloud_layout_by_hand():
    """Little-endian x, y, z, rgb with a padded row, as another node may send it."""
    rows = [np.array([(1, 2, 3, 9), (4, 5, 6, 8)], point_cloud2.dtype_from_fields(FIELDS))] * 2
    cloud = point_cloud2.create_cloud(Header(), FIELDS, np.concatenate(rows))
    cloud.height, cloud.width = 2, 2
    cloud.row_step = 32
    read = point_cloud2.read_points(cloud, ['y'], reshape_organized_cloud=True)
    assert read.shape == (2, 2)
    assert read['y'].ravel().tolist() == [2.0, 5.0, 2.0, 5.0]


@pytest.mark.parametrize('angles', [(0.3, -0.2, 1.1), (0.0, 0.0, math.pi / 2), (-2.0, 0.9, 3.0)])
def test_rotations(angles):
    turned = Rotation.from_euler('xyz', angles)
    quat = tf_transformations.quaternion_from_euler(*angles)
    same = np.sign(np.dot(quat, turned.as_quat()))
    np.testing.assert_allclose(same * np.asarray(quat), turned.as_quat(), atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.quaternion_matrix(quat)[:3, :3], turned.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.euler_matrix(*angles)[:3, :3], turned.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.quaternion_matrix(tf_transformations.quaternion_from_matrix(
            tf_transformations.euler_matrix(*angles))),
        tf_transformations.euler_matrix(*angles), atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.quaternion_matrix(tf_transformations.quaternion_from_euler(
            *tf_transformations.euler_from_quaternion(quat)))[:3, :3],
        turned.as_matrix(), atol=1e-9)


def test_products_and_inverses():
    first, second = (Rotation.from_euler('xyz', angles) for angles in ((1, 2, 3), (0.2, 0, -1)))
    product = tf_transformations.quaternion_multiply(first.as_quat(), second.as_quat())
    np.testing.assert_allclose(
        tf_transformations.quaternion_matrix(product)[:3, :3],
        (first * second).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.quaternion_multiply(
            product, tf_transformations.quaternion_inverse(product)), [0, 0, 0, 1], atol=1e-12)
    moved = tf_transformations.concatenate_matrices(
        tf_transformations.translation_matrix((1, 2, 3)),
        tf_transformations.rotation_matrix(math.pi / 2, (0, 0, 1)))
    np.testing.assert_allclose(moved @ [1, 0, 0, 1], [1, 3, 3, 1], atol=1e-12)
    np.testing.assert_allclose(
        tf_transformations.inverse_matrix(moved) @ moved, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(tf_transformations.translation_from_matrix(moved), [1, 2, 3])


def test_slerp_is_halfway():
    quat = tf_transformations.quaternion_slerp(
        [0, 0, 0, 1], [0, 0, math.sin(0.5), math.cos(0.5)], 0.5)
    np.testing.assert_allclose(quat, [0, 0, math.sin(0.25), math.cos(0.25)], atol=1e-12)


def test_report_names_every_package_and_a_cost():
    parts = {part.package: part for part in report.installed()}
    assert {'tf2_ros_py', 'cv_bridge', 'tf_transformations', 'sensor_msgs_py'} <= set(parts)
    for part in parts.values():
        assert part.state in ('distribution', 'stand-in', 'missing')
        assert (part.cost == '') == (part.state == 'distribution')
