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

"""What SAM 3 can be told beyond what all models can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from spatialclaw_ros.errors import PerceptionUnavailableError


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`ModelConfig.options` of SAM 3.

    Args:
        threshold: least score of an object that a text finds; the robot's side applies it to
            jobs (`ModelSegmenter`), here its range is checked.
        max_objects: most objects of one image, and most that are followed through a video.
        offload: whether a video's memory is kept in the machine's memory instead of the GPU's;
            slower. It is so in any case once `batch` had to be halved.
        image_size: side in pixels of the square that images are resized to, a multiple of the
            patches' 14; 0 for the size that the weights were trained at, 1008. Smaller is faster
            and coarser.
        warm_up: whether loading ends with a first run; None where there is a GPU.
    """

    threshold: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.5
    max_objects: Annotated[int, Meta(ge=1, le=200)] = 40
    offload: bool = False
    image_size: Annotated[int, Meta(ge=0, le=2016, multiple_of=14)] = 0
    warm_up: bool | None = None


def read_options(options: Mapping[str, Any]) -> Options:
    """Check options.

    Raises:
        PerceptionUnavailableError: one that is not known, or out of its range.
    """
    try:
        return msgspec.convert(dict(options), Options)
    except msgspec.ValidationError as error:
        known = ', '.join(Options.__struct_fields__)
        raise PerceptionUnavailableError(
            f'options of sam3: {error}; there are {known}') from error
