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

"""A tiny SAM 3 that tests of a process share, and outputs of its network that tests dictate."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tiny_sam3 import MASK_SIZE, tiny_sam3

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.sam3 import load_sam3
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob

_folders = tempfile.TemporaryDirectory(prefix='sam3_lab_')


@functools.lru_cache(maxsize=1)
def folder() -> Path:
    """The tiny weights."""
    import torch

    torch.set_num_threads(1)  # of several, each waits for the slowest on a machine that is busy
    return tiny_sam3(Path(_folders.name) / 'sam3')


def load(**changes: Any) -> Any:
    """The tiny model, newly loaded on the CPU, options and all."""
    config = ModelConfig(**{'model': 'sam3', 'weights': str(folder()), 'device': 'cpu', **changes})
    return load_sam3(config, lambda share, text: None)


@functools.lru_cache(maxsize=2)
def shared(precision: str = 'fp32') -> Any:
    """The tiny model; who changes it changes it back."""
    return load(precision=precision)


def noise(count: int, size: tuple[int, int] = (48, 64), seed: int = 0) -> tuple[np.ndarray, ...]:
    """Images of noise."""
    random = np.random.default_rng(seed)
    return tuple(random.integers(0, 256, (*size, 3), np.uint8) for _ in range(count))


def ask(model: Any, mode: str, images: tuple[np.ndarray, ...], **job: Any) -> ObjectMasks:
    """Segment without a limit of time."""
    result: ObjectMasks = model.segment(SegmentJob(mode, images, **job), Deadline())
    return result


Logits = Callable[[], np.ndarray]
"""What the network is to say: (N, MASK_SIZE, MASK_SIZE) logits of its masks."""


@contextlib.contextmanager
def saying(model: Any, logits: Logits, count: int = 1) -> Iterator[None]:
    """Dictate masks of the real network's outputs, of the detector and of the tracker.

    Args:
        model: a loaded `Sam3`.
        logits: called for each output.
        count: how many of the detector's queries are sure that they found something.
    """
    import torch

    def detected(module: Any, inputs: Any, output: Any) -> Any:
        said = torch.as_tensor(logits(), dtype=output.pred_masks.dtype)
        output.pred_masks[:, :count] = said
        output.pred_logits[:] = -10
        output.pred_logits[:, :count] = 10
        output.presence_logits[:] = 10
        return output

    def decoded(module: Any, inputs: Any, output: Any) -> Any:
        masks, quality, tokens, seen = output
        said = torch.as_tensor(logits(), dtype=masks.dtype)
        return said[:1].expand(masks.shape).clone(), quality, tokens, torch.full_like(seen, 10)

    network = model._network
    hooks = [network.detector_model.register_forward_hook(detected),
             network.tracker_model.mask_decoder.register_forward_hook(decoded)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def rectangle(rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
    """Logits (1, S, S) of a rectangle of the model's own pixels."""
    logits = np.full((1, MASK_SIZE, MASK_SIZE), -8.0, np.float32)
    logits[:, rows[0]:rows[1], columns[0]:columns[1]] = 8.0
    return logits
