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

"""The robot as a process: what arrives over DDS from simulation, recording and folder."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.time import Time
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from spatialclaw_ros.geometry.se3 import (
    make_transform,
    matrix_to_quat_xyzw,
    quat_xyzw_to_matrix,
)
from spatialclaw_ros.ros.compat.share import share_path
from spatialclaw_ros.ros.compat.tf2 import Buffer, TransformException, TransformListener
from spatialclaw_ros.sim.messages import DEPTH_HEADER, Topics
from spatialclaw_ros.sim.recording import read_recording
from spatialclaw_ros.sim.trajectory import OPTICAL_FRAME, PERIOD_NS, ArcTrajectory, T_odom_base

LIMIT_BYTES = 8_000_000
RELIABLE = QoSProfile(depth=100)
WRIST, CAMERA = Topics('/wrist'), Topics('/camera')


class Listener:
    """Collects messages of topics, and TF, on a context and a thread of its own."""

    def __init__(self, topics: dict[str, type], qos: QoSProfile) -> None:
        self.messages: dict[str, list] = {topic: [] for topic in topics}
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self.node = Node('sim_listener', context=self._context)
        self.tf = Buffer()
        self._tf_listener = TransformListener(self.tf, self.node)
        for topic, kind in topics.items():
            self.node.create_subscription(
                kind, topic, self.messages[topic].append, qos)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def wait(self, count: int) -> None:
        """Wait until every topic had so many messages."""
        self.until(lambda: min(map(len, self.messages.values())) >= count)

    def until(self, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Wait until something holds."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end_s, {t: len(m) for t, m in self.messages.items()}
            time.sleep(0.05)

    def placed(self, parent: str, frame: str, stamps_ns: np.ndarray) -> bool:
        """Whether TF has a frame at each of these stamps."""
        with suppress(TransformException):
            return all(self.tf.lookup_transform(
                parent, frame, Time(nanoseconds=int(each))) for each in stamps_ns)
        return False

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)


@contextmanager
def robot(*arguments: str) -> Iterator[subprocess.Popen]:
    """The robot's process; it must stop by itself, cleanly, on SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'spatialclaw_ros.sim', *arguments], env=dict(os.environ), cwd=os.sep)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(60.0) == 0
    finally:
        process.kill()
        process.wait()


@contextmanager
def listening(
    topics: dict[str, type], qos: QoSProfile = qos_profile_sensor_data,
) -> Iterator[Listener]:
    listener = Listener(topics, qos)
    try:
        yield listener
    finally:
        listener.close()


def stamps(messages: list) -> np.ndarray:
    """Stamps in nanoseconds."""
    return np.array([m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in messages])


def pose(listener: Listener, stamp_ns: int) -> np.ndarray:
    """`T_odom_optical` that TF has at a stamp."""
    found = listener.tf.lookup_transform('odom', OPTICAL_FRAME, Time(nanoseconds=int(stamp_ns)))
    at, turn = found.transform.translation, found.transform.rotation
    return make_transform(
        quat_xyzw_to_matrix(np.array([turn.x, turn.y, turn.z, turn.w])),
        np.array([at.x, at.y, at.z]))


def test_simulation_publishes_aligned_stamped_images_with_tf() -> None:
    topics = {WRIST.color: Image, WRIST.depth: Image, WRIST.info: CameraInfo}
    with listening(topics) as listener, robot():
        listener.wait(20)

        def fresh_and_paired() -> bool:
            newest = stamps(listener.messages[WRIST.color])[-20:]
            return abs(time.time_ns() - newest[-1]) < 2e9 and all(
                len(np.intersect1d(newest, stamps(messages))) >= 0.8 * len(newest)
                for messages in map(list, listener.messages.values()))

        listener.until(fresh_and_paired)
        color = listener.messages[WRIST.color][-3]
        when = stamps(listener.messages[WRIST.color])
        assert (np.diff(when) > 0).all()
        assert (color.encoding, color.width, color.height, color.step) == ('rgb8', 640, 480, 1920)
        assert color.header.frame_id == OPTICAL_FRAME
        depth = listener.messages[WRIST.depth][-3]
        millimetres = np.frombuffer(depth.data, '<u2').reshape(480, 640)
        assert depth.encoding == '16UC1'
        assert 800 < millimetres[240, 320] < 900
        stamp_ns = stamps([color])[0]
        listener.until(lambda: listener.placed('odom', OPTICAL_FRAME, [stamp_ns]))
        np.testing.assert_allclose(
            pose(listener, stamp_ns), T_odom_base @ ArcTrajectory().T_base_optical(int(stamp_ns)),
            atol=1e-9)


def test_a_wrong_folder_ends_with_a_message(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'spatialclaw_ros.sim', '--data', str(tmp_path)],
        env=dict(os.environ), cwd=os.sep, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert 'poses.json' in done.stderr + done.stdout


def test_recording_is_small_and_complete() -> None:
    folder = share_path('demo', 'tabletop')
    assert sum(path.stat().st_size for path in folder.iterdir()) < LIMIT_BYTES
    recording = read_recording(folder)
    assert recording.period_ns == PERIOD_NS
    assert recording.truth['objects']['yellow bottle']['size'][2] == pytest.approx(0.22)
    first_ns = recording.messages[0][0]
    assert first_ns % PERIOD_NS == 0
    counts = {topic: sum(t == topic for _, t, _ in recording.messages) for topic in (
        WRIST.color_compressed, WRIST.depth_compressed, WRIST.info, '/tf', '/tf_static')}
    assert counts == {
        WRIST.color_compressed: 50, WRIST.depth_compressed: 50, WRIST.info: 50, '/tf': 400,
        '/tf_static': 1}


def test_recording_reads_as_any_rosbag2_with_its_own_definitions() -> None:
    with AnyReader([share_path('demo', 'tabletop')]) as reader:
        latched = next(c for c in reader.connections if c.topic == '/tf_static')
        assert latched.ext.offered_qos_profiles[0].durability.name == 'TRANSIENT_LOCAL'
        assert all(c.msgdef.data for c in reader.connections)
        depths = [c for c in reader.connections if c.topic == WRIST.depth_compressed]
        connection, _, data = next(reader.messages(depths))
        message = reader.deserialize(data, connection.msgtype)
    picture = cv2.imdecode(message.data[len(DEPTH_HEADER):], cv2.IMREAD_UNCHANGED)
    assert (picture.shape, picture.dtype) == ((480, 640), np.uint16)


def test_playback_goes_on_past_the_end_with_stamps_of_now(tmp_path: Path) -> None:
    topics = {
        WRIST.color_compressed: CompressedImage, WRIST.depth_compressed: CompressedImage,
        WRIST.info: CameraInfo}
    with listening(topics, RELIABLE) as listener, robot('--recording'):
        listener.wait(8)
        wait_ns = PERIOD_NS - time.time_ns() % PERIOD_NS
        if wait_ns < 6e9:
            time.sleep(wait_ns / 1e9 + 0.7)
        color = listener.messages[WRIST.color_compressed]
        listener.until(lambda: abs(time.time_ns() - stamps(color[-1:])[0]) < 1e9)
        when = stamps(color)
        assert (np.diff(when) == 200_000_000).all()
        stamp_ns = int(when[-2])
        listener.until(lambda: listener.placed('odom', OPTICAL_FRAME, [stamp_ns]))
        np.testing.assert_allclose(
            pose(listener, stamp_ns), T_odom_base @ ArcTrajectory().T_base_optical(stamp_ns),
            atol=1e-9)


def test_folder_is_played_whole_to_each_new_listener(tmp_path: Path) -> None:
    poses = {}
    for number in range(5):
        name = f'frame-{number:06d}'
        cv2.imwrite(str(tmp_path / f'{name}.color.jpg'), np.full((48, 64, 3), 50, np.uint8))
        cv2.imwrite(str(tmp_path / f'{name}.depth.png'), np.full((48, 64), 1500, np.uint16))
        poses[f'{number:06d}'] = make_transform(np.eye(3), np.array([number, 0, 1])).tolist()
    (tmp_path / 'poses.json').write_text(json.dumps({
        'camera': {'width': 64, 'height': 48, 'fx': 58.5, 'fy': 58.5, 'cx': 32, 'cy': 24},
        'frame_rate_hz': 30, 'T_world_camera': poses}))
    topics = {
        CAMERA.color_compressed: CompressedImage, CAMERA.depth_compressed: CompressedImage,
        CAMERA.info: CameraInfo}
    with robot('--data', str(tmp_path)):
        for _ in range(2):
            with listening(topics, RELIABLE) as listener:
                listener.wait(5)
                when = stamps(listener.messages[CAMERA.color_compressed])
                listener.until(functools.partial(
                    listener.placed, 'base_link', 'camera_color_optical_frame', when))
                for number, stamp_ns in enumerate(when):
                    found = listener.tf.lookup_transform(
                        'base_link', 'camera_color_optical_frame', Time(nanoseconds=int(stamp_ns)))
                    assert found.transform.translation.x == pytest.approx(number)
            time.sleep(1.0)  # it has to notice that nobody listens


def test_quaternions_of_the_motion_stay_continuous() -> None:
    arc = ArcTrajectory()
    quats = np.array([
        matrix_to_quat_xyzw(arc.T_base_optical(n * PERIOD_NS // 400)[:3, :3]) for n in range(401)])
    assert (np.abs(np.sum(quats[1:] * quats[:-1], axis=1)) > 0.999).all()


def test_without_opengl_the_recording_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    monkeypatch.setenv('__EGL_VENDOR_LIBRARY_FILENAMES', '/nowhere.json')
    with listening({WRIST.color_compressed: CompressedImage}) as listener, robot():
        listener.wait(3)
