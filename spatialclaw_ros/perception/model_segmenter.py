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

"""Segment by a promptable model: a query's frames become its jobs, its masks those of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.linking import Seen, link
from spatialclaw_ros.perception.protocols import Segmentation, SegmentRequest
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.workspace.observation import Frame, Observation

MAX_OBJECTS = 40
"""Most objects that one call gives back, the surest first."""

THRESHOLD = 0.5
"""Least score of an object, if nothing else is configured."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A job, and the frames that its images are."""

    frames: tuple[int, ...]
    job: SegmentJob


class ModelSegmenter:
    """Text, point and box prompts by a model that knows images alone.

    Several frames of a camera are followed as a video; single frames are looked at alone. What
    several cameras see is linked in space where depth and TF tell.

    Args:
        model: wherever it runs.
        threshold: least score of an object, in (0, 1).

    Raises:
        PerceptionError: a threshold out of range.
    """

    def __init__(self, model: SegmentModel, threshold: float = THRESHOLD) -> None:
        if not 0 < threshold < 1:
            raise PerceptionError(
                f'the threshold of scores must be between 0 and 1, got {threshold}')
        self._model = model
        self._threshold = float(threshold)
        self.name = model.name

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Segment; see `protocols.Segmenter`."""
        asked = request.frame_indices
        images = {index: observation.frames[index].image for index in asked}
        if request.image is not None:
            asked, images = (0,), {0: request.image}
        tasks, notes = self._tasks(observation, request)
        found: list[Seen] = []
        presence: dict[int, np.ndarray] = {}
        for task in tasks:
            deadline.check(f'{self.name} on {len(task.frames)} frames')
            masks = self._ask(task, deadline)
            found += _seen(task, masks, asked, observation, request)
            if masks.presence is not None:
                presence.update(zip(task.frames, masks.presence))
        if request.only_presence:
            scores = np.array([[thing.scores.get(index, 0.0) for thing in found]
                               for index in asked], np.float32).reshape(len(asked), len(found))
            return Segmentation(
                {}, tuple(_label(request, thing.prompt) for thing in found), scores,
                tuple(notes), _table(presence, asked))
        if request.image is None and request.mode == 'text':
            found, remarks = link(found, observation.frames, deadline)
            notes += remarks
        found, remarks = _surest(found)
        notes += remarks
        notes += _missed(request, found, presence, self._threshold)
        return _assemble(
            request, found, images, tuple(dict.fromkeys(notes)), _table(presence, asked))

    def _tasks(
        self, observation: Observation, request: SegmentRequest,
    ) -> tuple[list[_Task], list[str]]:
        """Jobs: one for each camera (and size) with several frames, one for all single frames."""
        if request.image is not None:
            return [_Task((0,), self._job(request, [request.image], 0, False))], []
        prompted = request.mode != 'text'
        wanted = set(request.frame_indices)
        if prompted and request.prompt_frame is not None:
            wanted.add(request.prompt_frame)
        frames = observation.select(sorted(wanted))
        groups: dict[tuple[str, tuple[int, ...]], list[Frame]] = {}
        for frame in frames:
            groups.setdefault((frame.camera, frame.image.shape), []).append(frame)
        if prompted:
            start = request.prompt_frame if request.prompt_frame is not None else frames[0].index
            group = next(g for g in groups.values() if any(f.index == start for f in g))
            notes = []
            left = [frame.index for frame in frames if frame not in group]
            if left:
                notes.append(
                    f'The prompt is on frame {start} of camera "{group[0].camera}": it is not '
                    f'followed into frames {_list(left)}, of another camera or size; give a '
                    'prompt on one of them.')
            return [self._video(request, group)], notes
        if request.only_presence:
            return self._singles(request, frames), []
        singles = [group[0] for group in groups.values() if len(group) == 1]
        videos = [group for group in groups.values() if len(group) > 1]
        return ([self._video(request, group) for group in videos]
                + self._singles(request, singles)), []

    def _video(self, request: SegmentRequest, frames: Sequence[Frame]) -> _Task:
        if len(frames) > self._model.max_views:
            step = -(-len(frames) // self._model.max_views)
            raise PerceptionError(
                f'{self.name} follows things through at most {self._model.max_views} frames of a '
                f'camera at a time, got {len(frames)}; take fewer, as InputImages[::{step}], or '
                'one part of the time after the other with start_frame and end_frame')
        indices = tuple(frame.index for frame in frames)
        start = request.prompt_frame
        position = indices.index(start) if start in indices else 0
        job = self._job(request, [frame.image for frame in frames], position, len(frames) > 1)
        return _Task(indices, job)

    def _singles(self, request: SegmentRequest, frames: Sequence[Frame]) -> list[_Task]:
        size = max(1, self._model.max_views)
        parts = [frames[start:start + size] for start in range(0, len(frames), size)]
        return [
            _Task(tuple(frame.index for frame in part),
                  self._job(request, [frame.image for frame in part], 0, False))
            for part in parts]

    def _job(
        self, request: SegmentRequest, images: Sequence[np.ndarray], position: int, video: bool,
    ) -> SegmentJob:
        return SegmentJob(
            mode=request.mode, images=tuple(images), prompts=request.prompts,
            points=request.points, point_labels=request.point_labels, boxes=request.boxes,
            prompt_image=position, is_video=video, threshold=self._threshold)

    def _ask(self, task: _Task, deadline: Deadline) -> ObjectMasks:
        masks = self._model.segment(task.job, deadline)
        deadline.check(f'{self.name} on {len(task.frames)} frames')
        sizes = tuple(image.shape[:2] for image in task.job.images)
        if masks.sizes != sizes:
            raise PerceptionError(
                f'{self.name} gave masks of the sizes {masks.sizes} for images of {sizes}')
        return masks


def _seen(
    task: _Task, masks: ObjectMasks, asked: Sequence[int], observation: Observation,
    request: SegmentRequest,
) -> list[Seen]:
    """What the model found, by frame; the frame of a prompt is left out where nobody asked it."""
    rows = [(row, index) for row, index in enumerate(task.frames) if index in asked]
    found = []
    for number, prompt in enumerate(masks.prompt_of.tolist()):
        packed = {index: masks.packed[row][number] for row, index in rows
                  if masks.scores[row, number] > 0 and masks.packed[row][number].any()}
        if packed or request.mode != 'text':
            scores = {index: float(masks.scores[row, number]) for row, index in rows
                      if index in packed}
            camera = '' if request.image is not None else observation.frames[task.frames[0]].camera
            if len(packed) == 1 and request.image is None:
                camera = observation.frames[next(iter(packed))].camera
            found.append(Seen(prompt, (camera,), packed, scores))
    return found


def _surest(found: Sequence[Seen]) -> tuple[list[Seen], list[str]]:
    """At most `MAX_OBJECTS`, by prompt, of each prompt the surest first."""
    best = sorted(found, key=lambda thing: -thing.score)
    notes = []
    if len(best) > MAX_OBJECTS:
        notes.append(
            f'{len(best)} objects were found; the {MAX_OBJECTS} with the highest scores are given.')
    return sorted(best[:MAX_OBJECTS], key=lambda thing: thing.prompt), notes


def _missed(
    request: SegmentRequest, found: Sequence[Seen], presence: Mapping[int, np.ndarray],
    threshold: float,
) -> list[str]:
    """A note for each prompt that nothing fits."""
    hit = {thing.prompt for thing in found if thing.packed}
    if request.mode == 'points':
        return [] if hit else ['Nothing is seen at the points.']
    if request.mode == 'box':
        boxes = request.boxes if request.boxes is not None else ()
        return [f'Nothing is seen in box {number}.' for number in range(len(boxes))
                if number not in hit]
    notes = []
    for number, prompt in enumerate(request.prompts):
        if number not in hit:
            sure = max((float(row[number]) for row in presence.values()), default=None)
            told = '' if sure is None else f'; that it is in view at all is {sure:.0%} sure'
            notes.append(f'"{prompt}": nothing scores {threshold:g} or more{told}.')
    return notes


def _assemble(
    request: SegmentRequest, found: Sequence[Seen], images: Mapping[int, np.ndarray],
    notes: tuple[str, ...], presence: np.ndarray | None,
) -> Segmentation:
    masks = {}
    scores = np.zeros((len(images), len(found)), dtype=np.float32)
    for row, (index, image) in enumerate(images.items()):
        masks[index] = np.zeros((len(found), *image.shape[:2]), dtype=bool)
        for column, thing in enumerate(found):
            if index in thing.packed:
                masks[index][column] = thing.mask(index, image.shape[1])
                scores[row, column] = thing.scores[index]
    labels = tuple(_label(request, thing.prompt) for thing in found)
    return Segmentation(masks, labels, scores, notes, presence)


def _table(presence: Mapping[int, np.ndarray], asked: Sequence[int]) -> np.ndarray | None:
    if any(index not in presence for index in asked):
        return None
    return np.stack([presence[index] for index in asked]).astype(np.float32)


def _label(request: SegmentRequest, prompt: int) -> str:
    if request.labels:
        return request.labels[prompt] if len(request.labels) > 1 else request.labels[0]
    return request.prompts[prompt] if request.mode == 'text' else 'object'


def _list(indices: Sequence[int]) -> str:
    return ', '.join(map(str, indices))
