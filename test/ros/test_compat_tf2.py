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

"""One contract for the TF buffer, listener and broadcasters, whichever is behind them."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.time import Time
from scipy.spatial.transform import Rotation, Slerp

from spatialclaw_ros.ros.compat.tf2 import (
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformException,
    TransformListener,
)

SECOND = 10**9


def transform(parent, child, stamp_s, xyz=(0.0, 0.0, 0.0), quat_xyzw=(0.0, 0.0, 0.0, 1.0)):
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp = Time(nanoseconds=int(stamp_s * SECOND)).to_msg()
    move, turn = message.transform.translation, message.transform.rotation
    move.x, move.y, move.z = map(float, xyz)
    turn.x, turn.y, turn.z, turn.w = map(float, quat_xyzw)
    return message


def at(stamp_s):
    return Time(nanoseconds=int(stamp_s * SECOND))


def matrix(message):
    move, turn = message.transform.translation, message.transform.rotation
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
    result[:3, 3] = move.x, move.y, move.z
    return result


@pytest.fixture
def buffer():
    """An empty buffer of the default length, 10 s."""
    return Buffer()


def test_interpolates_on_a_line_and_by_slerp(buffer):
    first = Rotation.from_euler('xyz', [0.1, -0.4, 0.2])
    second = Rotation.from_euler('xyz', [1.0, 0.3, -1.2])
    buffer.set_transform(transform('odom', 'base', 10, (0, 0, 0), first.as_quat()), 'test')
    buffer.set_transform(transform('odom', 'base', 12, (1, 2, -4), second.as_quat()), 'test')
    slerp = Slerp([10, 12], Rotation.concatenate([first, second]))
    for stamp in (10.0, 10.5, 11.0, 11.9, 12.0):
        got = matrix(buffer.lookup_transform('odom', 'base', at(stamp)))
        part = (stamp - 10) / 2
        np.testing.assert_allclose(got[:3, 3], np.array([1, 2, -4]) * part, atol=1e-9)
        np.testing.assert_allclose(got[:3, :3], slerp(stamp).as_matrix(), atol=1e-9)


def test_interpolates_the_short_way_round(buffer):
    buffer.set_transform(transform('a', 'b', 1, quat_xyzw=(0, 0, 0, 1)), 'test')
    buffer.set_transform(
        transform('a', 'b', 2, quat_xyzw=(0, 0, -math.sin(0.1), -math.cos(0.1))), 'test')
    turn = buffer.lookup_transform('a', 'b', at(1.5)).transform.rotation
    assert 2 * math.atan2(turn.z, turn.w) % (2 * math.pi) == pytest.approx(0.1)


quaternions = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1).map(
    lambda q: tuple(np.array(q) / np.linalg.norm(q)))
vectors = st.tuples(*[st.floats(-10, 10)] * 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(vectors, quaternions), min_size=6, max_size=6), st.data())
def test_composes_along_any_path_of_a_tree(poses, data):
    """A tree root -> a -> b -> c and root -> d -> e, static where the draw says so."""
    buffer = Buffer()
    edges = [('root', 'a'), ('a', 'b'), ('b', 'c'), ('root', 'd'), ('d', 'e'), ('e', 'f')]
    T_root = {'root': np.eye(4)}
    for (parent, child), (xyz, quat) in zip(edges, poses):
        message = transform(parent, child, 5, xyz, quat)
        if data.draw(st.booleans()):
            buffer.set_transform_static(message, 'test')
        else:
            buffer.set_transform(message, 'test')
        T_root[child] = T_root[parent] @ matrix(message)
    target, source = (data.draw(st.sampled_from(sorted(T_root))) for _ in 'ts')
    got = buffer.lookup_transform(target, source, at(5))
    assert (got.header.frame_id, got.child_frame_id) == (target, source)
    np.testing.assert_allclose(
        matrix(got), np.linalg.inv(T_root[target]) @ T_root[source], atol=1e-8)


def test_static_holds_at_any_time(buffer):
    buffer.set_transform_static(transform('a', 'b', 0, (1, 0, 0)), 'test')
    for stamp in (1, 1e9):
        assert buffer.lookup_transform('a', 'b', at(stamp)).transform.translation.x == 1.0


def test_time_zero_is_the_newest_that_the_path_has(buffer):
    for stamp in (1, 2, 3):
        buffer.set_transform(transform('a', 'b', stamp, (stamp, 0, 0)), 'test')
    for stamp in (1, 2):
        buffer.set_transform(transform('b', 'c', stamp, (0, stamp, 0)), 'test')
    got = buffer.lookup_transform('a', 'c', Time())
    assert Time.from_msg(got.header.stamp).nanoseconds == 2 * SECOND
    assert (got.transform.translation.x, got.transform.translation.y) == (2.0, 2.0)
    assert buffer.get_latest_common_time('a', 'c').nanoseconds == 2 * SECOND


def test_unknown_frames(buffer):
    buffer.set_transform_static(transform('a', 'b', 0), 'test')
    with pytest.raises(LookupException, match=r'"x" .*target_frame does not exist'):
        buffer.lookup_transform('x', 'b', at(1))
    with pytest.raises(LookupException, match=r'"y" .*source_frame does not exist'):
        buffer.lookup_transform('a', 'y', at(1))


def test_frame_names_that_can_be_none(buffer):
    buffer.set_transform_static(transform('a', 'b', 0), 'test')
    with pytest.raises(InvalidArgumentException, match='cannot be empty'):
        buffer.lookup_transform('', 'b', at(1))
    with pytest.raises(InvalidArgumentException, match="cannot start with a '/'"):
        buffer.lookup_transform('a', '/b', at(1))


def test_trees_with_a_gap(buffer):
    buffer.set_transform_static(transform('a', 'b', 0), 'test')
    buffer.set_transform_static(transform('x', 'y', 0), 'test')
    with pytest.raises(ConnectivityException, match=r"'b' and 'y'.*two or more unconnected trees"):
        buffer.lookup_transform('b', 'y', at(1))


def test_extrapolation(buffer):
    buffer.set_transform(transform('a', 'b', 5), 'test')
    with pytest.raises(ExtrapolationException, match=r'only time 5\.000000 is in the buffer'):
        buffer.lookup_transform('a', 'b', at(6))
    buffer.set_transform(transform('a', 'b', 6), 'test')
    with pytest.raises(ExtrapolationException) as caught:
        buffer.lookup_transform('a', 'b', at(6.5))
    assert ('extrapolation into the future.  Requested time 6.500000 but the latest data is at '
            'time 6.000000, when looking up transform from frame [b] to frame [a]'
            ) in str(caught.value)
    with pytest.raises(ExtrapolationException) as caught:
        buffer.lookup_transform('a', 'b', at(4.5))
    assert ('extrapolation into the past.  Requested time 4.500000 but the earliest data is at '
            'time 5.000000') in str(caught.value)


def test_what_lies_above_the_common_parent_does_not_matter(buffer):
    buffer.set_transform(transform('odom', 'base', 1), 'test')
    buffer.set_transform(transform('odom', 'base', 2), 'test')
    buffer.set_transform_static(transform('base', 'camera', 0, (1, 0, 0)), 'test')
    buffer.set_transform_static(transform('base', 'gripper', 0, (0, 1, 0)), 'test')
    move = buffer.lookup_transform('gripper', 'camera', at(50)).transform.translation
    assert (move.x, move.y) == (1.0, -1.0)


def test_a_loop_is_an_error_not_a_hang(buffer):
    for parent, child in (('a', 'b'), ('b', 'c'), ('c', 'a'), ('x', 'y')):
        buffer.set_transform_static(transform(parent, child, 0), 'test')
    start = time.monotonic()
    for target, source in (('y', 'a'), ('b', 'y')):
        with pytest.raises(TransformException, match='loop'):
            buffer.lookup_transform(target, source, at(1))
    assert time.monotonic() - start < 30.0


def test_a_frame_that_changes_its_parent(buffer):
    """A cup on the table until 3 s, in the hand from 4 s on."""
    buffer.set_transform_static(transform('world', 'table', 0, (1, 0, 0)), 'test')
    buffer.set_transform_static(transform('world', 'hand', 0, (0, 5, 0)), 'test')
    for stamp, parent in ((2, 'table'), (3, 'table'), (4, 'hand'), (5, 'hand')):
        buffer.set_transform(transform(parent, 'cup', stamp, (0, 0, stamp)), 'test')

    def cup(stamp):
        move = buffer.lookup_transform('world', 'cup', at(stamp)).transform.translation
        return move.x, move.y, move.z
    assert cup(2.5) == (1.0, 0.0, 2.5)
    assert cup(3.5) == (1.0, 0.0, 3.0)
    assert cup(4.5) == (0.0, 5.0, 4.5)


def test_cache_is_bounded_in_time():
    buffer = Buffer(cache_time=Duration(seconds=2))
    for stamp in range(1, 11):
        buffer.set_transform(transform('a', 'b', stamp), 'test')
    buffer.lookup_transform('a', 'b', at(8.5))
    with pytest.raises(ExtrapolationException, match='past'):
        buffer.lookup_transform('a', 'b', at(7.5))
    buffer.set_transform(transform('a', 'b', 3), 'test')
    with pytest.raises(ExtrapolationException, match='past'):
        buffer.lookup_transform('a', 'b', at(7.5))


def test_late_samples_find_their_place(buffer):
    for stamp in (5, 7, 6):
        buffer.set_transform(transform('a', 'b', stamp, (stamp**2, 0, 0)), 'test')
    assert buffer.lookup_transform('a', 'b', at(6)).transform.translation.x == 36.0
    assert buffer.lookup_transform('a', 'b', at(5.5)).transform.translation.x == 30.5


@pytest.mark.parametrize('bad', [
    transform('a', 'a', 1), transform('', 'b', 1), transform('a', '', 1),
    transform('a', 'b', 1, (math.nan, 0, 0)), transform('a', 'b', 1, quat_xyzw=(0, 0, 0, 0)),
    transform('a', 'b', 1, quat_xyzw=(0, 0, 0, math.nan))])
def test_bad_transforms_are_not_stored(buffer, bad):
    buffer.set_transform(bad, 'test')
    with pytest.raises(TransformException):
        buffer.lookup_transform('a', 'b', at(1))


def test_leading_slashes_are_stripped_on_the_way_in(buffer):
    buffer.set_transform_static(transform('/a', '/b', 0, (3, 0, 0)), 'test')
    assert buffer.lookup_transform('a', 'b', at(1)).transform.translation.x == 3.0


def test_clear_keeps_static_transforms(buffer):
    buffer.set_transform_static(transform('a', 'b', 0), 'test')
    buffer.set_transform(transform('b', 'c', 1), 'test')
    buffer.clear()
    assert buffer.can_transform('a', 'b', at(1))
    assert not buffer.can_transform('b', 'c', at(1))


def test_can_transform_tells_why_not(buffer):
    able, why = buffer.can_transform('a', 'b', at(1), return_debug_tuple=True)
    assert not able
    assert 'does not exist' in why


def test_full_lookup_through_a_fixed_frame(buffer):
    for stamp in (1, 2):
        buffer.set_transform(transform('odom', 'base', stamp, (stamp, 0, 0)), 'test')
    got = buffer.lookup_transform_full('base', at(2), 'base', at(1), 'odom')
    assert got.transform.translation.x == -1.0


def test_frames_as_yaml(buffer):
    buffer.set_transform_static(transform('a', 'b', 0), 'test')
    assert 'parent' in buffer.all_frames_as_yaml()
    assert 'b' in buffer.all_frames_as_yaml()


@pytest.fixture
def spun():
    """Two nodes that talk over DDS, spun while a condition is waited for."""
    rclpy.init()
    nodes = [rclpy.create_node(f'compat_tf2_{name}') for name in ('out', 'in')]
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)

    def until(condition, timeout_s=60.0):
        end = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.02)
        return condition()
    yield (*nodes, until)
    executor.shutdown()
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def test_broadcasters_reach_a_listener_that_comes_later(spun):
    out, into, until = spun
    static = StaticTransformBroadcaster(out)
    static.sendTransform(transform('base', 'camera', 0, (0.1, 0, 0)))
    static.sendTransform([transform('base', 'lidar', 0, (0.2, 0, 0))])
    buffer = Buffer()
    listener = TransformListener(buffer, into)
    moving = TransformBroadcaster(out)
    assert until(lambda: buffer.can_transform('camera', 'lidar', at(1)))
    assert until(lambda: into.count_publishers('/tf') == 1 and out.count_subscribers('/tf') == 1)
    stamps = iter(range(100, 10000))

    def come():
        moving.sendTransform(transform('odom', 'base', next(stamps) * 0.1, (1, 0, 0)))
        return buffer.can_transform('odom', 'camera', Time())
    assert until(come)
    got = buffer.lookup_transform('odom', 'camera', Time())
    assert got.transform.translation.x == pytest.approx(1.1)
    listener.unregister()
