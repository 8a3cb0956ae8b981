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

"""Reads SAM 3 from a folder and makes it ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import (
    Sam3TrackerVideoProcessor,
    Sam3VideoConfig,
    Sam3VideoModel,
    Sam3VideoProcessor,
)
from transformers.utils import logging

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import WeightsError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.gpu.device import device_of, dtype_of, memory_errors
from spatialclaw_ros.perception.gpu.weights import find_weights, read_config
from spatialclaw_ros.perception.models import Progress
from spatialclaw_ros.perception.sam3 import VARIANTS
from spatialclaw_ros.perception.sam3.cv_kernels import use_own_kernels
from spatialclaw_ros.perception.sam3.model import Sam3
from spatialclaw_ros.perception.sam3.options import Options, read_options
from spatialclaw_ros.perception.segment_model import SegmentJob

REPOSITORY, LICENCE = VARIANTS['sam3'].repository, VARIANTS['sam3'].licence
_KIND = 'sam3_video'
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, StrictDataclassError)


class _Network(Sam3VideoModel):  # type: ignore[misc]
    """The library's, but that a point's place is not rounded to half precision.

    Of a bf16 coordinate in [-1, 1], 8 bits are left: 2 pixels of 1008.
    """

    _keep_in_fp32_modules_strict: ClassVar = ['shared_embedding', 'shared_image_embedding']


def load(config: ModelConfig, progress: Progress) -> Sam3:
    """Load; see `sam3.load_sam3`."""
    options = read_options(config.options)
    device = device_of(config.device)
    dtype = dtype_of(config.precision, device)
    progress(0.0, 'looking for weights')
    folder = find_weights(
        config.weights, REPOSITORY, LICENCE, files=VARIANTS['sam3'].files,
        tell=lambda share, text: progress(0.6 * share, text))
    kind = read_config(folder).get('model_type')
    if kind != _KIND:
        raise WeightsError(
            f'weights {str(folder)!r} are of a model of type {kind!r}, expected {_KIND!r}: SAM 3 '
            f'with detector and tracker in one, as {REPOSITORY} has it in transformers\' format')
    progress(0.6, 'reading weights')
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with memory_errors(f'loading {config.model}', device):
            network = _read(folder, dtype, options).to(device).eval()
        processor = _read_processor(folder, network)
    finally:
        if bars:
            logging.enable_progress_bar()
    use_own_kernels()
    _exact_points(network.tracker_model, dtype)
    tracker_processor = Sam3TrackerVideoProcessor(
        image_processor=processor.image_processor, video_processor=processor.video_processor)
    model = Sam3(network, processor, tracker_processor, config, options, str(folder))
    if config.compile:
        network.detector_model.vision_encoder.backbone.compile()
    warm = options.warm_up if options.warm_up is not None else device.type == 'cuda'
    if warm or config.compile:
        progress(0.8, 'first run')
        _warm_up(model)
    progress(1.0, 'ready')
    return model


def _read(folder: Path, dtype: torch.dtype, options: Options) -> Any:
    try:
        settings = Sam3VideoConfig.from_pretrained(folder, local_files_only=True)
        if options.image_size:
            patch = settings.detector_config.vision_config.backbone_config.patch_size
            settings.image_size = options.image_size
            settings.low_res_mask_size = 4 * options.image_size // patch
        network, found = _Network.from_pretrained(
            folder, config=settings, dtype=dtype, local_files_only=True, output_loading_info=True,
            ignore_mismatched_sizes=True)
    except (*_UNREADABLE, RuntimeError) as error:
        raise WeightsError(
            f'weights {str(folder)!r} can not be read ({_short(error)}); copy them again from '
            f'{REPOSITORY}') from error
    wrong = sorted(map(str, [*found['missing_keys'], *found['mismatched_keys']]))
    if wrong:
        raise WeightsError(
            f'weights {str(folder)!r} lack {len(wrong)} tensors of SAM 3 or have them in another '
            f'size, the first is {wrong[0]}; copy them again from {REPOSITORY}')
    return network


def _read_processor(folder: Path, network: Any) -> Any:
    try:
        processor = Sam3VideoProcessor.from_pretrained(folder, local_files_only=True)
    except _UNREADABLE as error:
        raise WeightsError(
            f'weights {str(folder)!r} have no usable processor or tokenizer ({_short(error)}); '
            f'copy all of {REPOSITORY}, not the weights alone') from error
    known, wanted = len(processor.tokenizer), network.config.detector_config.text_config.vocab_size
    if known < wanted // 2:  # without its files the library makes up a vocabulary of three words
        raise WeightsError(
            f'weights {str(folder)!r} have a tokenizer of {known} words for a model of {wanted}; '
            f'copy all of {REPOSITORY}, not the weights alone')
    side = network.config.image_size
    processor.image_processor.size = {'height': side, 'width': side}
    return processor


def _exact_points(tracker: Any, dtype: torch.dtype) -> None:
    """Hand positions that were computed in single precision on in the model's own."""
    for module in (tracker.shared_image_embedding, tracker.prompt_encoder.shared_embedding):
        module.register_forward_hook(lambda module, inputs, output: output.to(dtype))


def _warm_up(model: Sam3) -> None:
    """One image by text and one by a box: what is set up on first use is set up now."""
    image = np.full((480, 640, 3), 127, np.uint8)
    jobs = (SegmentJob('text', (image,), prompts=('thing',)),
            SegmentJob('box', (image, image), boxes=np.array([[200.0, 150.0, 400.0, 300.0]]),
                       is_video=True))
    for job in jobs:
        model.segment(job, Deadline())


def _short(error: BaseException) -> str:
    return ' '.join(f'{type(error).__name__}: {error}'.split())[:200]
