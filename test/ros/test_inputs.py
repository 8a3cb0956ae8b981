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

"""Cameras and TF on a node of their own: names, remappings, time, faults, closing and reopening."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from spatialclaw_ros.ros import inputs as module
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.inputs import Inputs

CAMERA = CameraConfig('cam', 'image', depth_topic='/cam/depth')
SETTINGS = SimpleNamespace(buffer_s=10.0, buffer_mb=64, pair_tolerance_s=0.02)


@contextmanager
def opened(rig, *, arguments=(), sim_time=False, context=None):
    """Inputs beside a node that nothing spins: that of the test's second participant."""
    node = Node(
        'robot', context=context or rig.into.context, cli_args=['--ros-args', *arguments],
        start_parameter_services=False, parameter_overrides=[
            Parameter('use_sim_time', Parameter.Type.BOOL, sim_time)])
    inputs = Inputs(node, SETTINGS, [CAMERA])
    try:
        yield inputs, node
    finally:
        inputs.close()
        node.destroy_node()


def kept(inputs):
    return [round(one.stamp_ns * 1e-9, 3) for one in inputs.cameras.snapshot('cam').images]


def send(rig, topic, stamp_s, make):
    grey = np.zeros((12, 16, 3), np.uint8)
    rig.publish(topic, make.image(stamp_s, 'cam_optical', 'rgb8', grey))


@pytest.mark.parametrize(('arguments', 'full_name', 'topic', 'tf'), [
    ((), '/robot_inputs', '/image', '/tf'),
    (('-r', '__node:=other', '-r', '__ns:=/arm'), '/arm/other_inputs', '/arm/image', '/tf'),
    (('-r', 'image:=/head/image', '-r', '/tf:=/head/tf'), '/robot_inputs', '/head/image',
     '/head/tf'),
    # a rule for this node alone, and rules that would swap names when applied twice
    (('-r', 'robot:image:=/one', '-r', '/one:=/two'), '/robot_inputs', '/one', '/tf')])
def test_names_and_remappings_are_those_of_the_node(rig, make, arguments, full_name, topic, tf):
    with opened(rig, arguments=arguments) as (inputs, node):
        assert rig.wait(lambda: full_name in [
            f'{space.rstrip("/")}/{name}'
            for name, space in node.get_node_names_and_namespaces()])
        send(rig, topic, 5.0, make)
        rig.publish(tf, make.tf_message('odom', 'base_link', 5.0))
        assert rig.wait(lambda: kept(inputs) == [5.0])
        assert rig.wait(lambda: inputs.transforms.has_frame('base_link'))
        services = {
            name for name, _ in node.get_service_names_and_types_by_node(
                full_name.rpartition('/')[2], full_name.rpartition('/')[0] or '/')}
        assert not services


def clock(stamp_s):
    message = Clock()
    message.clock.sec = stamp_s
    return message


def test_time_is_the_nodes_also_when_it_changes(rig, make):
    arguments = ('-r', '/clock:=/lab/clock')
    with opened(rig, arguments=arguments, sim_time=True) as (inputs, node):
        rig.publish('/lab/clock', clock(300))
        assert rig.wait(lambda: inputs.cameras.now_ns() == 300 * 10**9)
        send(rig, '/image', 299.9, make)
        assert rig.wait(lambda: kept(inputs) == [299.9])
        rig.publish('/lab/clock', clock(20))
        assert rig.wait(lambda: not kept(inputs))
        node.set_parameters([Parameter('use_sim_time', Parameter.Type.BOOL, False)])
        assert rig.wait(lambda: inputs.cameras.now_ns() > 10**18)
        send(rig, '/image', 7.0, make)
        assert rig.wait(lambda: kept(inputs) == [7.0])


def test_a_fault_in_a_callback_ends_nothing(rig, make):
    with opened(rig) as (inputs, _):
        send(rig, '/image', 500.0, make)
        assert rig.wait(lambda: kept(inputs) == [500.0])
        faults = []

        def fail(camera):
            faults.append(camera)
            raise RuntimeError('on purpose')
        inputs.cameras.on_jump_back = fail
        send(rig, '/image', 5.0, make)
        assert rig.wait(lambda: faults)
        send(rig, '/image', 5.1, make)
        assert rig.wait(lambda: kept(inputs) == [5.0, 5.1])


@pytest.mark.parametrize('restarted', [False, True])
def test_one_clock_that_jumps_costs_the_others_nothing(rig, make, monkeypatch, restarted):
    monkeypatch.setattr(module, 'TOGETHER_S', 60.0)
    with opened(rig) as (inputs, _):
        send(rig, '/image', 500.0, make)
        rig.publish('/tf', make.tf_message('odom', 'base_link', 500.0))
        assert rig.wait(lambda: kept(inputs) == [500.0] and inputs.transforms.has_frame('odom'))
        send(rig, '/image', 5.0, make)
        assert rig.wait(lambda: kept(inputs) == [5.0])
        inputs.transforms.lookup('odom', 'base_link', 500 * 10**9)
        # a bag that began again: TF jumps, too, maybe of another publisher
        if restarted:
            rig.out.destroy_publisher(rig.publishers.pop('/tf'))
        rig.publish('/tf', make.tf_message('odom', 'base_link', 4.0))
        assert rig.wait(lambda: kept(inputs) == [])


def test_closing_is_clean_and_repeated(rig, make):
    process = psutil.Process()
    kept_open = []

    def counted():
        return process.num_fds(), process.num_threads()

    for _ in range(4):
        with opened(rig) as (inputs, _):
            send(rig, '/image', 5.0, make)
            assert rig.wait(lambda: inputs.cameras.snapshot('cam').images)
            inputs.close()
            inputs.close()
            assert not inputs.cameras.snapshot('cam').images
            assert inputs.cameras.status() == ()
        assert 'inputs' not in [thread.name for thread in threading.enumerate()]
        assert rig.wait(lambda: 'robot_inputs' not in rig.into.get_node_names())
        kept_open.append(counted())
    # the first lap makes what the process keeps; DDS gives back a little later
    assert rig.wait(lambda: all(now <= then for now, then in zip(counted(), kept_open[0])))


def test_a_context_that_is_shut_down_first(rig, make):
    context = Context()
    context.init()
    with opened(rig, context=context) as (inputs, _):
        context.shutdown()
        assert rig.wait(lambda: 'inputs' not in [one.name for one in threading.enumerate()])
        inputs.close()
