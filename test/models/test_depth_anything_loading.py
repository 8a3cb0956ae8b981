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



"""The package's networks, tiny and random, through the loader: weights, precision, options."""

from __future__ import annotations

import json
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from analytic_scene import make_scene
from safetensors.torch import load_file, load_model, save_file
from tiny_da3 import PROCESS_RES, tiny_config, tiny_da3

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionError,
    PerceptionUnavailableError,
    WeightsError,
)
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.depth_anything import VARIANTS, load_depth_anything
from spatialclaw_ros.perception.depth_anything.model import DepthAnything
from spatialclaw_ros.perception.depth_anything.network import build_network
from spatialclaw_ros.perception.depth_anything.options import NetworkSize
from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor

torch.set_num_threads(1)
IMAGES = [np.random.default_rng(at).integers(0, 255, (96, 128, 3), dtype=np.uint8)
          for at in range(4)]
INTRINSICS = np.tile(np.array([[110.0, 0, 63.5], [0, 110.0, 47.5], [0, 0, 1]]), (4, 1, 1))


def load(config: ModelConfig) -> DepthAnything:
    model: DepthAnything = load_depth_anything(config, lambda share, what: None)
    return model


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_da3(tmp_path_factory.mktemp('weights') / 'base')


def test_the_default_may_be_used_commercially() -> None:
    assert VARIANTS[PerceptionConfig().depth.model].is_commercial
    assert {name for name, each in VARIANTS.items() if each.is_commercial} == {
        'da3-small', 'da3-base', 'da3metric-large', 'da3mono-large'}


@pytest.mark.parametrize('name', list(VARIANTS))
def test_every_variant_from_a_folder(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    told: list[float] = []
    model = load_depth_anything(
        tiny_config(tiny_da3(tmp_path, name), name), lambda share, what: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert (model.name, model.weights, model.device) == (name, str(tmp_path), 'cpu')
    assert 1e6 < model.memory_bytes < 1e7
    found = model.predict(IMAGES, INTRINSICS, None, Deadline())
    assert [each.shape for each in found.depth] == [(84, 112)] * 4
    assert (found.T_camera_model is not None) == variant.sees_all
    assert (found.intrinsics is not None) == variant.sees_all
    assert found.is_metric == (variant.kind in ('nested', 'metric'))
    assert (found.confidence is not None) == variant.sees_all
    assert not found.is_affine
    if variant.sees_all:
        assert found.confidence_kind == 'exp_plus_one'
        assert min(each.min() for each in found.confidence) >= 1
    assert found.notes == ()
    model.close()
    model.close()
    assert model.memory_bytes == 0
    with pytest.raises(PerceptionError, match='was unloaded'):
        model.predict(IMAGES, None, None, Deadline())


def test_as_the_packages_own_classes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same weights, same images and priors: the same result to the last digits."""
    # its processors import this to save pictures, which they don't do here
    monkeypatch.setitem(sys.modules, 'imageio', types.ModuleType('imageio'))
    from depth_anything_3.utils.io.input_processor import InputProcessor
    from depth_anything_3.utils.io.output_processor import OutputProcessor

    extrinsics = np.tile(np.eye(4), (4, 1, 1))
    extrinsics[:, 0, 3] = 0.0, 0.3, 0.5, 0.9
    network = torch.nn.ModuleDict({
        'model': build_network(VARIANTS['da3-base'], NetworkSize())})
    load_model(network, str(folder / 'model.safetensors'))
    pixels, _, inside = InputProcessor()(
        IMAGES, extrinsics, INTRINSICS, PROCESS_RES, num_workers=1)
    unit_m = 0.3  # the package's median of 0, 0.3, 0.5, 0.9
    posed = extrinsics.copy()
    posed[:, :3, 3] /= unit_m
    for prior in (False, True):
        given = ({'extrinsics': torch.from_numpy(posed)[None].float(), 'intrinsics': inside[None]}
                 if prior else {})
        with torch.inference_mode():
            theirs = OutputProcessor()(network['model'](pixels[None], **given))
        ours = load(tiny_config(folder, priors=prior)).predict(
            IMAGES, INTRINSICS, extrinsics, Deadline())
        assert np.stack(ours.depth) == pytest.approx(theirs.depth, rel=1e-3)
        assert np.stack(ours.confidence) == pytest.approx(theirs.conf, rel=1e-3)
        assert ours.T_camera_model[:, :3] == pytest.approx(theirs.extrinsics[:, :3], abs=2e-3)
        corner = ours.intrinsics.copy()
        corner[:, :2, 2] += 0.5
        assert corner == pytest.approx(theirs.intrinsics, rel=1e-2)


def test_half_precision_is_of_the_transformer_alone(folder: Path) -> None:
    exact = load(tiny_config(folder))
    model = load(ModelConfig(
        model='da3-base', weights=str(folder), device='cpu', precision='bf16',
        options={'process_res': PROCESS_RES}))
    assert model.precision == 'bf16'
    assert model.memory_bytes < 0.85 * exact.memory_bytes
    kinds = {name.split('.')[0]: value.dtype for name, value in
             model._network.named_parameters() if 'norm' not in name and value.ndim > 1}
    assert kinds == {'backbone': torch.bfloat16, 'head': torch.float32,
                     'cam_enc': torch.float32, 'cam_dec': torch.float32}
    ours = model.predict(IMAGES, None, None, Deadline())
    true = exact.predict(IMAGES, None, None, Deadline())
    off = np.abs(np.stack(ours.depth) / np.stack(true.depth) - 1)
    assert 0 < np.median(off) < 0.01


def missing_tensor(folder: Path) -> None:
    tensors = load_file(folder / 'model.safetensors')
    del tensors['model.cam_dec.fc_t.weight']
    save_file(tensors, folder / 'model.safetensors')


def other_size(folder: Path) -> None:
    config = json.loads((folder / 'config.json').read_text())
    config['network']['embed_dim'] = 128
    (folder / 'config.json').write_text(json.dumps(config))


def cut_off(folder: Path) -> None:
    whole = (folder / 'model.safetensors').read_bytes()
    (folder / 'model.safetensors').write_bytes(whole[:-1000])


@pytest.mark.parametrize(('spoil', 'message'), [
    (missing_tensor, r'not those of da3-base: 1 of \d+ tensors are missing, as cam_dec.fc_t.wei'),
    (other_size, r'not those of da3-base: .* is \(.*64.*\) instead of \(.*128.*\)'),
    (cut_off, 'was not copied in full.*hf download depth-anything/DA3-BASE --local-dir'),
    (lambda folder: (folder / 'model.safetensors').unlink(), 'lack model.safetensors'),
    (lambda folder: (folder / 'config.json').unlink(), 'lack config.json'),
    (lambda folder: (folder / 'config.json').write_text('{'), 'config.json can not be read'),
    (lambda folder: (folder / 'config.json').write_text('{"network": {"depth": 3}}'),
     'config.json: network: .*multiple'),
    (lambda folder: (folder / 'config.json').write_text('{"model_name": "da3-giant"}'),
     'are those of da3-giant, not of da3-base; set depth.model to da3-giant'),
    (shutil.rmtree, 'no such folder'),
])
def test_spoilt_weights_are_told(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], message: str,
) -> None:
    copy = tmp_path / 'copy'
    shutil.copytree(folder, copy)
    spoil(copy)
    with pytest.raises(WeightsError, match=message):
        load(tiny_config(copy))


@pytest.mark.parametrize(('config', 'message'), [
    (ModelConfig(model='da3-huge'), 'has no variant .da3-huge.; there are da3-small, da3-base'),
    (ModelConfig(model='da3-base', options={'proces_res': 504}), 'proces_res.*there are process_r'),
    (ModelConfig(model='da3-base', options={'process_res_method': 'upper_bound_crop'}), 'crop'),
    (ModelConfig(model='da3-base', options={'process_res': 20}), 'process_res'),
    (ModelConfig(model='da3-base', options={'network': {}}), 'network is for random weights'),
    (ModelConfig(model='da3-base', weights='/w', options={'random': True}), 'take one of the two'),
    (ModelConfig(model='da3-base', device='cuda:7', options={'random': True}), 'cuda:7'),
])
def test_what_can_not_be_loaded_is_told(config: ModelConfig, message: str) -> None:
    with pytest.raises(PerceptionUnavailableError, match=message):
        load(config)


def test_random_weights_say_so_everywhere() -> None:
    """The published size, without weights: what a bench measures can't be taken for depth."""
    config = ModelConfig(model='da3-small', device='cpu', precision='fp32', options={
        'random': True, 'process_res': PROCESS_RES})
    model = load(config)
    assert (model.name, model.weights) == ('da3-small (random weights)', 'random weights')
    assert model.memory_bytes == pytest.approx(4 * 34.3e6, rel=0.01)
    scene = ModelReconstructor(model).reconstruct(make_scene().observation, [0, 1], Deadline())
    assert 'random weights; no length means anything' in scene.notes[0]
    again = load(config).predict(IMAGES[:1], None, None, Deadline())
    assert np.array_equal(again.depth[0], model.predict(
        IMAGES[:1], None, None, Deadline()).depth[0])


def test_limits_deadline_and_cancelling(folder: Path) -> None:
    model = load(tiny_config(folder))
    model.max_views = 3
    with pytest.raises(PerceptionError, match='takes 1 to 3 images at a time, got 4'):
        model.predict(IMAGES, None, None, Deadline())
    with pytest.raises(DeadlineExceededError):
        model.predict(IMAGES[:2], None, None, Deadline(0))
    deadline = Deadline()
    block = model._network.backbone.pretrained.blocks[1]
    block.register_forward_pre_hook(lambda *_: deadline.cancel())
    reached: list[int] = []
    model._network.backbone.pretrained.blocks[3].register_forward_pre_hook(
        lambda *_: reached.append(1))
    with pytest.raises(CanceledError, match='da3-base on 2 images of 112x84'):
        model.predict(IMAGES[:2], None, None, deadline)
    assert not reached
