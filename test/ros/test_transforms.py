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

"""TF over real DDS: at the stamp, never the latest; gaps, loops, waits, jumps back."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from rclpy.executors import SingleThreadedExecutor
from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.geometry.se3 import is_rigid
from spatialclaw_ros.ros.transforms import _matrix

SECOND = 10**9


def x_of(source, target, frame, stamp_s, **options):
    return source.lookup(target, frame, round(stamp_s * SECOND), **options)[0, 3]


def arm(rig, source, *stamps):
    """An arm that moves 1 m/s along x, with a camera 0.1 m ahead of it."""
    rig.tf(('hand', 'camera', 0, (0.1, 0, 0)), static=True)
    for stamp in stamps:
        rig.tf(('odom', 'hand', stamp, (stamp, 0, 0)))
    assert rig.wait(lambda: source.has_frame('camera') and _knows(source, stamps[-1]))


def _knows(source, stamp_s):
    try:
        source.lookup('odom', 'hand', round(stamp_s * SECOND), 0.0)
    except TransformError:
        return False
    return True


def test_poses_are_of_the_stamp_not_of_now(rig):
    source = rig.transforms()
    arm(rig, source, 10.0, 10.5, 11.0)
    assert x_of(source, 'odom', 'camera', 10.25) == pytest.approx(10.35)
    assert x_of(source, 'camera', 'odom', 10.5) == pytest.approx(-10.6)
    assert x_of(source, '/odom', '/camera', 11.0) == pytest.approx(11.1)
    assert set(source.frames()) == {'hand', 'camera', 'odom'}


def test_what_is_fixed_is_looked_up_anew_when_it_is_fixed_otherwise(rig):
    source = rig.transforms()
    arm(rig, source, 10.0, 11.0)

    def fixed():
        anchor, pose = source.fixed('camera', 'odom', 10 * SECOND)
        assert not pose.flags.writeable
        return anchor, round(float(pose[0, 3]), 9)

    assert [fixed(), fixed()] == [('hand', 0.1)] * 2
    for end in (1.0, 12.0):  # what moves is no reason to look again
        rig.tf(('odom', 'hand', end, (0, 0, 0)))
    rig.tf(('hand', 'camera', 0, (0.3, 0, 0)), static=True)
    assert rig.wait(lambda: fixed() == ('hand', 0.3))
    rig.tf(('odom', 'hand', 0, (5, 0, 0)), static=True)
    assert rig.wait(lambda: fixed() == ('odom', 5.3))
    rig.tf(('hand', 'camera', 12.0, (0.4, 0, 0)))
    assert rig.wait(lambda: fixed() == ('camera', 0.0))


def test_rotations_come_as_matrices(rig, make):
    source = rig.transforms()
    turned = Rotation.from_euler('xyz', [0.4, -1.1, 2.0])
    message = make.transform('odom', 'camera', 0, (1, 2, 3))
    rotation = message.transform.rotation
    rotation.x, rotation.y, rotation.z, rotation.w = turned.as_quat()
    rig.publish('/tf_static', TFMessage(transforms=[message]), latched=True)
    assert rig.wait(lambda: source.has_frame('camera'))
    got = source.lookup('odom', 'camera', SECOND)
    np.testing.assert_allclose(got[:3, :3], turned.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(got[:, 3], [1, 2, 3, 1])


@pytest.mark.parametrize('half', [0.5 ** 0.5, 0.707, 0.71])
def test_a_quaternion_as_people_write_it_stretches_nothing(make, half):
    message = make.transform('odom', 'camera', 0, (1, 2, 3))
    message.transform.rotation.x = message.transform.rotation.w = half
    assert is_rigid(_matrix(message))
    np.testing.assert_allclose(_matrix(message) @ [0, 0, 1, 1], [1, 1, 3, 1], atol=1e-12)


def test_stamp_zero_does_not_mean_the_latest(rig):
    source = rig.transforms()
    arm(rig, source, 10.0, 11.0)
    with pytest.raises(TransformError, match='into the past'):
        source.lookup('odom', 'camera', 0)


def test_static_transforms_of_a_publisher_that_was_there_first(rig):
    rig.tf(('base', 'camera', 0, (0.3, 0, 0)), static=True)
    source = rig.transforms()
    assert rig.wait(lambda: source.has_frame('camera'))
    assert x_of(source, 'base', 'camera', 1.0) == pytest.approx(0.3)


def test_waits_for_tf_just_behind_the_image(rig):
    source = rig.transforms(wait_s=60.0)
    arm(rig, source, 10.0, 10.5)
    later = threading.Timer(0.2, lambda: rig.tf(('odom', 'hand', 11.0, (11.0, 0, 0))))
    later.start()
    start = time.monotonic()
    assert x_of(source, 'odom', 'camera', 10.8) == pytest.approx(10.9)
    assert 0.1 < time.monotonic() - start < 30.0
    later.join()


def test_does_not_wait_for_what_cannot_come(rig):
    source = rig.transforms(wait_s=60.0)
    arm(rig, source, 10.0, 10.5)
    start = time.monotonic()
    for target, frame, stamp_s in (
            ('odom', 'camera', 9.0), ('odom', 'nose', 10.2), ('map', 'camera', 10.2)):
        with pytest.raises(TransformError):
            source.lookup(target, frame, round(stamp_s * SECOND))
    assert time.monotonic() - start < 30.0


def test_the_wait_is_short(rig):
    source = rig.transforms()
    arm(rig, source, 10.0, 10.5)
    start = time.monotonic()
    with pytest.raises(TransformError, match='into the future'):
        source.lookup('odom', 'camera', 12 * SECOND)
    assert time.monotonic() - start < 10.0


def test_errors_name_the_frames_and_the_reason(rig):
    source = rig.transforms()
    arm(rig, source, 10.0, 10.5)
    rig.tf(('island', 'palm', 10.0), ('a', 'b', 10.0), ('b', 'c', 10.0), ('c', 'a', 10.0))
    assert rig.wait(lambda: source.has_frame('c') and source.has_frame('palm'))
    for target, frame, words in (
            ('odom', 'nose', ("'nose'", "'odom'", 'does not exist')),
            ('odom', 'palm', ("'palm'", 'two or more unconnected trees')),
            ('odom', 'a', ("'a'", 'loop'))):
        with pytest.raises(TransformError) as caught:
            source.lookup(target, frame, 10 * SECOND)
        for word in words:
            assert word in str(caught.value)


def test_stamps_that_jump_back_clear_what_moves(rig):
    source = rig.transforms()
    arm(rig, source, 100.0, 101.0)
    arm(rig, source, 5.0, 6.0)
    assert x_of(source, 'odom', 'camera', 5.5) == pytest.approx(5.6)
    with pytest.raises(TransformError, match='future'):
        source.lookup('odom', 'camera', round(100.5 * SECOND))


def test_ros_time_that_jumps_back_clears_what_moves(sim_rig):
    source = sim_rig.transforms()
    clock = Clock()
    clock.clock.sec = 200
    sim_rig.publish('/clock', clock)
    assert sim_rig.wait(
        lambda: sim_rig.into.get_clock().now().nanoseconds == 200 * SECOND)
    arm(sim_rig, source, 199.0, 200.0)
    clock.clock.sec = 10
    sim_rig.publish('/clock', clock)
    assert sim_rig.wait(lambda: not _knows(source, 199.5))
    assert x_of(source, 'hand', 'camera', 10.0) == pytest.approx(0.1)


def test_bad_transforms_do_no_harm(rig):
    source = rig.transforms()
    rig.tf(('odom', 'odom', 10.0), ('', 'x', 10.0), ('odom', 'y', 10.0, (float('nan'), 0, 0)))
    arm(rig, source, 10.0, 10.5)
    assert x_of(source, 'odom', 'camera', 10.25) == pytest.approx(10.35)


def test_transforms_that_wait_are_taken_together(rig, make):
    source = rig.transforms()
    arm(rig, source, 10.0)
    rig.stop()
    for step in range(1, 41):
        rig.publishers['/tf'].publish(make.tf_message('odom', 'hand', 10.0 + step))
    executor = SingleThreadedExecutor(context=rig.into.context)
    executor.add_node(rig.into)
    for _ in range(10):
        executor.spin_once(0.2)
    executor.shutdown()
    assert _knows(source, 50.0)


def test_close_gives_the_subscriptions_back(rig):
    before = len(list(rig.into.subscriptions))
    source = rig.transforms()
    rig.stop()
    source.close()
    assert len(list(rig.into.subscriptions)) == before
