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



"""Laboratory models without torch: their answers are known, their faults are ordered.

A process loads them by name, `lab_models:depth` and `lab_models:masks`, with this folder on its
PYTHONPATH; `lab_config` makes such a configuration. All knobs stand in `ModelConfig.options`, see
`Knobs`.

Depth: a pixel's colour is its depth, (256 R + G) millimetres (`paint_depth` makes such an image),
or it is `plane_m` everywhere. Confidence is 0.9, poses and intrinsics are what was given.
Masks: a text is a colour (`red` or `#ff0000`), and the one object of it in an image is all pixels
that have exactly this colour; a point or box stands for the colour below it.
So results are equal, to the bit, wherever the model runs, as long as images come uncompressed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lab_faults import fault

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import ModelMemoryError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.models import Progress
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob

COLOURS = {
    'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255), 'yellow': (255, 255, 0),
    'white': (255, 255, 255), 'black': (0, 0, 0), 'grey': (128, 128, 128)}
CONFIDENCE = 0.9
SCORE = 0.9
SUPPORT = str(Path(__file__).resolve().parent)
"""Folder to put on the PYTHONPATH of a process that loads these models."""

EVENTS: list[tuple[str, ...]] = []
"""What happened in this process: 'find', 'load', 'call', 'end', 'close'; role; a call's batch."""

_loaded: list[LabModel] = []


@dataclass(frozen=True)
class Knobs:
    """Options of a laboratory model; each may be left out.

    Faults (`load_fault`, `call_fault`) are those of `lab_faults.fault`.

    Args:
        find_s: duration of finding the weights, told in ten steps, as a download would be.
        load_s: duration of loading, told in ten steps.
        load_fault: what becomes of loading; '' goes well.
        load_fault_unless: a path: loading goes well as soon as it exists (weights that are copied).
        load_until, find_until: paths: it lasts until they exist, however long that is.
        load_alone: whether loading runs out of memory while another of these models is loaded.
        load_deaf: whether nothing is told while it loads, so that it can't be stopped.
        call_s: duration of a call.
        call_until: a path: a call lasts until it exists.
        call_fault: what becomes of a call; '' goes well.
        call_alone: as `load_alone`, of a call.
        deaf: whether a call looks at its deadline only before it begins, as a GPU does.
        fault_if: a path: faults happen only while it exists.
        fault_once: a path: faults happen only while it exists, and it is removed before they do; so
            a process that is started again is well.
        memory_batch: a call with a larger batch runs out of memory; 0 never does.
        memory_bytes: what the model says that it holds.
        plane_m: depth of all pixels, instead of what their colours say.
        scale: metres in a unit of the depth model.
        is_metric: whether the depth model claims metres.
    """

    find_s: float = 0.0
    load_s: float = 0.0
    load_fault: str = ''
    load_fault_unless: str = ''
    load_until: str = ''
    find_until: str = ''
    load_alone: bool = False
    load_deaf: bool = False
    call_s: float = 0.0
    call_until: str = ''
    call_fault: str = ''
    call_alone: bool = False
    deaf: bool = False
    fault_if: str = ''
    fault_once: str = ''
    memory_batch: int = 0
    memory_bytes: int = 1 << 30
    plane_m: float = 0.0
    scale: float = 1.0
    is_metric: bool = True


class LabModel:
    """What both models have in common; see `perception.models.Loaded`."""

    role = ''

    def __init__(self, config: ModelConfig, knobs: Knobs) -> None:
        self.name = config.model
        self.max_views = config.max_views
        self.device = 'cpu' if config.device == 'auto' else config.device
        self.precision = 'fp32' if config.precision == 'auto' else config.precision
        self.weights = config.weights or 'none'
        self.batch = config.batch
        self.memory_bytes = knobs.memory_bytes
        self.knobs = knobs
        _loaded.append(self)

    def close(self) -> None:
        """Count as unloaded."""
        EVENTS.append(('close', self.role))
        _loaded.remove(self)

    def work(self, count: int, deadline: Deadline) -> None:
        """Take the time, and have the faults, that a call was given."""
        EVENTS.append(('call', self.role, str(min(self.batch, count))))
        try:
            self._work(min(self.batch, count), f'{self.name} on {count} images', deadline)
        finally:
            EVENTS.append(('end', self.role))

    def _work(self, batch: int, what: str, deadline: Deadline) -> None:
        knobs = self.knobs
        deadline.check(what)
        if 0 < knobs.memory_batch < batch or (knobs.call_alone and len(_loaded) > 1):
            raise ModelMemoryError(
                f'{self.name}: a batch of {batch} asked for 9.9 GiB, 1.1 are free')
        end_s = time.monotonic() + knobs.call_s
        while (left_s := end_s - time.monotonic()) > 0 or _is_held(knobs.call_until):
            time.sleep(min(max(left_s, 0.001), 0.005))
            if not knobs.deaf:
                deadline.check(what)
        if knobs.call_fault and _fault_is_due(knobs):
            fault(knobs.call_fault, self.name)


class LabDepth(LabModel):
    """Depth that the colours, or a knob, tell."""

    role = 'depth'

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """Depth of images at their own size."""
        self.work(len(images), deadline)
        depth = [self._depth(image) for image in images]
        if intrinsics is None:
            intrinsics = np.stack([_guessed_intrinsics(image) for image in images])
        poses = np.tile(np.eye(4), (len(images), 1, 1)) if extrinsics is None else extrinsics.copy()
        poses[:, :3, 3] /= self.knobs.scale
        return Prediction(
            tuple(depth), tuple(np.full(each.shape, CONFIDENCE, np.float32) for each in depth),
            poses, np.array(intrinsics, dtype=np.float64), is_metric=self.knobs.is_metric)

    def _depth(self, image: np.ndarray) -> np.ndarray:
        depth_m = painted_depth(image)
        if self.knobs.plane_m:
            depth_m = np.full(image.shape[:2], self.knobs.plane_m, np.float32)
        return np.asarray(depth_m / np.float32(self.knobs.scale))


class LabMasks(LabModel):
    """Masks of colours."""

    role = 'masks'

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """All pixels of each prompt's colour: one object in all images of a video, else one in each
        image that has any.
        """
        wanted = _colours(job)
        self.work(len(job.images) * len(wanted), deadline)
        seen = [[_of_colour(image, colour) for colour in wanted] for image in job.images]
        shown = np.array([[bool(mask.any()) for mask in masks] for masks in seen])
        if job.is_video:
            objects = [(None, prompt) for prompt in np.flatnonzero(shown.any(axis=0))]
        else:
            objects = [(at, prompt) for at, prompt in np.argwhere(shown)]
        masks, scores = [], np.zeros((len(seen), len(objects)), np.float32)
        for at, image in enumerate(job.images):
            mine = np.zeros((len(objects), *image.shape[:2]), bool)
            for position, (where, prompt) in enumerate(objects):
                if where in (None, at) and shown[at, prompt]:
                    mine[position] = seen[at][prompt]
                    scores[at, position] = SCORE
            masks.append(mine)
        presence = shown.astype(np.float32) if job.mode == 'text' else None
        return ObjectMasks.pack(
            masks, scores, np.array([prompt for _, prompt in objects], np.int64), presence)


def depth(config: ModelConfig, progress: Progress) -> LabDepth:
    """Load the depth model; a `perception.models.DepthLoader`."""
    return LabDepth(config, _load('depth', config, progress))


def masks(config: ModelConfig, progress: Progress) -> LabMasks:
    """Load the segmentation model; a `perception.models.MasksLoader`."""
    return LabMasks(config, _load('masks', config, progress))


def find_weights(config: ModelConfig, progress: Progress) -> ModelConfig:
    """Take the time of a download; see `perception.registry.Source`."""
    knobs = Knobs(**config.options)
    EVENTS.append(('find', config.model.rpartition(':')[2]))
    for step in range(10 if knobs.find_s else 0):
        progress(step / 10, f'part {step + 1} of 10 from the hub')
        time.sleep(knobs.find_s / 10)
    while _is_held(knobs.find_until):
        progress(0.9, 'held by the hub')
        time.sleep(0.005)
    return config


def lab_config(
    depth: dict[str, Any] | None = None, masks: dict[str, Any] | None = None, **fields: Any,
) -> PerceptionConfig:
    """Perception with laboratory models.

    Args:
        depth: knobs of the depth model.
        masks: knobs of the segmentation model.
        fields: of the configuration; `reconstruct` is 'depth_anything' and `segment` 'sam3' unless
            given, `depth_model` and `masks_model` are further fields of the two `ModelConfig`.
    """
    mine: dict[str, Any] = {'reconstruct': 'depth_anything', 'segment': 'sam3', 'ocr': 'none'}
    for role, options in (('depth', depth), ('masks', masks)):
        more = fields.pop(f'{role}_model', {})
        mine[role] = ModelConfig(**{
            'model': f'lab_models:{role}', 'options': options or {}, **more})
    return PerceptionConfig(**{**mine, **fields})


def loaded() -> list[str]:
    """Roles of the models that are loaded in this process."""
    return [each.role for each in _loaded]


def most_at_once() -> int:
    """How many calls ran at the same time, at most, in this process."""
    now = most = 0
    for event, *_ in EVENTS:
        now += {'call': 1, 'end': -1}.get(event, 0)
        most = max(most, now)
    return most


def paint_depth(depth_m: np.ndarray, blue: int = 0) -> np.ndarray:
    """(H, W, 3) uint8 image that the depth model reads as this depth (H, W) metres below 65.5."""
    millimetres = np.rint(np.nan_to_num(depth_m, nan=0.0) * 1000).astype(np.uint16)
    image = np.full((*depth_m.shape, 3), blue, np.uint8)
    image[..., 0], image[..., 1] = millimetres >> 8, millimetres & 255
    return image


def painted_depth(image: np.ndarray) -> np.ndarray:
    """(H, W) float32 metres that an image's colours say, 0 where unknown."""
    millimetres = image[..., 0].astype(np.float32) * 256 + image[..., 1]
    return np.asarray(millimetres / np.float32(1000), dtype=np.float32)


def _load(role: str, config: ModelConfig, progress: Progress) -> Knobs:
    knobs = Knobs(**config.options)
    EVENTS.append(('load', role))
    for step in range(10):
        if not knobs.load_deaf:
            progress(step / 10, f'reading part {step + 1} of 10')
        time.sleep(knobs.load_s / 10)
    while _is_held(knobs.load_until):
        if not knobs.load_deaf:
            progress(0.9, 'held')
        time.sleep(0.005)
    if knobs.load_alone and _loaded:
        fault('memory', config.model)
    fixed = knobs.load_fault_unless and Path(knobs.load_fault_unless).exists()
    if knobs.load_fault and not fixed and _fault_is_due(knobs):
        fault(knobs.load_fault, config.model)
    return knobs


def _is_held(path: str) -> bool:
    return bool(path) and not Path(path).exists()


def _fault_is_due(knobs: Knobs) -> bool:
    if knobs.fault_if:
        return Path(knobs.fault_if).exists()
    if knobs.fault_once:
        try:
            Path(knobs.fault_once).unlink()
        except FileNotFoundError:
            return False
    return True


def _colours(job: SegmentJob) -> list[tuple[int, ...] | None]:
    """Colour of each prompt; None for a text that is none."""
    image = job.images[job.prompt_image]
    if job.mode == 'text':
        return [_named(text) for text in job.prompts]
    if job.mode == 'points':
        assert job.points is not None
        labels = np.ones(len(job.points)) if job.point_labels is None else job.point_labels
        x, y = job.points[int(np.argmax(labels))].astype(int)
        return [tuple(int(v) for v in image[y, x])]
    assert job.boxes is not None
    centres = (job.boxes[:, :2] + job.boxes[:, 2:]) / 2
    return [tuple(int(v) for v in image[int(y), int(x)]) for x, y in centres]


def _named(text: str) -> tuple[int, ...] | None:
    text = text.strip().lower()
    if text.startswith('#') and len(text) == 7:
        return tuple(bytes.fromhex(text[1:]))
    return COLOURS.get(text)


def _of_colour(image: np.ndarray, colour: tuple[int, ...] | None) -> np.ndarray:
    if colour is None:
        return np.zeros(image.shape[:2], bool)
    return np.asarray((image == np.array(colour, np.uint8)).all(axis=2))


def _guessed_intrinsics(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return np.array([[width, 0, (width - 1) / 2], [0, width, (height - 1) / 2], [0, 0, 1.0]])
