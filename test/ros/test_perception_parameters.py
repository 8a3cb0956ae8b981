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

"""Parameters of perception are the fields of its configuration, and the other way round."""

from __future__ import annotations

import msgspec
import pytest
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.ros.parameter_file import perception_of_file
from spatialclaw_ros.ros.parameters import ParameterError, Parameters
from spatialclaw_ros.ros.perception_parameters import PERCEPTION_PARAMETERS, perception_config

BY_NAME = {spec.name: spec for spec in PERCEPTION_PARAMETERS}
# text is read where a package for it is; options of a model have no type that ROS knows
WITHOUT_PARAMETER = {'ocr', 'depth.options', 'masks.options'}


@pytest.fixture(scope='module')
def context():
    made = Context()
    made.init(args=[])
    keeper = Node('parameters_keeper', context=made)
    yield made
    keeper.destroy_node()
    made.shutdown()


def declared(context, **overrides):
    node = Node('perceiving', context=context, enable_rosout=False, start_parameter_services=False,
                parameter_overrides=[
                    Parameter(name, value=value) for name, value in overrides.items()])
    try:
        warnings = []
        return Parameters(node, warnings.append).settings.perception, warnings
    finally:
        node.destroy_node()


def test_every_field_has_its_parameter_and_its_default():
    fields = {name: getattr(PerceptionConfig(), name)
              for name in PerceptionConfig.__struct_fields__ if name not in ('depth', 'masks')}
    for role in ('depth', 'masks'):
        model = getattr(PerceptionConfig(), role)
        fields |= {f'{role}.{name}': getattr(model, name)
                   for name in ModelConfig.__struct_fields__}
    parameters = {name.removeprefix('perception.'): spec.default
                  for name, spec in BY_NAME.items()}
    assert {name: value for name, value in fields.items()
            if name not in WITHOUT_PARAMETER} == parameters
    assert perception_config({name: spec.default for name, spec in BY_NAME.items()}) == (
        PerceptionConfig())


def test_whatever_the_table_allows_the_configuration_takes():
    for name, spec in BY_NAME.items():
        bounds = [] if spec.minimum is None else [spec.minimum, spec.maximum]
        for value in (*spec.choices, *bounds):
            value = type(spec.default)(value)
            config = perception_config(
                {**{each: one.default for each, one in BY_NAME.items()}, name: value})
            # made without a check; read back with one
            assert msgspec.json.decode(
                msgspec.json.encode(config), type=PerceptionConfig) == config, name


def test_parameters_reach_the_configuration(context):
    config, warnings = declared(context, **{
        'reconstruct': 'fused', 'segment': 'sam3', 'perception.url': 'http://gpu-box:8450',
        'perception.keep_loaded_s': 60, 'perception.preload': False,
        'perception.depth.model': 'da3-base', 'perception.depth.batch': 4,
        'perception.masks.device': 'cuda:1', 'perception.masks.compile': True,
        'perception.masks.model': 'my_models:load_masks',
        'perception.masks.options.threshold': 0.4, 'perception.masks.options.mode.name': 'wide'})
    assert warnings == []
    assert config == PerceptionConfig(
        reconstruct='fused', segment='sam3', url='http://gpu-box:8450', keep_loaded_s=60.0,
        preload=False, depth=ModelConfig(model='da3-base', batch=4),
        masks=ModelConfig(model='my_models:load_masks', device='cuda:1', compile=True,
                          options={'threshold': 0.4, 'mode.name': 'wide'}))


@pytest.mark.parametrize(('overrides', 'words'), [
    ({'segment': 'sam4'}, ('segment', 'classical, sam3', "did you mean 'sam3'")),
    ({'reconstruct': 'none'}, ('reconstruct', 'rgbd')),
    ({'perception.url': 'gpu-box:8450'}, ('perception.url', 'http', 'correct it')),
    ({'perception.url': 'http://a', 'perception.token_file': '/nowhere/token'},
     ('perception.token_file', '/nowhere/token')),
    ({'segment': 'sam3', 'perception.masks.weights': '/nowhere'},
     ('perception.masks.weights', '/nowhere', 'OWNER/NAME')),
    ({'perception.masks.device': 'gpu'}, ('perception.masks.device', 'cuda')),
    ({'perception.depth.batch': 0}, ('perception.depth.batch', '1 to 256')),
    ({'perception.depth.precision': 'int8'}, ('perception.depth.precision', 'bf16')),
    ({'perception.compression': 'png'}, ('perception.compression', 'jpeg')),
])
def test_a_value_of_no_use_is_named_in_one_line(context, overrides, words):
    with pytest.raises(ParameterError) as caught:
        declared(context, **overrides)
    for word in words:
        assert word in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_name_of_the_group_that_is_not_known_is_refused(context):
    with pytest.raises(ParameterError, match=r'perception\.mask\.model \(did you mean '
                       r'perception\.masks\.model\?\)'):
        declared(context, **{'perception.mask.model': 'sam3'})


def test_a_server_that_nothing_is_asked_of_is_warned_of(context):
    _, warnings = declared(context, **{'perception.url': 'http://gpu-box:8450'})
    assert warnings == ['perception.url has no effect: reconstruct rgbd and segment classical need '
                        'no model']


def test_a_parameter_file_is_read_without_a_node(tmp_path, repository):
    assert perception_of_file(repository / 'config' / 'spatialclaw.yaml') == PerceptionConfig()
    path = tmp_path / 'robot.yaml'
    path.write_text(
        '/**:\n  ros__parameters:\n    segment: sam3\n    window_s: 99999.0\n'
        '/robot:\n  spatialclaw:\n    ros__parameters:\n      perception:\n'
        '        keep_loaded_s: 60\n        masks: {model: "my:own", options: {threshold: 0.4}}\n',
        encoding='utf-8')
    assert perception_of_file(path, '/robot/spatialclaw') == PerceptionConfig(
        segment='sam3', keep_loaded_s=60.0,
        masks=ModelConfig(model='my:own', options={'threshold': 0.4}))


@pytest.mark.parametrize(('text', 'words'), [
    (None, ('no parameter file', 'robot.yaml')),
    ('{', ('no parameter file',)),
    ('/**: {ros__parameters: {segment: [sam3]}}', ('segment', 'string')),
    ('/**: {ros__parameters: {perception: {url: "gpu"}}}', ('perception.url', 'http')),
])
def test_a_file_of_no_use_is_told(tmp_path, text, words):
    path = tmp_path / 'robot.yaml'
    if text is not None:
        path.write_text(text, encoding='utf-8')
    with pytest.raises((ParameterError, InvalidRequestError)) as caught:
        perception_of_file(path)
    for word in words:
        assert word in str(caught.value)
