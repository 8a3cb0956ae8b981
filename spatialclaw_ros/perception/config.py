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

"""Which backends perceive, and where their models run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

RECONSTRUCT = ('rgbd', 'fused', 'depth_anything', 'none')
SEGMENT = ('classical', 'sam3', 'none')
OCR = ('auto', 'rapidocr', 'none')
PRECISIONS = ('auto', 'fp32', 'fp16', 'bf16')
RUN_IN = ('auto', 'process', 'node')
COMPRESSION = ('auto', 'none', 'jpeg')

Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model.

    Args:
        model: name of a variant that its family knows (`sam3`, `da3-base`), or `MODULE:FUNCTION`
            of one's own, a function that is called as those of `models.ModelLoader`.
        weights: a local folder, or a repository of the hub; empty for the variant's own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: of weights and arithmetic; `auto` is bf16 where the device is good at it, else
            fp16 on a GPU, else fp32.
        batch: most images (for SAM 3: pairs of image and prompt) that go through at once; it is
            halved when memory does not suffice.
        max_views: most images of one call.
        compile: whether the model is compiled by torch after it was loaded.
        options: what the family has beyond that, see docs/perception.md.
    """

    model: str = ''
    weights: str = ''
    device: str = 'auto'
    precision: Literal['auto', 'fp32', 'fp16', 'bf16'] = 'auto'
    batch: Positive = 8
    max_views: Positive = 32
    compile: bool = False
    options: dict[str, Any] = {}


class PerceptionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of perception.

    Args:
        reconstruct: `rgbd` is sensor depth alone, `fused` fills its holes from the depth model,
            `depth_anything` is the depth model alone, `none` is without.
        segment: `classical` needs no weights, `sam3` is the segmentation model.
        ocr: `auto` reads text where the package for it is installed.
        depth: the depth model.
        masks: the segmentation model.
        run_in: `process` is one process apart from the node, `node` the node's own (to debug with),
            `auto` is `process` as soon as a model is needed.
        python: interpreter of that process; empty for the node's own. For models whose packages
            live in another environment.
        url: server that has the models; empty: they run on this machine.
        token_file: file with the server's token; empty: `SPATIALCLAW_PERCEPTION_TOKEN`, if set.
        compression: of images on the way to a server; `auto` is `none` on loopback, else `jpeg`.
        keep_loaded_s: a model that nobody used for so long is unloaded; 0 keeps it.
        preload: whether models are loaded when perception starts, or by the first call.
    """

    reconstruct: Literal['rgbd', 'fused', 'depth_anything', 'none'] = 'rgbd'
    segment: Literal['classical', 'sam3', 'none'] = 'classical'
    ocr: Literal['auto', 'rapidocr', 'none'] = 'auto'
    depth: ModelConfig = ModelConfig(model='da3-base')
    masks: ModelConfig = ModelConfig(model='sam3')
    run_in: Literal['auto', 'process', 'node'] = 'auto'
    python: str = ''
    url: str = ''
    token_file: str = ''
    compression: Literal['auto', 'none', 'jpeg'] = 'auto'
    keep_loaded_s: Annotated[float, Meta(ge=0.0)] = 0.0
    preload: bool = True

    @property
    def needs_depth(self) -> bool:
        """Whether a depth model is asked for."""
        return self.reconstruct in ('fused', 'depth_anything')

    @property
    def needs_masks(self) -> bool:
        """Whether a segmentation model is asked for."""
        return self.segment == 'sam3'

    @property
    def apart(self) -> bool:
        """Whether perception runs in a process of its own."""
        return self.run_in == 'process' or (
            self.run_in == 'auto' and (self.needs_depth or self.needs_masks))
