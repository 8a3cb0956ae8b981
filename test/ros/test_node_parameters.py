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

"""The parameter table: declaration, ranges, the page and the files that hold it."""

from __future__ import annotations

import re

import pytest
import rclpy
import yaml
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import KernelLimits
from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.ros import resources
from spatialclaw_ros.ros.node import SpatialClawNode
from spatialclaw_ros.ros.parameter_page import parameters_page
from spatialclaw_ros.ros.parameter_table import CAMERA_PARAMETERS
from spatialclaw_ros.ros.parameters import (
    NODE_PARAMETERS,
    PERCEPTION_PARAMETERS,
    ParameterError,
    Parameters,
)


@pytest.fixture(scope='module')
def context():
    context = Context()
    rclpy.init(args=[], context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def declare(context):
    nodes = []

    def make(**overrides):
        node = Node(f'parameters_{len(nodes)}', context=context, parameter_overrides=[
            Parameter(name.replace('__', '.'), value=value) for name, value in overrides.items()])
        nodes.append(node)
        warnings = []
        return Parameters(node, warnings.append), node, warnings

    yield make
    for node in nodes:
        node.destroy_node()


def test_defaults_are_declared_with_type_range_and_description(declare):
    parameters, node, warnings = declare()
    settings = parameters.settings
    assert settings.cameras == ('camera',)
    assert (settings.window_s, settings.max_frames, settings.timeout_s) == (2.0, 16, 30.0)
    assert parameters.cameras[0].image_topic == 'camera/color/image_raw'
    descriptor = node.describe_parameter('timeout_s')
    assert descriptor.floating_point_range[0].to_value == 3600.0
    assert 'seconds' in descriptor.description
    assert node.describe_parameter('autostart').read_only
    assert warnings == []


def test_cameras_have_their_own_parameters(declare):
    parameters, _, _ = declare(
        cameras=['front', 'wrist'], wrist__image='/w/image_rect', wrist__depth='/w/depth',
        wrist__rectified=True)
    front, wrist = parameters.cameras
    assert front.image_topic == 'front/color/image_raw'
    assert (wrist.image_topic, wrist.depth_topic, wrist.rectified) == (
        '/w/image_rect', '/w/depth', True)


def test_an_integer_is_taken_where_a_double_is_meant(declare):
    parameters, _, _ = declare(timeout_s=20)
    assert parameters.settings.timeout_s == 20.0


@pytest.mark.parametrize(('overrides', 'words'), [
    ({'timeout_s': -1.0}, ('timeout_s', '0.1 to 3600', '-1')),
    ({'max_frames': 0}, ('max_frames', '1 to 512', 'got 0')),
    ({'max_frames': 2.5}, ('max_frames', 'integer', '2.5')),
    ({'backbone': 'rulez'}, ('backbone', 'rules', "did you mean 'rules'")),
    ({'window_s': 'long'}, ('window_s', 'double', 'long')),
    ({'cell_timeout_s': 0.0}, ('cell_timeout_s', '0.1 to 3600')),
    ({'kernel_memory_mb': 64}, ('kernel_memory_mb', '128 to 65536', 'got 64')),
    ({'kernel_pool_mb': -1}, ('kernel_pool_mb', '0 to 65536', 'got -1')),
    ({'cameras': ['a', 'a']}, ('cameras', 'different')),
    ({'cameras': ['front camera']}, ('cameras', 'front camera')),
    ({'camera__depth': '/my camera/depth'}, ('camera.depth', "'/my camera/depth'", 'characters')),
    ({'cameras': None}, ('cameras', 'string_array', 'an empty list')),
    ({'camera__image_transport': 'theora'}, ('camera.image_transport', 'compressed', 'theora')),
])
def test_a_value_of_no_use_is_named(declare, overrides, words):
    with pytest.raises(ParameterError) as caught:
        declare(**overrides)
    for word in words:
        assert word in str(caught.value)


def test_the_kernels_bounds_are_its_own_unless_told(declare):
    assert declare()[0].settings.kernel_limits == KernelLimits()
    settings = declare(
        cell_timeout_s=5.0, kernel_memory_mb=256, kernel_pool_mb=0)[0].settings
    assert settings.kernel_limits == KernelLimits(
        cell_timeout_s=5.0, memory_bytes=256 * MIB, tool_bytes=256 * MIB, pool_bytes=0)


def test_an_interface_that_the_backbone_cannot_write_is_refused_at_start(context):
    with pytest.raises(ParameterError, match=r"'rules' writes action_interface .* 'tool_call'"):
        SpatialClawNode('mute', context=context, parameter_overrides=[
            Parameter('action_interface', value='tool_call')])


class Host:
    """In the place of a kernel's host: starts nothing."""

    def __init__(self, make, _log_error) -> None:
        self._made = make()

    def get(self, _deadline):
        return self._made

    def close(self) -> None:
        pass


def test_bounds_and_budgets_reach_kernel_and_session(declare, monkeypatch):
    monkeypatch.setattr(resources, 'KernelHost', Host)
    for name in ('Kernel', 'Session'):
        monkeypatch.setattr(resources, name, lambda **given: given)
    settings = declare(
        kernel_memory_mb=128, cell_timeout_s=5.0, max_steps=3, max_tokens=500, images_per_step=1,
        images_per_query=2)[0].settings
    held = resources.Resources(settings, [].append, Deadline())
    held.open_perception()
    made = held.session(settings, Deadline(30.0))
    held.close()
    limits = made['kernel']['limits']
    assert (limits.memory_bytes, limits.cell_timeout_s) == (128 * MIB, 5.0)
    limits = made['limits']
    assert (limits.max_steps, limits.max_tokens, limits.images_per_step,
            limits.images_per_query) == (3, 500, 1, 2)
    assert made['interface'].name == 'code'


COMMENTED = re.compile(r'^    #( *[a-z]\w+:)', re.MULTILINE)


def test_the_file_to_copy_leaves_to_profiles_what_they_decide(repository):
    own = yaml.safe_load((repository / 'config' / 'spatialclaw.yaml').read_text(encoding='utf-8'))
    decided = {name for path in (repository / 'config' / 'profiles').glob('*.yaml')
               for name in yaml.safe_load(path.read_text())['/**']['ros__parameters']}
    assert not decided & own['/**']['ros__parameters'].keys()


def test_page_is_what_the_table_says(repository):
    page = (repository / 'docs' / 'parameters.md').read_text(encoding='utf-8')
    assert page == parameters_page(), 'run python scripts/write_parameters_page.py'


def test_shipped_files_hold_known_parameters_and_the_defaults(repository, declare):
    # with what is commented out in them: the defaults that profiles decide
    files = {path.name: yaml.safe_load(COMMENTED.sub(r'    \1', path.read_text(encoding='utf-8')))
             for path in (repository / 'config').glob('*.yaml')}
    assert {'spatialclaw.yaml', 'demo.yaml'} <= set(files)
    for name in ('spatialclaw.yaml', 'demo.yaml'):
        values = _flat(files[name]['/**']['ros__parameters'])
        parameters, _, warnings = declare(**{
            key.replace('.', '__'): value for key, value in values.items()})
        assert warnings == [], name
        if name == 'spatialclaw.yaml':
            defaults = {spec.name: spec.default
                        for spec in (*NODE_PARAMETERS, *PERCEPTION_PARAMETERS)}
            defaults |= {spec.name.replace('{camera}', 'camera'): _filled(spec.default)
                         for spec in CAMERA_PARAMETERS}
            assert {key: tuple(v) if isinstance(v, list) else v
                    for key, v in values.items()} == defaults
        else:
            assert parameters.cameras[0].depth_topic == '/wrist/depth/image_rect'


def _flat(values, prefix=''):
    flat = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f'{prefix}{key}.')
        else:
            flat[prefix + key] = value
    return flat


def _filled(default):
    return default.replace('{camera}', 'camera') if isinstance(default, str) else default
