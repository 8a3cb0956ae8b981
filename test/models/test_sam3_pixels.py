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

"""Masks land on the pixel that they are of, whatever the shape of the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sam3_lab
import torch
from tiny_sam3 import IMAGE_SIZE, MASK_SIZE

ROWS, COLUMNS = (5, 19), (20, 29)
SIZES = [(480, 640), (217, 333), (333, 217), (32, 32), (720, 41)]
BOX: dict[str, Any] = {'boxes': np.array([[1.0, 1.0, 30.0, 30.0]])}
POINT: dict[str, Any] = {'points': np.array([[3.0, 3.0]]), 'point_labels': np.array([1])}
WAYS = [
    ('text', {'prompts': ('mug',)}, False), ('text', {'prompts': ('mug',)}, True),
    ('points', POINT, False), ('points', POINT, True), ('box', BOX, False), ('box', BOX, True)]


def inside(size: int, cells: tuple[int, int]) -> np.ndarray:
    """1 for pixels whose centre is within the cells of a side, 0 outside, 0.5 right on the edge."""
    place = (np.arange(size) + 0.5) / size * MASK_SIZE
    edge = np.abs(place[:, None] - np.array(cells)).min(axis=1) < 1e-4
    return np.where(edge, 0.5, (place > cells[0]) & (place < cells[1]))


@pytest.mark.parametrize('size', SIZES, ids=[f'{w}x{h}' for h, w in SIZES])
@pytest.mark.parametrize(('mode', 'prompt', 'is_video'), WAYS)
def test_a_rectangle_of_the_models_pixels(
    size: tuple[int, int], mode: str, prompt: dict[str, Any], is_video: bool,
) -> None:
    expected = np.outer(inside(size[0], ROWS), inside(size[1], COLUMNS))
    sure = np.isin(expected, (0, 1))
    model = sam3_lab.shared()
    images = sam3_lab.noise(2 if is_video else 1, size)
    with sam3_lab.saying(model, lambda: sam3_lab.rectangle(ROWS, COLUMNS)):
        found = sam3_lab.ask(model, mode, images, is_video=is_video, **prompt)
    assert found.sizes == (size,) * len(images)
    masks = found.masks(0)
    assert masks.shape == (1, *size)
    corners = _corners(expected == 1)
    wrong = masks[0][sure] != (expected[sure] == 1)
    # Bilinear interpolation rounds a corner of the rectangle, by less than half a cell.
    near = corners[sure]
    assert not (wrong & ~near).any()
    assert expected.sum() > 0.05 * expected.size
    assert found.scores[0, 0] > 0.2


def _corners(mask: np.ndarray) -> np.ndarray:
    """Pixels within half a cell of a corner of the rectangle."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    half = np.array(mask.shape) / MASK_SIZE / 2 + 1
    near = np.zeros(mask.shape, bool)
    for row in (rows[0], rows[-1]):
        for column in (columns[0], columns[-1]):
            near |= np.outer(np.abs(np.arange(mask.shape[0]) - row) <= half[0],
                             np.abs(np.arange(mask.shape[1]) - column) <= half[1])
    return near


@pytest.mark.parametrize(('mode', 'prompt', 'is_video'), WAYS)
@pytest.mark.parametrize('size', [(480, 640), (217, 333)])
def test_what_is_bright_in_the_image_is_in_the_mask(
    size: tuple[int, int], mode: str, prompt: dict[str, Any], is_video: bool,
) -> None:
    """A network whose masks are the brightness of what it is shown: in and out, no shift."""
    dark = np.full((*size, 3), 20, np.uint8)
    bright = dark.copy()
    top, left, bottom, right = (np.array([*size, *size]) * (0.2, 0.55, 0.6, 0.9)).astype(int)
    bright[top:bottom, left:right] = 230
    model = sam3_lab.shared()
    shown: list[np.ndarray] = []

    def look(module: Any, inputs: Any, options: Any) -> None:
        pixels = inputs[0] if inputs else options['pixel_values']
        small = torch.nn.functional.interpolate(
            pixels.mean(dim=1, keepdim=True), size=(MASK_SIZE, MASK_SIZE), mode='area')
        shown.append(small[0].numpy())

    backbone = model._network.detector_model.vision_encoder.backbone
    hook = backbone.register_forward_pre_hook(look, with_kwargs=True)
    images = (dark, bright) if is_video else (bright,)
    try:
        with sam3_lab.saying(model, lambda: shown[-1] * 10):
            found = sam3_lab.ask(model, mode, images, is_video=is_video,
                                 prompt_image=len(images) - 1, **prompt)
    finally:
        hook.remove()
    mask = found.masks(len(images) - 1)[0]
    rows, columns = np.nonzero(mask)
    # A cell that is bright by half is drawn at its middle: half a cell at each edge, no more.
    cell = np.array(size) / MASK_SIZE
    assert abs(rows.min() - top) <= 0.6 * cell[0]
    assert abs(rows.max() + 1 - bottom) <= 0.6 * cell[0]
    assert abs(columns.min() - left) <= 0.6 * cell[1]
    assert abs(columns.max() + 1 - right) <= 0.6 * cell[1]
    assert mask[top:bottom, left:right].mean() > 0.95


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_prompts_reach_the_model_where_they_were_put(precision: str) -> None:
    size, model = (217, 333), sam3_lab.shared(precision)
    told: list[np.ndarray] = []
    embedding = model._network.tracker_model.prompt_encoder.shared_embedding
    hook = embedding.register_forward_pre_hook(
        lambda module, inputs: told.append(inputs[0].double().numpy()[0, 0]))
    points = np.array([[0.0, 0.0], [332.0, 216.0], [100.0, 33.0]])
    try:
        sam3_lab.ask(model, 'points', sam3_lab.noise(1, size), points=points,
                     point_labels=np.array([1, 1, 0]))
        sam3_lab.ask(model, 'box', sam3_lab.noise(1, size), boxes=points[:2].reshape(1, 4))
    finally:
        hook.remove()
    # The model's grid counts from its corner: a pixel's centre is (x + 0.5) / W of its side.
    expected = (points + 0.5) / (size[1], size[0]) * IMAGE_SIZE
    np.testing.assert_allclose(told[0][:3], expected, atol=1e-3)
    np.testing.assert_allclose(told[1][:2], expected[:2], atol=1e-3)
    # In half precision, too, points one pixel apart are told apart.
    with torch.inference_mode():
        near = torch.tensor([[[[1000.2, 7.0]], [[1001.2, 7.0]]]], dtype=torch.float32)
        one, other = embedding(near, (1008, 1008))[0]
    assert float((one - other).abs().max()) > 0.002
