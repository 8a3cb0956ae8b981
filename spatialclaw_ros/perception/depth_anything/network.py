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



"""The package's networks: built, and filled with weights, without what inference doesn't need.

The package's own entry, `depth_anything_3.api`, brings exporters for meshes, videos and splats with
it (22 s of imports where this takes less than one, next to torch), keeps weights in fp32, and
resizes twice; so its networks are used directly.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialclaw_ros.errors import DependencyError, WeightsError
from spatialclaw_ros.perception.depth_anything.options import PATCH, NetworkSize
from spatialclaw_ros.perception.depth_anything.variants import Variant
from spatialclaw_ros.perception.gpu.checkpoint import check_weights, weight_files

if TYPE_CHECKING:
    import torch

Tell = Callable[[float, str], None]

_UNUSED = ('gs_head', 'gs_adapter')
"""Parts of the giant network for Gaussian splats."""


def build_network(variant: Variant, size: NetworkSize | None = None) -> torch.nn.Module:
    """The network of a variant, on torch's default device.

    Args:
        variant: of the table.
        size: None is its own.

    Returns:
        `DepthAnything3Net`, or `NestedDepthAnything3Net` with `.da3` and `.da3_metric`.

    Raises:
        DependencyError: the package, or one that it needs, is not installed.
    """
    config, create, registry = _package()
    described = config(registry[variant.name])
    if variant.kind == 'nested':
        _reduce(described.anyview, size)
        _reduce(described.metric, size)
    else:
        _reduce(described, size)
    network = create(described)
    for part in parts(network):
        if size is not None:
            part.backbone = _small_backbone(size, variant, part)
    network.eval().requires_grad_(False)
    return network  # type: ignore[no-any-return]


def build_empty(variant: Variant, size: NetworkSize | None = None) -> torch.nn.Module:
    """As `build_network`, its weights without memory: to be filled by `fill`."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Empty(TorchFunctionMode):
        # not torch.device('meta'): the network reads numbers back from a tensor that it makes
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None,
        ) -> Any:
            kwargs = dict(kwargs or {})
            if func in (torch.empty, torch.zeros, torch.ones):
                kwargs['device'] = 'meta'
            elif func is torch.randn:  # here and below: torch would load sympy to do nothing
                return torch.empty(*args, device='meta')
            elif getattr(func, '__name__', '') == 'mul' and args[0].is_meta:
                return torch.empty(args[0].shape, device='meta')
            return func(*args, **kwargs)

    with Empty():
        return build_network(variant, size)


def parts(network: torch.nn.Module) -> tuple[Any, ...]:
    """The networks with a backbone and a head: one, or two of a nested one."""
    return (network.da3, network.da3_metric) if hasattr(network, 'da3') else (network,)


def in_half(network: torch.nn.Module) -> frozenset[str]:
    """Names of the weights that half precision holds for: those of the transformers' products.

    The package computes these, and nothing else, in half precision (autocast): what is kept so
    needs no cast at each call, and half the memory.
    """
    import torch

    names: set[str] = set()
    products = (torch.nn.Linear, torch.nn.Conv2d)
    for path, module in network.named_modules():
        inside = path.removeprefix('da3.').removeprefix('da3_metric.')  # of a nested one
        if inside.startswith('backbone.') and isinstance(module, products):
            names.update(f'{path}.{name}' for name, _ in module.named_parameters(recurse=False))
    return frozenset(names)


def fill(
    network: torch.nn.Module, folder: Path, device: torch.device, dtype: torch.dtype,
    variant: Variant, tell: Tell,
) -> None:
    """Read weights straight to their device and type; at no time are there two copies of all.

    Args:
        network: from `build_empty`.
        folder: with weights in safetensors, as the package saves them.
        device: to be on.
        dtype: of the weights that half precision holds for; the others are fp32.
        variant: for messages.
        tell: told the share in [0, 1].

    Raises:
        WeightsError: they are not of this network; the message says what differs.
    """
    import torch
    from safetensors import safe_open

    wanted = network.state_dict()
    shapes = check_weights(folder)
    stored = {_inside(name): name for name in shapes}
    same = _shared(network)
    source = {name: next((stored[each] for each in (name, *same.get(name, ()))
                          if each in stored), None) for name in wanted}
    _compare(variant, folder, {name: tuple(value.shape) for name, value in wanted.items()},
             {name: None if key is None else shapes[key] for name, key in source.items()})
    half = in_half(network)
    filled: dict[str, torch.Tensor] = {}
    needed = {key: name for name, key in source.items() if key is not None}
    for path in weight_files(folder):
        with safe_open(str(path), framework='pt', device=str(device)) as file:
            for key in needed.keys() & set(file.keys()):
                kind = dtype if needed[key] in half else torch.float32
                filled[key] = file.get_tensor(key).to(kind)
                tell(len(filled) / len(needed), f'weights of {variant.name}')
    network.load_state_dict(
        {name: filled[key] for name, key in source.items() if key is not None}, assign=True)
    network.requires_grad_(False)


def _inside(name: str) -> str:
    """Name in the network of a tensor as the package's `DepthAnything3` saves it."""
    return name.removeprefix('model.')


def _shared(network: torch.nn.Module) -> dict[str, tuple[str, ...]]:
    """Names of the same weights, which are saved under one of them."""
    names: dict[int, list[str]] = {}
    for name, value in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(value), []).append(name)
    return {name: tuple(group) for group in names.values() if len(group) > 1 for name in group}


def _compare(
    variant: Variant, folder: Path, wanted: dict[str, tuple[int, ...]],
    found: dict[str, tuple[int, ...] | None],
) -> None:
    missing = [name for name in wanted if found[name] is None]
    other = [name for name in wanted if found[name] not in (None, wanted[name])]
    if not missing and not other:
        return
    what = f'{len(missing)} of {len(wanted)} tensors are missing'
    if missing:
        what += f', as {missing[0]}'
    if other:
        what = (f'{other[0]} is {found[other[0]]} instead of {wanted[other[0]]}, as '
                f'{len(other)} of {len(wanted)} tensors')
    raise WeightsError(
        f'weights in {str(folder)!r} are not those of {variant.name}: {what}; set depth.model to '
        f'the variant they are of, or get those of {variant.repository}')


def _package() -> tuple[Callable[..., Any], Callable[..., Any], dict[str, str]]:
    try:
        with warnings.catch_warnings():
            # told to developers of the package, by omegaconf and torch
            warnings.filterwarnings('ignore', message='register_new_resolver')
            warnings.filterwarnings('ignore', message='.*torch.jit.script')
            import depth_anything_3.model  # noqa: F401  # with all that it needs in turn
            import safetensors  # noqa: F401
            from depth_anything_3.cfg import create_object, load_config
        from depth_anything_3.registry import MODEL_REGISTRY
        from depth_anything_3.utils.logger import logger
    except ImportError as error:
        raise DependencyError(
            f'Depth Anything 3 needs the package depth-anything-3, and it can not be imported '
            f"({error}): pip install '.[models]' in this package's repository, and then pip "
            'install --no-deps depth-anything-3; docs/perception.md tells why') from error
    if 'DA3_LOG_LEVEL' not in os.environ:
        logger.level = 1  # warnings; at each call it prints what it is about to do
    return load_config, create_object, MODEL_REGISTRY


def _reduce(described: Any, size: NetworkSize | None) -> None:
    """Take out what inference doesn't need, and change sizes."""
    for name in _UNUSED:
        described.pop(name, None)
    if size is None:
        return
    both = size.embed_dim * (2 if described.net.cat_token else 1)
    described.net.name = 'vits'  # the least; replaced
    described.head.dim_in = both
    described.head.features = size.features
    described.head.out_channels = [size.features] * 4
    if 'cam_dec' in described:
        described.cam_dec.dim_in = both
        described.cam_enc.dim_out = size.embed_dim


def _small_backbone(size: NetworkSize, variant: Variant, part: Any) -> Any:
    from depth_anything_3.model.dinov2.vision_transformer import DinoVisionTransformer

    backbone = part.backbone
    sees_all = backbone.alt_start != -1
    start = size.depth // 2 if sees_all else -1
    backbone.out_layers = list(range(size.depth // 4 - 1, size.depth, size.depth // 4))
    backbone.pretrained = DinoVisionTransformer(
        img_size=518, patch_size=PATCH, embed_dim=size.embed_dim, depth=size.depth,
        num_heads=size.heads, ffn_layer='mlp', alt_start=start, qknorm_start=start,
        rope_start=start, cat_token=backbone.cat_token)
    return backbone


def blocks(network: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """The blocks of all transformers."""
    for part in parts(network):
        yield from part.backbone.pretrained.blocks
