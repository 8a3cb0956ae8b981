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

"""Words to what is looked for, and colours to names."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.perception import colour
from spatialclaw_ros.perception.prompt_parser import parse


@pytest.mark.parametrize(('text', 'expected'), [
    ('purple magazine on the table', {'colours': ('purple',), 'shape': 'sheet',
                                      'support': 'table', 'surface': None, 'noun': 'magazine'}),
    ('red game controller on the table', {'colours': ('red',), 'shape': None, 'support': 'table',
                                          'noun': 'controller'}),
    ('gray box', {'colours': ('gray',), 'shape': 'box', 'support': None}),
    ('table', {'surface': 'table'}), ('table top', {'surface': 'table'}),
    ('tabletop', {'surface': 'table'}), ('the edge of the table', {'surface': 'table'}),
    ('table edge', {'surface': 'table'}), ('floor', {'surface': 'floor'}),
    ('wooden table', {'surface': 'table', 'colours': ('wood',)}),
    ('desk lamp', {'surface': None, 'noun': 'lamp'}),
    ('mugs', {'shape': 'mug', 'plural': True}), ('objects', {'generic': True, 'plural': True}),
    ('boxes', {'shape': 'box', 'plural': True}), ('glass', {'shape': 'mug', 'plural': False}),
    ('things on the shelves', {'support': 'shelf', 'plural': True, 'generic': True}),
    ('leftmost red mug', {'rank': 'left', 'colours': ('red',)}),
    ('largest blue box', {'rank': 'largest'}), ('small green ball', {'size': 'small'}),
    ('orange', {'colours': ('orange',), 'shape': 'ball'}),
    ('orange ball', {'colours': ('orange',), 'shape': 'ball', 'noun': 'ball'}),
    ('red or blue cup', {'colours': ('red', 'blue'), 'shape': 'mug'}),
    ('violet BOOK', {'colours': ('purple',), 'shape': 'slab'}),
    ('mug next to the red box', {'colours': (), 'shape': 'mug'}),
    ('☕🙂', {'tellable': False, 'colours': ()}), ('on the table', {'support': 'table'}),
    ('paper', {'noun': 'paper', 'shape': 'sheet'}), ('paper cup', {'noun': 'cup'}),
])
def test_parse(text: str, expected: dict) -> None:
    query = parse(text)
    assert {name: getattr(query, name) for name in expected} == expected


@pytest.mark.parametrize(('text', 'tellable'), [
    ('banana', False), ('game controller', False), ('the light', False), ('apple', False),
    ('person', False), ('phones on the table', False), ('small banana', False),
    ('tasse à café', False), ('', False),
    ('yellow banana', True), ('red game controller', True), ('gray box', True),
    ('objects on the table', True), ('anything', True), ('largest thing', True), ('orange', True),
    ('box', True), ('coffee mug', True), ('bottles', True), ('ball', True), ('book', True),
    ('plate', True), ('table', True), ('edge of the desk', True), ('floor', True), ('wall', True),
])
def test_what_can_be_told_without_learned_weights(text: str, tellable: bool) -> None:
    assert parse(text).tellable is tellable


@pytest.mark.parametrize(('name', 'rgb'), [
    ('red', (200, 30, 30)), ('red', (110, 10, 20)), ('red', (160, 70, 70)),
    ('orange', (240, 130, 30)), ('orange', (150, 65, 10)), ('brown', (110, 70, 45)),
    ('yellow', (230, 200, 40)), ('green', (40, 160, 60)), ('green', (20, 70, 30)),
    ('cyan', (0, 150, 150)), ('blue', (30, 60, 200)), ('blue', (0, 0, 255)), ('blue', (0, 0, 90)),
    ('purple', (110, 70, 120)), ('purple', (128, 0, 128)), ('pink', (240, 160, 180)),
    ('pink', (255, 0, 200)), ('beige', (225, 205, 170)), ('white', (236, 236, 232)),
    ('gray', (150, 155, 160)), ('black', (25, 25, 25)), ('wood', (190, 150, 110)),
])
def test_colour_has_its_name(name: str, rgb: tuple[int, int, int]) -> None:
    assert colour.membership(np.array([rgb], np.uint8), name)[0] > 0.6


@pytest.mark.parametrize(('name', 'rgb'), [
    ('blue', (128, 0, 128)), ('purple', (0, 0, 255)), ('red', (240, 130, 30)),
    ('red', (190, 150, 110)), ('yellow', (190, 150, 110)), ('orange', (190, 150, 110)),
    ('white', (230, 200, 40)), ('gray', (30, 60, 200)), ('black', (150, 155, 160)),
    ('orange', (110, 70, 45)), ('purple', (150, 155, 160)),
])
def test_colour_has_no_other_name(name: str, rgb: tuple[int, int, int]) -> None:
    assert colour.membership(np.array([rgb], np.uint8), name)[0] < 0.3


@pytest.mark.parametrize('name', ['red', 'green', 'blue', 'yellow', 'orange', 'purple'])
def test_paint_keeps_its_name_in_dim_and_bright_light(name: str) -> None:
    paint = {'red': (190, 30, 35), 'green': (40, 150, 60), 'blue': (35, 70, 190),
             'yellow': (225, 190, 35), 'orange': (235, 125, 30), 'purple': (120, 60, 140)}[name]
    for light in (0.35, 0.6, 1.0, 1.3):
        lit = 255 * np.power(np.power(np.array(paint) / 255, 2.2) * light, 1 / 2.2)
        rgb = np.clip(lit, 0, 255).astype(np.uint8)[None]
        assert colour.membership(rgb, name)[0] > 0.5, light


def test_oklab_of_known_colours() -> None:
    # B. Ottosson's page: white has lightness 1 and no chroma; red as in CSS Color 4.
    lab = colour.to_oklab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8))
    assert lab[0] == pytest.approx([1, 0, 0], abs=0.02)
    assert lab[1] == pytest.approx([0.628, 0.225, 0.126], abs=0.03)
