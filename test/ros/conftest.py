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

"""A pair of processes' worth of ROS in one: messages sent by one node reach buffers of another."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.ros import observe
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.cameras import CameraBuffers
from spatialclaw_ros.ros.transforms import TransformSource

WIDTH, HEIGHT = 16, 12
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SECOND = 10**9
NOW = 50.0
CAMERA = CameraConfig('cam', '/cam/image', depth_topic='/cam/depth')


class Rig:
    """Sends camera messages and TF from one participant, buffers them in another."""

    def __init__(self, contexts, sim_time: bool = False) -> None:
        quiet = {'enable_rosout': False, 'start_parameter_services': False}
        self.out = Node('rig_out', context=contexts[0], **quiet)
        self.into = Node(
            'rig_in', context=contexts[1], parameter_overrides=[
                Parameter('use_sim_time', Parameter.Type.BOOL, sim_time)], **quiet)
        self.publishers = {}
        self._executor = MultiThreadedExecutor(2, context=contexts[1])
        self._executor.add_node(self.into)
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()
        self._closers = []
        self._made = []

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def buffers(self, *configs, **options) -> CameraBuffers:
        made = CameraBuffers(self.into, configs or (CAMERA,), **options)
        self._closers.append(made.close)
        self._made.append(made)
        return made

    def transforms(self, **options) -> TransformSource:
        made = TransformSource(self.into, **options)
        self._closers.append(made.close)
        return made

    def publish(self, topic, message, *, latched=False) -> None:
        """Send a message once somebody listens, and without waiting after that."""
        publisher = self.publishers.get(topic)
        if publisher is None:
            publisher = self.publishers[topic] = self.out.create_publisher(
                type(message), topic, LATCHED if latched else 20)
            if not latched:
                self.wait(lambda: (
                    publisher.get_subscription_count() > 0
                    and self.into.count_publishers(topic) > 0))
                # The reader knows the node's graph before it takes this writer's data.
                time.sleep(0.05)
        before = self._received(topic)
        publisher.publish(message)
        # Cameras are heard best-effort: what is sent faster than it is taken is lost.
        self.wait(lambda: all(
            now > then for now, then in zip(self._received(topic), before)), timeout_s=10.0)

    def _received(self, topic):
        return [
            stream.received for buffers in self._made for camera in buffers.status()
            for stream in camera.streams if stream.topic == topic]

    def wait(self, condition, timeout_s=60.0) -> bool:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.005)
        return False

    def send(self, stamp_s, *, name='cam', color=True, info=True, depth=True, frame='cam_optical',
             depth_m=2.0) -> None:
        """Send one grey image of level 100 with depth in millimetres and a CameraInfo."""
        if info:
            self.publish(f'/{name}/camera_info', camera_info(stamp_s, frame))
        if depth:
            levels = np.full((HEIGHT, WIDTH), round(depth_m * 1000), np.uint16)
            self.publish(f'/{name}/depth', image(stamp_s, frame, '16UC1', levels))
        if color:
            level = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
            self.publish(f'/{name}/image', image(stamp_s, frame, 'rgb8', level))

    def sent(self, buffers, count, name='cam', roles=('image',)) -> bool:
        """Whether so many messages of each role came in time."""
        def came():
            status = next(one for one in buffers.status() if one.name == name)
            return all(status.stream(role).received >= count for role in roles)
        return self.wait(came)

    def tf(self, *moves, static=False) -> None:
        """Send transforms (parent, child, stamp in seconds, xyz)."""
        message = TFMessage(transforms=[transform(*move) for move in moves])
        self.publish('/tf_static' if static else '/tf', message, latched=static)

    def stop(self) -> None:
        """Stop spinning: rclpy's executors fail when a subscription goes while they wait."""
        self._executor.shutdown()
        self._thread.join()

    def close(self) -> None:
        self.stop()
        for closer in self._closers:
            closer()
        for node in (self.out, self.into):
            node.destroy_node()


def stamped(message, stamp_s, frame):
    message.header.frame_id = frame
    message.header.stamp = Time(nanoseconds=round(stamp_s * SECOND)).to_msg()
    return message


def image(stamp_s, frame, encoding, array) -> Image:
    message = stamped(Image(), stamp_s, frame)
    message.height, message.width = array.shape[:2]
    message.encoding, message.step = encoding, array.strides[0]
    message.data.frombytes(array.tobytes())
    return message


def compressed(stamp_s, frame, form, data) -> CompressedImage:
    message = stamped(CompressedImage(format=form), stamp_s, frame)
    message.data.frombytes(data)
    return message


def camera_info(stamp_s, frame, width=WIDTH, height=HEIGHT, focal=20.0) -> CameraInfo:
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return stamped(CameraInfo(
        width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
        p=[focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0]), stamp_s, frame)


def transform(parent, child, stamp_s, xyz=(0.0, 0.0, 0.0)) -> TransformStamped:
    message = stamped(TransformStamped(child_frame_id=child), stamp_s, parent)
    move = message.transform.translation
    move.x, move.y, move.z = map(float, xyz)
    return message


@pytest.fixture(scope='module')
def contexts():
    """Two DDS participants, as two processes have them; they open ports whenever others come."""
    made = [Context(), Context()]
    for context in made:
        context.init()
    # A participant lives as long as a node of its context does.
    keepers = [Node('rig_keeper', context=context) for context in made]
    yield made
    for keeper, context in zip(keepers, made):
        keeper.destroy_node()
        context.shutdown()


@pytest.fixture
def rig(contexts):
    """Cameras and TF on the machine's clock."""
    made = Rig(contexts)
    yield made
    made.close()


@pytest.fixture
def sim_rig(contexts):
    """Cameras and TF on `/clock`."""
    made = Rig(contexts, sim_time=True)
    yield made
    made.close()


@pytest.fixture
def robot(rig):
    """Buffers and TF of one camera 0.1 m ahead of a base that moves 1 m/s along x."""
    buffers, transforms = rig.buffers(buffer_s=60.0), rig.transforms()
    rig.tf(('base_link', 'cam_optical', 0, (0.1, 0, 0)), ('base_link', 'hand', 0, (0, 0.5, 0)),
           static=True)
    for stamp in (NOW - 10, NOW, NOW + 10):
        rig.tf(('odom', 'base_link', stamp, (stamp, 0, 0)))
    assert rig.wait(lambda: transforms.has_frame('hand') and transforms.has_frame('odom'))
    return rig, buffers, transforms


@pytest.fixture
def decoding(monkeypatch):
    """Two events: an image is being decoded, and it may come to its end."""
    entered, gate = threading.Event(), threading.Event()
    decode = observe.decode_frame

    def slow(*given):
        entered.set()
        gate.wait(60.0)
        return decode(*given)

    monkeypatch.setattr(observe, 'decode_frame', slow)
    yield entered, gate
    gate.set()


@pytest.fixture(scope='session')
def make():
    """Makers of messages: image, compressed, camera_info, transform."""
    class Make:
        image = staticmethod(image)
        compressed = staticmethod(compressed)
        camera_info = staticmethod(camera_info)
        transform = staticmethod(transform)

        @staticmethod
        def tf_message(*move) -> TFMessage:
            return TFMessage(transforms=[transform(*move)])

    return Make
