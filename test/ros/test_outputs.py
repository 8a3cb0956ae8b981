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

"""Answers on their way to `~/answer`: nobody waits for it, and its faults stay there."""

from __future__ import annotations

import dataclasses
import threading
from types import SimpleNamespace

import pytest
from answer_lab import distance, outcome
from rclpy.node import Node

from spatialclaw_ros.agent.events import Failed
from spatialclaw_ros.ros import outputs as outputs_module
from spatialclaw_ros.ros.answers import answer_message
from spatialclaw_ros.ros.handling import QueryHandler
from spatialclaw_ros.ros.outcome import Caller
from spatialclaw_ros.ros.outputs import Outputs
from spatialclaw_ros.workspace.question import Status


class Watched(Node):
    """A node of which is seen what it publishes on `~/answer`, once `gate` is open."""

    def __init__(self, context) -> None:
        super().__init__('spatialclaw', context=context, enable_rosout=False,
                         start_parameter_services=False)
        self.sent = []
        self.gate = threading.Event()
        self.gate.set()

    def create_publisher(self, kind, topic, *args, **kwargs):
        made = super().create_publisher(kind, topic, *args, **kwargs)
        if topic == '~/answer':
            publish = made.publish

            def watched(message):
                assert self.gate.wait(60.0)
                publish(message)
                self.sent.append(message.query_id)
            made.publish = watched
        return made


@pytest.fixture
def node(contexts, monkeypatch):
    monkeypatch.setattr(outputs_module, 'drawings', lambda *_: ())
    made = Watched(contexts[0])
    yield made
    made.gate.set()
    made.destroy_node()


@pytest.fixture
def faults():
    return []


@pytest.fixture
def outputs(node, faults):
    made = Outputs(node, faults.append)
    yield made
    node.gate.set()
    made.close()


def handler_of(outputs, end):
    """What answers callers, of whom each query ends like this."""
    settings = SimpleNamespace(max_steps=4, answer_frame='', base_frame='base_link')
    return QueryHandler(
        SimpleNamespace(run=lambda *_: end), outputs, lambda: settings, lambda *_: None, '/node')


def send(outputs, number, message=None):
    end = dataclasses.replace(outcome(distance()), query_id=f'q{number}')
    outputs.publish(end, answer_message(end) if message is None else message)


def test_a_caller_does_not_wait_until_the_answer_is_sent(node, outputs, faults):
    node.gate.clear()
    answer = handler_of(outputs, outcome(distance())).answer(
        SimpleNamespace(question='How far?'), Caller())
    assert (answer.status, answer.number) == (Status.OK, 0.3)
    assert node.sent == []
    assert not outputs.flush(0.0)
    node.gate.set()
    assert outputs.flush(60.0)
    assert node.sent == ['q1']
    assert faults == []


def test_answers_keep_their_order(node, outputs):
    for number in range(30):
        send(outputs, number)
    assert outputs.flush(60.0, drawn=False)
    assert node.sent == [f'q{number}' for number in range(30)]


def test_answers_that_wait_are_sent_before_the_topics_go(node, faults):
    outputs = Outputs(node, faults.append)
    for number in range(3):
        send(outputs, number)
    outputs.close()
    assert node.sent == ['q0', 'q1', 'q2']
    assert faults == []
    assert not any(one.topic_name.endswith('/answer') for one in node.publishers)


def test_who_is_turned_away_is_told_to_nobody_else(node, outputs):
    busy = outcome(Failed(Status.BUSY, 'too many', 'queued'))
    answer = handler_of(outputs, busy).answer(SimpleNamespace(question='How far?'), Caller())
    assert answer.status == Status.BUSY
    assert outputs.flush(60.0)
    assert node.sent == []


def test_an_answer_that_can_not_be_sent_is_logged_and_the_next_one_comes(node, outputs, faults):
    send(outputs, 0, message='none of ROS')
    send(outputs, 1)
    assert outputs.flush(60.0)
    assert node.sent == ['q1']
    fault, = faults
    assert fault.startswith('publishing an answer failed:\nTraceback')


def test_a_caller_gets_the_answer_that_comes_after_the_topics_are_gone(node, faults):
    outputs = Outputs(node, faults.append)
    outputs.close()
    answer = handler_of(outputs, outcome(distance())).answer(
        SimpleNamespace(question='How far?'), Caller())
    assert (answer.status, answer.number) == (Status.OK, 0.3)
    assert node.sent == []
    fault, = faults
    assert fault.startswith('query q1: its answer is not on ~/answer: ')
