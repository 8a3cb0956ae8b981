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

"""A video's state is bounded, is kept where it is told to be, and a cancelled video ends."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import sam3_lab
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError
from spatialclaw_ros.perception.sam3 import prompted, video_text
from spatialclaw_ros.perception.sam3.state import Memory
from spatialclaw_ros.perception.segment_model import SegmentJob

SIZE = (40, 56)
TEXT: dict[str, Any] = {'prompts': ('cup',), 'threshold': 0.02}
POINT: dict[str, Any] = {'points': np.array([[20.0, 30.0]]), 'point_labels': np.array([1])}
FRAMES = 44


class Watched(Memory):
    """Counts what a session holds, after each trim or without one."""

    trims = True
    held: list[tuple[int, int, int]]
    devices: set[str]

    def trim(self, frame: int) -> None:
        if self.trims:
            super().trim(frame)
        every = [output for outputs in self._session.output_dict_per_obj.values()
                 for output in outputs['non_cond_frame_outputs'].values()]
        self.held.append((len(every), sum('maskmem_features' in output for output in every),
                          sum('high_res_masks' in output for output in every)))
        self.devices.add(str(self._session.inference_state_device))


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    Watched.held, Watched.devices = [], set()
    monkeypatch.setattr(Watched, 'trims', True)
    for module in (prompted, video_text):
        monkeypatch.setattr(module, 'Memory', Watched)
    return Watched


def test_state_does_not_grow_and_nothing_changes_by_that(
    watched: type[Watched], monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, images = sam3_lab.shared(), sam3_lab.noise(FRAMES, SIZE)
    job: dict[str, Any] = {**POINT, 'is_video': True, 'prompt_image': 20}
    trimmed = sam3_lab.ask(model, 'points', images, **job)
    counts = np.array(watched.held)
    assert counts[:, 0].max() <= 30  # 15 before the frame, 15 that the way back begins with
    assert counts[:, 1].max() <= 12
    assert counts[:, 2].max() == 0
    watched.held.clear()
    monkeypatch.setattr(Watched, 'trims', False)
    whole = sam3_lab.ask(model, 'points', images, **job)
    assert np.array(watched.held)[:, 0].max() == FRAMES - 2
    for one, other in zip(trimmed.packed, whole.packed, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(trimmed.scores, whole.scores, atol=1e-6)


def test_things_by_text_through_both_directions(
    watched: type[Watched], monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, images = sam3_lab.shared(), sam3_lab.noise(5, SIZE)
    job = {**TEXT, 'is_video': True, 'prompt_image': 3}
    trimmed = sam3_lab.ask(model, 'text', images, **job)
    assert np.array(watched.held)[:, 2].max() == 0
    monkeypatch.setattr(Watched, 'trims', False)
    whole = sam3_lab.ask(model, 'text', images, **job)
    assert (trimmed.scores > 0).any(axis=1).all()
    for one, other in zip(trimmed.packed, whole.packed, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(('batch', 'options', 'device'), [
    (8, {}, 'meta'), (4, {}, 'cpu'), (8, {'offload': True}, 'cpu')])
def test_short_of_memory_state_goes_off_the_gpu(
    watched: type[Watched], monkeypatch: pytest.MonkeyPatch, batch: int, options: dict[str, Any],
    device: str,
) -> None:
    model = sam3_lab.shared()
    monkeypatch.setattr(model, 'batch', batch)
    monkeypatch.setattr(model, '_options', model._options.__class__(**options))
    monkeypatch.setattr(model, '_device', torch.device('meta'))  # stands for a GPU
    job = SegmentJob('points', sam3_lab.noise(1, SIZE), **POINT)
    with torch.inference_mode():
        model._segment(job, Deadline())
    assert watched.devices == {device}


@pytest.mark.parametrize(('mode', 'prompt'), [('text', TEXT), ('points', POINT)])
@pytest.mark.parametrize(('after', 'seconds', 'expected'), [
    (3, 60.0, CanceledError), (0, 0.0, DeadlineExceededError)])
def test_a_cancelled_video_ends_at_the_next_frame(
    mode: str, prompt: dict[str, Any], after: int, seconds: float, expected: type[Exception],
) -> None:
    model, deadline, shown = sam3_lab.shared(), Deadline(seconds), [0]

    def count(module: Any, inputs: Any, output: Any) -> None:
        shown[0] += 1
        if shown[0] == after:
            deadline.cancel()

    backbone = model._network.detector_model.vision_encoder.backbone
    hook = backbone.register_forward_hook(count)
    started = time.monotonic()
    try:
        with pytest.raises(expected):
            model.segment(
                SegmentJob(mode, sam3_lab.noise(40, SIZE), is_video=True, **prompt), deadline)
    finally:
        hook.remove()
    assert shown[0] == after
    assert time.monotonic() - started < 60
    again = sam3_lab.ask(model, mode, sam3_lab.noise(1, SIZE), **prompt)
    assert len(again.sizes) == 1


def test_texts_that_say_the_same_are_followed_once() -> None:
    model, images = sam3_lab.shared(), sam3_lab.noise(2, SIZE)
    twice = sam3_lab.ask(model, 'text', images, prompts=('cup', 'lid', 'cup'), threshold=0.02,
                         is_video=True)
    assert set(twice.prompt_of.tolist()) <= {0, 1}
    assert twice.presence is not None
    assert twice.presence.shape == (2, 3)
    np.testing.assert_array_equal(twice.presence[:, 0], twice.presence[:, 2])
    alone = sam3_lab.ask(model, 'text', images, prompts=('lid',), threshold=0.02)
    assert alone.presence is not None
    np.testing.assert_allclose(twice.presence[:, 1], alone.presence[:, 0], atol=1e-5)


def test_most_objects_of_a_video() -> None:
    model = sam3_lab.shared()
    network = model._network
    most = network.max_num_objects
    images = sam3_lab.noise(2, SIZE)
    job: dict[str, Any] = {'prompts': ('cup', 'lid', 'jar'), 'threshold': 0.02, 'is_video': True}
    many = sam3_lab.ask(model, 'text', images, **job)
    try:
        network.max_num_objects = 2
        few = sam3_lab.ask(model, 'text', images, **job)
    finally:
        network.max_num_objects = most
    assert most == 40
    assert len(many.prompt_of) > len(few.prompt_of) == 2
