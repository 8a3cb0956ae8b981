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



"""Folders with weights of tiny Depth Anything 3 networks, as the package saves them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_model

from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.depth_anything.network import build_network
from spatialclaw_ros.perception.depth_anything.options import NetworkSize
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS

PROCESS_RES = 112
"""Images are seen at this size: a view takes some milliseconds on a CPU."""


def tiny_da3(folder: Path, variant: str = 'da3-base', seed: int = 0) -> Path:
    """Write `config.json` and `model.safetensors` of a network of a million random weights.

    Args:
        folder: to write to; made.
        variant: whose architecture it has.
        seed: of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_network(VARIANTS[variant], NetworkSize())
    # the package's `DepthAnything3` holds its network as `model`
    save_model(torch.nn.ModuleDict({'model': network}), str(folder / 'model.safetensors'))
    config = {'model_name': variant, 'network': {'embed_dim': 64, 'depth': 4}}
    (folder / 'config.json').write_text(json.dumps(config), encoding='utf-8')
    return folder


def tiny_config(folder: Path, variant: str = 'da3-base', **options: object) -> ModelConfig:
    """The configuration that loads it on the CPU."""
    return ModelConfig(
        model=variant, weights=str(folder), device='cpu', precision='fp32',
        options={'process_res': PROCESS_RES, **options})
