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

"""The tolerance of a request and of the parameters, through the real service of a real node."""

from __future__ import annotations

import math

import pytest
from managed_node import ManagedNode
from robot_double import GAP_M, PARAMETERS, RobotDouble

from spatialclaw_ros.msg import SpatialAnswer

DISTANCE = 'How far apart are the red ball and the blue ball?'
BEARING = 'What is the bearing of the red ball from the robot?'
USUAL = {'tolerance_m': 0.1, 'tolerance_share': 0.2, 'tolerance_deg': 12.0}


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    robot = RobotDouble()
    with ManagedNode(tmp_path_factory.mktemp('node'), 'tolerating', {
            **PARAMETERS, **USUAL, 'max_frames': 2}) as made:
        yield made
    robot.close()


@pytest.mark.parametrize(('question', 'tolerance', 'words'), [
    (DISTANCE, 1.0, ()),
    (DISTANCE, 0.0, ()),
    (DISTANCE, 0.0001, ('it is about 0.', 'with a sigma of 0.0', 'would help')),
    (BEARING, 0.0001, ()),  # a length says nothing of angles
])
def test_a_request_is_answered_to_its_tolerance_or_refused(node, question, tolerance, words):
    answer = node.ask(question, USUAL, tolerance=tolerance, timeout_s=60.0)
    if not words:
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message
        assert question != DISTANCE or answer.number == pytest.approx(GAP_M, abs=0.01)
    else:
        assert answer.status == SpatialAnswer.STATUS_REFUSED, answer.message
        assert math.isnan(answer.number)
        for word in words:
            assert word in answer.message


@pytest.mark.parametrize('tolerance', [-0.02, math.nan, math.inf])
def test_what_is_no_tolerance_is_an_invalid_request(node, tolerance):
    answer = node.ask(DISTANCE, USUAL, tolerance=tolerance, timeout_s=60.0)
    assert answer.status == SpatialAnswer.STATUS_INVALID_REQUEST, answer.message
    assert 'tolerance is ' in answer.message
    assert '0.1 m or 20 %' in answer.message


@pytest.mark.parametrize(('question', 'changed', 'refused'), [
    (DISTANCE, {'tolerance_m': 0.0001, 'tolerance_share': 0.0}, True),
    (DISTANCE, {'tolerance_m': 0.0001, 'tolerance_share': 0.9}, False),
    (BEARING, {'tolerance_deg': 0.01}, True),
])
def test_without_one_the_parameters_hold(node, question, changed, refused):
    answer = node.ask(question, {**USUAL, **changed}, timeout_s=60.0)
    assert answer.status == (
        SpatialAnswer.STATUS_REFUSED if refused else SpatialAnswer.STATUS_OK), answer.message
    if refused:  # and one of a request's own goes before them
        told = node.ask(DISTANCE, {**USUAL, **changed}, tolerance=1.0, timeout_s=60.0)
        assert told.status == SpatialAnswer.STATUS_OK, told.message
