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

"""SAM 3 by transformers' own classes: text, points and boxes, on images and through video.

May import torch and transformers, but only once a model is loaded; this file imports neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.models import Progress
from spatialclaw_ros.perception.sam3.options import read_options

if TYPE_CHECKING:
    from spatialclaw_ros.perception.sam3.model import Sam3


@dataclass(frozen=True)
class Variant:
    """Where a model's weights are, a repository of the hub, and under which licence.

    Args:
        repository: of the hub.
        licence: of the weights.
        files: that a folder must have beside the weights.
    """

    repository: str
    licence: str
    files: tuple[str, ...] = ('config.json', 'processor_config.json', 'tokenizer_config.json')


VARIANTS = {'sam3': Variant('facebook/sam3', 'SAM License')}
"""Names for `ModelConfig.model`."""


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Check a variant's options, without torch.

    Raises:
        PerceptionUnavailableError: one that is not known, or out of its range.
    """
    read_options(options)


def load_sam3(config: ModelConfig, progress: Progress) -> Sam3:
    """Load SAM 3; see `models.MasksLoader`.

    Args:
        config: `options` are those of `sam3.options.Options`.
        progress: told the share that is done.

    Raises:
        DependencyError: torch, torchvision or transformers are missing or too old.
        WeightsError: the weights are missing, gated, or of another model.
        PerceptionUnavailableError: a device that is not there, or an option that is not known.
        ModelMemoryError: the device has too little memory.
    """
    try:
        from spatialclaw_ros.perception.sam3.loading import load
    except ImportError as error:
        raise DependencyError(
            f'SAM 3 needs torch, torchvision and transformers 5.18 or newer ({error}); install '
            'them as docs/perception.md says, or let perception.python name an interpreter that '
            'has them, or perception.url a server') from error
    return load(config, progress)
