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

"""A recording of one whole swing of the simulated robot, as a rosbag2 folder.

`ros2 bag play` plays it from Humble on; `playback` plays it with stamps of now, as long as one
likes. Beside the bag lies `truth.json`: what the simulator knows about the scene.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, CompressedImage
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.plain import time_message
from spatialclaw_ros.sim.messages import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    SECOND_NS,
    Topics,
    camera_info,
    compressed_message,
    depth_millimetres,
    encode_color,
    encode_depth,
    transform_messages,
)
from spatialclaw_ros.sim.trajectory import OPTICAL_FRAME, fixed

TOPICS = Topics('/wrist')
TRUTH_FILE = 'truth.json'
IMAGE_HZ = 5
TF_HZ = 40
# A whole number of swings after the epoch (1 January 2026), so that stamps tell the pose here too.
START_NS = 1_767_225_600 * SECOND_NS
# The oldest metadata that rosbags writes; Humble's rosbag2 reads it.
BAG_VERSION: Final = 8
TYPES = {
    TOPICS.color_compressed: CompressedImage, TOPICS.depth_compressed: CompressedImage,
    TOPICS.info: CameraInfo, '/tf': TFMessage, '/tf_static': TFMessage}
LATCHED = '/tf_static'


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording in memory.

    Args:
        path: its folder.
        messages: stamp in nanoseconds, topic, ROS message; in time order.
        period_ns: after this long it goes on with its first message.
        truth: what `Truth.facts` said of the scene; empty without a truth.json.
    """

    path: Path
    messages: tuple[tuple[int, str, Any], ...]
    period_ns: int
    truth: dict[str, Any]


def message_name(kind: type) -> str:
    """'sensor_msgs/msg/CameraInfo' of a message class."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def write_recording(path: Path) -> None:
    """Draw one swing of the demo's scene and write it to a folder that doesn't exist yet.

    Raises:
        DependencyError: nothing draws here.
    """
    from spatialclaw_ros.sim.render import SceneRenderer
    from spatialclaw_ros.sim.scene import make_scene
    from spatialclaw_ros.sim.truth import Truth

    scene = make_scene()
    typestore = get_typestore(Stores.ROS2_HUMBLE)
    with SceneRenderer(scene) as renderer, Writer(
            path, version=BAG_VERSION, storage_plugin=StoragePlugin.SQLITE3) as writer:
        writer.set_custom_data('scene', 'spatialclaw_ros tabletop, simulated')
        connections = {
            topic: writer.add_connection(
                topic, message_name(kind), typestore=typestore,
                offered_qos_profiles=[offered_qos(latched=topic == LATCHED)])
            for topic, kind in TYPES.items()}
        for stamp_ns, topic, message in _swing(renderer):
            writer.write(connections[topic], stamp_ns, serialize_message(message))
    content = {'period_ns': scene.trajectory.period_ns, **Truth(scene).facts()}
    (path / TRUTH_FILE).write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')


def _swing(renderer: Any) -> Iterator[tuple[int, str, Any]]:
    """Messages of one period, in time order."""
    scene = renderer.scene
    step_ns, image_every = SECOND_NS // TF_HZ, TF_HZ // IMAGE_HZ
    yield START_NS, LATCHED, TFMessage(transforms=transform_messages(fixed(), START_NS))
    for number in range(scene.trajectory.period_ns // step_ns):
        stamp_ns = START_NS + number * step_ns
        yield stamp_ns, '/tf', TFMessage(
            transforms=transform_messages(scene.trajectory.moving(stamp_ns), stamp_ns))
        if number % image_every:
            continue
        image, depth_m = renderer.render(stamp_ns)
        yield stamp_ns, TOPICS.info, camera_info(scene.camera, stamp_ns, OPTICAL_FRAME)
        yield stamp_ns, TOPICS.depth_compressed, compressed_message(
            encode_depth(depth_millimetres(depth_m)), DEPTH_FORMAT, stamp_ns, OPTICAL_FRAME)
        yield stamp_ns, TOPICS.color_compressed, compressed_message(
            encode_color(image), COLOR_FORMAT, stamp_ns, OPTICAL_FRAME)


def read_recording(path: Path | str) -> Recording:
    """Read a recording whole.

    Raises:
        InvalidRequestError: no rosbag2 folder, or one with none of the camera's topics.
    """
    path = Path(path)
    messages = []
    try:
        with Reader(path) as reader:
            for connection, stamp_ns, data in reader.messages():
                kind = TYPES.get(connection.topic)
                if kind is not None and connection.msgtype == message_name(kind):
                    messages.append(
                        (stamp_ns, connection.topic, deserialize_message(bytes(data), kind)))
    except (ReaderError, OSError) as error:
        raise InvalidRequestError(f'{path} can\'t be read as a rosbag2 folder: {error}') from error
    if not any(topic == TOPICS.color_compressed for _, topic, _ in messages):
        raise InvalidRequestError(
            f'{path} holds no {TOPICS.color_compressed}; record one with scripts/record_demo.py')
    messages.sort(key=lambda entry: entry[0])
    truth_path = path / TRUTH_FILE
    truth = json.loads(truth_path.read_text(encoding='utf-8')) if truth_path.is_file() else {}
    images = [stamp_ns for stamp_ns, topic, _ in messages if topic == TOPICS.color_compressed]
    length_ns = images[-1] - images[0]
    period_ns = int(truth.get(
        'period_ns', length_ns + max(1, length_ns // max(1, len(images) - 1))))
    return Recording(path, tuple(messages), period_ns, truth)


def restamp(message: Any, shift_ns: int, original_ns: int) -> None:
    """Give a message, and each transform in it, the stamp `original_ns + shift_ns`."""
    stamp: Time = time_message(original_ns + shift_ns)
    if isinstance(message, TFMessage):
        for transform in message.transforms:
            transform.header.stamp = stamp
    else:
        message.header.stamp = stamp


def offered_qos(*, latched: bool) -> Qos:
    """What a recorded topic was offered with; players offer the same."""
    forever = QosTime(9223372036, 854775807)
    return Qos(
        QosHistory.KEEP_LAST, 1 if latched else 100, QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE, forever, forever,
        QosLiveliness.AUTOMATIC, forever, False)
