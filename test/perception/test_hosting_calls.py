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
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lab_models
import numpy as np
import pytest
from hosting_lab import IMAGE, Host, events, predict, segment, state, until
from lab_models import painted_depth

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    ModelMemoryError,
    PerceptionError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.perception.hosting.worker import Job, Worker


def test_calls_give_what_the_models_give(host: Host) -> None:
    models = host()
    np.testing.assert_array_equal(predict(models).depth[0], painted_depth(IMAGE))
    found = segment(models)
    np.testing.assert_array_equal(
        found.masks(0)[0], (lab_models.COLOURS['red'] == IMAGE).all(axis=2))
    assert (found.prompt_of.tolist(), found.presence.tolist()) == ([0], [[1.0, 0.0]])
    assert [(each.role, each.state, each.calls) for each in models.status()[0]] == [
        ('depth', 'ready', 1), ('masks', 'ready', 1)]


def test_calls_come_one_after_the_other_in_order(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'end')})
    with ThreadPoolExecutor(6) as threads:
        for number in range(6):
            threads.submit(predict, models, count=number + 1)
            until(lambda: state(models).message.startswith(
                'at work' if not number else f'at work; {number} calls wait'))  # noqa: B023
        (tmp_path / 'end').touch()
    assert [event[2] for event in events('call')] == list('123456')
    # None began before the one before it had ended.
    assert lab_models.most_at_once() == 1


def test_devices_work_beside_each_other(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'end')}, {}, depth_model={'device': 'cuda:0'},
                  masks_model={'device': 'cuda:1'})
    segment(models)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(predict, models)
        until(lambda: state(models).message == 'at work')
        segment(models)
        (tmp_path / 'end').touch()
        asked.result()
    assert lab_models.most_at_once() == 2


@pytest.mark.parametrize(('end', 'error'), [
    ('cancel', CanceledError), ('deadline', DeadlineExceededError), ('close', CanceledError)])
def test_who_waits_for_a_call_may_leave(
    host: Host, tmp_path: Path, end: str, error: type[Exception],
) -> None:
    models = host({'call_until': str(tmp_path / 'end'), 'deaf': True})
    assert models.depth is not None
    deadline = Deadline(0.3 if end == 'deadline' else 10.0)
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(models.depth.predict, [IMAGE], None, None, deadline)
        until(lambda: state(models).message == 'at work')
        if end == 'cancel':
            deadline.cancel()
        elif end == 'close':
            threads.submit(models.close)
        with pytest.raises(error):
            asked.result()
        # The model is still at it: what a GPU has begun it ends.
        assert state(models).message == 'at work'
        assert events('end') == []
        if end != 'close':
            other = threads.submit(segment, models)
            until(lambda: '1 calls wait' in state(models).message)
        (tmp_path / 'end').touch()
    if end != 'close':
        assert len(other.result().sizes) == 1
        assert lab_models.most_at_once() == 1


def test_a_model_that_looks_at_its_deadline_ends_early(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'never')})
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.2)
    until(lambda: events('end'))
    assert len(segment(models).sizes) == 1


def test_a_call_that_waits_is_taken_out_of_the_line(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'end'), 'deaf': True})
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(predict, models)
        until(lambda: state(models).message == 'at work')
        with pytest.raises(DeadlineExceededError, match='waits for lab_models:depth on 1 images'):
            segment(models, 0.05)
        assert state(models).message == 'at work'  # and no more calls wait
        (tmp_path / 'end').touch()
        first.result()
    predict(models)
    assert events('call') == [('call', 'depth', '1')] * 2


def test_too_many_calls_are_told_that_the_device_is_busy(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'end')}, options={'max_waiting': 2})
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(predict, models)]
        until(lambda: state(models).message == 'at work')
        asked += [threads.submit(predict, models) for _ in range(2)]
        until(lambda: '2 calls wait' in state(models).message)
        with pytest.raises(PerceptionUnavailableError, match=r'busy .*2 more calls wait'):
            segment(models)
        (tmp_path / 'end').touch()
        assert all(len(each.result()) == 1 for each in asked)


def test_status_answers_while_the_device_is_busy(host: Host, tmp_path: Path) -> None:
    models = host({'load_until': str(tmp_path / 'load'), 'call_until': str(tmp_path / 'call')})
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(predict, models)
        # Each of these would wait for ever if status waited for the device.
        until(lambda: (state(models).state, state(models).message) == ('loading', 'held'))
        assert state(models, 'masks').state == 'unloaded'
        (tmp_path / 'load').touch()
        until(lambda: (state(models).state, state(models).message) == ('ready', 'at work'))
        (tmp_path / 'call').touch()
        asked.result()
    assert (state(models).calls, state(models).message) == (1, '')


@pytest.mark.parametrize(('fault', 'error', 'told'), [
    ('perception', PerceptionError, 'can not do that; ask for something else'),
    ('unavailable', PerceptionUnavailableError, 'is not there'),
    ('dependency', PerceptionUnavailableError, 'needs the package lab; pip install lab'),
    ('runtime', PerceptionError,
     r'^lab_models:depth failed \(RuntimeError: sizes of tensors must match\)'),
    ('value', PerceptionError, r'failed \(ValueError: depth'),
    ('memory', ModelMemoryError, 'ran out of memory with a batch of 8, 4, 2, 1'),
    ('torch_memory', ModelMemoryError, r'OutOfMemoryError: CUDA out of memory'),
    ('cuda_memory', ModelMemoryError, r'RuntimeError: CUDA error: out of memory'),
])
def test_what_a_model_raises_is_told(
    host: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str,
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


def test_the_owner_may_close_when_it_is_told(host: Host) -> None:
    told: list[str] = []

    def on_fatal(why: str) -> None:
        models.close()
        told.append(why)
    models = host({'call_fault': 'poison'}, options={'on_fatal': on_fatal})
    with pytest.raises(PerceptionUnavailableError):
        predict(models)
    until(lambda: told)


def test_a_call_that_never_ends_is_told_when_the_device_is_wanted_again(
    host: Host, tmp_path: Path,
) -> None:
    told: list[str] = []
    models = host({'call_until': str(tmp_path / 'end'), 'deaf': True},
                  options={'on_fatal': told.append, 'stuck_s': 0.3})
    with pytest.raises(DeadlineExceededError):
        predict(models, 0.1)
    assert told == []
    for _ in range(2):
        with pytest.raises(PerceptionUnavailableError, match='does not end'):
            segment(models)
    assert len(told) == 1
    (tmp_path / 'end').touch()


def test_a_long_load_is_no_call_that_never_ends(host: Host, tmp_path: Path) -> None:
    told: list[str] = []
    models = host({'load_until': str(tmp_path / 'end')},
                  options={'on_fatal': told.append, 'stuck_s': 0.05})
    for _ in range(2):
        with pytest.raises(DeadlineExceededError):
            predict(models, 0.1)
    (tmp_path / 'end').touch()
    assert (len(predict(models)), told) == (1, [])


def test_a_job_ends_when_nobody_waits_for_it_any_more() -> None:
    worker = Worker('test', max_waiting=1)
    ended = threading.Event()

    def work(deadline: Deadline) -> None:
        while not deadline.canceled:
            time.sleep(0.005)
        ended.set()

    def look() -> None:
        raise PerceptionUnavailableError('the device is lost')
    with pytest.raises(PerceptionUnavailableError, match='lost'):
        worker.do(Job('a call', work), look)
    assert ended.wait(60.0)
    assert worker.close(60.0)


def test_a_closed_host_refuses(host: Host) -> None:
    models = host()
    predict(models)
    models.close()
    for ask in (predict, segment):
        with pytest.raises(CanceledError, match='closed'):
            ask(models)
    assert [each.state for each in models.status()[0]] == ['unloaded', 'unloaded']
