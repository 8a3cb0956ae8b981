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

"""The object under points, or in each box, on its image and through the video around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.sam3.pictures import (
    Frames,
    Pictures,
    checked,
    packed_masks,
    probability,
)
from spatialclaw_ros.perception.sam3.state import Memory, open_session
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob


class PromptFollower:
    """Segments by points or boxes and follows, forwards and then backwards.

    An image is a video of one frame: the tracker's first step is what its image model does. The
    vision encoder is the detector's, and the neck behind it the tracker's, as in the library's
    own model of videos and texts, so that one set of weights serves everything.

    Args:
        network: the library's model of videos and texts.
        processor: the library's, of its tracker.
        pictures: prepares frames for it.
    """

    def __init__(self, network: Any, processor: Any, pictures: Pictures) -> None:
        self._network = network
        self._processor = processor
        self._pictures = pictures

    def follow(
        self, job: SegmentJob, state_device: torch.device, deadline: Deadline,
    ) -> ObjectMasks:
        """Follow what points or boxes on `job.prompt_image` mean; see `TextFollower.follow`.

        Of images that are no video, that one alone is looked at.
        """
        start, count = job.prompt_image, len(job.images)
        order = [start]
        if job.is_video:
            order = [*range(start, count), *range(start - 1, -1, -1)]
        session = self._session(job, state_device)
        memory = Memory(session, self._network.tracker_model.config, start)
        objects = len(session.point_inputs_per_obj)
        packed = [np.zeros((objects, image.shape[0], -(-image.shape[1] // 8)), np.uint8)
                  for image in job.images]
        scores = np.zeros((count, objects), np.float32)
        quality: list[float] = []
        hook = self._network.tracker_model.mask_decoder.register_forward_hook(
            lambda module, inputs, output: quality.append(float(output[1].float().max())))
        try:
            for number in order:
                deadline.check(f'sam3 on frame {number + 1} of {count}')
                memory.trim(number)
                quality.clear()
                output = self._step(session, number, number < start, len(order) > 1)
                packed[number] = packed_masks(
                    output.pred_masks.reshape(objects, *output.pred_masks.shape[-2:]),
                    job.images[number].shape[:2])
                seen = probability(output.object_score_logits).reshape(objects)
                sure = np.clip(checked(np.array(quality)), 0, 1) * seen.cpu().numpy()
                scores[number] = sure * packed[number].any(axis=(1, 2))
        finally:
            hook.remove()
        return ObjectMasks(
            tuple(packed), tuple((image.shape[0], image.shape[1]) for image in job.images), scores,
            np.arange(objects) if job.mode == 'box' else np.zeros(objects, np.int64))

    def _step(self, session: Any, number: int, reverse: bool, is_video: bool) -> Any:
        """One frame: its features, shared by all objects, then the tracker on each."""
        network = self._network
        vision = network.detector_model.vision_encoder.backbone(
            session.get_frame(number)[None])
        features, positions = network.get_vision_features_for_tracker(vision)
        session.cache.cache_vision_features(
            number, {'vision_feats': features, 'vision_pos_embeds': positions})
        return network.tracker_model(
            session, frame_idx=number, reverse=reverse, run_mem_encoder=is_video)

    def _session(self, job: SegmentJob, state_device: torch.device) -> Any:
        height, width = size = job.images[job.prompt_image].shape[:2]
        session = open_session(self._network, self._processor, state_device, size)
        session.processed_frames = Frames(job.images, self._pictures, lambda number: None)
        # Ours have their origin at a pixel's centre, and so has the model's grid, which has other
        # pixels: (x + 0.5) / W is what both mean. The library scales without the half.
        half = 0.5 - 0.5 * np.array([width, height]) / self._processor.target_size
        prompts: dict[str, Any] = {}
        if job.points is not None and job.point_labels is not None and job.mode == 'points':
            objects = 1
            prompts = {'input_points': [[(job.points + half).tolist()]],
                       'input_labels': [[job.point_labels.tolist()]]}
        elif job.boxes is not None:
            objects = len(job.boxes)
            prompts = {'input_boxes': [(job.boxes + np.tile(half, 2)).tolist()]}
        self._processor.add_inputs_to_inference_session(
            session, job.prompt_image, list(range(objects)), original_size=size, **prompts)
        return session
