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



"""`ModelConfig.options` of Depth Anything 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from spatialclaw_ros.errors import PerceptionUnavailableError

PATCH = 14
"""Side of the squares that the network cuts images into, pixels."""

Size = Annotated[int, Meta(ge=1, le=8192)]


class NetworkSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Numbers of a network that is not one of the published sizes; for tests and benches.

    Args:
        embed_dim: width of the transformer, a multiple of 16 and of 4 `heads`.
        depth: blocks of the transformer, a multiple of 4; of a multi-view one, views see each
            other in the second half.
        heads: of attention.
        features: width of the depth head, a multiple of 8.
    """

    embed_dim: Size = 64
    depth: Size = 4
    heads: Size = 4
    features: Size = 16

    def __post_init__(self) -> None:
        if self.embed_dim % 16 or self.embed_dim % (4 * self.heads) or self.depth % 4 or (
                self.features % 8):
            raise ValueError(
                'embed_dim must be a multiple of 16 and of 4 heads, depth of 4, features of 8')


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What can be chosen.

    Args:
        process_res: pixels of a side of the images as the network sees them; rounded to a multiple
            of 14.
        process_res_method: which side: `upper_bound_resize` is the longer, `lower_bound_resize` the
            shorter one. (The package's `*_crop` cut pixels off the image and are not offered.)
        priors: whether CameraInfo and TF are given to a multi-view network.
        ref_view_strategy: how a multi-view network without priors chooses the view that its world
            begins with; the package's names.
        random: random weights, to measure speed and memory; what it tells is noise.
        seed: of these.
        network: size of a network with random weights; None is the variant's own.
    """

    process_res: Annotated[int, Meta(ge=4 * PATCH, le=4096)] = 504
    process_res_method: Literal['upper_bound_resize', 'lower_bound_resize'] = 'upper_bound_resize'
    priors: bool = True
    ref_view_strategy: Literal[
        'first', 'middle', 'saddle_balanced', 'saddle_sim_range'] = 'saddle_balanced'
    random: bool = False
    seed: int = 0
    network: NetworkSize | None = None


def options_of(name: str, options: Mapping[str, Any]) -> Options:
    """Read the options of a variant.

    Raises:
        PerceptionUnavailableError: one that there isn't, or a value it can't have.
    """
    try:
        read = msgspec.convert(dict(options), Options)
    except msgspec.ValidationError as error:
        known = ', '.join(Options.__struct_fields__)
        raise PerceptionUnavailableError(
            f'options of {name}: {error}; there are {known}, see docs/perception.md') from error
    if read.network is not None and not read.random:
        raise PerceptionUnavailableError(
            f'options of {name}: network is for random weights; a folder with weights tells its '
            'own size in config.json')
    return read
