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



"""Loads Depth Anything 3: from a local folder, from the hub, or with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from spatialclaw_ros.errors import PerceptionUnavailableError, WeightsError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.depth_anything.options import NetworkSize, Options, options_of
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS, Variant
from spatialclaw_ros.perception.models import Progress

if TYPE_CHECKING:
    from spatialclaw_ros.perception.depth_anything.model import DepthAnything

_READING = 0.15  # of the time of loading lies before it


def load_depth_anything(config: ModelConfig, progress: Progress) -> DepthAnything:
    """Load a variant; a `models.DepthLoader`.

    Args:
        config: `model` is a name of `VARIANTS`; `weights` a folder as the package saves it
            (`config.json` and `model.safetensors`), a repository of the hub, or empty for the
            variant's own.
        progress: told how far it is.

    Raises:
        DependencyError: torch or the package is not installed.
        WeightsError: weights are missing, gated, broken, or of another model.
        ModelMemoryError: the device has too little memory.
        PerceptionUnavailableError: a variant, device or option that there isn't.
    """
    variant = VARIANTS.get(config.model)
    if variant is None:
        raise PerceptionUnavailableError(
            f'Depth Anything 3 has no variant {config.model!r}; there are {", ".join(VARIANTS)}')
    options = options_of(variant.name, config.options)
    if options.random and config.weights:
        raise PerceptionUnavailableError(
            f'{variant.name}: options.random is for no weights at all, and weights are '
            f'{config.weights!r}; take one of the two out')
    from spatialclaw_ros.perception.depth_anything.model import RANDOM, DepthAnything
    from spatialclaw_ros.perception.gpu.device import device_of, dtype_of, memory_errors

    progress(0.0, 'torch')
    device = device_of(config.device)
    dtype = dtype_of(config.precision, device)
    with memory_errors(f'loading {variant.name}', device):
        if options.random:
            network, weights = _random(variant, options, device, dtype), RANDOM
        else:
            network, weights = _stored(variant, config, device, dtype, progress)
    progress(1.0, 'ready')
    return DepthAnything(
        network, variant, options, device=device, dtype=dtype, max_views=config.max_views,
        batch=config.max_views if variant.sees_all else config.batch, weights=weights,
        is_compiled=config.compile)


def _stored(
    variant: Variant, config: ModelConfig, device: Any, dtype: Any, progress: Progress,
) -> tuple[Any, str]:
    from spatialclaw_ros.perception.depth_anything.network import build_empty, fill
    from spatialclaw_ros.perception.gpu.weights import find_weights, read_config

    folder = find_weights(
        config.weights, variant.repository, variant.licence,
        tell=lambda share, what: progress(_READING * share, what))
    size = _own_size(folder, read_config(folder), variant)
    network = build_empty(variant, size)
    progress(_READING, f'weights of {variant.name}')
    fill(network, folder, device, dtype, variant,
         lambda share, what: progress(_READING + (1 - _READING) * share, what))
    return network, config.weights or variant.repository


def _random(variant: Variant, options: Options, device: Any, dtype: Any) -> Any:
    import torch

    from spatialclaw_ros.perception.depth_anything.network import build_network, in_half

    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(options.seed)
        network = build_network(variant, options.network)
    half = in_half(network)
    for name, value in network.named_parameters():
        if name in half:
            value.data = value.data.to(dtype)
    return network


def _own_size(folder: Path, config: dict[str, Any], variant: Variant) -> NetworkSize | None:
    """Size of a network that is not a published one; None is the variant's own.

    Raises:
        WeightsError: the folder says that it is another variant, or a size that can't be.
    """
    told = config.get('model_name')
    if told in VARIANTS and told != variant.name:
        raise WeightsError(
            f'weights in {str(folder)!r} are those of {told}, not of {variant.name}; set '
            f'depth.model to {told}, or get those of {variant.repository}')
    if config.get('network') is None:
        return None
    try:
        return msgspec.convert(config['network'], NetworkSize)
    except msgspec.ValidationError as error:
        raise WeightsError(f'{folder / "config.json"}: network: {error}') from error
