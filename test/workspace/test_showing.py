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


"""`show` and `plt.show`."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize(('what', 'count', 'size'), [
    ('InputImages[0]', 1, (240, 320)), ('InputImages[:2]', 2, (240, 320)),
    ('[InputImages[0], InputImages[1].crop((0, 0, 30, 20))]', 2, (240, 320)),
    ('np.zeros((5, 7, 3), np.uint8)', 1, (5, 7)), ('np.zeros((5, 7, 4), np.uint8)', 1, (5, 7)),
    ('np.zeros((5, 7))', 1, (5, 7)), ('np.full((5, 7), np.nan)', 1, (5, 7)),
    ('np.random.rand(5, 7, 3)', 1, (5, 7)), ('np.zeros((5, 7), bool)', 1, (5, 7)),
    ('np.ones((2, 5, 7), bool)', 1, (5, 7)), ('np.zeros((5, 7), np.uint16)', 1, (5, 7)),
    ('np.zeros((3, 5, 7, 3), np.uint8)', 3, (5, 7)),
    ('tools.SAM3.segment_video_by_text("table")', 4, (240, 320)),
    ('[tools.SAM3(InputImages[0], "table"), InputImages[1]]', 2, (240, 320)),
    ('tools.Reconstruct().depth[1]', 1, (240, 320)),
    ('plt.figure(figsize=(2, 1), dpi=50)', 1, (50, 100)),
])
def test_whatever_can_be_seen_is_shown(cell, what: str, count: int, size: tuple) -> None:
    cell.run(f'show({what}, label="here")')
    assert len(cell.shown) == count
    for shown in cell.shown:
        assert shown.array.dtype == np.uint8
        assert shown.array.ndim == 3
        assert shown.array.shape[2] == 3
        assert shown.label.startswith('here')
    assert cell.shown[0].array.shape[:2] == size


def test_pixels_and_captions(cell) -> None:
    cell.run('show(InputImages[1])')
    assert np.array_equal(cell.shown[0].array, cell.scene.observation.frames[1].image)
    assert cell.shown[0].label == 'frame 1, front'
    cell.run('show([InputImages[0], InputImages[1]], label=["a", "b"])')
    assert [shown.label for shown in cell.shown[1:]] == ['a', 'b']
    cell.run('show(np.array([[0.0, np.nan], [1.0, 2.0]]))')
    assert tuple(cell.shown[-1].array[0, 1]) == (0, 0, 0)
    assert len(np.unique(cell.shown[-1].array.reshape(-1, 3), axis=0)) == 4
    cell.run('show(np.array([[True, False]]))')
    assert cell.shown[-1].array.tolist() == [[[255] * 3, [0] * 3]]


def test_figures_are_captured_and_closed(cell) -> None:
    cell.run('plt.plot([1, 2, 3]); plt.title("up"); plt.show()\n'
             'out = plt.get_fignums()')
    assert [shown.label for shown in cell.shown] == ['up']
    assert (cell.shown[0].array < 128).any()
    assert cell.scope['out'] == []
    cell.run('plt.show()')
    assert len(cell.shown) == 1


def test_too_many_are_bounded(cell, capsys) -> None:
    cell.run('show([np.zeros((4, 4), np.uint8)] * 30)')
    assert len(cell.shown) == 8
    assert '30 pictures came' in capsys.readouterr().out


@pytest.mark.parametrize('what', ['"text"', '3', '{"a": 1}', 'np.zeros((2, 2, 2))', 'None',
                                  'np.zeros((0, 5))'])
def test_what_is_no_picture_teaches(cell, what: str) -> None:
    with pytest.raises(TypeError, match=r'picture|array|got'):
        cell.run(f'show({what})')
