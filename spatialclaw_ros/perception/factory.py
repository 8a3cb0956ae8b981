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

"""Makes perception as it is configured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from spatialclaw_ros.errors import DependencyError, PerceptionError
from spatialclaw_ros.perception.config import OCR, RECONSTRUCT, SEGMENT, PerceptionConfig
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.ocr import TextReader
from spatialclaw_ros.perception.protocols import Perception, Reconstructor, Segmenter
from spatialclaw_ros.perception.tools import PerceptionTools


def make_perception(
    config: PerceptionConfig | None = None, models: Models | None = None, **changes: Any,
) -> PerceptionTools:
    """Perception in this process.

    Args:
        config: None takes the defaults, which need no model.
        models: those that the configured backends need; closed with what is made.
        changes: fields of the configuration by name, e.g. `ocr='none'`.

    Raises:
        PerceptionError: a value that a field can't have, or models that are needed and missing.
        DependencyError: a backend asked for by name whose package is not installed.
    """
    config = _changed(config or PerceptionConfig(), changes)
    depth = models.depth if models is not None else None
    masks = models.masks if models is not None else None
    if (config.needs_depth and depth is None) or (config.needs_masks and masks is None):
        raise PerceptionError(
            f'reconstruct={config.reconstruct!r} and segment={config.segment!r} need models, '
            'and none were given')
    # A backend is imported only when it is asked for.
    reconstructor: Reconstructor | None = None
    if config.reconstruct == 'rgbd':
        from spatialclaw_ros.perception.rgbd import RgbdReconstructor
        reconstructor = RgbdReconstructor()
    elif config.reconstruct == 'fused' and depth is not None:
        from spatialclaw_ros.perception.fusion import FusedReconstructor
        reconstructor = FusedReconstructor(depth)
    elif config.reconstruct == 'depth_anything' and depth is not None:
        from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor
        reconstructor = ModelReconstructor(depth)
    segmenter: Segmenter | None = None
    if config.segment == 'classical':
        from spatialclaw_ros.perception.classical import ClassicalSegmenter
        segmenter = ClassicalSegmenter()
    elif config.segment == 'sam3' and masks is not None:
        from spatialclaw_ros.perception.model_segmenter import THRESHOLD, ModelSegmenter
        segmenter = ModelSegmenter(masks, config.masks.options.get('threshold', THRESHOLD))
    return PerceptionTools(reconstructor, segmenter, _make_reader(config.ocr), models)


def open_models(
    config: PerceptionConfig, *, on_fatal: Callable[[str], None] | None = None,
) -> Models | None:
    """The models that a configuration needs, in this process or on a server; None for none.

    Args:
        config: of perception.
        on_fatal: of models in this process; see `hosting.HostedModels`.

    Raises:
        PerceptionError: a model that no family knows.
        InvalidRequestError: a URL or a token that can't be used.
    """
    if not (config.needs_depth or config.needs_masks):
        return None
    if config.url:
        from spatialclaw_ros.perception.served.client import open_remote
        return open_remote(config)
    from spatialclaw_ros.perception.hosting import HostedModels
    return HostedModels(config, on_fatal=on_fatal)


def open_perception(config: PerceptionConfig | None = None) -> Perception:
    """Perception as it is configured: in this process, or in one of its own.

    Args:
        config: None takes the defaults, which need no model and run in this process.

    Raises:
        PerceptionError: models that are needed and missing.
        DependencyError: a backend asked for by name whose package is not installed.
    """
    config = config or PerceptionConfig()
    if config.apart:
        from spatialclaw_ros.perception.process.client import PerceptionProcess
        return PerceptionProcess(config)
    return make_perception(config, open_models(config))


def _changed(config: PerceptionConfig, changes: dict[str, Any]) -> PerceptionConfig:
    for name, allowed in (('reconstruct', RECONSTRUCT), ('segment', SEGMENT), ('ocr', OCR)):
        if changes.get(name, allowed[0]) not in allowed:
            raise PerceptionError(
                f'{name} must be one of {", ".join(allowed)}, got {changes[name]!r}')
    return msgspec.structs.replace(config, **changes)


def _make_reader(ocr: str) -> TextReader | None:
    if ocr == 'none':
        return None
    try:
        return TextReader()
    except DependencyError:
        if ocr == 'rapidocr':
            raise
        return None
