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

"""Camera buffers over real DDS: what is kept, what empties them, what they say about silence."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.subscribing import published_elsewhere

COLOR = np.zeros((12, 16, 3), np.uint8)


def stamps(buffers, name='cam'):
    return [round(one.stamp_ns * 1e-9, 3) for one in buffers.snapshot(name).images]


def test_messages_are_kept_undecoded_and_counted(rig):
    buffers, began_s = rig.buffers(), time.monotonic()
    for step in range(5):
        rig.send(100 + step * 0.1)
    assert rig.sent(buffers, 5, roles=('image', 'depth', 'camera_info'))
    kept = buffers.snapshot('cam')
    assert stamps(buffers) == [100.0, 100.1, 100.2, 100.3, 100.4]
    assert len(kept.depths) == len(kept.infos) == 5
    assert kept.images[0].message.encoding == 'rgb8'
    (status,) = buffers.status()
    assert [one.role for one in status.streams] == ['image', 'camera_info', 'depth']
    assert status.stream('image').publishers == 1
    assert status.stream('image').buffered_bytes == 5 * COLOR.size
    took_s = time.monotonic() - began_s
    assert 0.0 <= status.stream('image').age_s < took_s
    assert status.stream('image').rate_hz > 4 / took_s
    assert status.stream('depth_camera_info') is None
    assert buffers.buffered_bytes == sum(one.buffered_bytes for one in status.streams)


def test_a_camera_that_never_published(rig, monkeypatch):
    buffers = rig.buffers(CameraConfig('wrist', '/wrist/image'))
    (status,) = buffers.status()
    image = status.stream('image')
    assert (image.received, image.publishers) == (0, 0)
    assert math.isnan(image.age_s)
    silence = 'no image on /wrist/image in 2.0 s: no publishers, nothing came since the start; '

    def told(words):
        return rig.wait(lambda: buffers.status()[0].stream('image').silence(2.0).startswith(
            f'{silence}{words}'))
    assert told('nobody publishes sensor_msgs/msg/Image in ROS domain')
    for topic in ('/wrist/image_raw', *(f'/other_{number}' for number in range(9))):
        rig.out.create_publisher(Image, topic, 1)
    assert told('sensor_msgs/msg/Image is published on /wrist/image_raw, ')
    assert rig.wait(lambda: rig.into.count_publishers('/other_8'))
    asked, look = [], rig.into.get_publishers_info_by_topic
    monkeypatch.setattr(
        rig.into, 'get_publishers_info_by_topic', lambda topic: asked.append(topic) or look(topic))
    assert ', …' in published_elsewhere(rig.into, '/wrist/image', 'sensor_msgs/msg/Image', '/-')
    assert len(asked) < 10, 'the graph is asked about every topic'


def test_a_publisher_of_another_type_is_named(rig, make):
    buffers = rig.buffers()
    rig.out.create_publisher(
        type(make.compressed(1, 'cam', 'jpeg', b'')), '/cam/image', 10)
    assert rig.wait(lambda: buffers.status()[0].stream('image').publishers == 1)
    said = buffers.status()[0].stream('image').silence(2.0)
    assert 'sensor_msgs/msg/CompressedImage is published there' in said
    assert 'cam.image' in said


def test_a_publisher_that_nothing_comes_from(rig, make):
    buffers = rig.buffers()
    rig.out.create_publisher(type(make.image(1, 'cam', 'rgb8', COLOR)), '/cam/image', 10)
    assert rig.wait(lambda: buffers.status()[0].stream('image').publishers == 1)
    assert 'config/fastdds.xml' in buffers.status()[0].stream('image').silence(2.0)


def test_a_camera_info_that_was_published_once_before_is_fetched(rig, make):
    rig.publish('/cam/camera_info', make.camera_info(3.0, 'cam_optical'), latched=True)
    buffers = rig.buffers()
    # As diagnostics do, once a second.
    assert rig.wait(lambda: buffers.status()[0].stream('camera_info').received)
    (info,) = buffers.snapshot('cam').infos
    assert info.stamp_ns == 3 * 10**9
    rig.publish('/cam/camera_info', make.camera_info(4.0, 'cam_optical'))
    assert rig.sent(buffers, 2, roles=('camera_info',))
    time.sleep(0.1)
    assert [one.stamp_ns for one in buffers.snapshot('cam').infos] == [3 * 10**9, 4 * 10**9]


def test_stamps_that_jump_back_empty_their_camera(rig):
    jumps = []
    buffers = rig.buffers(
        CameraConfig('cam', '/cam/image', depth_topic='/cam/depth'),
        CameraConfig('other', '/other/image'), on_jump_back=jumps.append)
    rig.send(500.0)
    rig.send(500.0, name='other', depth=False)
    assert rig.sent(buffers, 1, roles=('image', 'depth', 'camera_info'))
    assert rig.sent(buffers, 1, name='other')
    rig.send(7.0, depth=False)
    assert rig.sent(buffers, 2)
    assert stamps(buffers) == [7.0]
    assert buffers.snapshot('cam').depths == ()
    assert len(buffers.snapshot('other').images) == 1
    assert len(buffers.snapshot('other').infos) == 1
    assert rig.wait(lambda: jumps == ['cam'])
    rig.send(7.1)
    assert rig.sent(buffers, 3)
    assert stamps(buffers) == [7.0, 7.1]


def clock(stamp_s):
    message = Clock()
    message.clock.sec, message.clock.nanosec = divmod(round(stamp_s * 1e9), 10**9)
    return message


def test_ros_time_that_jumps_back_empties_buffers(sim_rig):
    buffers = sim_rig.buffers()
    sim_rig.publish('/clock', clock(300.0))
    assert sim_rig.wait(lambda: buffers.now_ns() == 300 * 10**9)
    sim_rig.send(299.9)
    assert sim_rig.sent(buffers, 1, roles=('image', 'depth'))
    (sample,) = buffers.snapshot('cam').images
    assert buffers.stale_s(sample) == pytest.approx(0.1, abs=1e-6)
    sim_rig.publish('/clock', clock(20.0))
    assert sim_rig.wait(lambda: buffers.snapshot('cam').images == ())
    assert buffers.snapshot('cam').depths == ()


def test_bytes_are_bounded_over_all_cameras(rig):
    limit = 6 * COLOR.size
    buffers = rig.buffers(
        CameraConfig('cam', '/cam/image'), CameraConfig('other', '/other/image'),
        buffer_bytes=limit)
    for step in range(12):
        rig.send(5 + step * 0.1, depth=False, info=False)
        rig.send(5 + step * 0.1, name='other', depth=False, info=False)
    assert rig.sent(buffers, 12)
    assert rig.sent(buffers, 12, name='other')
    assert buffers.buffered_bytes <= limit
    assert stamps(buffers)[-1] == stamps(buffers, 'other')[-1] == 6.1
    assert len(stamps(buffers)) >= 2


def test_images_without_a_stamp_get_the_time_of_their_arrival(rig):
    buffers = rig.buffers()
    before_ns = buffers.now_ns()
    rig.send(0.0, depth=False)
    assert rig.sent(buffers, 1)
    (sample,) = buffers.snapshot('cam').images
    assert before_ns <= sample.stamp_ns <= buffers.now_ns()
    assert buffers.snapshot('cam').unstamped == 1


def test_close_gives_everything_back(rig):
    before = len(list(rig.into.subscriptions))
    buffers = rig.buffers()
    rig.send(1.0)
    assert rig.sent(buffers, 1)
    rig.stop()
    buffers.close()
    assert len(list(rig.into.subscriptions)) == before
    assert buffers.buffered_bytes == 0


def test_unknown_camera(rig):
    with pytest.raises(InvalidRequestError, match='there are cam'):
        rig.buffers().snapshot('nose')


@pytest.mark.parametrize(('image', 'transport', 'given', 'expected'), [
    ('/wrist/color/image_raw', 'raw', '', '/wrist/color/camera_info'),
    ('/wrist/color/image_raw/compressed', 'compressed', '', '/wrist/color/camera_info'),
    ('image', 'raw', '', 'camera_info'), ('/image', 'raw', '', '/camera_info'),
    ('/a/image', 'raw', '/b/info', '/b/info')])
def test_camera_info_stands_beside_the_image(image, transport, given, expected):
    config = CameraConfig('cam', image, given, image_transport=transport)
    assert config.info_topic == expected


@pytest.mark.parametrize(('fields', 'said'), [
    ({'name': ''}, 'name'), ({'image_topic': ''}, 'image topic'),
    ({'image_transport': 'theora'}, "'theora'"), ({'depth_transport': 'compressed'}, 'raw')])
def test_configurations_are_checked(fields, said):
    with pytest.raises(ValueError, match=said):
        CameraConfig(**{'name': 'cam', 'image_topic': '/cam/image', **fields})
