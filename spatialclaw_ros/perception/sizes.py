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


"""What the models of perception take: weights, and memory of a call. No model is loaded for it.

Parameters are counted on the real classes, and the formulas of a call held against a trace of the
full-size models on tensors without data, by test/models/test_sizes_models.py. What a trace can't
see (workspaces of convolutions, fragments between allocations) is `SLACK`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.depth_anything.options import PATCH, options_of
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.perception.sam3.options import read_options

BYTES = {'fp32': 4, 'fp16': 2, 'bf16': 2, 'auto': 2}
"""Of one value; `auto` as on a GPU."""
FP32 = 4
SLACK = 0.2
"""Added to the memory of a call. Assumed, until it is measured on a GPU."""

HEAD_VIEWS = 8
"""Views that the depth head of a multi-view network takes at a time, whatever their number."""
ASPECT = 4 / 3
"""Of the images that memory is reckoned for."""
SAM3_SIDE, SAM3_PATCH = 1008, 14
VIDEO_OBJECTS, VIDEO_FRAMES = 10, 16
"""Of a video that memory is reckoned for: things followed, and images (`max_frames`)."""


@dataclass(frozen=True)
class Need:
    """Memory of one model on its device, in bytes.

    Args:
        weights: while it is loaded.
        call: while a call runs, beside them, `SLACK` included.
    """

    weights: int
    call: int

    @property
    def bytes(self) -> int:
        """Both."""
        return self.weights + self.call


@dataclass(frozen=True)
class DepthSize:
    """A network of Depth Anything 3.

    Args:
        parts: parameters of each part that inference needs.
        half: how many of them are kept in half precision, if that is chosen: those of the
            transformers' products. Heads and cameras are fp32 in any case.
        width: of the transformer that has most.
        features: of the depth head.
        kept: floats of a token, in widths, that a view keeps to the call's end: features of four
            layers, twice as wide where views see each other, and their normalised copies.
        kept_pixel: floats of a pixel that a view keeps: the image, and what the network tells.
        maps: feature maps at full resolution, `features / 2` wide, alive at once for a view.
        shared_maps: the same for all views together: the table of positions.
    """

    parts: Mapping[str, int]
    half: int
    width: int
    features: int
    kept: float = 16.0
    kept_pixel: float = 7.6
    maps: float = 2.7
    shared_maps: float = 1.03

    @property
    def parameters(self) -> int:
        """All that inference needs."""
        return sum(self.parts.values())

    def weights(self, precision: str) -> int:
        """Bytes on the device."""
        return self.half * BYTES[precision] + (self.parameters - self.half) * FP32

    def call(self, views: int, height: int, width: int) -> int:
        """Bytes of a call beside weights, without `SLACK`, for images as the network sees them."""
        pixels = height * width
        tokens = pixels // PATCH**2 + 1
        maps = self.maps * min(views, HEAD_VIEWS) + self.shared_maps
        kept = views * (self.kept * self.width * tokens + self.kept_pixel * pixels)
        return int(FP32 * (pixels * self.features / 2 * maps + kept))


_LARGE = {'backbone': 304_367_616, 'head': 29_803_778}
_GIANT = {'backbone': 1_136_489_216, 'head': 50_114_878, 'cam_dec': 18_908_169,
          'cam_enc': 114_533_376}
_ALONE = {'kept': 8.0, 'kept_pixel': 5.0, 'maps': 1.97, 'shared_maps': 0.0}

DEPTH: dict[str, DepthSize] = {
    'da3-small': DepthSize(
        {'backbone': 22_059_008, 'head': 3_873_854, 'cam_dec': 1_188_105, 'cam_enc': 7_178_496},
        21_501_312, 384, 64),
    'da3-base': DepthSize(
        {'backbone': 86_583_296, 'head': 15_387_582, 'cam_dec': 4_735_497, 'cam_enc': 28_660_224},
        85_469_952, 768, 128),
    'da3-large': DepthSize(
        {'backbone': 304_373_760, 'head': 47_229_246, 'cam_dec': 8_411_145, 'cam_enc': 50_927_616},
        302_814_208, 1024, 256),
    'da3-giant': DepthSize(_GIANT, 1_134_001_664, 1536, 256),
    'da3metric-large': DepthSize(_LARGE, 302_814_208, 1024, 256, **_ALONE),
    'da3mono-large': DepthSize(_LARGE, 302_814_208, 1024, 256, **_ALONE),
    'da3nested-giant-large': DepthSize(
        {**_GIANT, **{f'metric {name}': count for name, count in _LARGE.items()}},
        1_436_815_872, 1536, 256),
}
"""Networks by the name of their variant."""

SAM3_PARTS: dict[str, int] = {
    'vision encoder': 454_038_784,
    'text encoder': 353_462_272 + 262_400,
    'detector': 8_083_456 + 9_472_512 + 11_575_093 + 2_298_881 + 1_182_976,
    'tracker': 11_743_362,
    "tracker's pyramid": 7_802_112,
}
"""Parameters of SAM 3: images and videos, texts, points and boxes."""


def sam3_values(images: int, pairs: int, side: int = SAM3_SIDE) -> int:
    """Values that a batch of SAM 3 has alive at once.

    Args:
        images: that went through the vision encoder. Kept of each: tokens, and two pyramids (maps
            and their places) of 256 channels.
        pairs: of image and text. Of each: 200 masks at the finest level and some 2.8 times the maps
            that they come of; and its pyramids again where an image has several texts.
        side: of the square that images are resized to, pixels.
    """
    grid = side // SAM3_PATCH
    finest = (4 * grid)**2
    pyramids = 2 * 256 * (finest + (2 * grid)**2 + grid**2 + (grid // 2)**2)
    copied = pyramids if pairs > images > 1 else 0
    return int(images * (1024 * grid**2 + pyramids)
               + pairs * (finest * (200 + 2.8 * 256) + copied))


def need_depth(config: ModelConfig, views: int = 0) -> Need:
    """What a depth model takes.

    Args:
        config: of it; a model of one's own has no size here.
        views: images of the call; 0 is `max_views`.

    Raises:
        KeyError: a model that is not in `DEPTH`.
        PerceptionUnavailableError: options that it doesn't have.
    """
    size = DEPTH[config.model]
    options = options_of(config.model, config.options)
    side = options.process_res // PATCH * PATCH
    if options.process_res_method == 'upper_bound_resize':
        short, long = round(side / ASPECT / PATCH) * PATCH, side
    else:
        short, long = side, round(side * ASPECT / PATCH) * PATCH
    together = views or config.max_views
    if not VARIANTS[config.model].sees_all:
        together = min(together, config.batch)
    return Need(size.weights(config.precision),
                int(size.call(together, short, long) * (1 + SLACK)))


def need_sam3(config: ModelConfig) -> Need:
    """What SAM 3 takes: the larger of a batch of images and texts, and a video.

    Raises:
        PerceptionUnavailableError: options that it doesn't have.
    """
    options = read_options(config.options)
    side = options.image_size or SAM3_SIDE
    size = BYTES[config.precision]
    # two texts on each image take most
    half = max(1, config.batch // 2)
    images = max(sam3_values(half, config.batch, side),
                 sam3_values(config.batch, config.batch, side)) * size
    # Beside one frame: for each object and frame what it looked like (64 values a patch, and as
    # many for their place), and its mask in fp32.
    grid = side // SAM3_PATCH
    objects = min(VIDEO_OBJECTS, options.max_objects)
    memory = objects * VIDEO_FRAMES * (2 * 64 * grid**2 * size + (4 * grid)**2 * FP32)
    video = sam3_values(1, 1, side) * size + (0 if options.offload else memory)
    return Need(sum(SAM3_PARTS.values()) * size, int(max(images, video) * (1 + SLACK)))
