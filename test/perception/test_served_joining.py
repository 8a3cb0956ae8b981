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


"""Jobs that go through the segmentation model together, and what each of them gets."""

from __future__ import annotations

import threading
import time
from typing import Any

import lab_models
import numpy as np
import pytest

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionError,
    SpatialClawError,
)
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.served.config import Batching
from spatialclaw_ros.perception.served.joining import JoinedMasks, can_join, join, split

COLOURS = ('red', 'green', 'blue')


def image_of(*names: str) -> np.ndarray:
    """Stripes of colours, 10 rows each."""
    image = np.zeros((40, 30, 3), np.uint8)
    for at, name in enumerate(names):
        image[10 * at:10 * at + 10] = lab_models.COLOURS[name]
    return image


def job(names: tuple[str, ...], prompts: tuple[str, ...], **fields: Any) -> SegmentJob:
    return SegmentJob('text', (image_of(*names), image_of(*names[::-1])), prompts, **fields)


def lab(**options: Any) -> Any:
    return lab_models.masks(
        ModelConfig(model='lab_models:masks', options=options), lambda share, what: None)


def same(found: ObjectMasks, wanted: ObjectMasks) -> None:
    """Both are equal to the bit."""
    assert found.sizes == wanted.sizes
    for one, other in zip(found.packed, wanted.packed):
        np.testing.assert_array_equal(one, other)
    for name in ('scores', 'prompt_of', 'presence'):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


JOBS = [
    job(('red', 'green'), ('red',)), job(('green', 'blue'), ('blue', 'green')),
    job(('red',), ('blue',)), job(('blue', 'red', 'green'), ('green', 'red', 'no colour'))]


def test_each_job_gets_what_it_would_have_got_alone() -> None:
    model = lab()
    joint = join(JOBS)
    assert len(joint.images) == 8
    assert joint.prompts == ('red', 'blue', 'green', 'no colour')
    for part, alone in zip(split(JOBS, model.segment(joint, Deadline())), JOBS):
        same(part, model.segment(alone, Deadline()))
    model.close()


@pytest.mark.parametrize(('given', 'wanted'), [
    (job(('red',), ('red',)), True),
    (job(('red',), ('red', 'red')), False),
    (job(('red',), ('red',), is_video=True), False),
    (SegmentJob('box', (image_of('red'),), boxes=np.array([[0.0, 0, 5, 5]])), False),
])
def test_only_texts_on_images_are_joined(given: SegmentJob, wanted: bool) -> None:
    assert can_join(given) is wanted


def run_all(masks: JoinedMasks, jobs: list[SegmentJob], timeout_s: float = 10.0) -> list[Any]:
    """What each of the jobs, given at the same time, gets or raises."""
    results: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        try:
            results[at] = masks.segment(jobs[at], Deadline(timeout_s))
        except (SpatialClawError, ValueError) as error:
            results[at] = error
    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def passes() -> list[int]:
    """Batch sizes of the passes of the model so far."""
    return [int(each[2]) for each in lab_models.EVENTS if each[0] == 'call']


@pytest.mark.parametrize(('batching', 'most'), [
    (Batching(batch=64, batch_wait_s=0.2), 2), (Batching(batch=4, batch_wait_s=0.2), 4),
    (Batching(batch=1), 6)])
def test_jobs_that_wait_go_together(batching: Batching, most: int) -> None:
    model = lab()
    masks = JoinedMasks(model, batching)
    jobs = [job(('red', 'blue'), (('red', 'blue')[at % 2],)) for at in range(6)]
    lab_models.EVENTS.clear()
    found = run_all(masks, jobs)
    counted = passes()
    masks.close()
    for part, alone in zip(found, jobs):
        same(part, model.segment(alone, Deadline()))
    assert len(counted) <= most
    if batching.batch > 1:
        assert max(counted) > 2
    model.close()


def test_different_thresholds_do_not_mix() -> None:
    model = lab()
    masks = JoinedMasks(model, Batching(batch=64, batch_wait_s=0.1))
    lab_models.EVENTS.clear()
    run_all(masks, [job(('red',), ('red',), threshold=at / 10) for at in (4, 5, 5)])
    assert sorted(passes()) == [2, 4]
    masks.close()
    model.close()


class Picky:
    """Fails on more than two images, and on black ones."""

    name, max_views = 'picky', 32

    def __init__(self, error: Exception) -> None:
        self.model, self.error = lab(), error

    def segment(self, given: SegmentJob, deadline: Deadline) -> ObjectMasks:
        if len(given.images) > 2 or not given.images[0].any():
            raise self.error
        found: ObjectMasks = self.model.segment(given, deadline)
        return found


@pytest.mark.parametrize('error', [
    PerceptionError('the model failed'), ValueError('nobody foresaw it')])
def test_nobody_bears_what_another_one_asked_for(error: Exception) -> None:
    masks = JoinedMasks(Picky(error), Batching(batch=64, batch_wait_s=0.1))
    black = SegmentJob('text', (np.zeros((8, 8, 3), np.uint8),), ('red',))
    good, bad = run_all(masks, [job(('red',), ('red',)), black])
    masks.close()
    assert isinstance(good, ObjectMasks)
    assert bad is error


def test_who_goes_away_leaves_the_others_their_result() -> None:
    model = lab(call_s=0.5)
    masks = JoinedMasks(model, Batching(batch=64, batch_wait_s=0.05))
    outcome: list[Any] = []
    patient = threading.Thread(
        target=lambda: outcome.append(masks.segment(job(('red',), ('red',)), Deadline(10.0))))
    patient.start()
    with pytest.raises(DeadlineExceededError):
        masks.segment(job(('red',), ('red',)), Deadline(0.2))
    patient.join()
    assert isinstance(outcome[0], ObjectMasks)
    masks.close()
    model.close()


def test_when_all_went_away_the_model_is_told() -> None:
    model = lab(call_s=30.0)
    masks = JoinedMasks(model, Batching(batch=64, batch_wait_s=0.05))
    found = run_all(masks, [job(('red',), ('red',))] * 2, 0.3)
    assert all(isinstance(each, DeadlineExceededError) for each in found)
    began_s = time.monotonic()
    masks.close()
    assert time.monotonic() - began_s < 20.0
    model.close()


def test_closing_cancels_what_runs_and_waits() -> None:
    model = lab(call_s=30.0)
    masks = JoinedMasks(model, Batching(batch=2, batch_wait_s=0.0))
    closing = threading.Timer(0.3, masks.close)
    closing.start()
    found = run_all(masks, [job(('red',), ('red',))] * 3, 20.0)
    closing.join()
    assert all(isinstance(each, CanceledError) for each in found)
    with pytest.raises(CanceledError):
        masks.segment(job(('red',), ('red',)), Deadline())
    model.close()
