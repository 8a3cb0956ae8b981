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


"""How perception's status becomes a diagnostic one."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from spatialclaw_ros.perception.status import (
    DeviceMemory,
    ModelStatus,
    PerceptionStatus,
    still_loading,
)
from spatialclaw_ros.ros import perception_health
from spatialclaw_ros.ros.perception_health import PerceptionHealth

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
READY = ModelStatus(
    role='masks', name='sam3', state='ready', progress=1.0, device='cuda:0', precision='bf16',
    weights='/models/sam3', memory_bytes=3_400_000_000, calls=12, last_s=0.25, batch=4)
LOADING = ModelStatus(
    role='depth', name='da3-base', state='loading', progress=0.42, message='reading weights')
FAILED = ModelStatus(
    role='depth', name='da3-base', state='failed', message='no such folder; get it so')


class Seen:
    """Perception that has only a status."""

    def __init__(self, **fields) -> None:
        self.fields = fields
        self.names = {'reconstruct': 'rgbd', 'segment': 'sam3'}

    def status(self) -> PerceptionStatus:
        return PerceptionStatus(**self.fields)


@pytest.mark.parametrize(('fields', 'level', 'message'), [
    ({}, OK, 'rgbd, sam3'),
    ({'models': (READY,)}, OK, 'sam3 ready'),
    ({'models': (READY, LOADING)}, WARN, 'loading da3-base 42% (reading weights)'),
    ({'models': (READY, FAILED)}, ERROR, 'da3-base failed: no such folder; get it so'),
    ({'alive': False, 'message': 'it was killed'}, ERROR, 'it was killed'),
    ({'alive': False, 'where': 'http://gpu:8450'}, ERROR, 'no answer from http://gpu:8450'),
    ({'restarts': 1, 'models': (READY,)}, WARN, 'its process was started again'),
    ({'restarts': 1, 'models': (LOADING,)}, WARN, 'loading da3-base'),
])
def test_levels_and_what_they_say(fields, level, message):
    found = PerceptionHealth(Seen(**fields)).look()
    assert found[0] == level
    assert found[1].startswith(message)


def test_a_restart_is_forgotten_after_a_while(monkeypatch):
    seen = Seen(models=(READY,), restarts=1)
    health = PerceptionHealth(seen)
    assert health.look()[0] == WARN
    now_s = perception_health.time.monotonic()
    monkeypatch.setattr(perception_health.time, 'monotonic', lambda: now_s + 100.0)
    assert health.look()[0] == OK
    seen.fields['restarts'] = 2
    assert health.look()[0] == WARN


def test_values_name_all_that_is_known():
    device = DeviceMemory(name='NVIDIA X', total_bytes=8 * 10**9, free_bytes=10**9,
                          ours_bytes=5 * 10**9)
    values = PerceptionHealth(Seen(
        where='process', pid=7, restarts=2, models=(READY, LOADING), devices=(device,),
        round_trip_s=0.002)).look()[2]
    assert values | {
        'reconstruct': 'rgbd', 'runs in': 'process', 'alive': 'yes', 'process': '7',
        'restarts': '2', 'round trip (s)': '0.002', 'masks: device': 'cuda:0',
        'masks: precision': 'bf16', 'masks: memory (MB)': '3400', 'masks: calls': '12',
        'masks: last call (s)': '0.250', 'masks: batch': '4', 'masks: weights': '/models/sam3',
        'depth: state': 'loading', 'depth: loaded (%)': '42', 'depth: last call (s)': '',
        'NVIDIA X: free (MB)': '1000', 'NVIDIA X: ours (MB)': '5000'} == values


def test_words_for_what_is_loading():
    assert still_loading(PerceptionStatus(models=(READY,))) == ''
    assert still_loading(PerceptionStatus(models=(LOADING, READY))) == (
        'da3-base 42% (reading weights)')
