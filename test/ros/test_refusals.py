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



"""Every way that a query ends without an answer: the input it lacked, and what would show it."""

from __future__ import annotations

import time
from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Duration, Time
from live_node import LiveNode, Operator, until
from robot_double import CAMERA_FRAME, PARAMETERS, TOPICS, RobotDouble
from sensor_msgs.msg import CompressedImage

from spatialclaw_ros.agent.events import Failed, Refused
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.advice import advised
from spatialclaw_ros.ros.answers import answer_message
from spatialclaw_ros.ros.outcome import Outcome
from spatialclaw_ros.workspace.question import Status

NODE = 'refusing'
DISTANCE = 'How far apart are the red ball and the blue ball?'
WINDOW_S = 0.3
WATCH = f'`spatialclaw watch --node /{NODE}`'


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    double.node.create_publisher(CompressedImage, '/odd/image_raw', 1)
    yield double
    double.close()


@pytest.fixture(scope='module')
def operator(robot):
    parameters = {
        **PARAMETERS, 'cameras': ['camera', 'rear', 'odd', 'flat', 'typo'],
        **{f'{name}.image': f'/{name}/image_raw' for name in ('rear', 'odd')},
        'flat.image': TOPICS['image'], 'typo.image': TOPICS['image'],
        'typo.depth': f'{TOPICS["depth"]}t', 'window_s': WINDOW_S, 'max_frames': 1, 'max_queued': 0}
    with LiveNode(NODE, parameters), Operator(NODE) as made:
        yield made


@pytest.fixture
def ask(operator):
    if operator.state == 'unconfigured':
        assert operator.change('configure', 'activate')
        until(lambda: operator.ask(DISTANCE, cameras=['camera']).status == SpatialAnswer.STATUS_OK)

    def one(question=DISTANCE, **fields):
        return operator.ask(question, **{'cameras': ['camera'], **fields})
    return one


@pytest.fixture
def bent(robot, ask):
    """The robot, to be bent; it is put right again after the test."""
    yield robot
    robot.reset()
    robot.pause(False)
    comes(ask, 'OK', ())


def comes(ask, status, words):
    """Ask until an answer has this status and these words: what was sent before is still there."""
    end_s = time.monotonic() + 60.0
    while True:
        answer = ask()
        told = ' | '.join([answer.message, *answer.missing_priors])
        if answer.status == Status[status] and all(word in told for word in words):
            return
        assert time.monotonic() < end_s, (Status(answer.status).name, told)
        time.sleep(0.1)


def test_a_node_that_is_not_active_names_the_transitions(operator):
    answer = operator.ask(DISTANCE)
    assert answer.status == SpatialAnswer.STATUS_INACTIVE
    for command in ('configure', 'activate'):
        assert f'`ros2 lifecycle set /{NODE} {command}`' in answer.message


@pytest.mark.parametrize(('fields', 'status', 'words'), [
    ({'cameras': ['rear']}, 'NO_FRAMES', (
        'is published on /', TOPICS['image'], '`ros2 topic list -t`', 'no publishers')),
    ({'cameras': ['odd']}, 'NO_FRAMES',
     ('CompressedImage is published there', '`odd.image`',
      '`ros2 topic info /odd/image_raw --verbose`')),
    ({'cameras': ['camera'], 'stamp': Time(sec=1000)}, 'NO_FRAMES',
     (TOPICS['image'], f'`ros2 topic echo {TOPICS["image"]} --field header.stamp`')),
    ({'cameras': ['kamera']}, 'INVALID_REQUEST', ("did you mean 'camera'?", 'rear')),
    ({'frame_id': 'nowhere'}, 'INVALID_REQUEST',
     ("'nowhere'", 'base_link', '`ros2 run tf2_tools view_frames`')),
    ({'cameras': ['typo']}, 'REFUSED', (
        f'nothing came on {TOPICS["depth"]}t', f'is published on {TOPICS["depth"]}',
        '`ros2 topic list -t`')),
    ({'cameras': ['flat']}, 'REFUSED', ('flat.depth', '`ros2 topic list`')),
    ({'timeout': Duration(nanosec=1_000_000)}, 'TIMEOUT', (WATCH,)),
], ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else None)
def test_a_request_that_finds_nothing(ask, fields, status, words):
    answer = ask(**fields)
    assert answer.status == Status[status], answer.message
    for word in words:
        assert word in answer.message


def unreadable(robot):
    robot.image.encoding = 'klingon8'


def without_depth(robot):
    robot.depth = None


def depth_of_another_kind(robot):
    robot.depth.encoding = '64FC9'


def depth_in_millimetres(robot):
    depth = np.frombuffer(bytes(robot.depth.data), np.float32) * 1000
    robot.depth.data = array('B', depth.tobytes())


def uncalibrated(robot):
    robot.info.k, robot.info.p = [0.0] * 9, [0.0] * 12


def silent(robot):
    robot.pause(True)


@pytest.mark.parametrize(('bend', 'status', 'words'), [
    (unreadable, 'NO_FRAMES', ('klingon8', f'`ros2 topic echo --once --no-arr {TOPICS["image"]}`')),
    (without_depth, 'REFUSED', (f'`ros2 topic hz {TOPICS["depth"]}`',)),
    (depth_of_another_kind, 'REFUSED',
     ('64FC9', f'`ros2 topic echo --once --no-arr {TOPICS["depth"]}`')),
    (depth_in_millimetres, 'REFUSED',
     ('look like millimetres', '16UC1', f'`ros2 topic echo --once --no-arr {TOPICS["depth"]}`')),
    (uncalibrated, 'REFUSED', ('all zeros', f'`ros2 topic echo --once {TOPICS["camera_info"]}`')),
    (silent, 'NO_FRAMES', ('s ago', f'`ros2 topic hz {TOPICS["image"]}`')),
])
def test_an_input_that_is_missing(ask, bent, bend, status, words):
    bend(bent)
    comes(ask, status, words)


def test_images_that_tf_does_not_place_are_told_with_what_to_look_up(ask, bent):
    for message in (bent.image, bent.depth, bent.info):
        message.header.frame_id = 'adrift'
    comes(ask, 'OK', ('no camera pose', 'adrift', '`ros2 run tf2_ros tf2_echo odom adrift`'))
    answer = ask(frame_id=CAMERA_FRAME)
    assert answer.status == SpatialAnswer.STATUS_REFUSED, answer.message
    assert f'`ros2 run tf2_ros tf2_echo adrift {CAMERA_FRAME}`' in answer.message


def test_one_too_many_is_told_where_to_see_the_others(operator, ask, decoding):
    entered, gate = decoding
    first = operator.asking(DISTANCE, cameras=['camera'], client='arm')
    assert entered.wait(60.0)
    answer = ask()
    gate.set()
    assert answer.status == SpatialAnswer.STATUS_BUSY
    assert WATCH in answer.message
    assert 'of arm ' in answer.message
    assert operator.wait(first).answer.status == SpatialAnswer.STATUS_OK


@pytest.mark.parametrize(('status', 'message', 'trace', 'told'), [
    (Status.INTERNAL_ERROR, 'a fault', '', '`spatialclaw doctor --node /robot/claw`'),
    (Status.PERCEPTION_UNAVAILABLE, 'its process ended', '', '`spatialclaw doctor --node'),
    (Status.BACKBONE_UNAVAILABLE, 'no reply; `curl there`', '', ''),
    (Status.STEP_LIMIT, 'no answer', '', '`ros2 param set /robot/claw trace_dir'),
    (Status.STEP_LIMIT, 'no answer', '/traces/1', '`spatialclaw view /traces/1`'),
    (Status.INVALID_REQUEST, 'no camera "kamera"', '', '`ros2 interface show spatialclaw_ros/'),
    (Status.REFUSED, '"mug" was not found', '', '`ros2 param set /robot/claw trace_dir'),
    (Status.REFUSED, '"mug" was not found', '/traces/1', '`spatialclaw view /traces/1`'),
    (Status.REFUSED, 'no pose; check `ros2 topic hz /tf`', '', ''),
    (Status.CANCELED, 'cancelled', '', ''),
])
def test_a_failure_or_refusal_without_a_command_gets_one(status, message, trace, told):
    end = Refused(message) if status == Status.REFUSED else Failed(status, message, 'run')
    after = answer_message(advised(
        Outcome('q', 'How far?', end, trace_path=trace), '/robot/claw')).message
    assert after.startswith(message)
    assert told in after
    assert (after == message) == (not told)
