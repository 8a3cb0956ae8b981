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



"""Does what the `ros2` command would, with rclpy, against nodes that run: for the pages' commands.

ros2cli is not on PyPI. Each verb understands the options that the real one has (ros2service,
ros2action, ros2topic, ros2param, ros2lifecycle of Humble to Kilted); a word that it would not
understand raises SystemExit, and what it would fail at AssertionError.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import rclpy
import yaml
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros2_launches import check_launch, check_run, check_security

TIMEOUT_S = 30.0
OF_ROS = ('/rosout', '/parameter_events')
TRANSITIONS = {
    name: getattr(Transition, f'TRANSITION_{name.upper()}')
    for name in ('configure', 'activate', 'deactivate', 'cleanup')}
BEFORE = {'configure': 'unconfigured', 'activate': 'inactive', 'deactivate': 'active',
          'cleanup': 'inactive'}
WAY_UP = {'unconfigured': 'configure', 'inactive': 'activate'}
WAY_DOWN = {'active': 'deactivate', 'inactive': 'cleanup'}
HEIGHT = {'unconfigured': 0, 'inactive': 1, 'active': 2}


def interface(name: str) -> Any:
    """The class of `package/srv/Name`."""
    package, kind, stem = name.split('/')
    assert kind in ('msg', 'srv', 'action'), name
    return getattr(import_module(f'{package}.{kind}'), stem)


def fill(message: Any, values: Mapping[str, Any]) -> Any:
    """Set a message's fields as YAML gives them; an unknown field is an AttributeError."""
    for name, value in values.items():
        current = getattr(message, name)
        if isinstance(value, Mapping):
            value = fill(current, value)
        elif isinstance(current, float):
            value = float(value)
        setattr(message, name, value)
    return message


class Ros2:
    """The command; a context and a thread of its own, closed by `close`."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = Node('ros2_double', context=self._context, start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, name='ros2', daemon=True)
        self._thread.start()
        self.feedback: list[Any] = []

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def meet(self, topic: str) -> None:
        """Wait until a topic's publisher is found, which takes seconds on a busy machine."""
        end_s = time.monotonic() + TIMEOUT_S
        while not self._node.get_publishers_info_by_topic(topic):
            assert time.monotonic() < end_s, f'nobody publishes {topic}'
            time.sleep(0.05)

    def run(self, words: list[str]) -> Any:
        """Run a command, `ros2` included in its words; what it gives back."""
        program, verb, *rest = words
        assert program == 'ros2'
        verbs: dict[str, Callable[[list[str]], Any]] = {
            'service': self._service, 'action': self._action, 'topic': self._topic,
            'param': self._param, 'lifecycle': self._lifecycle, 'node': self._nodes,
            'interface': self._interface, 'launch': check_launch, 'run': check_run,
            'bag': self._bag, 'security': check_security, 'pkg': _parser(
                ('verb', {'choices': ('prefix',)}), 'name',
                ('--share', {'action': 'store_true'})).parse_args}
        assert verb in verbs, f'no stand-in for `ros2 {verb}`'
        return verbs[verb](rest)

    def state(self, node: str) -> str:
        """A node's lifecycle state."""
        response = self._call(GetState, f'{node}/get_state', GetState.Request())
        return str(response.current_state.label)

    def to_state(self, node: str, wanted: str) -> None:
        """Take a node to a state, by as many transitions as it takes."""
        while (state := self.state(node)) != wanted:
            ways = WAY_UP if HEIGHT[state] < HEIGHT[wanted] else WAY_DOWN
            self._transition(node, ways[state])

    def offered(self, node: str) -> list[tuple[str, str, str]]:
        """Topics that a node publishes, but ROS' own: name, type, and QoS in words."""
        space, _, name = node.rpartition('/')
        found = []
        for topic, kinds in self._node.get_publisher_names_and_types_by_node(name, space or '/'):
            if topic in OF_ROS or topic == f'{node}/transition_event' or '/_action/' in topic:
                continue
            profile, = [one.qos_profile for one in self._node.get_publishers_info_by_topic(topic)
                        if one.node_name == name]
            words = ['reliable' if profile.reliability == ReliabilityPolicy.RELIABLE
                     else 'best effort']
            words += ['latched'] * (profile.durability == DurabilityPolicy.TRANSIENT_LOCAL)
            found.append((topic, kinds[0], ', '.join(words)))
        return found

    def _transition(self, node: str, name: str) -> None:
        request = ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))
        assert self._call(ChangeState, f'{node}/change_state', request).success, name

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self._node.create_client(kind, name)
        try:
            assert client.wait_for_service(TIMEOUT_S), f'no service {name}'
            return self._wait(client.call_async(request))
        finally:
            self._node.destroy_client(client)

    def _wait(self, future: Any) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert done.wait(TIMEOUT_S), 'no answer came'
        return future.result()

    def _service(self, words: list[str]) -> Any:
        parser = _parser(
            ('verb', {'choices': ('call',)}), 'name', 'type', ('values', {'nargs': '?'}))
        given = parser.parse_intermixed_args(words)
        kind = interface(given.type)
        served = dict(self._node.get_service_names_and_types())
        assert given.type in served.get(given.name, ()), f'{given.name} is not of {given.type}'
        request = fill(kind.Request(), yaml.safe_load(given.values or '{}'))
        return self._call(kind, given.name, request)

    def _action(self, words: list[str]) -> Any:
        parser = _parser(('verb', {'choices': ('send_goal',)}), 'name', 'type', 'goal')
        parser.add_argument('-f', '--feedback', action='store_true')
        given = parser.parse_intermixed_args(words)
        kind = interface(given.type)
        client = ActionClient(self._node, kind, given.name)
        self.feedback = []
        try:
            assert client.wait_for_server(TIMEOUT_S), f'no action {given.name}'
            handle = self._wait(client.send_goal_async(
                fill(kind.Goal(), yaml.safe_load(given.goal)),
                feedback_callback=self.feedback.append if given.feedback else None))
            assert handle.accepted
            return self._wait(handle.get_result_async()).result
        finally:
            client.destroy()

    def _topic(self, words: list[str]) -> Any:
        parser = _parser(('verb', {'choices': ('echo', 'hz', 'info', 'list', 'bw', 'delay')}),
                         ('name', {'nargs': '?'}), ('type', {'nargs': '?'}))
        for flag in ('--once', '--no-arr', '-v', '--verbose', '-t'):
            parser.add_argument(flag, action='store_true')
        parser.add_argument('--qos-durability', choices=('transient_local', 'volatile'))
        parser.add_argument('--qos-reliability', choices=('reliable', 'best_effort'))
        parser.add_argument('--field')
        given = parser.parse_intermixed_args(words)
        known = dict(self._node.get_topic_names_and_types())
        if given.verb == 'list':
            return sorted(known)
        types = known.get(given.name, [])
        assert types, f'nothing publishes {given.name}'
        assert given.type in (None, *types)
        return self._echo(given, types[0]) if given.verb == 'echo' else types

    def _echo(self, given: argparse.Namespace, kind: str) -> Any:
        """One message; like the real one, it takes over what QoS the publishers offer."""
        offered = [one.qos_profile for one in self._node.get_publishers_info_by_topic(given.name)]
        assert offered, f'nobody publishes {given.name}'
        latched = all(one.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in offered)
        sure = all(one.reliability == ReliabilityPolicy.RELIABLE for one in offered)
        wanted = given.qos_durability or ('transient_local' if latched else 'volatile')
        profile = QoSProfile(
            depth=10, durability=DurabilityPolicy[wanted.upper()],
            reliability=ReliabilityPolicy.RELIABLE if sure else ReliabilityPolicy.BEST_EFFORT)
        came: list[Any] = []
        done = threading.Event()
        subscription = self._node.create_subscription(
            interface(kind), given.name, lambda one: (came.append(one), done.set()), profile)
        # of what is sent only when somebody asks, the command alone is checked
        if given.once:
            assert done.wait(TIMEOUT_S), f'nothing came on {given.name}'
        self._node.destroy_subscription(subscription)
        if came and given.field:
            getattr(came[0], given.field)
        return came[0] if came else None

    def _param(self, words: list[str]) -> Any:
        parser = _parser(('verb', {'choices': ('get', 'set', 'list', 'describe', 'dump')}),
                         'node', ('name', {'nargs': '?'}), ('value', {'nargs': '?'}))
        given = parser.parse_intermixed_args(words)
        names = list(self._call(
            ListParameters, f'{given.node}/list_parameters', ListParameters.Request()).result.names)
        assert given.name is None or given.name in names, given.name
        if given.verb in ('list', 'dump'):
            return names
        before = self._call(
            GetParameters, f'{given.node}/get_parameters',
            GetParameters.Request(names=[given.name])).values[0]
        if given.verb == 'set':
            value = Parameter(given.name, value=yaml.safe_load(given.value)).to_parameter_msg()
            result, = self._set(given.node, value)
            assert result.successful, result.reason
            back = value.__class__(name=given.name, value=before)
            assert self._set(given.node, back)[0].successful
        return before

    def _set(self, node: str, value: Any) -> Any:
        return self._call(SetParameters, f'{node}/set_parameters',
                          SetParameters.Request(parameters=[value])).results

    def _lifecycle(self, words: list[str]) -> Any:
        parser = _parser(('verb', {'choices': ('get', 'set', 'nodes', 'list')}),
                         ('node', {'nargs': '?'}), ('transition', {'nargs': '?'}))
        given = parser.parse_intermixed_args(words)
        if given.verb in ('nodes', 'list'):
            return None
        if given.verb == 'get':
            return self.state(given.node)
        assert given.transition in (*TRANSITIONS, 'shutdown'), given.transition
        if given.transition in BEFORE:
            self.to_state(given.node, BEFORE[given.transition])
            self._transition(given.node, given.transition)
        return self.state(given.node)

    def _nodes(self, words: list[str]) -> Any:
        given = _parser(('verb', {'choices': ('list', 'info')}),
                        ('name', {'nargs': '?'})).parse_intermixed_args(words)
        there = [f'{space.rstrip("/")}/{name}'
                 for name, space in self._node.get_node_names_and_namespaces()]
        assert given.name is None or given.name in there, there
        return there

    def _interface(self, words: list[str]) -> Any:
        given = _parser(('verb', {'choices': ('show',)}), 'type').parse_intermixed_args(words)
        return interface(given.type)

    def _bag(self, words: list[str]) -> None:
        parser = _parser(
            ('verb', {'choices': ('play', 'record', 'info')}), ('names', {'nargs': '*'}))
        for flag in ('--clock', '-l', '--loop', '-a', '--all'):
            parser.add_argument(flag, action='store_true')
        for option in ('-o', '--output', '-s', '--storage', '-r', '--rate'):
            parser.add_argument(option)
        parser.parse_intermixed_args(words)


def _parser(*arguments: Any) -> argparse.ArgumentParser:
    """A parser of positional arguments: names, or names with what argparse is to know of them."""
    parser = argparse.ArgumentParser(exit_on_error=True)
    for argument in arguments:
        name, options = (argument, {}) if isinstance(argument, str) else argument
        parser.add_argument(name, **options)
    return parser
