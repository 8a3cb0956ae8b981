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

"""The grasp example: a target where it may be relied on, and none with the reason where not."""

from __future__ import annotations

import math

import pytest
from example_programs import module
from query_double import POINT, answer_to

from spatialclaw_ros.client import Answer

example = module('query_before_grasp')
NOW_NS = 13_000_000_000


def measured():
    message = answer_to(POINT)
    message.missing_priors = []
    return message


@pytest.mark.parametrize(('changes', 'frame', 'words'), [
    ({'sigma': math.nan}, 'base_link', 'uncertain to nan'),
    ({'sigma': 0.021}, 'base_link', 'uncertain to 0.021 m'), ({}, 'odom', "in 'base_link', asked"),
    ({'header.stamp.sec': 5}, 'base_link', '8.0 s old'),
    ({'header.stamp.sec': 14}, 'base_link', '1.0 s from the future'),
    ({'scale_source': 'model'}, 'base_link', 'come from model, not from sensor_depth'),
    ({'scale_source': ''}, 'base_link', 'come from nowhere'),
    ({'missing_priors': ['no TF']}, 'base_link', 'less than it should: no TF')])
def test_what_is_unknown_elsewhere_or_old_is_not_relied_on(changes, frame, words):
    message = measured()
    for path, value in changes.items():
        *way, name = path.split('.')
        part = message
        for step in way:
            part = getattr(part, step)
        setattr(part, name, value)
    with pytest.raises(example.NoGraspError, match=words):
        example.check(Answer.of(message), 'it', frame, NOW_NS, example.Gripper())


def test_what_may_be_relied_on_passes():
    example.check(Answer.of(measured()), 'it', 'base_link', NOW_NS, example.Gripper())
    message = measured()
    message.scale_source, message.missing_priors = 'model', ['no TF']
    lenient = example.Gripper(scales=('model', 'tf_baseline'), priors=True)
    example.check(Answer.of(message), 'it', 'base_link', NOW_NS, lenient)
