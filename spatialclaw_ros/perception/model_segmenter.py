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

from collections import Counter
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
    """A job, and of each of its images the frame that it is and the camera that took it."""

    frames: tuple[int, ...]
    sources: tuple[str, ...]
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
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or (
                not 0 < threshold < 1):
            raise PerceptionError(
                f'threshold, the least score of an object, must be a number between 0 and 1, '
                f'got {threshold!r}')
        self._model = model
        self._threshold = float(threshold)
        self.name = model.name

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Segment; see `protocols.Segmenter`."""
        if request.only_presence:
            return self._present(observation, request, deadline)
        asked = request.frame_indices
        images = {index: observation.frames[index].image for index in asked}
        if request.image is not None:
            asked, images = (0,), {0: request.image}
        tasks, notes = self._tasks(observation, request)
        found: list[Seen] = []
        presence: dict[int, np.ndarray] = {}
        for task in tasks:
            masks = self._ask(task, deadline)
            found += _seen(task, masks, asked)
            if masks.presence is not None:
                presence.update(zip(task.frames, masks.presence))
        if request.image is None and request.mode == 'text':
            found, remarks = link(found, observation.frames, deadline)
            notes += remarks
        found, remarks = _surest(found)
        notes += remarks
        notes += _missed(request, found, presence, self._threshold)
        return _assemble(
            request, found, images, tuple(dict.fromkeys(notes)), _table(presence, asked))

    def _present(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Whether frames show what texts name: no frame is followed, no mask is made."""
        frames, images = request.frame_indices, [
            observation.frames[index].image for index in request.frame_indices]
        if request.image is not None:
            frames, images = (0,), [request.image]
        presence, scores = [], []
        size = max(1, self._model.max_views)
        for start in range(0, len(frames), size):
            # A threshold that no score exceeds: masks of many images are a burden to move.
            part = frames[start:start + size]
            job = self._job(request, images[start:start + size], 0, False, 1.0)
            masks = self._ask(_Task(part, ('',) * len(part), job), deadline)
            if masks.presence is not None:
                presence.append(masks.presence)
                continue
            for index, image in zip(part, job.images):  # a model that judges objects alone
                job = self._job(request, [image], 0, False)
                told = self._ask(_Task((index,), ('',), job), deadline)
                scores.append(told.scores.max(initial=0.0))
        table = np.concatenate(presence).astype(np.float32) if presence else None
        best = np.array(scores, np.float32).reshape(len(scores), 1)
        return Segmentation({}, request.prompts[:1] if scores else (), best, (), table)

    def _tasks(
        self, observation: Observation, request: SegmentRequest,
    ) -> tuple[list[_Task], list[str]]:
        """Jobs: one for each camera (and size) with several frames, one for all single frames."""
        if request.image is not None:
            return [_Task((0,), ('',), self._job(request, [request.image], 0, False))], []
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
            return [self._video(request, group, group[0].camera)], notes
        cameras = Counter(camera for camera, _ in groups)
        named = {
            (camera if cameras[camera] == 1 else f'{camera} {shape[1]}x{shape[0]}'): group
            for (camera, shape), group in groups.items()}
        tasks = [self._video(request, group, source)
                 for source, group in named.items() if len(group) > 1]
        return tasks + self._singles(
            request, {source: group[0] for source, group in named.items() if len(group) == 1}), []

    def _video(self, request: SegmentRequest, frames: Sequence[Frame], source: str) -> _Task:
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
        return _Task(indices, (source,) * len(frames), job)

    def _singles(self, request: SegmentRequest, frames: Mapping[str, Frame]) -> list[_Task]:
        size = max(1, self._model.max_views)
        every = list(frames.items())
        parts = [every[start:start + size] for start in range(0, len(every), size)]
        return [
            _Task(tuple(frame.index for _, frame in part), tuple(source for source, _ in part),
                  self._job(request, [frame.image for _, frame in part], 0, False))
            for part in parts]

    def _job(
        self, request: SegmentRequest, images: Sequence[np.ndarray], position: int, video: bool,
        threshold: float | None = None,
    ) -> SegmentJob:
        return SegmentJob(
            mode=request.mode, images=tuple(images), prompts=request.prompts,
            points=request.points, point_labels=request.point_labels, boxes=request.boxes,
            prompt_image=position, is_video=video,
            threshold=self._threshold if threshold is None else threshold)

    def _ask(self, task: _Task, deadline: Deadline) -> ObjectMasks:
        deadline.check(f'{self.name} on {len(task.frames)} frames')
        masks = self._model.segment(task.job, deadline)
        deadline.check(f'{self.name} on {len(task.frames)} frames')
        sizes = tuple(image.shape[:2] for image in task.job.images)
        if masks.sizes != sizes:
            raise PerceptionError(
                f'{self.name} gave masks of the sizes {masks.sizes} for images of {sizes}')
        return masks


def _seen(task: _Task, masks: ObjectMasks, asked: Sequence[int]) -> list[Seen]:
    """What the model found, by frame; the frame of a prompt is left out where nobody asked it."""
    found = []
    for number, prompt in enumerate(masks.prompt_of.tolist()):
        rows = [row for row, index in enumerate(task.frames)
                if index in asked and masks.scores[row, number] > 0
                and masks.packed[row][number].any()]
        if rows or task.job.mode != 'text':
            found.append(Seen(
                prompt, tuple(dict.fromkeys(task.sources[row] for row in rows)),
                {task.frames[row]: masks.packed[row][number] for row in rows},
                {task.frames[row]: float(masks.scores[row, number]) for row in rows}))
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
