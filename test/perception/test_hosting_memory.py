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



"""Hosted models: memory that does not suffice, in calls and while loading."""

from __future__ import annotations

from typing import Any

import lab_models
import pytest
from hosting_lab import Host, events, predict, segment, state, until

from spatialclaw_ros.errors import ModelMemoryError, PerceptionUnavailableError
from spatialclaw_ros.perception.hosting.caller import RECOVERY_CALLS


def batches() -> list[str]:
    return [event[2] for event in events('call')]


@pytest.mark.parametrize(('fits', 'batch', 'tried'), [
    (0, 8, ['8']), (8, 8, ['8']), (5, 8, ['8', '4']), (2, 8, ['8', '4', '2']),
    (1, 7, ['7', '3', '1'])])
def test_the_batch_is_halved_until_it_fits(
    host: Host, fits: int, batch: int, tried: list[str],
) -> None:
    models = host({'memory_batch': fits}, depth_model={'batch': batch})
    assert len(predict(models, count=20)) == 20
    assert batches() == tried
    status = state(models)
    assert status.batch == int(tried[-1])
    assert status.message == ('' if len(tried) == 1 else (
        f'batch lowered to {tried[-1]}: out of memory'))
    # It is remembered: the next call begins where the last one ended.
    predict(models, count=20)
    assert batches() == [*tried, tried[-1]]


def test_the_batch_recovers_slowly_and_at_once_by_loading_again(host: Host) -> None:
    models = host({'memory_batch': 2}, {'load_alone': True})
    for _ in range(RECOVERY_CALLS):
        predict(models, count=20)
    assert batches() == ['8', '4'] + ['2'] * RECOVERY_CALLS
    predict(models, count=20)
    assert state(models).batch == 4  # it was doubled after the last call but one
    lab_models.EVENTS.clear()
    predict(models, count=20)
    assert batches() == ['4', '2']
    segment(models)
    assert state(models).state == 'unloaded'
    lab_models.EVENTS.clear()
    predict(models, count=20)
    assert batches()[0] == '8'


def test_the_other_model_makes_room_when_a_batch_of_one_does_not_fit(host: Host) -> None:
    models = host({'call_alone': True}, depth_model={'batch': 2})
    segment(models)
    assert len(predict(models, count=4)) == 4
    assert [event[:2] for event in events('load', 'call', 'close')] == [
        ('load', 'masks'), ('call', 'masks'), ('load', 'depth'), ('call', 'depth'),
        ('call', 'depth'), ('close', 'masks'), ('call', 'depth')]
    other = state(models, 'masks')
    assert (other.state, other.memory_bytes) == ('unloaded', 0)
    assert other.message.startswith('made room for lab_models:depth; it loads again')
    # It comes back when it is asked for.
    assert len(segment(models).sizes) == 1
    assert state(models, 'masks').state == 'ready'


@pytest.mark.parametrize('other_is_loaded', [False, True])
def test_a_call_that_fits_nowhere_is_told_the_numbers(host: Host, other_is_loaded: bool) -> None:
    models = host({'call_fault': 'memory', 'memory_bytes': 3 << 29}, depth_model={'batch': 4})
    if other_is_loaded:
        segment(models)
    with pytest.raises(ModelMemoryError) as raised:
        predict(models, count=9)
    told = str(raised.value)
    tried = '4, 2, 1, 1' if other_is_loaded else '4, 2, 1'
    assert told.startswith(f'lab_models:depth ran out of memory with a batch of {tried}')
    assert ('also after lab_models:masks was unloaded' in told) == other_is_loaded
    assert 'cpu: lab_models:depth holds 1.5 GiB; lab_models:masks is unloaded' in told
    assert 'asked for 9.9 GiB, 1.1 of 8.0 GiB are free' in told
    # A smaller batch did not help, and is not kept.
    assert (state(models).batch, state(models).message) == (4, '')
    assert len(segment(models).sizes) == 1


def test_a_batch_that_can_not_be_lowered_is_not_tried_for_ever(
    host: Host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixed = property(lambda model: 4, lambda model, batch: None)
    monkeypatch.setattr(lab_models.LabDepth, 'batch', fixed, raising=False)
    models = host({'memory_batch': 2})
    with pytest.raises(ModelMemoryError, match='with a batch of 4; cpu'):
        predict(models, count=9)
    assert batches() == ['4']


def test_two_models_that_do_not_fit_together_take_turns(host: Host) -> None:
    models = host({'load_alone': True}, {'load_alone': True})
    for _ in range(2):
        predict(models)
        segment(models)
    assert [event[:2] for event in events('call', 'close')] == [
        ('call', 'depth'), ('close', 'depth'), ('call', 'masks'), ('close', 'masks'),
        ('call', 'depth'), ('close', 'depth'), ('call', 'masks')]


def test_a_model_that_never_fits_is_told_the_numbers(host: Host) -> None:
    models = host({'load_fault': 'memory'})
    segment(models)
    for _ in range(2):  # at first, and while the pause lasts
        with pytest.raises(ModelMemoryError) as raised:
            predict(models)
        told = str(raised.value)
        assert told.startswith('lab_models:depth does not fit into memory, also after '
                               'lab_models:masks was unloaded; cpu: ')
        assert 'asked for 9.9 GiB' in told
    assert [event for event in events('load') if event[1] == 'depth'] == [('load', 'depth')] * 2
    assert state(models).state == 'failed'
    assert len(segment(models).sizes) == 1


def test_loading_ahead_unloads_nothing(host: Host) -> None:
    models = host({}, {'load_alone': True, 'find_s': 0.2}, preload=True)
    until(lambda: 'does not fit beside' in state(models, 'masks').message)
    assert (state(models).state, state(models, 'masks').state) == ('ready', 'unloaded')
    assert len(segment(models).sizes) == 1
    assert (state(models).state, state(models, 'masks').state) == ('unloaded', 'ready')


def test_models_on_different_devices_do_not_make_room(host: Host) -> None:
    models = host({'call_alone': True}, depth_model={'device': 'cuda:0'},
                  masks_model={'device': 'cuda:1'})
    segment(models)
    with pytest.raises(ModelMemoryError, match=r'cuda:0: lab_models:depth holds 1.0 GiB\. '):
        predict(models)
    assert state(models, 'masks').state == 'ready'


def test_an_error_that_is_no_lack_of_memory_is_not_tried_again(host: Host) -> None:
    models = host({'call_fault': 'unavailable'})
    with pytest.raises(PerceptionUnavailableError):
        predict(models, count=9)
    assert batches() == ['8']


def test_memory_that_suffices_again_is_used(host: Host, tmp_path: Any) -> None:
    lack = tmp_path / 'lack'
    lack.touch()
    models = host({'call_fault': 'torch_memory', 'fault_if': str(lack)})
    with pytest.raises(ModelMemoryError, match=r'a batch of 8, 4, 2, 1; '):
        predict(models, count=9)
    lack.unlink()
    predict(models, count=9)
    assert batches()[-1] == '8'
