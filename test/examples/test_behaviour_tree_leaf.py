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

"""The behaviour-tree example: ticks while the node works, the blackboard, an interrupted query."""

from __future__ import annotations

import time

import py_trees
import pytest
from example_programs import module
from py_trees.common import Status
from query_double import NUMBER, SLOW, QueryDouble

from spatialclaw_ros.client import Answer, NotSpunError, SpatialClient

example = module('behaviour_tree_leaf')


@pytest.fixture(scope='module')
def double():
    server = QueryDouble('for_trees')
    yield server
    server.close()


@pytest.fixture
def client(double):
    py_trees.blackboard.Blackboard.clear()
    with SpatialClient('/for_trees') as made:
        yield made


def ticked(root, while_, timeout_s=60.0):
    """Tick until something no longer holds."""
    end_s = time.monotonic() + timeout_s
    while True:
        root.tick_once()
        if not while_() or time.monotonic() > end_s:
            return
        time.sleep(0.02)


def test_an_answer_lies_on_the_blackboard(client):
    leaf = example.Ask('ask', NUMBER, client=client, key='gap', wait_s=60.0)
    leaf.setup()
    ticked(leaf, lambda: leaf.status == Status.RUNNING)
    assert leaf.status == Status.SUCCESS, leaf.feedback_message
    answer = py_trees.blackboard.Blackboard.get('/gap')
    assert isinstance(answer, Answer)
    assert answer.value == 0.412
    leaf.tick_once()
    assert leaf.status == Status.RUNNING
    assert not py_trees.blackboard.Blackboard.exists('/gap')


def test_a_status_that_is_no_answer_fails(client):
    leaf = example.Ask('ask', 'busy', client=client, wait_s=60.0)
    ticked(leaf, lambda: leaf.status in (Status.RUNNING, Status.INVALID))
    assert leaf.status == Status.FAILURE
    assert leaf.feedback_message == 'the node says busy'


def test_a_query_that_can_not_start_or_go_on_fails_and_is_not_left(client, double, monkeypatch):
    wrong = example.Ask('ask', NUMBER, client=client, timeout_s=-1.0)
    wrong.tick_once()
    assert wrong.status == Status.FAILURE
    assert 'timeout_s' in wrong.feedback_message
    leaf = example.Ask('ask', SLOW, client=client, wait_s=60.0)
    ticked(leaf, lambda: leaf.feedback_message != 'thinking')
    before = len(double.canceled)

    def unspun():
        raise NotSpunError('nobody spins')

    monkeypatch.setattr(leaf._query, 'check', unspun)
    leaf.tick_once()
    assert (leaf.status, leaf.feedback_message) == (Status.FAILURE, 'nobody spins')
    assert double.wait(lambda: len(double.canceled) == before + 1)


def test_what_interrupts_the_leaf_cancels_its_query(client, double):
    emergency = py_trees.behaviours.StatusQueue(
        'emergency', queue=[Status.FAILURE], eventually=Status.FAILURE)
    leaf = example.Ask('ask', SLOW, client=client, wait_s=60.0)
    root = py_trees.composites.Selector('root', memory=False, children=[emergency, leaf])
    ticked(root, lambda: leaf.feedback_message != 'thinking')
    assert leaf.status == Status.RUNNING
    before = len(double.canceled)
    emergency.eventually = Status.SUCCESS
    root.tick_once()
    assert (root.status, leaf.status) == (Status.SUCCESS, Status.INVALID)
    assert double.wait(lambda: len(double.canceled) == before + 1)
