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



"""Hosted models: loading, its failures, what ends it, and unloading."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hosting_lab import IMAGE, Host, events, predict, segment, state, until

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    ModelMemoryError,
    PerceptionError,
    PerceptionUnavailableError,
    WeightsError,
)


def test_models_are_loaded_ahead_and_tell_how_far_they_are(host: Host) -> None:
    models = host({'find_s': 0.1, 'load_s': 0.2}, {'find_s': 0.1}, preload=True)
    shares, messages = [], set()
    while state(models).state != 'ready':
        shares.append(state(models).progress)
        messages.add(state(models).message)
        time.sleep(0.005)
    until(lambda: state(models, 'masks').state == 'ready')
    assert shares == sorted(shares)
    assert 0.0 < max(shares) <= 1.0
    assert {'part 5 of 10 from the hub', 'reading part 5 of 10'} <= messages
    status = state(models)
    assert (status.name, status.device, status.precision, status.batch, status.progress) == (
        'lab_models:depth', 'cpu', 'fp32', 8, 1.0)
    assert (status.memory_bytes, status.calls) == (1 << 30, 0)


def test_without_loading_ahead_the_first_call_loads(host: Host) -> None:
    models = host()
    time.sleep(0.05)
    assert (events('load'), state(models).state) == ([], 'unloaded')
    predict(models)
    assert (events('load'), state(models).state) == ([('load', 'depth')], 'ready')


@pytest.mark.parametrize('knob', ['find_until', 'load_until'])
@pytest.mark.parametrize(('end', 'error'), [
    ('cancel', CanceledError), ('deadline', DeadlineExceededError), ('close', CanceledError)])
def test_who_waits_for_loading_may_leave(
    host: Host, tmp_path: Path, knob: str, end: str, error: type[Exception],
) -> None:
    models = host({knob: str(tmp_path / 'end')})
    assert models.depth is not None
    deadline = Deadline(0.2 if end == 'deadline' else 10.0)
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(models.depth.predict, [IMAGE], None, None, deadline)
        until(lambda: state(models).message.startswith('held'))
        if end == 'cancel':
            deadline.cancel()
        elif end == 'close':
            threads.submit(models.close)
        with pytest.raises(error):
            asked.result()
    if end == 'close':
        # Loading ended at its next word, and nothing is loaded.
        assert (state(models).state, events('close')) == ('unloaded', [])
        return
    # Loading goes on for those who come later.
    assert state(models).message.startswith('held')
    (tmp_path / 'end').touch()
    predict(models)
    assert events('load') == [('load', 'depth')]


def test_a_download_does_not_keep_the_other_model_waiting(host: Host, tmp_path: Path) -> None:
    models = host({'find_until': str(tmp_path / 'end')}, preload=True)
    until(lambda: state(models).message == 'held by the hub')
    segment(models)
    assert state(models).state == 'loading'
    (tmp_path / 'end').touch()
    until(lambda: state(models).state == 'ready')


def test_nothing_is_called_while_a_model_is_loaded(host: Host, tmp_path: Path) -> None:
    models = host({'call_until': str(tmp_path / 'called')},
                  {'load_until': str(tmp_path / 'loaded')},
                  depth_model={'device': 'cuda:0'}, masks_model={'device': 'cuda:1'})
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(predict, models)]
        until(lambda: state(models).message == 'at work')
        asked.append(threads.submit(segment, models))
        time.sleep(0.05)
        assert events('load') == [('load', 'depth')]
        (tmp_path / 'called').touch()
        until(lambda: state(models, 'masks').message == 'held')
        asked.append(threads.submit(predict, models))
        time.sleep(0.05)
        assert events('call') == [('call', 'depth', '1')]
        (tmp_path / 'loaded').touch()
        assert all(each.result() for each in asked)


def test_closing_waits_for_a_load_that_tells_nothing(host: Host, tmp_path: Path) -> None:
    models = host({'load_until': str(tmp_path / 'end'), 'load_deaf': True}, preload=True,
                  segment='none')
    until(lambda: events('load'))
    with ThreadPoolExecutor(1) as threads:
        closed = threads.submit(models.close)
        time.sleep(0.05)
        assert not closed.done()
        (tmp_path / 'end').touch()
        closed.result()
    assert (state(models).state, events('close')) == ('unloaded', [('close', 'depth')])


@pytest.mark.parametrize(('fault', 'error', 'told'), [
    ('weights', WeightsError, 'no weights in /models/lab; copy them there'),
    ('dependency', PerceptionUnavailableError, 'needs the package lab; pip install lab'),
    ('unavailable', PerceptionUnavailableError, 'is not there'),
    ('perception', PerceptionError, 'ask for something else'),
    ('memory', ModelMemoryError, 'does not fit into memory; .*asked for 9.9 GiB'),
    ('torch_memory', ModelMemoryError, 'does not fit into memory; .*OutOfMemoryError'),
    ('runtime', PerceptionUnavailableError,
     r'can not be loaded \(RuntimeError: sizes of tensors must match\)'),
])
def test_a_failed_load_is_told_and_not_tried_in_a_loop(
    host: Host, fault: str, error: type[Exception], told: str,
) -> None:
    models = host({'load_fault': fault})
    for _ in range(3):
        with pytest.raises(error, match=told) as raised:
            predict(models)
        assert type(raised.value) is error
        assert str(raised.value) == state(models).message
    assert events('load') == [('load', 'depth')]
    assert state(models).state == 'failed'
    segment(models)  # the other model is none the worse


def test_a_failed_load_is_tried_again_after_a_pause(host: Host, tmp_path: Path) -> None:
    copied = tmp_path / 'weights'
    models = host({'load_fault': 'weights', 'load_fault_unless': str(copied)},
                  options={'retry_s': 0.1})
    for count in (1, 2):
        time.sleep(0.1)
        with pytest.raises(WeightsError):
            predict(models)
        assert events('load') == [('load', 'depth')] * count
        assert events('find') == [('find', 'depth')] * count  # weights may be elsewhere by now
    copied.touch()
    time.sleep(0.1)
    assert len(predict(models)) == 1
    assert (state(models).state, state(models).message) == ('ready', '')


def test_all_who_wait_for_a_load_are_told_that_it_failed(host: Host) -> None:
    models = host({'load_fault': 'weights', 'load_s': 0.2})
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(predict, models) for _ in range(4)]
        errors = [each.exception() for each in asked]
    assert [type(each) for each in errors] == [WeightsError] * 4
    assert len(set(map(id, errors))) == 4  # each has its own traceback
    assert events('load') == [('load', 'depth')]


def test_a_load_ahead_that_failed_is_told_to_the_first_call(host: Host) -> None:
    models = host({'load_fault': 'weights'}, preload=True)
    until(lambda: state(models).state == 'failed')
    with pytest.raises(WeightsError, match='copy them there'):
        predict(models)
    assert events('load').count(('load', 'depth')) == 1


def test_idle_models_are_unloaded_and_come_back(host: Host) -> None:
    models = host({}, {'call_s': 0.02}, keep_loaded_s=0.3)
    predict(models)
    while state(models).state == 'ready':
        segment(models)
    assert 'nobody asked for it for 0.3 s' in state(models).message
    until(lambda: state(models, 'masks').state == 'unloaded')
    assert events('close') == [('close', 'depth'), ('close', 'masks')]
    assert len(predict(models)) == 1


def test_models_are_kept_unless_told_otherwise(host: Host) -> None:
    models = host()
    predict(models)
    time.sleep(0.3)
    assert (state(models).state, events('close')) == ('ready', [])


def test_only_what_is_needed_is_hosted(host: Host) -> None:
    models = host(reconstruct='rgbd')
    assert models.depth is None
    assert [each.role for each in models.status()[0]] == ['masks']


def test_a_loader_of_ones_own_that_is_not_there_is_told(host: Host) -> None:
    models = host(depth_model={'model': 'no_such_module:load'},
                  masks_model={'model': 'lab_models:nothing'})
    with pytest.raises(PerceptionUnavailableError, match='no_such_module, which loads the model'):
        predict(models)
    with pytest.raises(PerceptionUnavailableError, match='lab_models has no function nothing'):
        segment(models)
