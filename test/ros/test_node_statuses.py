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

"""Statuses that a backbone brings about, through the real service; each message says what to do."""

from __future__ import annotations

import socket

import numpy as np
import pytest
import yaml
from managed_node import ManagedNode
from robot_double import PARAMETERS, RobotDouble

from spatialclaw_ros.msg import SpatialAnswer

REPLY = 'Purpose: look\nReasoning: none\nNext goal: none\n\n```python\n{code}\n```\n'


@pytest.fixture(scope='module')
def robot():
    double = RobotDouble()
    yield double
    double.close()


@pytest.fixture(scope='module')
def node(robot, tmp_path_factory):
    with ManagedNode(
            tmp_path_factory.mktemp('node'), 'told', {**PARAMETERS, 'max_frames': 1}) as made:
        yield made


def script(folder, *cells):
    """Parameters of a node whose backbone writes these cells."""
    path = folder / 'script.yaml'
    path.write_text(
        yaml.safe_dump({'replies': [REPLY.format(code=code) for code in cells]}), encoding='utf-8')
    return {'backbone': 'recorded', 'backbone_script': str(path)}


def test_a_server_that_is_not_there_is_named(node):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{closed.getsockname()[1]}/v1'
        answer = node.ask('How far?', {'backbone': 'vllm', 'backbone_url': url}, timeout_s=60.0)
    assert answer.status == SpatialAnswer.STATUS_BACKBONE_UNAVAILABLE, answer.message
    for word in (url, 'vllm serve', 'backbone_url', f'`curl {url}/models`'):
        assert word in answer.message


def test_cells_without_an_answer_reach_the_step_limit(node, tmp_path):
    answer = node.ask('How far?', {
        **script(tmp_path, *['x = 1'] * 3), 'max_steps': 2}, timeout_s=60.0)
    assert answer.status == SpatialAnswer.STATUS_STEP_LIMIT, answer.message
    assert '2 steps' in answer.message
    assert 'max_steps' in answer.message
    assert '`ros2 param set /told trace_dir' in answer.message
    assert answer.steps == 2


@pytest.fixture(scope='module')
def pointing(tmp_path_factory):
    cell = 'ReturnAnswer(np.array([0.1, 0.2, 0.3]), unit="m", frame="base_link", sigma=0.01)'
    return script(tmp_path_factory.mktemp('pointing'), cell)


@pytest.mark.parametrize('asked', ['', 'odom'])
def test_a_point_of_a_cell_is_given_in_the_frame_asked_for(node, pointing, asked):
    answer = node.ask('How far?', pointing, timeout_s=60.0, frame_id=asked)
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    truth = np.array([0.1, 0.2, 0.3]) + ([1.0, 2.0, 0.0] if asked else 0.0)
    point = np.array([answer.point.x, answer.point.y, answer.point.z])
    np.testing.assert_allclose(point, truth, atol=1e-6)
    assert answer.text.endswith(f' m in {answer.header.frame_id}')
    assert answer.header.frame_id == (asked or 'base_link')
    assert (answer.unit, answer.sigma) == ('m', pytest.approx(0.01))
