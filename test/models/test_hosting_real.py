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



"""Hosted models with the real classes in tiny sizes, and memory that torch really lacks."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hosting_lab import until
from tiny_sam3 import tiny_sam3

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import ModelMemoryError, WeightsError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.factory import open_models
from spatialclaw_ros.perception.hosting import HostedModels
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.segment_model import SegmentJob

IMAGES = [np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8) for seed in range(3)]
TINY = {'random': True, 'process_res': 56, 'network': {'embed_dim': 64, 'depth': 4}}


@pytest.fixture(scope='module')
def sam3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return tiny_sam3(tmp_path_factory.mktemp('sam3'))


@pytest.fixture
def models(request: pytest.FixtureRequest, sam3: Path) -> Iterator[Models]:
    before = set(threading.enumerate())
    opened = open_models(PerceptionConfig(
        reconstruct='depth_anything', segment=request.param[1], depth=request.param[0],
        masks=ModelConfig(model='sam3', weights=str(sam3))))
    assert opened is not None
    yield opened
    opened.close()
    assert not [each for each in set(threading.enumerate()) - before if 'perception' in each.name]


def depth_of(models: Models) -> np.ndarray:
    assert models.depth is not None
    return models.depth.predict(IMAGES, None, None, Deadline(60)).depth[0]


@pytest.mark.parametrize('models', [
    (ModelConfig(model='da3-small', options=TINY), 'sam3')], indirect=True)
def test_both_families_are_hosted_beside_each_other(models: Models) -> None:
    until(lambda: all(each.state == 'ready' for each in models.status()[0]), 60)
    depth, masks = models.status()[0]
    assert (depth.name, depth.device, depth.precision) == ('da3-small', 'cpu', 'fp32')
    assert (masks.name, masks.device, masks.precision) == ('sam3', 'cpu', 'fp32')
    assert min(depth.memory_bytes, masks.memory_bytes) > 1 << 18
    assert models.status()[1] == ()  # no GPU
    assert np.isfinite(depth_of(models)).all()
    assert models.masks is not None
    found = models.masks.segment(SegmentJob('text', tuple(IMAGES), ('mug',)), Deadline(60))
    assert found.sizes == ((48, 64),) * 3
    assert [each.calls for each in models.status()[0]] == [1, 1]


@pytest.mark.parametrize('models', [
    (ModelConfig(model='tensor_lab:depth', options={'fits': 1}), 'none')], indirect=True)
def test_torch_lacks_memory_for_a_batch(models: Models) -> None:
    assert depth_of(models).shape == (48, 64)
    assert (models.status()[0][0].batch, models.status()[0][0].state) == (1, 'ready')


@pytest.mark.parametrize('models', [
    (ModelConfig(model='tensor_lab:depth', options={'fits': 0}), 'sam3')], indirect=True)
def test_torch_lacks_memory_for_anything(models: Models) -> None:
    until(lambda: models.status()[0][1].state == 'ready', 60)
    with pytest.raises(ModelMemoryError) as raised:
        depth_of(models)
    told = str(raised.value)
    assert told.startswith('tensor_lab:depth ran out of memory with a batch of 8, 4, 2, 1, 1, also '
                           'after sam3 was unloaded; cpu: ')
    assert 'GiB in all, ' in told
    assert 'this process holds' in told
    assert 'tensor_lab:depth holds 2 MiB; sam3 is unloaded' in told
    assert models.status()[0][1].state == 'unloaded'


def test_weights_that_are_copied_meanwhile(sam3: Path, tmp_path: Path) -> None:
    folder = tmp_path / 'weights'
    models = HostedModels(PerceptionConfig(
        segment='sam3', masks=ModelConfig(model='sam3', weights=str(folder))), retry_s=0.1)
    assert models.masks is not None
    job = SegmentJob('text', (IMAGES[0],), ('mug',))
    try:
        with pytest.raises(WeightsError, match=r'no such folder; get them .* facebook/sam3'):
            models.masks.segment(job, Deadline(60))
        assert models.status()[0][0].state == 'failed'
        shutil.copytree(sam3, folder)
        time.sleep(0.1)
        assert models.masks.segment(job, Deadline(60)).sizes == ((48, 64),)
    finally:
        models.close()
