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

"""The examples, and the snippets of docs/clients.md, with a node whose camera sees two balls."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import sys
import threading
import time

import numpy as np
import pytest
import rclpy
from docs_pages import snippets
from example_programs import agent, module, run
from geometry_msgs.msg import PoseStamped
from py_trees.common import Status
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot_double import BALLS, spin_until
from scipy.spatial.transform import Rotation

from spatialclaw_ros.client import RefusedError, SpatialClient

grasp = module('query_before_grasp')
trees = module('behaviour_tree_leaf')
GAP = 'How far apart are the red ball and the blue ball?'
CODE = snippets('docs/clients.md', 'python')
SAYS = {0: '± 0.0', 1: 'it looked, and can not tell: ', 2: 'run 1 of ', 3: 'True', 4: '1'}


@pytest.fixture(scope='module')
def robot_program():
    """A node of one's own that is spun, and a client on it."""
    context = Context()
    rclpy.init(args=[], context=context)
    own = Node('robot_program', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(own)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    with SpatialClient(node=own) as client:
        yield client, own
    executor.shutdown()
    spinner.join()
    own.destroy_node()
    rclpy.try_shutdown(context=context)


def test_a_target_is_published_as_a_planner_takes_it(node):
    context = Context()
    rclpy.init(args=[], context=context)
    listener = Node('planner', context=context)
    targets = []
    listener.create_subscription(PoseStamped, '/grasp_target', targets.append, grasp.LATCHED)
    try:
        result = []
        runner = threading.Thread(target=lambda: result.append(
            run('query_before_grasp', 'red ball', '--frame', 'base_link', '--age', '60')))
        runner.start()
        spin_until(listener, lambda: targets or not runner.is_alive(), 60.0)
        runner.join()
    finally:
        listener.destroy_node()
        rclpy.try_shutdown(context=context)
    assert result[0].returncode == 0, result[0].stderr
    assert 'grasp at' in result[0].stdout
    target = targets[0]
    assert target.header.frame_id == 'base_link'
    assert target.header.stamp.sec > 0
    at, turn = target.pose.position, target.pose.orientation
    assert np.linalg.norm(np.array([at.x, at.y, at.z]) - BALLS['red'][0]) < 0.04
    axes = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()
    np.testing.assert_allclose(axes[:, 2], [0, 0, -1], atol=1e-9)
    away = np.array([at.x, at.y]) / math.hypot(at.x, at.y)
    np.testing.assert_allclose(axes[:2, 0], away, atol=1e-9)


def test_no_target_for_what_is_too_wide(node, robot_program):
    gripper = grasp.Gripper(opening_m=0.05, age_s=60.0)

    def told():
        with pytest.raises(grasp.NoGraspError) as error:
            grasp.grasp_target(*robot_program, 'red ball', 'base_link', gripper)
        return str(error.value)

    # on a busy machine a CameraInfo may come late, which is told first
    assert 'wide, the gripper opens 0.05 m' in next(
        filter(lambda text: 'CameraInfo' not in text, (told() for _ in range(10))), '')


def test_no_target_where_the_node_refuses(node, robot_program):
    with pytest.raises(RefusedError, match='green ball'):
        grasp.grasp_target(*robot_program, 'green ball', 'base_link', grasp.Gripper())


def test_the_program_ticks_to_an_answer(node, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['behaviour_tree_leaf', GAP])
    assert trees.main() == 0
    said = capsys.readouterr().out
    assert 'RUNNING: ' in said
    *_, ended, written = said.splitlines()
    assert ended.startswith('SUCCESS: ')
    assert float(written.split()[3]) == pytest.approx(0.2, abs=0.01)
    assert written.endswith(' m, frame base_link')


def test_a_refusal_fails_the_leaf_with_its_reason(node):
    with SpatialClient() as client:
        leaf = trees.Ask('ask', 'How tall is the green dragon?', client=client)
        while leaf.status in (Status.RUNNING, Status.INVALID):
            leaf.tick_once()
            time.sleep(0.05)
    assert leaf.status == Status.FAILURE
    assert 'green dragon' in leaf.feedback_message


def test_an_agent_asks_the_node_over_stdio(node):
    async def main():
        heard = []

        async def tell(_done, _total, message):
            heard.append(message)

        async with agent() as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            number = await client.call_tool(
                'ask_spatial_question', {'question': GAP}, progress_callback=tell)
            refused = await client.call_tool(
                'ask_spatial_question', {'question': 'How tall is the green dragon?'})
            point = await client.call_tool('ask_spatial_question', {
                'question': 'Where is the red ball?', 'answer_type': 'point', 'frame_id': 'odom'})
            wrong = await client.call_tool(
                'ask_spatial_question', {'question': GAP, 'cameras': ['nose']})
            cameras = await client.call_tool('list_cameras', {})
        return tools, heard, number, refused, point, wrong, cameras

    tools, heard, number, refused, point, wrong, cameras = asyncio.run(main())
    assert set(tools) == {'ask_spatial_question', 'list_cameras'}
    asked = tools['ask_spatial_question']
    assert 'ctx' not in asked.input_schema['properties']
    assert asked.output_schema['properties']['sigma']['description'].startswith('one standard')
    said = number.structured_content
    assert said['answered']
    assert said['number'] == pytest.approx(0.2, abs=0.01)
    assert said['unit'] == 'm'
    assert 0 < said['sigma'] < 0.05
    assert len(said['evidence']) == 2
    assert said['cameras'] == ['camera']
    assert heard[0].startswith('frames: ')
    assert any(line.startswith('run 1 of ') for line in heard)
    assert heard[-1].startswith('answer')
    assert not refused.is_error
    assert not refused.structured_content['answered']
    assert 'green dragon' in refused.structured_content['text']
    assert point.structured_content['point'] == pytest.approx([1.6, 2.15, 0.05], abs=0.04)
    assert point.structured_content['frame_id'] == 'odom'
    assert wrong.is_error
    assert "'nose'" in wrong.content[0].text
    listed = cameras.structured_content['result']
    assert [camera['name'] for camera in listed] == ['camera']
    assert listed[0]['details']['image topic'] == '/camera/color/image_raw', listed
    assert listed[0]['message']


def test_every_snippet_of_the_page_is_known():
    assert len(CODE) == len(SAYS)


@pytest.mark.parametrize('number', SAYS)
def test_a_snippet_runs_as_it_stands(node, number):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(CODE[number].text, str(CODE[number]), 'exec'), {'__name__': '__main__'})
    assert SAYS[number] in said.getvalue()
