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
from live_node import LiveNode
from robot_double import GAP_M

from spatialclaw_ros.msg import SpatialAnswer

APART = 'How far apart are the red ball and the blue ball?'
# what happened a moment ago is in it, however slow the machine is
LONG = Duration(sec=5)


@pytest.fixture(scope='module')
def robot():
    eyes = Eyes(off=('late', 'front'))
    asker = Asker(eyes.node)
    with LiveNode('spatialclaw', {**parameters('left', 'right'), 'max_frames': 8}) as live:
        assert live.node.start()
        asker.until(lambda answer: answer.status == SpatialAnswer.STATUS_OK, APART)
        yield eyes, asker
    eyes.close()


def moved(metres):
    pose = base()
    pose[0, 3] += metres
    return [('odom', 'base_link', pose)]


LOOP = [*moved(0.0), ('base_link', 'odom', np.eye(4))]


@pytest.mark.parametrize(('sent', 'said'), [
    ((moved(0.0), 0.5, moved(3.0), 0.3), 'TF jumps'),
    # what is seen moves with the base here: a little only
    ((moved(0.1), 0.5, [], 2.5, moved(0.12), 0.3), 'TF has a gap'),
    ((moved(0.0) + moved(2.0), 0.5), 'to and fro'), ((LOOP, 0.3), 'TF has a loop: ')])
def test_what_is_wrong_with_tf_is_told_and_the_answer_is_right(robot, sent, said):
    eyes, asker = robot
    for _ in range(15):  # a slow machine may be late for what happened once
        for each in sent:
            if isinstance(each, float):
                time.sleep(each)
            else:
                eyes.transforms = each
        answer = asker.ask(APART, window=LONG)
        if any(said in line for line in answer.missing_priors):
            break
    assert any(said in line for line in answer.missing_priors), answer.missing_priors
    assert answer.status == SpatialAnswer.STATUS_OK, (answer.message, answer.missing_priors)
    assert answer.number == pytest.approx(GAP_M, abs=0.015)
