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

"""A robot with one colour camera and a depth model: what its node tells, and where metres end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lab_models import SUPPORT
from node_process import NodeProcess
from robot_double import FOCAL, HEIGHT, WIDTH, RobotDouble
from service_client import ServiceClient

from spatialclaw_ros.msg import SpatialAnswer

PLANE_M = 1.2
RED, BLUE = slice(60, 110), slice(200, 260)
APART_M = (BLUE.start - RED.stop + 1) / FOCAL * PLANE_M


@pytest.fixture(scope='module', autouse=True)
def robot():
    """A red and a blue plate; the depth model sees a plane, the camera has no depth."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[80:140, RED] = (255, 0, 0)
    picture[80:140, BLUE] = (0, 0, 255)
    double = RobotDouble()
    double.reset(picture, np.full((HEIGHT, WIDTH), np.nan, np.float32))
    yield double
    double.close()


@pytest.fixture(scope='module', params=[True, False], ids=['metric', 'no unit'])
def asked(request, tmp_path_factory):
    """A node whose depth model claims metres, or not, and its client."""
    given = {
        'cameras': ['camera'], 'camera.image': '/camera/color/image_raw',
        'camera.camera_info': '/camera/color/camera_info', 'backbone': 'rules', 'max_frames': 1,
        'reconstruct': 'depth_anything', 'segment': 'sam3', 'perception.run_in': 'node',
        'perception.depth.model': 'lab_models:depth', 'perception.masks.model': 'lab_models:masks',
        'perception.depth.options.plane_m': PLANE_M,
        'perception.depth.options.is_metric': request.param}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', SUPPORT)
        with NodeProcess(tmp_path_factory.mktemp('node'), given, ('-r', '__node:=colour')), (
                ServiceClient('/colour')) as client:
            seen = client.ask_seeing('Is there a red?', timeout_s=60.0)
            assert seen.text == 'yes', seen.message
            yield request.param, client


def test_a_length_is_a_guess_or_none_at_all(asked):
    is_metric, client = asked
    answer = client.ask('How far is the red from the blue?', timeout_s=60.0)
    assert answer.scale_source == ('model' if is_metric else 'unknown')
    assert math.isnan(answer.sigma)
    said = ' '.join(answer.missing_priors)
    if is_metric:
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message
        assert answer.number == pytest.approx(APART_M, abs=0.01)
        assert 'the model\'s own estimate' in said
        assert len(answer.points) == 2
    else:
        assert answer.status == SpatialAnswer.STATUS_REFUSED, answer.text
        assert math.isnan(answer.number)
        for words in (said, answer.message):
            assert 'The scale is unknown' in words
            assert 'a depth sensor, TF that moves the camera, or a metric model' in words


@pytest.mark.parametrize(('question', 'text'), [
    ('Is the red left of the blue?', 'yes'), ('Is the red right of the blue?', 'no'),
    ('Is the red closer to the camera than the blue?', None),
    ('Is the red more than 10 cm from the blue?', None),
])
def test_what_needs_no_metres_is_told(asked, question, text):
    is_metric, client = asked
    answer = client.ask(question, timeout_s=60.0)
    if text is None:
        assert answer.status == SpatialAnswer.STATUS_REFUSED, answer.text
        assert 'TF that moves the camera' in answer.message
        return
    assert answer.status == SpatialAnswer.STATUS_OK, answer.message
    assert answer.text == text
    assert bool(answer.points) == is_metric
