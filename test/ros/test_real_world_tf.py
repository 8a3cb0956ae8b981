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

"""TF that jumps, has gaps, goes round in circles or comes from two publishers; the real node."""

from __future__ import annotations

import time

import numpy as np
import pytest
from asking import Asker
from builtin_interfaces.msg import Duration
from eyes_double import Eyes, base, parameters
from node_process import NodeProcess
from robot_double import GAP_M

from spatialclaw_ros.msg import SpatialAnswer

APART = 'How far apart are the red ball and the blue ball?'
# what happened a moment ago is in it, however slow the machine is
LONG = Duration(sec=5)


@pytest.fixture(scope='module')
def robot(tmp_path_factory):
    eyes = Eyes(off=('late', 'front'))
    asker = Asker(eyes.node)
    with NodeProcess(
            tmp_path_factory.mktemp('node'),
            {**parameters('left', 'right'), 'max_frames': 8}):
        asker.until(lambda answer: answer.status == SpatialAnswer.STATUS_OK, APART)
        yield eyes, asker
    eyes.close()


def moved(metres):
    pose = base()
    pose[0, 3] += metres
    return [('odom', 'base_link', pose)]


@pytest.mark.parametrize(('sent', 'said'), [
    # one after the other on one robot: the last two leave TF in ruins
    ((moved(0.0), moved(3.0)), 'TF jumps'),
    (([], 2.5, moved(3.2)), 'TF has a gap'),
    ((moved(0.0) + moved(2.0),), 'to and fro'),
    (([*moved(0.0), ('base_link', 'odom', np.eye(4))],), 'TF has a loop: ')])
def test_what_is_wrong_with_tf_is_told_and_the_answer_is_right(robot, sent, said):
    eyes, asker = robot
    for each in sent:
        if isinstance(each, float):
            time.sleep(each)
        else:
            eyes.transforms = each
    answer = asker.until(
        lambda one: any(said in line for line in one.missing_priors), APART, window=LONG)
    assert any(said in line for line in answer.missing_priors), answer.missing_priors
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.number == pytest.approx(GAP_M, abs=0.015)
