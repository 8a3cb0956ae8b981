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

"""Batches of pairs of image and text: the same result whatever their size, and what stops them."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import sam3_lab
import torch

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, ModelMemoryError, PerceptionError
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob

PROMPTS = ('red mug', 'cup', 'table')


def assert_same(one: ObjectMasks, other: ObjectMasks) -> None:
    np.testing.assert_array_equal(one.prompt_of, other.prompt_of)
    np.testing.assert_allclose(one.scores, other.scores, atol=2e-5)
    assert one.presence is not None
    assert other.presence is not None
    np.testing.assert_allclose(one.presence, other.presence, atol=2e-5)
    for row in range(len(one.sizes)):
        assert (one.masks(row) != other.masks(row)).mean() < 0.001


@pytest.mark.parametrize('batch', [1, 2, 5])
def test_the_size_of_batches_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, batch: int,
) -> None:
    model = sam3_lab.shared()
    images = (*sam3_lab.noise(2), *sam3_lab.noise(1, (37, 90)))
    job: dict[str, Any] = {'prompts': PROMPTS, 'threshold': 0.02}
    whole = sam3_lab.ask(model, 'text', images, **job)
    looked, paired = [], []
    network = model._network.detector_model
    hooks = [
        network.vision_encoder.register_forward_pre_hook(
            lambda module, inputs: looked.append(len(inputs[0]))),
        network.register_forward_hook(
            lambda module, inputs, output: paired.append(len(output.pred_logits)))]
    monkeypatch.setattr(model, 'batch', batch)
    try:
        parts = sam3_lab.ask(model, 'text', images, **job)
    finally:
        for hook in hooks:
            hook.remove()
    assert len(whole.prompt_of) > 10
    assert_same(whole, parts)
    assert sum(looked) == len(images)  # once, whatever the number of texts
    assert sum(paired) == len(images) * len(PROMPTS)
    assert max(paired) <= batch


def test_an_object_is_in_one_image_and_the_surest_come_first() -> None:
    found = sam3_lab.ask(
        sam3_lab.shared(), 'text', sam3_lab.noise(2), prompts=PROMPTS, threshold=0.02)
    assert ((found.scores > 0).sum(axis=0) == 1).all()
    for row in range(2):
        seen = found.scores[row][found.scores[row] > 0]
        assert np.all(np.diff(seen) <= 1e-6)
        assert not found.masks(row)[found.scores[row] == 0].any()
    none = sam3_lab.ask(
        sam3_lab.shared(), 'text', sam3_lab.noise(2), prompts=PROMPTS, threshold=1.0)
    assert none.scores.shape == (2, 0)
    assert none.presence is not None
    assert none.presence.shape == (2, 3)


def test_a_text_longer_than_the_model_reads_is_cut_off() -> None:
    found = sam3_lab.ask(
        sam3_lab.shared(), 'text', sam3_lab.noise(1), prompts=('a mug that is red ' * 11,))
    assert found.presence is not None
    assert 0 < found.presence[0, 0] < 1


def test_half_precision_is_near() -> None:
    images = sam3_lab.noise(1)
    whole, half = (
        sam3_lab.ask(sam3_lab.shared(precision), 'text', images, prompts=('cup',), threshold=0.02)
        for precision in ('fp32', 'bf16'))
    assert whole.presence is not None
    assert half.presence is not None
    np.testing.assert_allclose(half.presence, whole.presence, atol=0.02)
    np.testing.assert_allclose(
        np.sort(half.scores[0]), np.sort(whole.scores[0]), atol=0.02)
    box: dict[str, Any] = {'boxes': np.array([[10.0, 10.0, 40.0, 40.0]])}
    one, other = (sam3_lab.ask(sam3_lab.shared(precision), 'box', sam3_lab.noise(3),
                               is_video=True, **box) for precision in ('fp32', 'bf16'))
    assert np.mean([(one.masks(row) != other.masks(row)).mean() for row in range(3)]) < 0.1


def test_a_cancelled_query_ends_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    model, deadline, calls = sam3_lab.shared(), Deadline(), [0]

    def count(module: Any, inputs: Any, output: Any) -> None:
        calls[0] += 1
        deadline.cancel()

    monkeypatch.setattr(model, 'batch', 1)
    hook = model._network.detector_model.register_forward_hook(count)
    try:
        with pytest.raises(CanceledError):
            model.segment(SegmentJob('text', sam3_lab.noise(3), prompts=PROMPTS), deadline)
    finally:
        hook.remove()
    assert calls[0] == 1


def test_out_of_memory_says_how_much_and_the_halved_batch_goes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, images = sam3_lab.shared(), sam3_lab.noise(2)
    monkeypatch.setattr(model, 'batch', 4)
    job = SegmentJob('text', images, prompts=PROMPTS, threshold=0.02)
    whole = model.segment(job, Deadline())
    kept = []

    def fail(module: Any, inputs: Any, options: Any) -> None:
        if len(options['attention_mask']) > 2:
            kept.append(torch.zeros(7, 7))
            raise torch.OutOfMemoryError(
                'CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of …')

    hook = model._network.detector_model.register_forward_pre_hook(fail, with_kwargs=True)
    try:
        with pytest.raises(ModelMemoryError) as caught:
            model.segment(job, Deadline())
        told = str(caught.value)
        assert 'sam3 on 2 images: out of memory on cpu' in told
        assert '2.0 GiB more were asked for' in told
        assert 'are free' in told
        model.batch = 2
        assert_same(model.segment(job, Deadline()), whole)
    finally:
        hook.remove()


@pytest.mark.parametrize(('mode', 'job'), [
    ('text', {'prompts': ('cup',)}), ('text', {'prompts': ('cup',), 'is_video': True}),
    ('box', {'boxes': np.array([[10.0, 10.0, 40.0, 40.0]])})])
def test_what_is_no_number_is_not_taken_for_not_seen(mode: str, job: dict[str, Any]) -> None:
    model = sam3_lab.shared()
    backbone = model._network.detector_model.vision_encoder.backbone

    def overflow(module: Any, inputs: Any, output: Any) -> None:
        output.last_hidden_state[:] = float('nan')

    hook = backbone.register_forward_hook(overflow)
    try:
        with pytest.raises(PerceptionError, match='no numbers; in fp16'):
            sam3_lab.ask(model, mode, sam3_lab.noise(2), **job)
    finally:
        hook.remove()


def test_a_quality_that_is_no_number_is_not_taken_for_not_seen() -> None:
    model = sam3_lab.shared()

    def overflow(module: Any, inputs: Any, output: Any) -> Any:
        return output[0], torch.full_like(output[1], float('nan')), *output[2:]

    hook = model._network.tracker_model.mask_decoder.register_forward_hook(overflow)
    try:
        with pytest.raises(PerceptionError, match='no numbers; in fp16'):
            sam3_lab.ask(model, 'box', sam3_lab.noise(1), boxes=np.array([[9.0, 9, 40, 40]]))
    finally:
        hook.remove()


def test_what_a_failed_call_held_is_let_go() -> None:
    model = sam3_lab.shared()

    def features() -> int:
        gc.collect()
        return sum(issubclass(type(each), torch.Tensor) and each.dim() == 4
                   and tuple(each.shape[-2:]) == (32, 32) for each in gc.get_objects())

    def fail(module: Any, inputs: Any) -> None:
        raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB.')

    job = SegmentJob('text', sam3_lab.noise(1), prompts=('cup',))
    model.segment(job, Deadline())
    before = features()
    hook = model._network.detector_model.detr_decoder.register_forward_pre_hook(fail)
    error = None
    try:
        model.segment(job, Deadline())
    except ModelMemoryError as caught:
        error = caught
    finally:
        hook.remove()
    assert error is not None
    assert features() <= before  # though the error is still held
