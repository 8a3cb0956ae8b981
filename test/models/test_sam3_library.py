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

"""Our way through one set of weights gives what the library's own models and processors give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sam3_lab
import torch
from PIL import Image
from transformers import (
    Sam3Model,
    Sam3Processor,
    Sam3TrackerVideoModel,
    Sam3TrackerVideoProcessor,
    Sam3VideoModel,
    Sam3VideoProcessor,
)

from spatialclaw_ros.perception.sam3.cv_kernels import use_own_kernels

BOXES = np.array([[10.0, 12.0, 40.0, 30.0], [30.0, 5.0, 60.0, 44.0]])


def read(kind: Any) -> Any:
    """A model of the library, from the same folder."""
    return kind.from_pretrained(sam3_lab.folder(), local_files_only=True).eval()


def video_processor() -> Any:
    return Sam3VideoProcessor.from_pretrained(sam3_lab.folder(), local_files_only=True)


def differing(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of pixels that differ."""
    assert ours.shape == theirs.shape
    return float((ours != theirs).mean())


def test_texts_on_images() -> None:
    images = (*sam3_lab.noise(1, (48, 64)), *sam3_lab.noise(1, (75, 33), seed=1))
    prompts, threshold = ('red mug', 'table'), 0.2
    ours = sam3_lab.ask(sam3_lab.shared(), 'text', images, prompts=prompts, threshold=threshold)
    model, made = read(Sam3Model), video_processor()
    processor = Sam3Processor(image_processor=made.image_processor, tokenizer=made.tokenizer)
    total = 0
    for row, image in enumerate(images):
        for number, prompt in enumerate(prompts):
            inputs = processor(images=Image.fromarray(image), text=prompt, return_tensors='pt')
            with torch.inference_mode():
                output = model(**inputs)
            (theirs,) = processor.post_process_instance_segmentation(
                output, threshold=threshold, target_sizes=[image.shape[:2]])
            assert ours.presence is not None
            assert ours.presence[row, number] == pytest.approx(
                float(output.presence_logits.sigmoid()), abs=1e-5)
            mine = np.flatnonzero((ours.prompt_of == number) & (ours.scores[row] > 0))
            best = theirs['scores'].argsort(descending=True).numpy()
            best = best[[bool(theirs['masks'][each].any()) for each in best]]
            np.testing.assert_allclose(
                np.sort(ours.scores[row, mine])[::-1], theirs['scores'][best], atol=1e-5)
            mine = mine[np.argsort(-ours.scores[row, mine], kind='stable')]
            # They interpolate probabilities, we logits, as the video models do.
            assert differing(
                ours.masks(row)[mine], theirs['masks'][best].numpy().astype(bool)) < 0.02
            total += len(mine)
    assert total == len(ours.prompt_of) > 4


@pytest.mark.parametrize('start', [0, 2])
def test_texts_in_a_video(start: int) -> None:
    images, prompts = sam3_lab.noise(4), ('cup',)
    ours = sam3_lab.ask(
        sam3_lab.shared(), 'text', images, prompts=prompts, threshold=0.02, is_video=True,
        prompt_image=start)
    use_own_kernels()
    model, processor = read(Sam3VideoModel), video_processor()
    model.score_threshold_detection = 0.02
    # A new object must be surer by as much as in the library's own configuration.
    model.new_det_thresh += 0.02 - model.config.score_threshold_detection
    session = processor.init_video_session(video=np.stack(images))
    processor.add_text_prompt(session, list(prompts))
    passes = [model.propagate_in_video_iterator(session, start_frame_idx=start)]
    if start:
        passes.append(model.propagate_in_video_iterator(
            session, start_frame_idx=start, reverse=True))
    rows = []
    for output in (output for each in passes for output in each):
        found = processor.postprocess_outputs(session, output)
        row = output.frame_idx
        shown = ours.masks(row)[ours.scores[row] > 0]
        visible = found['masks'].numpy().any(axis=(1, 2))
        assert visible.any()
        assert differing(shown, found['masks'].numpy()[visible]) < 0.001
        best = found['scores'].numpy()[visible]
        assert np.all(ours.scores[row][ours.scores[row] > 0] <= best + 1e-5)
        rows.append(row)
    assert sorted(rows) == [0, 1, 2, 3]
    born = ours.scores[start][ours.scores[start] > 0]
    assert born.max() > 0.22
    assert ours.presence is not None
    assert ours.presence.shape == (4, 1)
    assert (ours.presence > 0).all()


@pytest.mark.parametrize('mode', ['points', 'box'])
def test_points_and_boxes_in_a_video(mode: str) -> None:
    images, start = sam3_lab.noise(5), 2
    prompt: dict[str, Any] = {'boxes': BOXES}
    if mode == 'points':
        prompt = {'points': np.array([[20.0, 30.0], [5.0, 5.0]]), 'point_labels': np.array([1, 0])}
    ours = sam3_lab.ask(
        sam3_lab.shared(), mode, images, is_video=True, prompt_image=start, **prompt)
    model, made = read(Sam3TrackerVideoModel), video_processor()
    processor = Sam3TrackerVideoProcessor(
        image_processor=made.image_processor, video_processor=made.video_processor)
    session = processor.init_video_session(video=np.stack(images))
    half = 0.5 - 0.5 * np.array([64, 48]) / 112
    if mode == 'points':
        inputs = {'input_points': [[(prompt['points'] + half).tolist()]],
                  'input_labels': [[prompt['point_labels'].tolist()]]}
    else:
        inputs = {'input_boxes': [(BOXES + np.tile(half, 2)).tolist()]}
    processor.add_inputs_to_inference_session(
        session, start, list(range(len(ours.prompt_of))), **inputs)
    shown = 0
    for reverse in (False, True):
        for output in model.propagate_in_video_iterator(
                session, start_frame_idx=start, reverse=reverse):
            (theirs,) = processor.post_process_masks(
                [output.pred_masks], original_sizes=[[48, 64]])
            row = output.frame_idx
            assert differing(ours.masks(row), theirs[:, 0].numpy()) < 0.001
            seen = output.object_score_logits.sigmoid().reshape(-1).numpy()
            assert np.all(ours.scores[row] <= seen + 1e-5)
            shown += int(theirs.any())
    assert shown == 6  # the frame of the prompt is given by both
