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


"""`InputImages` and its frames."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from analytic_scene import make_scene
from PIL import Image, ImageDraw

from spatialclaw_ros.errors import FrameMismatchError
from spatialclaw_ros.workspace.frames import InputImages


@pytest.fixture(scope='module')
def images() -> InputImages:
    return InputImages.of(make_scene(cameras=('left', 'right')).observation)


def test_a_frame_is_a_pil_image_that_copies_nothing(images: InputImages) -> None:
    frame = images[2]
    assert isinstance(frame, Image.Image)
    assert (frame.width, frame.height, frame.size, frame.mode) == (320, 240, (320, 240), 'RGB')
    assert np.shares_memory(np.asarray(frame), frame.array)
    assert not np.asarray(frame).flags.writeable
    with pytest.raises(ValueError, match='read-only'):
        frame.array[0, 0] = 0


def test_pil_operations_see_the_pixels(images: InputImages) -> None:
    frame = images[1]
    assert np.array_equal(np.asarray(frame.crop((10, 20, 60, 70))), frame.array[20:70, 10:60])
    assert frame.getpixel((7, 9)) == tuple(frame.array[9, 7])
    assert frame.resize((32, 24)).size == (32, 24)
    assert frame.convert('L').mode == 'L'
    assert np.array_equal(np.array(frame.copy()), frame.array)
    assert np.array_equal(np.array(copy.deepcopy([frame])[0]), frame.array)


def test_drawing_on_a_frame_leaves_its_array(images: InputImages) -> None:
    frame = InputImages.of(make_scene().observation)[0]
    before = frame.array.copy()
    copied = frame.copy()
    ImageDraw.Draw(copied).rectangle((0, 0, 9, 9), fill=(1, 2, 3))
    assert np.array_equal(np.asarray(frame), before)
    ImageDraw.Draw(frame).rectangle((0, 0, 9, 9), fill=(1, 2, 3))
    assert frame.drawn_on
    assert np.array_equal(frame.array, before)
    assert tuple(np.asarray(frame)[0, 0]) == (1, 2, 3)


def test_slices_keep_type_and_absolute_indices(images: InputImages) -> None:
    assert images.frame_indices == [0, 1, 2, 3]
    part = images[1:3]
    assert isinstance(part, InputImages)
    assert part.frame_indices == [1, 2]
    assert part[0].frame_index == 1
    assert images[[0, 3]].frame_indices == [0, 3]
    assert images[-1].frame_index == 3
    assert [frame.frame_index for frame in images.camera('right')] == [1, 3]
    assert images.at(2).stamp_s == pytest.approx(5.2)
    assert images[3].frame_id == 'right_optical'
    assert images.frame_indices.index(2) == 2


@pytest.mark.parametrize(('use', 'error', 'message'), [
    (lambda i: i.camera('rigth'), ValueError, "did you mean 'right'"),
    (lambda i: i[4], IndexError, r'image 4 is not in 0..3'),
    (lambda i: i['front'], TypeError, 'number, a slice or a list'),
    (lambda i: i[1:3].at(3), FrameMismatchError, r'frame 3 is not in \[1, 2\].*mean 2'),
])
def test_wrong_indices_teach(images: InputImages, use, error, message: str) -> None:
    with pytest.raises(error, match=message):
        use(images)
