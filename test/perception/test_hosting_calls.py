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



"""Hosted models: what calls give and how they end, with laboratory models."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lab_models
import numpy as np
import pytest
from hosting_lab import IMAGE, Host, predict, segment, state, until
from lab_models import painted_depth

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    ModelMemoryError,
    PerceptionError,
    PerceptionUnavailableError,
)


def test_calls_give_what_the_models_give(host: Host) -> None:
    models = host()
    np.testing.assert_array_equal(predict(models).depth[0], painted_depth(IMAGE))
    found = segment(models)
    np.testing.assert_array_equal(
        found.masks(0)[0], (lab_models.COLOURS['red'] == IMAGE).all(axis=2))
    assert (found.prompt_of.tolist(), found.presence.tolist()) == ([0], [[1.0, 0.0]])
    assert [(each.role, each.state, each.calls) for each in models.status()[0]] == [
        ('depth', 'ready', 1), ('masks', 'ready', 1)]


def test_calls_come_one_after_the_other_in_order(host: Host) -> None:
    models = host({'call_s': 0.05, 'deaf': True}, {'call_s': 0.05, 'deaf': True})
    ended: list[int] = []

    def ask(number: int) -> None:
        (segment if number % 2 else predict)(models)
        ended.append(number)
    with ThreadPoolExecutor(6) as threads:
        for number in range(6):
            threads.submit(ask, number)
            time.sleep(0.01)
    assert ended == list(range(6))
    # None began before the one before it had ended.
    assert lab_models.most_at_once() == 1


def test_devices_work_beside_each_other(host: Host) -> None:
    models = host({'call_s': 0.3}, {'call_s': 0.3}, depth_model={'device': 'cuda:0'},
                  masks_model={'device': 'cuda:1'})
    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(predict, models), threads.submit(segment, models)]:
            each.result()
    assert lab_models.most_at_once() == 2


@pytest.mark.parametrize(('end', 'error'), [
    ('cancel', CanceledError), ('deadline', DeadlineExceededError), ('close', CanceledError)])
def test_a_call_that_nobody_waits_for_is_left_alone(
    host: Host, end: str, error: type[Exception],
) -> None:
    models = host({'call_s': 0.4, 'deaf': True})
    predict(models)
    deadline = Deadline(0.1 if end == 'deadline' else 10.0)
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(models.depth.predict, [IMAGE], None, None, deadline)
        until(lambda: state(models).message == 'at work')
        begin_s = time.monotonic()
        if end == 'cancel':
            deadline.cancel()
        elif end == 'close':
            threads.submit(models.close)
        with pytest.raises(error):
            asked.result()
        assert time.monotonic() - begin_s < 0.3  # the model itself looks up after 0.4 s
        if end != 'close':
            assert state(models).message == 'at work'
            # The next call waits until the device is free again.
            assert len(predict(models)) == 1
            assert lab_models.most_at_once() == 1


def test_a_call_that_waits_is_taken_out_of_the_line(host: Host) -> None:
    models = host({'call_s': 0.2, 'deaf': True})
    predict(models)
    lab_models.EVENTS.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(predict, models)
        until(lambda: state(models).message == 'at work')
        with pytest.raises(DeadlineExceededError, match='waits for lab_models:depth on 1 images'):
            segment(models, 0.05)
        first.result()
    predict(models)
    assert [event for event in lab_models.EVENTS if event[0] == 'call'] == [
        ('call', 'depth', '1')] * 2


def test_too_many_calls_are_told_that_the_device_is_busy(host: Host) -> None:
    models = host({'call_s': 0.3}, options={'max_waiting': 2})
    predict(models)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(predict, models)]
        until(lambda: state(models).message == 'at work')
        asked += [threads.submit(predict, models) for _ in range(2)]
        until(lambda: '2 calls wait' in state(models).message)
        with pytest.raises(PerceptionUnavailableError, match=r'busy .*2 more calls wait'):
            segment(models)
        assert all(len(each.result()) == 1 for each in asked)


def test_status_answers_while_the_device_is_busy(host: Host) -> None:
    models = host({'load_s': 0.3, 'call_s': 0.3, 'deaf': True})
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(predict, models)
        seen, longest_s = set(), 0.0
        while not asked.done():
            begin_s = time.monotonic()
            seen.add((state(models).state, state(models).message == 'at work'))
            longest_s = max(longest_s, time.monotonic() - begin_s)
            time.sleep(0.01)
    assert {('loading', False), ('ready', True)} <= seen
    assert longest_s < 0.15


@pytest.mark.parametrize(('fault', 'error', 'told'), [
    ('perception', PerceptionError, 'can not do that; ask for something else'),
    ('unavailable', PerceptionUnavailableError, 'is not there'),
    ('dependency', PerceptionUnavailableError, 'needs the package lab; pip install lab'),
    ('runtime', PerceptionError,
     r'^lab_models:depth failed \(RuntimeError: sizes of tensors must match\)'),
    ('value', PerceptionError, r'failed \(ValueError: depth'),
    ('memory', ModelMemoryError, 'ran out of memory with a batch of 8, 4, 2, 1'),
    ('torch_memory', ModelMemoryError, r'OutOfMemoryError: CUDA out of memory'),
])
def test_what_a_model_raises_is_told(
    host: Host, tmp_path: Any, caplog: pytest.LogCaptureFixture, fault: str,
    error: type[Exception], told: str,
) -> None:
    switch = tmp_path / 'fault'
    switch.touch()
    models = host({'call_fault': fault, 'fault_if': str(switch)})
    with caplog.at_level(logging.ERROR), pytest.raises(error, match=told) as raised:
        predict(models)
    assert type(raised.value) is error
    assert '\n' not in str(raised.value)
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == (fault in ('runtime', 'value'))
    switch.unlink()
    assert len(predict(models)) == 1


@pytest.mark.parametrize('when', ['call', 'load'])
def test_a_lost_gpu_is_told_to_the_owner_of_the_process(host: Host, when: str) -> None:
    told: list[str] = []
    models = host({f'{when}_fault': 'poison'}, options={'on_fatal': told.append})
    with pytest.raises(PerceptionUnavailableError, match='device-side assert'):
        predict(models)
    until(lambda: told)
    for ask in (predict, segment):
        with pytest.raises(PerceptionUnavailableError, match='must be started again'):
            ask(models)
    assert len(told) == 1
    assert 'device-side assert' in told[0]


def test_a_call_that_never_ends_is_told_when_the_device_is_wanted_again(host: Host) -> None:
    told: list[str] = []
    models = host({'call_s': 1.0, 'deaf': True},
                  options={'on_fatal': told.append, 'stuck_s': 0.2})
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.1)
    time.sleep(0.1)
    assert told == []
    with pytest.raises(PerceptionUnavailableError, match='does not end'):
        segment(models)
    assert len(told) == 1


def test_a_long_load_is_no_call_that_never_ends(host: Host) -> None:
    told: list[str] = []
    models = host({'load_s': 0.6}, options={'on_fatal': told.append, 'stuck_s': 0.1})
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.1)
    assert (len(predict(models)), told) == (1, [])


def test_a_closed_host_refuses(host: Host) -> None:
    models = host()
    predict(models)
    models.close()
    for ask in (predict, segment):
        with pytest.raises(CanceledError, match='closed'):
            ask(models)
    assert [each.state for each in models.status()[0]] == ['unloaded', 'unloaded']
