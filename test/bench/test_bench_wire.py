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


"""The wire's benchmark: its plain forms carry the call whole, and its rows judge."""

from __future__ import annotations

import numpy as np
import pytest
import wire_bench
from bench_photos import photos
from bench_table import shortfalls
from wire_forms import pack_reply, pack_request, unpack_reply, unpack_request
from wire_scene import prediction

from spatialclaw_ros.perception.prediction import Prediction


@pytest.fixture(scope='module')
def frames() -> list[np.ndarray]:
    return [np.ascontiguousarray(frame[:48, :64]) for frame in photos(2)]


@pytest.mark.parametrize('form', ['json', 'msgpack'])
def test_a_form_carries_the_call_whole(form: str, frames: list[np.ndarray]) -> None:
    images, intrinsics = unpack_request(
        form, pack_request(form, frames, np.eye(3)[None]))
    np.testing.assert_array_equal(images, frames)
    np.testing.assert_array_equal(intrinsics, np.eye(3)[None])
    expected = prediction(frames)
    found = unpack_reply(form, pack_reply(form, expected))
    assert wire_bench.differences(form, found, expected) == []
    np.testing.assert_array_equal(found.T_camera_model, expected.T_camera_model)


def test_a_way_that_changes_what_it_carries_is_at_fault(frames: list[np.ndarray]) -> None:
    expected = prediction(frames)
    other = Prediction(tuple(1.01 * each for each in expected.depth), expected.confidence)
    assert wire_bench.differences('raw', other, expected) == ['raw: values are off by 0.01']


@pytest.mark.parametrize(('raw_s', 'short', 'fails'), [
    (0.05, False, []), (0.11, False, ['against JSON', 'against a raw']),
    (0.07, False, ['against a raw']), (0.07, True, []),
    (0.5, True, ['against JSON', 'against a raw'])])
def test_what_falls_short(raw_s: float, short: bool, fails: list[str]) -> None:
    samples = {'raw': [raw_s] * 30, 'small': [1.0] * 30, 'json': [0.5] * 30,
               'msgpack': [0.2] * 30, 'bare': [0.03] * 30}
    sizes = dict.fromkeys(samples, (10, 20))
    found = shortfalls(wire_bench.rows(samples, sizes), short=short)
    assert len(found) == len(fails)
    assert all(words in text for words, text in zip(fails, found))
