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


"""The SROS 2 policies allow what node and clients do on the graph, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rclpy
from node_process import NodeProcess
from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)
from rclpy.context import Context
from rclpy.node import Node

from spatialclaw_ros.client import SpatialClient
from spatialclaw_ros.client.watcher import Watcher
from spatialclaw_ros.ros.compat import vision

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / 'config' / 'sros2' / 'policies.xml'
NODES = ('spatialclaw', 'spatialclaw_inputs')
CLIENTS = ('spatialclaw_client', 'spatialclaw_viewer')
VERBS = ('publish', 'subscribe', 'reply', 'execute', 'request', 'call')
# of every node, or of a manager
OF_ROS = {'/parameter_events', '/rosout', '/spatialclaw/transition_event'}
# where a distribution's packages are missing, so are these
OF_VISION_MSGS = {'~/label_info', '~/detections'}
START_TIMEOUT_S = 60.0
Allowed = dict[str, set[str]]


def profiles(path: str = '/spatialclaw') -> dict[str, ElementTree.Element]:
    """Return each node's profile in an enclave."""
    enclave, = (each for each in ElementTree.parse(POLICY).getroot().iter('enclave')
                if each.attrib['path'] == path)
    return {profile.attrib['node']: profile for profile in enclave.iter('profile')}


def allowed(profile: ElementTree.Element) -> Allowed:
    """Return full names by what may be done with them."""
    found: Allowed = {what: set() for what in VERBS}
    for rules in profile:
        (what, verdict), = rules.attrib.items()
        assert verdict == 'ALLOW'
        for rule in rules:
            name = str(rule.text)
            if vision.FOUND.module is not None or name.replace(
                    '/spatialclaw/', '~/') not in OF_VISION_MSGS:
                found[what].add(name.replace('~', f'/{profile.attrib["node"]}'))
    return found


def done(observer: Node, name: str) -> Allowed:
    """Return what a node does on the graph; an action is one, not its topics and services."""
    def names(kinds: list[tuple[str, list[str]]]) -> set[str]:
        return {topic for topic, _ in kinds if '/_action/' not in topic}

    return {
        'publish': names(observer.get_publisher_names_and_types_by_node(name, '/')),
        'subscribe': names(observer.get_subscriber_names_and_types_by_node(name, '/')),
        'reply': names(observer.get_service_names_and_types_by_node(name, '/')),
        'execute': names(get_action_server_names_and_types_by_node(observer, name, '/')),
        'request': names(observer.get_client_names_and_types_by_node(name, '/')),
        'call': names(get_action_client_names_and_types_by_node(observer, name, '/'))}


def done_by(observer: Node, prefix: str) -> Allowed:
    """Return what all nodes do together whose names begin so."""
    there = [done(observer, name) for name, _ in observer.get_node_names_and_namespaces()
             if name.startswith(prefix)]
    return {verb: set().union(*(one[verb] for one in there)) for verb in VERBS}


@pytest.fixture(scope='module')
def observer() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    node = Node('observer_of_policies', context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


def test_the_policy_is_what_the_node_does(observer: Node, tmp_path: Path) -> None:
    assert tuple(profiles()) == NODES
    cameras = sorted(
        str(topic.text) for topic in profiles()['spatialclaw_inputs'].iter('topic')
        if str(topic.text).startswith('/camera/'))
    depth, info, image = cameras
    parameters = {'use_sim_time': True, 'camera': {
        'image': image, 'camera_info': info, 'depth': depth}}
    expected = {name: allowed(profile) for name, profile in profiles().items()}
    with NodeProcess(tmp_path, parameters) as process:
        end_s = time.monotonic() + START_TIMEOUT_S
        found: dict[str, Allowed] = {}
        while found != expected and time.monotonic() < end_s and process.running:
            time.sleep(0.1)
            there = {name for name, namespace in observer.get_node_names_and_namespaces()}
            found = {name: done(observer, name) for name in NODES if name in there}
        assert found == expected, process.log


def test_the_clients_policy_is_what_a_client_and_a_watch_do(observer: Node) -> None:
    assert tuple(profiles('/spatialclaw_client')) == CLIENTS
    expected = allowed(profiles('/spatialclaw_client')['spatialclaw_client'])
    end_s = time.monotonic() + START_TIMEOUT_S
    with SpatialClient('/spatialclaw'), Watcher('/spatialclaw'):
        while (found := done_by(observer, 'spatialclaw_client')) != expected:
            assert time.monotonic() < end_s, (found, expected)
            time.sleep(0.1)


def test_a_viewer_may_read_all_that_the_node_publishes_of_its_own() -> None:
    published = allowed(profiles()['spatialclaw'])['publish']
    read = allowed(profiles('/spatialclaw_client')['spatialclaw_viewer'])
    assert read.pop('subscribe') == published - OF_ROS
    assert {verb for verb, names in read.items() if names} == {'publish'}


def test_the_policy_has_the_form_that_sros2_takes() -> None:
    """Version 0.2.0, as the policies and the permissions.xsl that come with sros2 have it."""
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.attrib) == ('policy', {'version': '0.2.0'})
    kinds = {'topics': ('topic', {'publish', 'subscribe'}),
             'services': ('service', {'reply', 'request'}),
             'actions': ('action', {'call', 'execute'})}
    assert [one.tag for one in root] == ['enclaves']
    for enclave in root[0]:
        assert enclave.tag == 'enclave'
        assert enclave.attrib['path'].startswith('/')
        assert [one.tag for one in enclave] == ['profiles']
        for profile in enclave[0]:
            assert (profile.tag, set(profile.attrib)) == ('profile', {'ns', 'node'})
            for rules in profile:
                child, verbs = kinds[rules.tag]
                assert set(rules.attrib) <= verbs
                assert {one.tag for one in rules} == {child}
