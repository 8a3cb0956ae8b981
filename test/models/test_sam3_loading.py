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

"""Loading from a folder without a network, and every way in which a folder can be wrong."""

from __future__ import annotations

import gc
import importlib.util
import json
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sam3_lab
import torch
from safetensors.torch import load_file, save_file

from spatialclaw_ros.errors import PerceptionError, PerceptionUnavailableError, WeightsError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.gpu.device import memory_errors
from spatialclaw_ros.perception.models import LoadedMasks
from spatialclaw_ros.perception.sam3 import VARIANTS, load_sam3
from spatialclaw_ros.perception.sam3.cv_kernels import Kernels, mask_iou


def test_a_loaded_model_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    told: list[tuple[float, str]] = []
    model: LoadedMasks = load_sam3(
        ModelConfig(model='sam3', weights=str(sam3_lab.folder()), precision='bf16', batch=3,
                    max_views=7, options={'warm_up': True}),
        lambda share, text: told.append((share, text)))
    assert (model.name, model.max_views, model.batch) == ('sam3', 7, 3)
    assert (model.device, model.precision) == ('cpu', 'bf16')
    assert model.weights == str(sam3_lab.folder())
    size = (sam3_lab.folder() / 'model.safetensors').stat().st_size
    assert model.memory_bytes == pytest.approx(size / 2, rel=0.02)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert 'first run' in [text for _, text in told]
    model.close()
    model.close()
    assert model.memory_bytes == 0
    with pytest.raises(PerceptionError, match='was unloaded'):
        sam3_lab.ask(model, 'text', sam3_lab.noise(1), prompts=('cup',))
    assert list(VARIANTS) == ['sam3']


def test_closing_gives_all_tensors_back() -> None:
    model = sam3_lab.load()
    sam3_lab.ask(model, 'text', sam3_lab.noise(2), prompts=('cup',), threshold=0.02, is_video=True)
    held = [weakref.ref(each) for each in model._network.parameters()]
    model.close()
    gc.collect()
    assert sum(each() is not None for each in held) == 0


def test_a_smaller_size_of_images() -> None:
    model = sam3_lab.load(options={'image_size': 56})
    for mode, prompt in (('text', {'prompts': ('cup',), 'threshold': 0.02}),
                         ('box', {'boxes': np.array([[5.0, 5.0, 30.0, 30.0]])})):
        found = sam3_lab.ask(model, mode, sam3_lab.noise(2), is_video=True, **prompt)
        assert found.sizes == ((48, 64),) * 2
        assert found.scores.max() > 0


def _lose(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _cut(folder: Path) -> None:
    path = folder / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:100_000])


def _other_model(folder: Path) -> None:
    path = folder / 'config.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'model_type': 'sam2_video'}))


def _lose_tensors(folder: Path) -> None:
    path = folder / 'model.safetensors'
    tensors = {name: value for name, value in load_file(path).items()
               if not name.startswith('tracker_neck')}
    save_file(tensors, path, {'format': 'pt'})


def _other_sizes(folder: Path) -> None:
    path = folder / 'model.safetensors'
    tensors = load_file(path)
    name = 'detector_model.text_projection.weight'
    tensors[name] = torch.zeros(tensors[name].shape[0] + 1, tensors[name].shape[1])
    save_file(tensors, path, {'format': 'pt'})


def _bad_config(folder: Path) -> None:
    path = folder / 'config.json'
    config = json.loads(path.read_text())
    config['detector_config'] = {'model_type': 'sam3', 'vision_config': 'none'}
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(('spoil', 'expected'), [
    (shutil.rmtree, r'no such folder; get them .* by "hf download facebook/sam3 --local-dir'),
    (_lose('config.json'), r'lack config\.json'),
    (_lose('model.safetensors'), r'lack model\.safetensors .*hf download facebook/sam3'),
    (_lose('processor_config.json'), r'lack processor_config\.json'),
    (_lose('tokenizer.json'), r'tokenizer of \d+ words for a model of 514; copy all of'),
    (_cut, r'not copied in full|should have'),
    (_other_model, r"are of a model of type 'sam2_video', expected 'sam3_video'"),
    (_lose_tensors, r'lack \d+ tensors of SAM 3 .*tracker_neck.* copy them again'),
    (_other_sizes, r'in another size, the first is .*text_projection'),
    (_bad_config, r'can not be read'),
])
def test_a_folder_that_is_wrong(
    tmp_path: Path, spoil: Callable[[Path], Any], expected: str,
) -> None:
    folder = shutil.copytree(sam3_lab.folder(), tmp_path / 'weights')
    spoil(folder)
    with pytest.raises(WeightsError, match=expected):
        sam3_lab.load(weights=str(folder))


@pytest.mark.parametrize(('changes', 'expected'), [
    ({'options': {'treshold': 0.5}}, 'there are threshold, max_objects, offload'),
    ({'options': {'threshold': 1.5}}, 'threshold'),
    ({'options': {'image_size': 500}}, 'image_size'),
    ({'options': {'max_objects': 0}}, 'max_objects'),
    ({'device': 'cuda:7'}, r"device 'cuda:7' is not there: torch"),
    ({'device': 'tpu'}, 'device must be auto, cpu, cuda or cuda:N'),
])
def test_a_configuration_that_is_wrong(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(PerceptionUnavailableError, match=expected):
        sam3_lab.load(**changes)


def test_errors_that_are_not_about_memory_stay_what_they_are() -> None:
    device = torch.device('cpu')
    with pytest.raises(RuntimeError, match='size'), memory_errors('this', device):
        torch.zeros(3) @ torch.zeros(4)


def test_overlap_as_the_library_has_it() -> None:
    generator = torch.Generator().manual_seed(3)
    one, other = (torch.rand(count, 40, 50, generator=generator) > share
                  for count, share in ((7, 0.3), (5, 0.8)))
    one[2], other[1] = False, False
    # A second copy of the library's module: the first has ours once a model was loaded.
    spec = importlib.util.find_spec('transformers.models.sam3_video.modeling_sam3_video')
    assert spec is not None
    assert spec.loader is not None
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    library_iou = library.mask_iou
    assert library_iou is not mask_iou
    torch.testing.assert_close(mask_iou(one, other), library_iou(one, other), rtol=0, atol=1e-7)
    assert mask_iou(one[:0], other).shape == (0, 5)


def test_duplicates_are_suppressed_and_holes_measured() -> None:
    ious = torch.tensor([[1.0, 0.8, 0.0], [0.8, 1.0, 0.3], [0.0, 0.3, 1.0]])
    scores = torch.tensor([0.6, 0.9, 0.7])
    assert Kernels.generic_nms(ious, scores, 0.5, use_iou_matrix=True).tolist() == [1, 2]
    assert Kernels.generic_nms(ious, scores, 0.2).tolist() == [1]
    mask = torch.zeros(2, 1, 6, 8, dtype=torch.uint8)
    mask[0, 0, :2, :3] = 1
    mask[0, 0, 2, 3] = 1  # touches at a corner
    mask[0, 0, 5, 7] = 1
    labels, areas = Kernels.cc_2d(mask, get_counts=True)
    assert labels.shape == areas.shape == mask.shape
    assert sorted(set(areas[0].flatten().tolist())) == [0, 1, 7]
    assert (areas[0, 0][mask[0, 0] == 0] == 0).all()
    assert labels[1].max() == 0
