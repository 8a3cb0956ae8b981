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

"""Everything on images that fits texts, each image for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.sam3.pictures import Pictures, packed_masks, probability
from spatialclaw_ros.perception.sam3.words import Reader
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob


def find_by_text(
    detector: Any, pictures: Pictures, reader: Reader, job: SegmentJob, batch: int,
    max_objects: int, deadline: Deadline,
) -> ObjectMasks:
    """Find all instances.

    An image goes through the vision encoder once, whatever the number of texts.

    Args:
        detector: the library's model of images and texts.
        pictures: prepares images for it.
        reader: encodes texts for it.
        job: with texts.
        batch: most pairs of image and text at once.
        max_objects: most objects of one image, the surest.
        deadline: looked at between batches.
    """
    words = reader(job.prompts)
    count = len(job.prompts)
    step = max(1, batch // count)
    presence = np.zeros((len(job.images), count), np.float32)
    found: list[list[tuple[int, float, np.ndarray]]] = []
    for start in range(0, len(job.images), step):
        images = job.images[start:start + step]
        deadline.check(f'sam3 on image {start + 1} of {len(job.images)}')
        vision = detector.get_vision_features(pixel_values=pictures(images))
        pairs = [(row, text) for row in range(len(images)) for text in range(count)]
        objects: list[list[tuple[int, float, np.ndarray]]] = [[] for _ in images]
        for first in range(0, len(pairs), batch):
            deadline.check(f'sam3 on image {start + 1} of {len(job.images)}')
            some = pairs[first:first + batch]
            rows, texts = [row for row, _ in some], [text for _, text in some]
            output = detector(
                vision_embeds=_chosen(vision, rows), text_embeds=words[texts].output,
                attention_mask=words.mask[texts])
            sure = probability(output.presence_logits).reshape(len(some))
            scores = probability(output.pred_logits) * sure[:, None]
            for pair, (row, text) in enumerate(some):
                presence[start + row, text] = float(sure[pair])
                keep = _kept(scores[pair], job.threshold, max_objects)
                masks = packed_masks(output.pred_masks[pair][keep], images[row].shape[:2])
                objects[row] += zip(
                    [text] * len(keep), scores[pair][keep].tolist(), masks, strict=True)
        found += [sorted(each, key=lambda thing: -thing[1])[:max_objects] for each in objects]
    return _joined(job.images, found, presence)


def _kept(scores: torch.Tensor, threshold: float, most: int) -> torch.Tensor:
    """Positions of the highest scores, those above the threshold."""
    best = scores.topk(min(most, len(scores)))
    return best.indices[best.values > threshold]


def _chosen(vision: Any, rows: Sequence[int]) -> Any:
    """Vision features of some images of a batch, in another order or more than once."""
    count = len(vision.fpn_hidden_states[0])
    if list(rows) == list(range(count)):
        return vision

    def choose(levels: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        if count == 1:  # no copy
            return tuple(level.expand(len(rows), -1, -1, -1) for level in levels)
        return tuple(level[list(rows)] for level in levels)

    return type(vision)(
        fpn_hidden_states=choose(vision.fpn_hidden_states),
        fpn_position_encoding=choose(vision.fpn_position_encoding))


def _joined(
    images: Sequence[np.ndarray], found: Sequence[Sequence[tuple[int, float, np.ndarray]]],
    presence: np.ndarray,
) -> ObjectMasks:
    total = sum(len(each) for each in found)
    packed, sizes = [], []
    scores = np.zeros((len(images), total), np.float32)
    prompt_of = np.zeros(total, np.int64)
    column = 0
    for row, (image, objects) in enumerate(zip(images, found, strict=True)):
        height, width = image.shape[:2]
        stack = np.zeros((total, height, -(-width // 8)), np.uint8)
        for text, score, mask in objects:
            if mask.any():
                stack[column], scores[row, column] = mask, score
            prompt_of[column] = text
            column += 1
        packed.append(stack)
        sizes.append((height, width))
    return ObjectMasks(tuple(packed), tuple(sizes), scores, prompt_of, presence)
