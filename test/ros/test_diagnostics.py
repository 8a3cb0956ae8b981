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



"""`/diagnostics` in every state of the lifecycle, and the level of each thing that goes wrong."""

from __future__ import annotations

import itertools
import math
import platform
import statistics
from dataclasses import replace

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from live_node import LiveNode, Operator, until
from rclpy.node import Node
from robot_double import PARAMETERS, TOPICS, RobotDouble

from spatialclaw_ros.agent.events import Answered, Failed, Refused
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros import health
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_health import CamerasHealth, of_camera
from spatialclaw_ros.ros.camera_status import CameraStatus, StreamStatus
from spatialclaw_ros.ros.health import FAULTS, Sources, of_lifecycle, of_queries
from spatialclaw_ros.ros.outcome import Outcome
from spatialclaw_ros.ros.query_log import KEPT, MAX_CHARS, QueryLog
from spatialclaw_ros.workspace.question import AnswerType, Status

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
NAME = 'telling'
DISTANCE = 'How far apart are the red ball and the blue ball?'
PARTS = ('lifecycle', 'kernel', 'backbone', 'perception', 'queries', 'installation',
         'camera camera', 'camera rear')


class Heard:
    """The newest status of each part, by a subscription of the operator's node.

    Attributes:
        stamps_s: of all that came.
    """

    def __init__(self, operator: Operator) -> None:
        self.stamps_s: list[float] = []
        self._parts: dict[str, DiagnosticStatus] = {}
        operator._node.create_subscription(DiagnosticArray, '/diagnostics', self._hear, 10)

    def _hear(self, array: DiagnosticArray) -> None:
        parts = {
            status.name.removeprefix(f'{NAME}: '): status for status in array.status
            if status.name.startswith(f'{NAME}: ')}
        self._parts.update(parts)
        if parts:
            stamp = array.header.stamp
            self.stamps_s.append(stamp.sec + stamp.nanosec * 1e-9)

    def until(self, name: str, level: bytes, *words: str) -> dict[str, str]:
        """Values of a part, once it has this level and these words in its message."""
        until(lambda: name in self._parts and self._parts[name].level == level and all(
            word in self._parts[name].message for word in words))
        return {pair.key: pair.value for pair in self._parts[name].values}

    @property
    def parts(self) -> dict[str, DiagnosticStatus]:
        """All parts by name."""
        return dict(self._parts)


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def operator(robot):
    parameters = {**PARAMETERS, 'cameras': ['camera', 'rear'], 'rear.image': '/rear/image_raw',
                  'max_frames': 1, 'backbone_config': '/nowhere/at/all.yaml', 'backbone': 'vllm'}
    with LiveNode(NAME, parameters), Operator(NAME) as made:
        yield made


@pytest.fixture(scope='module')
def heard(operator):
    return Heard(operator)


def test_they_come_once_a_second(heard):
    until(lambda: len(heard.stamps_s) >= 6)
    gaps_s = [later - earlier for earlier, later in itertools.pairwise(heard.stamps_s)]
    assert 0.8 < statistics.median(gaps_s) < 1.5


def test_what_is_not_there_in_a_state_is_stale_and_the_transition_is_named(operator, heard):
    heard.until('lifecycle', WARN, 'unconfigured', f'`ros2 lifecycle set /{NAME} configure`')
    for part in ('kernel', 'backbone', 'perception', 'camera camera', 'camera rear'):
        heard.until(part, STALE, 'unconfigured')
    heard.until('installation', OK)
    heard.until('queries', OK, '0 running, 0 waiting')
    assert set(heard.parts) == set(PARTS)


def test_a_transition_that_fails_is_an_error_with_its_reason(operator, heard):
    assert not operator.change('configure')
    heard.until('lifecycle', ERROR, '/nowhere/at/all.yaml', 'unconfigured')
    assert operator.ask(DISTANCE, client='early').status == SpatialAnswer.STATUS_INACTIVE
    values = heard.until('queries', OK)
    until(lambda: heard.until('queries', OK).get('ended INACTIVE') == '1')
    assert 'last 1' not in values


def test_an_active_node_tells_of_cameras_and_queries(operator, heard):
    assert operator.set(backbone='rules', backbone_config='') == ''
    assert operator.change('configure', 'activate')
    heard.until('lifecycle', OK, 'active')
    refused = operator.set(buffer_s=20.0)
    assert f'`ros2 lifecycle set /{NAME} cleanup`' in refused
    until(lambda: operator.ask(
        DISTANCE, cameras=['camera'], client='arm').status == SpatialAnswer.STATUS_OK)
    assert operator.ask('Sing!', client='base').status == SpatialAnswer.STATUS_REFUSED
    values = heard.until('queries', OK, 'last: REFUSED')
    assert values['last 1'].startswith('REFUSED in ')
    assert ' for base, ' in values['last 1']
    assert values['last 2'].startswith('OK in ')
    assert ' for arm, ' in values['last 2']
    assert values['ended OK'] == '1'
    assert float(values['newest: total (s)']) >= 0
    camera = heard.until('camera camera', OK, 'Hz')
    assert float(camera['image rate (Hz)']) > 0
    assert camera['TF'] == 'ok'
    assert 0 < float(camera['paired (%)']) <= 100
    assert int(camera['image received']) > int(camera['image lost'])
    heard.until('camera rear', ERROR, '/rear/image_raw', TOPICS['image'], '`ros2 topic list -t`')
    heard.until('kernel', OK, 'ready')
    heard.until('perception', OK)
    hardware = {name: status.hardware_id for name, status in heard.parts.items()}
    assert hardware['camera camera'] == TOPICS['image']
    assert hardware['kernel'] == platform.node()
    assert all(hardware.values())


def test_a_camera_that_stops_is_an_error_and_comes_back(robot, heard):
    robot.pause(True)
    heard.until('camera camera', ERROR, TOPICS['image'], 's ago', '`ros2 topic hz')
    robot.pause(False)
    heard.until('camera camera', OK, 'Hz')


def test_a_deactivated_node_keeps_its_kernel_and_looks_at_no_camera(operator, heard):
    assert operator.change('deactivate')
    heard.until('lifecycle', WARN, 'inactive', f'`ros2 lifecycle set /{NAME} activate`')
    heard.until('camera camera', STALE, 'inactive')
    heard.until('kernel', OK, 'ready')
    heard.until('perception', OK)


def stream(role='image', **changes):
    return replace(StreamStatus(role, f'/cam/{role}', 100, 10, 1000, 30.0, 0.03, 1), **changes)


@pytest.mark.parametrize(('camera', 'share', 'level', 'words'), [
    (CameraStatus('cam', (stream(),), paired=1.0), 0.0, OK, ('30.0 Hz',)),
    (CameraStatus('cam', (stream(rate_hz=math.nan, received=1),)), 0.0, OK, ('first image came',)),
    (CameraStatus('cam', (stream(age_s=3.0),)), 0.0, ERROR, ('3.0 s ago', 'ros2 topic hz')),
    (CameraStatus('cam', (stream(received=0, age_s=math.nan, publishers=0),
                          stream('depth', age_s=math.nan))), 0.0, ERROR, ('no publishers',)),
    (CameraStatus('cam', (stream(), stream('depth', age_s=9.0))), 0.0, WARN, ('/cam/depth',)),
    (CameraStatus('cam', (stream(), stream('camera_info', age_s=900.0))), 0.0, OK, ('Hz',)),
    (CameraStatus('cam', (stream(),), 'klingon8'), 0.0, WARN, ('klingon8',)),
    (CameraStatus('cam', (stream(),), tf='TF has no frame'), 0.0, WARN, ('TF has no frame',)),
    (CameraStatus('cam', (stream(),)), 0.25, WARN, ('25%', 'ros2 topic hz /cam/image')),
    (CameraStatus('cam', (stream(),), paired=0.2), 0.0, WARN, ('20%', 'pair_tolerance_s')),
])
def test_a_camera_has_the_level_that_it_deserves(camera, share, level, words):
    part = of_camera(camera, share)
    assert part.level == level, part.message
    for word in words:
        assert word in part.message
    assert 'depth' not in part.message or level == WARN


def test_losses_are_those_of_late():
    looks = CamerasHealth()
    levels = []
    for received, lost in ((100, 50), (200, 50), (250, 100), *((500, 100),) * 10, (3, 0)):
        camera = CameraStatus('cam', (stream(received=received, lost=lost),))
        seen = Sources('active', cameras=[camera].copy)
        levels += [one.level for one in looks.look(seen)]
    assert levels[:3] == [OK, OK, WARN]
    assert levels[-2:] == [OK, OK]
    stale, = looks.look(Sources('inactive', configured=(CameraConfig('cam', '/cam/image'),)))
    assert (stale.level, stale.hardware) == (STALE, '/cam/image')


def outcome(end, number=0):
    return Outcome(f'q{number}', 'How\nfar?', end, timings={'total': 0.5})


def test_the_last_queries_are_kept_and_all_are_counted():
    log = QueryLog()
    for number in range(KEPT + 5):
        log.add(outcome(Answered(0.4, AnswerType.NUMBER, '0.400 m'), number), 'arm')
        log.add(outcome(Failed(Status.BUSY, 'busy', 'request')), 'base')
    log.add(outcome(Refused('no depth ' * 100)), 'arm\n' * 100_000)
    assert len(log.last) == KEPT
    assert [each.query_id for each in log.last[:2]] == ['q0', f'q{KEPT + 4}']
    assert log.counts == {Status.OK: KEPT + 5, Status.REFUSED: 1, Status.BUSY: KEPT + 5}
    line = log.last[1].line()
    assert line.startswith('OK in 0.50 s for arm, ')
    assert line.endswith('0.400 m (How far?)')
    assert len(log.last[0].line()) < 3 * MAX_CHARS
    assert '\n' not in log.last[0].line()


@pytest.mark.parametrize('status', [each for each in Status if each.name not in ('OK', 'BUSY')])
def test_a_fault_of_the_last_query_is_an_error_for_a_while(monkeypatch, status):
    log = QueryLog()
    log.add(outcome(Failed(status, 'why', 'run')), '')
    levels = []
    for fresh_s in (60.0, 0.0):
        monkeypatch.setattr(health, 'FRESH_S', fresh_s)
        levels.append(of_queries(Sources('active'), log).level)
    assert levels == ([ERROR, WARN] if status in FAULTS else [OK, OK])
    log.add(outcome(Answered(0.4, AnswerType.NUMBER, '0.400 m')), '')
    assert of_queries(Sources('active'), log).level == OK


def test_a_transition_under_way_only_warns():
    assert of_lifecycle(Sources('activating'), '/a').level == WARN


def test_two_nodes_of_one_name_are_told(operator, heard):
    """Both would answer each question: ROS lets them."""
    other = Node(NAME, context=operator.context, start_parameter_services=False)
    try:
        values = heard.until('lifecycle', WARN, f'2 nodes are called /{NAME}', '`ros2 node list`')
        assert values['other nodes of this name'] == '1'
    finally:
        other.destroy_node()
    until(lambda: 'nodes are called' not in heard.parts['lifecycle'].message)
    seen = of_lifecycle(Sources('active', namesakes=1), '/a')
    assert (seen.level, seen.message.startswith('active; 2 nodes')) == (WARN, True)


def test_the_example_for_the_aggregator_groups_every_part(repository):
    page = yaml.safe_load((repository / 'config' / 'diagnostics.yaml').read_text(encoding='utf-8'))
    groups = page['/**']['ros__parameters']['spatialclaw']['analyzers']
    starts = [start for group in groups.values() for start in group['startswith']]
    for part in PARTS:
        assert len([one for one in starts if f'spatialclaw: {part}'.startswith(one)]) == 1, part
