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

"""Everything in a video that fits texts, each thing under one number through all frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.sam3.pictures import Frames, Pictures, probability
from spatialclaw_ros.perception.sam3.state import Memory, open_session
from spatialclaw_ros.perception.sam3.words import Reader
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob


@dataclass
class _Track:
    prompt: int
    packed: dict[int, np.ndarray] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)


class TextFollower:
    """Detects in every frame and follows what was detected, forwards and then backwards.

    Args:
        network: the library's model of videos and texts.
        processor: the library's, of that model.
        pictures: prepares frames for it.
        reader: encodes texts for it.
        max_objects: most objects that are followed.
    """

    def __init__(
        self, network: Any, processor: Any, pictures: Pictures, reader: Reader, max_objects: int,
    ) -> None:
        self._network = network
        self._processor = processor
        self._pictures = pictures
        self._reader = reader
        network.max_num_objects = max_objects
        # What a detection must have beyond the threshold to begin a new object.
        self._extra = network.config.new_det_thresh - network.config.score_threshold_detection

    def follow(
        self, job: SegmentJob, state_device: torch.device, deadline: Deadline,
    ) -> ObjectMasks:
        """Follow what fits the texts, from `job.prompt_image` to the end, then to the beginning.

        Args:
            job: a video with texts.
            state_device: where the session's memory of earlier frames is kept.
            deadline: looked at before every frame.
        """
        network, count = self._network, len(job.images)
        prompts = tuple(dict.fromkeys(job.prompts))
        network.score_threshold_detection = job.threshold
        network.new_det_thresh = min(0.99, job.threshold + self._extra)
        session = self._session(job, prompts, state_device)
        memory = Memory(session, network.tracker_model.config, job.prompt_image)
        current = [0]

        def before(number: int) -> None:
            deadline.check(f'sam3 on frame {number + 1} of {count}')
            memory.trim(number)
            current[0] = number

        session.processed_frames = Frames(job.images, self._pictures, before)
        presence = np.zeros((count, len(prompts)), np.float32)
        column = [0, -1]

        def note_presence(module: Any, inputs: Any, output: Any) -> None:
            # The detector runs once for each text of a frame, in their order.
            column[0] = column[0] + 1 if column[1] == current[0] else 0
            column[1] = current[0]
            presence[current[0], column[0]] = float(
                probability(output.presence_logits).reshape(-1)[0])

        tracks: dict[int, _Track] = {}
        hook = network.detector_model.register_forward_hook(note_presence)
        try:
            for output in self._passes(session, job.prompt_image):
                self._collect(session, output, prompts, tracks)
        finally:
            hook.remove()
        columns = [prompts.index(prompt) for prompt in job.prompts]
        return _joined(job, tracks, [job.prompts.index(each) for each in prompts],
                       presence[:, columns])

    def _session(
        self, job: SegmentJob, prompts: tuple[str, ...], state_device: torch.device,
    ) -> Any:
        session = open_session(
            self._network, self._processor, state_device, job.images[0].shape[:2])
        words = self._reader(prompts)
        for number, prompt in enumerate(prompts):
            key, text = session.add_prompt(prompt), words[number:number + 1]
            session.prompt_input_ids[key] = text.tokens
            session.prompt_attention_masks[key] = text.mask
            session.prompt_embeddings[key] = text.output
        return session

    def _passes(self, session: Any, start: int) -> Iterator[Any]:
        propagate = self._network.propagate_in_video_iterator
        yield from propagate(session, start_frame_idx=start)
        if start > 0:
            yield from propagate(session, start_frame_idx=start, reverse=True)

    def _collect(
        self, session: Any, output: Any, prompts: tuple[str, ...], tracks: dict[int, _Track],
    ) -> None:
        found = self._processor.postprocess_outputs(session, output)
        numbers = found['object_ids'].tolist()
        masks = np.packbits(found['masks'].cpu().numpy(), axis=-1)
        prompt_of = {number: prompts.index(prompt)
                     for prompt, members in found['prompt_to_obj_ids'].items()
                     for number in members}
        for number, score, mask in zip(numbers, found['scores'].tolist(), masks, strict=True):
            if not mask.any():
                continue
            here = output.obj_id_to_tracker_score.get(number, 1.0)
            born = session.obj_first_frame_idx.get(number) == output.frame_idx
            track = tracks.setdefault(number, _Track(prompt_of[number]))
            track.packed[output.frame_idx] = mask
            track.scores[output.frame_idx] = min(1.0, max(0.0, score * (1.0 if born else here)))


def _joined(
    job: SegmentJob, tracks: dict[int, _Track], prompt_of: list[int], presence: np.ndarray,
) -> ObjectMasks:
    height, width = job.images[0].shape[:2]
    things = [tracks[number] for number in sorted(tracks)]
    scores = np.zeros((len(job.images), len(things)), np.float32)
    packed = []
    for frame in range(len(job.images)):
        stack = np.zeros((len(things), height, -(-width // 8)), np.uint8)
        for column, thing in enumerate(things):
            if frame in thing.packed:
                # Let go of the parts while the whole grows.
                stack[column] = thing.packed.pop(frame)
                scores[frame, column] = thing.scores[frame]
        packed.append(stack)
    return ObjectMasks(
        tuple(packed), ((height, width),) * len(job.images), scores,
        np.array([prompt_of[thing.prompt] for thing in things], np.int64), presence)
