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


"""Segmentation jobs of several robots go through the model together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    PerceptionUnavailableError,
    SpatialClawError,
)
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.prediction import DepthModel
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.perception.served.config import Batching
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

MOST_WASTE = 2.0
"""A joint job has each text on each image: at most so many times the pairs that were asked for."""

_POLL_S = 0.02


class JoinedModels:
    """`models.Models` whose segmentation joins jobs; closing it closes them.

    Args:
        models: whose jobs are joined.
        batching: how many.
    """

    def __init__(self, models: Models, batching: Batching) -> None:
        self._models = models
        self._joined = None if models.masks is None else JoinedMasks(models.masks, batching)
        self.depth: DepthModel | None = models.depth
        self.masks: SegmentModel | None = self._joined

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """How the models are."""
        return self._models.status()

    def close(self) -> None:
        """Cancel what runs and unload."""
        if self._joined is not None:
            self._joined.close()
        self._models.close()


class JoinedMasks:
    """A segmentation model whose text jobs wait for each other; see `segment_model.SegmentModel`.

    While the model works, jobs gather. One that fails together with others is tried again alone, so
    that nobody bears what another one asked for.

    Args:
        model: called from one thread for all that can be joined, from the callers' for the rest.
        batching: how many.
    """

    def __init__(self, model: SegmentModel, batching: Batching) -> None:
        self.name, self.max_views = model.name, model.max_views
        self._model, self._batching = model, batching
        self._changed = threading.Condition()
        self._waiting: deque[_Member] = deque()
        self._running: Deadline | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name='perception_join', daemon=True)
        self._thread.start()

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """Segment, together with what else waits."""
        if self._batching.batch == 1 or not can_join(job):
            return self._model.segment(job, deadline)
        member = _Member(job, deadline)
        with self._changed:
            if self._closed:
                raise CanceledError('the server was stopped before segmentation')
            self._waiting.append(member)
            self._changed.notify()
        try:
            while not member.done.wait(_POLL_S):
                deadline.check('segmentation')
        except SpatialClawError:
            with self._changed:
                if member in self._waiting:
                    self._waiting.remove(member)
            member.leave()
            raise
        if member.error is not None:
            raise member.error
        assert member.found is not None
        return member.found

    def close(self) -> None:
        """Cancel what waits and runs, and end the thread."""
        with self._changed:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
            if self._running is not None:
                self._running.cancel()
            self._changed.notify()
        for member in waiting:
            member.end(CanceledError('the server was stopped before segmentation'))
        self._thread.join()

    def _run(self) -> None:
        while members := self._next():
            if len(members) == 1:
                self._alone(members[0])
                continue
            try:
                found = self._model.segment(
                    join([member.job for member in members]), self._started(_Joint(members)))
                parts = split([member.job for member in members], found)
            except (PerceptionUnavailableError, CanceledError) as error:
                for member in members:
                    member.end(error)
            except Exception:  # whatever it is, one of them may have brought it
                for member in members:
                    self._alone(member)
            else:
                for member, part in zip(members, parts):
                    member.end(part)

    def _alone(self, member: _Member) -> None:
        try:
            found = self._model.segment(member.job, self._started(_Joint([member])))
            member.end(found)
        except Exception as error:  # outermost edge of the thread; raised again by the caller
            member.end(error)

    def _started(self, joint: _Joint) -> Deadline:
        deadline = joint.start()
        with self._changed:
            self._running = deadline
            if self._closed:
                deadline.cancel()
        deadline.check('segmentation')
        return deadline

    def _next(self) -> list[_Member]:
        """Those that go through the model next; none when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            end_s = time.monotonic() + self._batching.batch_wait_s
            while not self._closed:
                members = self._fitting()
                left_s = end_s - time.monotonic()
                if left_s <= 0 or _pairs([member.job for member in members]) >= self._limit:
                    for member in members:
                        self._waiting.remove(member)
                    return members
                self._changed.wait(left_s)
            return []

    @property
    def _limit(self) -> int:
        return self._batching.batch

    def _fitting(self) -> list[_Member]:
        """The first that waits, and later ones that fit to it, in their order."""
        chosen: list[_Member] = []
        for member in self._waiting:
            jobs = [*(each.job for each in chosen), member.job]
            if not chosen or (
                    member.job.threshold == chosen[0].job.threshold
                    and _pairs(jobs) <= self._limit
                    and _pairs(jobs) <= MOST_WASTE * sum(_pairs([job]) for job in jobs)
                    and sum(len(job.images) for job in jobs) <= self.max_views):
                chosen.append(member)
        return chosen


class _Member:
    def __init__(self, job: SegmentJob, deadline: Deadline) -> None:
        self.job, self.deadline = job, deadline
        self.done = threading.Event()
        self.found: ObjectMasks | None = None
        self.error: Exception | None = None
        self.left = False
        self.joint: _Joint | None = None

    def end(self, outcome: ObjectMasks | Exception) -> None:
        if isinstance(outcome, Exception):
            self.error = outcome
        else:
            self.found = outcome
        self.done.set()

    def leave(self) -> None:
        self.left = True
        if self.joint is not None:
            self.joint.look()


class _Joint:
    """Jobs under way together: cancelled when nobody waits any more."""

    def __init__(self, members: list[_Member]) -> None:
        self._members = members
        self._deadline = Deadline(max(member.deadline.remaining_s for member in members))

    def start(self) -> Deadline:
        for member in self._members:
            member.joint = self
        self.look()
        return self._deadline

    def look(self) -> None:
        if all(member.left for member in self._members):
            self._deadline.cancel()


def can_join(job: SegmentJob) -> bool:
    """Whether a job may go through the model with others: texts on images, each one once."""
    return job.mode == 'text' and not job.is_video and len(set(job.prompts)) == len(job.prompts)


def join(jobs: Sequence[SegmentJob]) -> SegmentJob:
    """One job of all images and all texts; `jobs` have one threshold."""
    return SegmentJob(
        'text', tuple(image for job in jobs for image in job.images), _texts(jobs),
        threshold=jobs[0].threshold)


def split(jobs: Sequence[SegmentJob], found: ObjectMasks) -> list[ObjectMasks]:
    """What each of the jobs would have got alone, in the order of images, then of its texts.

    Args:
        jobs: as given to `join`.
        found: of the joint job; an object is seen in one image alone.
    """
    texts = _texts(jobs)
    home = found.scores.argmax(axis=0) if found.scores.size else np.zeros(0, np.int64)
    shown = found.scores.max(axis=0, initial=0.0) > 0
    parts, start = [], 0
    for job in jobs:
        end = start + len(job.images)
        columns = np.array([texts.index(text) for text in job.prompts])
        position_of = np.full(len(texts), -1)
        position_of[columns] = np.arange(len(columns))
        mine = np.flatnonzero(
            (home >= start) & (home < end) & shown & (position_of[found.prompt_of] >= 0))
        mine = mine[np.lexsort((position_of[found.prompt_of[mine]], home[mine]))]
        presence = None if found.presence is None else found.presence[start:end][:, columns]
        parts.append(ObjectMasks(
            tuple(packed[mine] for packed in found.packed[start:end]), found.sizes[start:end],
            found.scores[start:end][:, mine], position_of[found.prompt_of[mine]], presence))
        start = end
    return parts


def _texts(jobs: Sequence[SegmentJob]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for job in jobs for text in job.prompts))


def _pairs(jobs: Sequence[SegmentJob]) -> int:
    return sum(len(job.images) for job in jobs) * len(_texts(jobs))
