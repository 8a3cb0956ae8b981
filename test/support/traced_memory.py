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


"""Memory that a call of a full-size model takes, without its weights and without a GPU.

The model is made of torch's fake tensors, which have shapes and no data. Every operation of the
call is seen; the sum of the storages alive is followed, and its largest value is the answer.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only


class Storages(TorchDispatchMode):
    """Follows the storages that operations make.

    Values that code asks of tensors without data are made up: True, 40 (the side of a grid of
    patches, of which tables of positions are made) and 0.0.

    Attributes:
        now: bytes alive.
        peak: most bytes that were alive at once.
    """

    def __init__(self, known: tuple[torch.Tensor, ...] = ()) -> None:
        super().__init__()
        self.now = self.peak = 0
        # weights are no part of the call
        self._bytes = {_key(tensor): 0 for tensor in known}

    def __torch_dispatch__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten._local_scalar_dense.default:
            dtype = args[0].dtype
            return True if dtype == torch.bool else 0.0 if dtype.is_floating_point else 40
        result = function(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, self._made, result)
        return result

    def _made(self, tensor: torch.Tensor) -> None:
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._bytes:
            return
        self._bytes[key] = size = int(storage.nbytes())
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.now -= self._bytes.pop(key, 0)


class FusedAttention(TorchFunctionMode):
    """Attention as a GPU's fused kernels do it: without a matrix of all pairs of tokens."""

    def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is not torch.nn.functional.scaled_dot_product_attention:
            return function(*args, **kwargs)
        names = ('query', 'key', 'value')
        query, _, value = (*args, *(kwargs[name] for name in names[len(args):]))[:3]
        dtype = torch.get_autocast_dtype('cpu') if torch.is_autocast_enabled('cpu') else query.dtype
        return torch.empty(
            (*query.shape[:-1], value.shape[-1]), dtype=dtype, device=query.device)


@contextlib.contextmanager
def without_data() -> Iterator[None]:
    """Tensors that are made inside have no data."""
    with FakeTensorMode(allow_non_fake_inputs=True), Storages():
        yield


def peak_bytes(
    model: torch.nn.Module, call: Callable[[], object], autocast: torch.dtype | None = None,
) -> int:
    """Most bytes that a call takes beside the model's weights; within `without_data`.

    Args:
        model: its weights and buffers are not counted.
        call: calls it.
        autocast: type that torch casts to as it goes, with a copy of the weights.
    """
    storages = Storages((*model.parameters(), *model.buffers()))
    cast = torch.autocast('cpu', dtype=autocast) if autocast else contextlib.nullcontext()
    with torch.no_grad(), storages, FusedAttention(), cast:
        call()
    return storages.peak


def _key(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
