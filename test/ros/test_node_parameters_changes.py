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



"""Changing parameters of a node: as a whole, when they may change, and why not."""

from __future__ import annotations

import threading

import pytest
from node_process import NodeProcess
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue, SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.ros import main
from spatialclaw_ros.ros.parameter_file import unread_files
from spatialclaw_ros.ros.parameter_spec import LIVE, NEVER, UNCONFIGURED
from spatialclaw_ros.ros.parameters import ParameterError, Parameters

CLEANUP = '`ros2 lifecycle set /changing cleanup`'
START = 'start it again'


class Changing:
    """A node with the parameters, spun in the background, and a client of its services."""

    def __init__(self) -> None:
        self.context = Context()
        self.context.init(args=[])
        self.node = Node('changing', context=self.context, parameter_overrides=[
            Parameter('cameras', value=['front', 'rear']),
            Parameter('rear.depth', value='/rear/depth')])
        self.parameters = Parameters(self.node, lambda _: None)
        self.asker = Node('asker', context=self.context, start_parameter_services=False)
        self.clients = {
            kind: self.asker.create_client(kind, f'/changing/{name}')
            for kind, name in ((SetParameters, 'set_parameters'),
                               (SetParametersAtomically, 'set_parameters_atomically'))}
        self.executor = SingleThreadedExecutor(context=self.context)
        for node in (self.node, self.asker):
            self.executor.add_node(node)
        self.thread = threading.Thread(target=self.executor.spin)
        self.thread.start()

    def call(self, kind, messages):
        client = self.clients[kind]
        assert client.wait_for_service(60.0)
        return client.call(kind.Request(parameters=messages))

    def set(self, **values):
        """Reasons of a refusal by name, {} when all was taken; both services must agree."""
        before = self.values()
        messages = [
            Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
            for name, value in values.items()]
        return self.send(messages, before)

    def send(self, messages, before):
        at_once = self.call(SetParametersAtomically, messages).result
        if not at_once.successful:
            assert self.values() == before
        results = self.call(SetParameters, messages).results
        assert [result.successful for result in results] == [at_once.successful] * len(messages)
        if not at_once.successful:
            assert self.values() == before
            assert at_once.reason
        return {message.name: result.reason for message, result in zip(messages, results)
                if not result.successful}

    def values(self):
        return {name: parameter.value
                for name, parameter in self.node.get_parameters_by_prefix('').items()}

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join()
        for node in (self.asker, self.node):
            node.destroy_node()
        self.context.try_shutdown()


@pytest.fixture(scope='module')
def made():
    changing = Changing()
    yield changing
    changing.close()


@pytest.fixture
def changing(made):
    """The node, unconfigured and with its values as they were."""
    before = made.values()
    made.parameters.configured = False
    yield made
    made.parameters.configured = False
    assert made.set(**{name.replace('.', '__'): value for name, value in before.items()}) == {}


@pytest.mark.parametrize(('values', 'configured'), [
    ({'window_s': 5.0}, True),
    ({'window_s': 5}, True),
    ({'window_s': 5, 'world_frame': 'map', 'max_frames': 3}, True),
    ({'buffer_s': 20}, False),
    ({'window_s': 20.0, 'buffer_s': 30.0}, False),
    ({'buffer_s': 30.0, 'window_s': 20.0}, False),
    ({'backbone': 'recorded', 'backbone_script': '/replies.yaml'}, False),
    ({'rear__image': '/rear/image', 'rear__depth': ''}, False),
    ({'use_sim_time': True}, True),
    ({'cameras': ['front', 'rear'], 'window_s': 3.0}, True),
    ({'cameras': ['wrist', 'front']}, False),
    ({'wrist__depth': '/wrist/depth', 'cameras': ['wrist']}, False),
])
def test_a_change_is_taken_as_a_whole(changing, values, configured):
    changing.parameters.configured = configured
    assert changing.set(**values) == {}
    now = changing.values()
    assert {name: now[name.replace('__', '.')] for name in values} == values
    if 'window_s' in values:
        assert changing.parameters.settings.window_s == float(values['window_s'])
    if 'rear__image' in values:
        assert changing.parameters.cameras[1].image_topic == '/rear/image'


@pytest.mark.parametrize(('values', 'configured', 'words'), [
    ({'window_s': -5.0}, True, {'window_s': '0.001 to 3600'}),
    ({'window_s': 'long'}, True, {'window_s': 'of type double'}),
    ({'max_frames': 2.5}, True, {'max_frames': 'of type integer'}),
    ({'ahead_of_model': 1}, True, {'ahead_of_model': 'of type bool'}),
    ({'world_frame': ['map']}, True, {'world_frame': 'of type string'}),
    ({'widow_s': 5.0}, True, {'widow_s': 'did you mean window_s?'}),
    ({'window_s': 5.0, 'max_frames': 0}, True,
     {'window_s': 'not set, for max_frames', 'max_frames': '1 to 512'}),
    ({'window_s': 20.0}, True, {'window_s': 'buffer_s (10)'}),
    ({'window_s': 20.0, 'buffer_s': 15.0}, False,
     {'window_s': 'buffer_s (15)', 'buffer_s': 'window_s (20)'}),
    ({'window_s': 20.0, 'buffer_s': 30.0}, True,
     {'window_s': 'not set, for buffer_s', 'buffer_s': CLEANUP}),
    ({'rear__image': '/rear/other'}, True, {'rear.image': CLEANUP}),
    ({'cameras': ['front']}, True, {'cameras': CLEANUP}),
    ({'cameras': ['front'], 'rear__image': '/rear/other'}, False,
     {'rear.image': 'cameras does not name any more', 'cameras': 'not set, for rear.image'}),
    ({'cameras': ['wrist'], 'rear__depth': '/rear/depth', 'wrist__depth': '/wrist/depth'}, False,
     {'rear.depth': 'cameras does not name any more', 'cameras': 'not set, for rear.depth',
      'wrist.depth': 'not set'}),
    ({'cameras': ['front', 'front']}, False, {'cameras': 'different names'}),
    ({'cameras': ['café']}, False, {'cameras': 'the letters a to z'}),
    ({'cameras': [1, 2]}, False, {'cameras': 'of type string_array'}),
    ({'cameras': ['wrist'], 'wrist__image': ''}, False,
     {'wrist.image': 'topic', 'cameras': 'not set, for wrist.image'}),
    ({'cameras': ['wrist'], 'wirst__image': '/image'}, False,
     {'wirst.image': 'did you mean wrist.image?', 'cameras': 'not set'}),
    ({'wrist__image': '/image'}, False, {'wrist.image': 'wrist.image is not known'}),
    ({'autostart': False}, False, {'autostart': START}),
    ({'answer_frame': '/map'}, True, {'answer_frame': 'without a leading /'}),
    ({'action_interface': 'tool_call'}, False, {'action_interface': "backbone 'rules'"}),
    ({'backbone': 'recorded'}, False, {'backbone': 'needs backbone_script'}),
    ({'pair_tolerance_s': 1.0, 'buffer_s': 0.5, 'window_s': 0.1}, False,
     {'pair_tolerance_s': 'buffer_s', 'buffer_s': 'pair_tolerance_s', 'window_s': 'not set'}),
    ({'front__depth_camera_info': '/info'}, False, {'front.depth_camera_info': 'front.depth'}),
    ({'front__depth': 'front/color/image_raw'}, False, {'front.depth': 'front.image'}),
    ({'front__image': ''}, False, {'front.image': 'topic'}),
    ({'front__image': '/front/image/compressed'}, False,
     {'front.image': "front.image_transport is 'raw': set it to 'compressed'"}),
    ({'perception__masks__device': 'gpu'}, False, {'perception.masks.device': 'cuda'}),
])
def test_a_refused_change_says_why_and_sets_nothing(changing, values, configured, words):
    changing.parameters.configured = configured
    reasons = changing.set(**values)
    assert set(reasons) == set(words)
    for name, word in words.items():
        assert word in reasons[name]


def of_cameras(changing):
    """Cameras that have parameters."""
    return {name.partition('.')[0] for name in changing.values() if name.endswith('.image')}


def test_cameras_bring_and_take_their_parameters(changing):
    assert changing.set(cameras=['front', 'wrist']) == {}
    assert of_cameras(changing) == {'front', 'wrist'}
    assert [one.image_topic for one in changing.parameters.cameras] == [
        'front/color/image_raw', 'wrist/color/image_raw']
    assert changing.set(wrist__depth='/wrist/depth') == {}
    assert changing.parameters.cameras[1].depth_topic == '/wrist/depth'
    # one that comes back has what the file says of it
    assert changing.set(cameras=['rear']) == {}
    assert of_cameras(changing) == {'rear'}
    assert changing.parameters.cameras[0].depth_topic == '/rear/depth'


def test_a_program_in_the_nodes_process_may_name_cameras_too(changing):
    for names in (['wrist'], ['rear', 'wrist'], ['front']):
        result, = changing.node.set_parameters([Parameter('cameras', value=names)])
        assert result.successful, result.reason
        assert [one.image_topic for one in changing.parameters.cameras] == [
            f'{name}/color/image_raw' for name in names]
        # below Iron nobody tells of a change
        if changing.parameters._hears_of_changes:
            assert of_cameras(changing) == set(names)


def test_a_change_that_breaks_off_leaves_nothing_of_its_cameras(changing, monkeypatch):
    def broken(_parameters):
        raise ValueError('broken')

    before = changing.values()
    service = next(one for one in changing.node.services
                   if one.srv_name.endswith('/set_parameters'))
    monkeypatch.setattr(changing.node, 'set_parameters_atomically', broken)
    request = SetParameters.Request(parameters=[
        Parameter('cameras', value=['wrist']).to_parameter_msg()])
    with pytest.raises(ValueError, match='broken'):
        service.callback(request, SetParameters.Response())
    assert changing.values() == before


def test_what_another_callback_refuses_leaves_nothing_of_its_cameras_at_the_next_change(contexts):
    refused = []

    def judge(parameters):
        return SetParametersResult(
            successful=not any(one.name == 'cameras' and one.value == ['wrist']
                               and (refused.append(one) or True) for one in parameters))

    node = Node('judged', context=contexts[0])
    try:
        node.add_on_set_parameters_callback(judge)  # asked after the one of `Parameters`
        parameters = Parameters(node, lambda _: None)
        before = set(node.get_parameters_by_prefix(''))
        result, = node.set_parameters([Parameter('cameras', value=['wrist'])])
        assert refused
        assert not result.successful
        result, = node.set_parameters([Parameter('window_s', value=3.0)])
        assert result.successful, result.reason
        assert set(node.get_parameters_by_prefix('')) == before
        assert parameters.settings.window_s == 3.0
    finally:
        node.destroy_node()


def test_a_parameter_can_not_be_taken_away(changing):
    message = ParameterMessage(name='window_s')
    assert 'of type double' in changing.send([message], changing.values())['window_s']


def test_settings_are_one_value_until_a_parameter_changes(changing):
    before = changing.parameters.settings
    assert changing.parameters.settings is before
    assert changing.set(window_s=-1.0)
    assert changing.parameters.settings is before
    assert changing.set(window_s=7.5) == {}
    assert (changing.parameters.settings.window_s, before.window_s) == (7.5, 2.0)
    # below Iron nobody tells of a change
    changing.parameters._hears_of_changes = False
    changing.parameters._known = None
    assert changing.parameters.settings is not changing.parameters.settings
    changing.parameters._hears_of_changes = True


def test_a_value_of_no_type_is_refused_with_all_beside_it(changing):
    good = Parameter('window_s', value=3.0).to_parameter_msg()
    bad = ParameterMessage(name='max_frames', value=ParameterValue(type=200))
    reasons = changing.send([good, bad], changing.values())
    assert 'type 200' in reasons['max_frames']
    assert 'not set, for max_frames' in reasons['window_s']


def test_descriptors_say_all_that_the_table_says(changing):
    specs = changing.parameters._specs
    assert {spec.changes for spec in specs.values()} == {LIVE, UNCONFIGURED, NEVER}
    for name, spec in specs.items():
        told = changing.node.describe_parameter(name)
        assert told.description == spec.description
        assert told.read_only == (spec.changes == NEVER), name
        assert told.read_only == (name == 'autostart')
        assert ('at any time' in told.additional_constraints) == (spec.changes == LIVE)
        assert all(choice in told.additional_constraints for choice in spec.choices)
        ranges = [*told.floating_point_range, *told.integer_range]
        assert [(one.from_value, one.to_value) for one in ranges] == (
            [] if spec.minimum is None else [(spec.minimum, spec.maximum)]), name


@pytest.mark.parametrize(('given', 'words'), [
    ({'widow_s': 3.0, 'max_frame': 4, 'nonsense': 1},
     ('widow_s (did you mean window_s?)', 'max_frame (did you mean max_frames?)', 'nonsense',
      'not below /**')),
    ({'use_sim_tim': True, 'start_type_description_services': False},
     ('use_sim_tim (did you mean use_sim_time?)', 'start_type_description_services (did you')),
    ({'rear.image': '/rear'}, ('rear.image (cameras names camera, not rear)',)),
    ({'perception.masks.option.threshold': 0.4}, ('perception.masks.option.threshold',)),
    ({'window_s': -1.0, 'max_frames': 'many', 'timeouts': 3.0},
     ('window_s must be', 'max_frames is of type integer', 'timeouts (did you mean timeout_s?)')),
    ({'window_s': 20.0}, ('window_s (20)', 'buffer_s (10)')),
    ({'camera.depth_camera_info': '/info'}, ('camera.depth_camera_info', 'camera.depth')),
    ({'cameras': [1, 2]}, ('cameras is of type string_array, got [1, 2]',)),
])
def test_all_that_is_wrong_stands_in_one_message(made, given, words):
    node = Node('wrong', context=made.context, start_parameter_services=False,
                parameter_overrides=[Parameter(name, value=value)
                                     for name, value in given.items()])
    try:
        with pytest.raises(ParameterError) as caught:
            Parameters(node, pytest.fail)
    finally:
        node.destroy_node()
    for word in words:
        assert word in str(caught.value)


def test_ros_own_parameters_are_known(made):
    node = Node('known', context=made.context, start_parameter_services=False,
                parameter_overrides=[
                    Parameter('use_sim_time', value=False),
                    Parameter('start_type_description_service', value=False),
                    Parameter('qos_overrides./parameter_events.publisher.depth', value=10)])
    try:
        assert Parameters(node, pytest.fail).settings.window_s == 2.0
    finally:
        node.destroy_node()


def test_a_process_with_unknown_parameters_does_not_start(tmp_path):
    with NodeProcess(tmp_path, {'widow_s': 3.0}, ('-p', 'camra.image:=/image')) as process:
        assert process.popen.wait(60.0) == 2
    line = process.log.strip().rpartition('\n')[2]
    assert line.startswith('spatialclaw_node: no such parameter: camra.image')
    assert 'widow_s (did you mean window_s?)' in line


@pytest.mark.parametrize(('given', 'domain', 'words'), [
    ('window_s=3.0', '', ('window_s=3.0', '`-p NAME:=VALUE`', '`spatialclaw doctor')),
    ('window_s:=3.0', 'abc', ('ROS does not begin: ', 'RMW_IMPLEMENTATION')),
    ('window_s:=3.0', '233', ('ROS does not begin: ROS_DOMAIN_ID is 233', '0 to 232')),
])
def test_what_ros_cannot_begin_with_is_told_in_one_line(
        monkeypatch, capfd, given, domain, words):
    if domain:
        monkeypatch.setenv('ROS_DOMAIN_ID', domain)
    # it is for a whole process
    monkeypatch.setattr(main, 'use_fastdds_profile', lambda *_: None)
    assert main.main(['--ros-args', '-p', given]) == 2
    line = capfd.readouterr().err.strip().rpartition('\n')[2]
    for word in ('spatialclaw_node: ', *words):
        assert word in line
    assert '/src/' not in line


@pytest.mark.parametrize(('page', 'words'), [
    ('/other: {ros__parameters: {window_s: 1.0}}', ('its sections are /other', '`/a/claw:`')),
    ('', ('it has no section',)),
    ('a: {claw: {ros__parameters: {window_s: 1.0}}}', ()),
    ('/other: {ros__parameters: {b: 1}}\n/**: {ros__parameters: {window_s: 1.0}}', ()),
])
def test_a_file_that_says_nothing_to_the_node_is_told(tmp_path, page, words):
    path = tmp_path / 'params.yaml'
    path.write_text(page, encoding='utf-8')
    lines = list(unread_files(['node', '--ros-args', '--params-file', str(path)], '/a/claw'))
    assert bool(lines) == bool(words)
    for word in (f'{path} has nothing for /a/claw', *words) if words else ():
        assert word in lines[0]
