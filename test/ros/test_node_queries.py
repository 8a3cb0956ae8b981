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

"""The node over DDS: a question in, an answer, markers, a cloud, a picture and progress out."""

from __future__ import annotations

import functools
import json
import signal
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from node_process import NodeProcess
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from robot_double import BALLS, GAP_M, PARAMETERS, RobotDouble, spin_until
from rosgraph_msgs.msg import Clock
from service_client import ServiceClient
from visualization_msgs.msg import Marker, MarkerArray

from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.drawings import drawing_types
from spatialclaw_ros.ros.query import GRACE_S
from spatialclaw_ros.srv import SpatialQuery

DISTANCE = 'How far apart are the red ball and the blue ball?'
STOP_S = 8.0
MARGIN_S = 20.0
"""What a loaded machine may add to a bound."""
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def node(robot, tmp_path_factory):
    folder = tmp_path_factory.mktemp('node')
    with NodeProcess(folder, {
            **PARAMETERS, 'max_frames': 4, 'trace_dir': str(folder / 'traces')}) as process:
        yield process


@pytest.fixture(scope='module')
def events():
    return []


@pytest.fixture(scope='module')
def client(node, events):
    with ServiceClient(on_event=events.append) as connected:
        for _ in range(30):
            answer = connected.ask('Is it?', wait_s=60.0)
            connected.listen(0.3)
            # images, TF and events come, each when it has found its way
            if answer.frames and all(frame.has_pose for frame in answer.frames) and events:
                break
        yield connected


@pytest.fixture
def listener():
    context = Context()
    rclpy.init(args=[], context=context)
    node = Node('listener', context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_distance_is_answered_and_says_what_it_rests_on(client, events):
    events.clear()
    answer = client.ask(DISTANCE, timeout_s=30.0)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.answer_type == SpatialAnswer.TYPE_NUMBER
    assert answer.number == pytest.approx(GAP_M, abs=0.01)
    assert answer.unit == 'm'
    assert answer.header.frame_id == 'base_link'
    assert answer.scale_source == 'sensor_depth'
    assert answer.cameras == ['camera']
    newest = max(answer.frames, key=lambda f: f.index)
    assert answer.header.stamp == newest.header.stamp
    assert newest.has_depth
    assert newest.has_intrinsics
    assert newest.has_pose
    assert len(answer.points) == 2
    red = np.array(BALLS['red'][0])
    ends = [np.array([p.x, p.y, p.z]) for p in answer.points]
    assert min(np.linalg.norm(end - red) for end in ends) == pytest.approx(0.05, abs=0.02)
    names = [timing.name for timing in answer.timings]
    assert {'frames', 'total'} <= set(names)
    client.listen_until(lambda: any(
        (event.query_id, event.stage) == (answer.query_id, 'answer') for event in events))
    mine = [event for event in events if event.query_id == answer.query_id]
    assert list(dict.fromkeys(event.stage for event in mine))[:2] == ['frames', 'plan']
    assert mine[-1].stage == 'answer'
    assert mine[-1].text == answer.text


@pytest.mark.parametrize(('frame', 'offset'), [('odom', (1.0, 2.0, 0.0)), ('', (0, 0, 0))])
def test_point_comes_in_the_frame_asked_for(client, listener, frame, offset):
    answer = client.ask('Where is the red ball?', frame_id=frame,
                        answer_type=SpatialAnswer.TYPE_POINT, timeout_s=30.0)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.header.frame_id == (frame or 'base_link')
    truth = np.array(BALLS['red'][0]) + offset
    point = np.array([answer.point.x, answer.point.y, answer.point.z])
    assert np.linalg.norm(point - truth) < 0.04
    assert answer.text == (
        f'({point[0]:.3f}, {point[1]:.3f}, {point[2]:.3f}) m in {answer.header.frame_id}')
    texts = []
    listener.create_subscription(
        MarkerArray, '/spatialclaw/markers',
        lambda array: texts.extend(marker.text for marker in array.markers), LATCHED)
    assert spin_until(listener, lambda: answer.text in texts), texts


def test_outputs_are_latched_and_stamped_with_the_image(client, listener):
    answer = client.ask(DISTANCE, timeout_s=30.0)
    got = {}
    kinds = {'answer': SpatialAnswer, **drawing_types()}

    def hear(topic, message):
        # an earlier answer's are latched too, and topics come in any order
        header = (message.markers[-1] if topic == 'markers' else message).header
        if header.stamp == answer.header.stamp:
            got[topic] = message

    for topic, kind in kinds.items():
        listener.create_subscription(
            kind, f'/spatialclaw/{topic}', functools.partial(hear, topic), LATCHED)
    assert spin_until(listener, lambda: got.keys() == kinds.keys()), got.keys()
    assert got['answer'].query_id == answer.query_id
    markers = got['markers'].markers
    assert markers[0].action == Marker.DELETEALL
    namespaces = {marker.ns for marker in markers[1:]}
    assert {'measure', 'objects', 'names', 'cameras'} <= namespaces
    line = next(m for m in markers if m.ns == 'measure' and m.type == Marker.LINE_LIST)
    a, b = (np.array([p.x, p.y, p.z]) for p in line.points)
    assert np.linalg.norm(a - b) == pytest.approx(answer.number, abs=1e-6)
    text = next(m for m in markers if m.ns == 'measure' and m.type == Marker.TEXT_VIEW_FACING)
    assert text.text == answer.text
    assert all(marker.header.frame_id == 'odom' for marker in markers)
    assert all(marker.header.stamp == answer.header.stamp for marker in markers)
    assert all(marker.lifetime.sec == marker.lifetime.nanosec == 0 for marker in markers)
    names = {marker.text for marker in markers if marker.ns == 'names'}
    assert len(names) == 2
    cloud = got['evidence']
    assert cloud.header.frame_id == 'odom'
    assert cloud.width > 100
    rgb = np.frombuffer(bytes(cloud.data), dtype='<u4').reshape(-1, 4)[:, 3]
    assert len(np.unique(rgb)) == 2
    overlay = got['overlay']
    assert (overlay.width, overlay.height, overlay.encoding) == (320, 240, 'rgb8')
    assert len(overlay.data) == 320 * 240 * 3
    assert got['labels'].header == got['label_info'].header == overlay.header
    labels = np.frombuffer(bytes(got['labels'].data), np.uint8).reshape(240, 320)
    classes = {each.class_id: each.class_name for each in got['label_info'].class_map}
    assert set(np.unique(labels)) == classes.keys() == {0, 1, 2}
    assert got['detections'].header.frame_id == 'base_link'
    for box in got['detections'].detections:
        name = box.results[0].hypothesis.class_id
        assert classes[int(box.id)] == name
        assert box.results[0].hypothesis.score > 0.3
        center, size = box.bbox.center.position, box.bbox.size
        ball, _ = BALLS['red' if 'red' in name else 'blue']
        assert np.linalg.norm(np.array([center.x, center.y, center.z]) - ball) < 0.04
        assert all(0.04 < side < 0.13 for side in (size.x, size.y, size.z))


def test_timeout_is_kept(client):
    start_s = time.monotonic()
    answer = client.ask(DISTANCE, timeout_s=0.02)
    assert answer.status == SpatialAnswer.STATUS_TIMEOUT
    assert time.monotonic() - start_s < 0.02 + GRACE_S + MARGIN_S


def test_diagnostics_tell_of_cameras_and_kernel(client, listener):
    seen = {}

    def read(array: DiagnosticArray) -> None:
        seen.update({status.name: status for status in array.status})

    listener.create_subscription(DiagnosticArray, '/diagnostics', read, 10)

    def camera():
        return {value.key: value.value for value in seen['spatialclaw: camera camera'].values}

    # 10 Hz; fewer on a busy machine
    assert spin_until(listener, lambda: 'spatialclaw: queries' in seen and (
        1 < float(camera()['image rate (Hz)']) < 12)), seen
    assert camera()['image topic'] == '/camera/color/image_raw'
    assert seen['spatialclaw: kernel'].message == 'ready'


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_in_the_middle_of_a_query(robot, tmp_path, number):
    with NodeProcess(tmp_path, PARAMETERS, ('-r', '__node:=stopping')) as process:
        context = Context()
        rclpy.init(args=[], context=context)
        ros = Node('stopper', context=context)
        try:
            asker = ros.create_client(SpatialQuery, '/stopping/query')
            assert spin_until(ros, asker.service_is_ready), process.log
            future = asker.call_async(SpatialQuery.Request(question=DISTANCE))
            spin_until(ros, process.children)
            children = process.children()
            start_s = time.monotonic()
            assert process.stop(number) == 0, process.log
            assert time.monotonic() - start_s < STOP_S + MARGIN_S
            spin_until(ros, future.done, 2.0)
        finally:
            ros.destroy_node()
            rclpy.try_shutdown(context=context)
        if future.done():
            assert future.result().answer.status in (  # the last one before it was active
                SpatialAnswer.STATUS_CANCELED, SpatialAnswer.STATUS_OK,
                SpatialAnswer.STATUS_INACTIVE)
        _, alive = psutil.wait_procs(children, timeout=30.0)
        assert alive == []
        assert 'Traceback' not in process.log


def test_a_trace_is_whole_when_the_node_stops_right_after_the_answer(robot, tmp_path):
    parameters = {**PARAMETERS, 'max_frames': 4, 'trace_dir': str(tmp_path / 'traces')}
    with NodeProcess(tmp_path, parameters, ('-r', '__node:=tracing')) as process:
        with ServiceClient('/tracing') as client:
            answer = client.ask_seeing(DISTANCE, timeout_s=60.0)
            assert answer.status == SpatialAnswer.STATUS_OK, (answer.message, process.log)
            assert process.stop() == 0, process.log
        assert 'trace was not written' not in process.log
    trace = Path(answer.trace_path)
    assert (trace / 'trace.html').is_file()
    assert json.loads((trace / 'raw' / 'stored.json').read_text())['replayable']


class SimulatedClock:
    """Publishes /clock from 100 s on, and the robot's images at those times."""

    def __init__(self, robot):
        self.now_ns = 100_000_000_000
        self._robot = robot
        self._publisher = robot.node.create_publisher(Clock, '/clock', 10)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._robot.pause(True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._robot.node.destroy_publisher(self._publisher)
        self._robot.stamp_offset_s = 0.0
        self._robot.pause(False)

    def _run(self):
        while not self._stop.wait(0.1):
            self.now_ns += 100_000_000
            sec, nanosec = divmod(self.now_ns, 1_000_000_000)
            self._publisher.publish(Clock(clock=Time(sec=sec, nanosec=nanosec)))
            self._robot.stamp_offset_s = self.now_ns * 1e-9 - time.time()
            self._robot.publish_once()


def test_simulated_time_is_followed(robot, tmp_path):
    parameters = {**PARAMETERS, 'use_sim_time': True, 'max_frames': 2}
    with SimulatedClock(robot) as clock, NodeProcess(
            tmp_path, parameters, ('-r', '__node:=simulated')) as process, ServiceClient(
            '/simulated') as client:
        answer = client.ask_seeing(DISTANCE, timeout_s=60.0)
        assert answer.status == SpatialAnswer.STATUS_OK, (answer.message, process.log)
        assert 100 <= answer.header.stamp.sec <= clock.now_ns * 1e-9


@pytest.mark.parametrize(('parameters', 'words'), [
    ({'timeout_s': -3.0}, ('timeout_s', '0.1 to 3600')),
    ({'backbone': 'rulez'}, ('backbone', "did you mean 'rules'")),
    ({'backbone': 'recorded', 'backbone_script': '/nowhere.yaml'}, ('/nowhere.yaml',)),
])
def test_a_parameter_of_no_use_stops_the_start_with_its_name(tmp_path, parameters, words):
    with NodeProcess(tmp_path, parameters) as process:
        assert process.popen.wait(60.0) == 2, process.log
        for word in words:
            assert word in process.log
        assert 'Traceback' not in process.log


def test_idle_node_takes_little_processor_time(node, client, robot):
    robot.pause(True)
    time.sleep(0.3)
    shares = [1.0]
    # the last query's end, and the next spare worker, may fall into one
    while min(shares) >= 0.15 and len(shares) < 5:
        before = sum(node.process.cpu_times()[:2])
        time.sleep(2.0)
        shares.append((sum(node.process.cpu_times()[:2]) - before) / 2.0)
    robot.pause(False)
    assert min(shares) < 0.15, shares
