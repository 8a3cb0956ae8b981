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

"""Depth that lies on its picture is told from depth beside it, noisy and of gray on gray, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.perception.registration import depth_is_registered
from spatialclaw_ros.perception.view import FrameView, view_of
from spatialclaw_ros.workspace.observation import Frame, Observation

Z = 0.75
COLOURS = ((226, 118, 152), (40, 60, 160), (60, 130, 60))
GRAYS = ((120, 120, 120), (150, 150, 150), (135, 135, 135))


@pytest.fixture(scope='module')
def frames(drawing: Callable, thing: type) -> dict[str, Frame]:
    """Three things on a table: coloured, gray, and noisy as by a dark or far sensor."""
    def drawn(colours: Sequence[tuple[int, ...]], noise: float) -> Frame:
        things = [thing('can', 'cylinder', (0.95, 0.0, Z), (0.045, 0.13), colours[0]),
                  thing('box', 'box', (1.1, 0.3, Z), (0.16, 0.12, 0.2), colours[1]),
                  thing('ball', 'ball', (0.85, -0.25, Z), (0.06,), colours[2])]
        return drawing(things, noise=noise).observation.frames[0]

    return {'plain': drawn(COLOURS, 1.0), 'exact': drawn(COLOURS, 0.0),
            'noisy': drawn(COLOURS, 4.0), 'gray': drawn(GRAYS, 1.0)}


def seen(frame: Frame, off_px: tuple[int, int] = (0, 0)) -> FrameView:
    depth_m = np.roll(frame.depth_m, off_px, axis=(0, 1))
    return view_of(replace(frame, depth_m=depth_m), frame.T_world_camera)


@pytest.mark.parametrize('scene', ['plain', 'exact', 'noisy', 'gray'])
@pytest.mark.parametrize(('off_px', 'lies'), [
    ((0, 0), True), ((0, 1), True), ((1, 0), True),
    ((0, 5), False), ((0, -5), False), ((5, 0), False), ((8, 8), False), ((0, 20), False),
])
def test_depth_that_lies_beside_its_picture_is_known(
    frames: dict[str, Frame], scene: str, off_px: tuple[int, int], lies: bool,
) -> None:
    assert depth_is_registered(seen(frames[scene], off_px)) is lies


@pytest.mark.parametrize('number', [0, 120, 280, 380, 460])
def test_a_camera_whose_depth_nobody_registered(
    kitchen: Callable[[list[int]], Observation], number: int,
) -> None:
    assert not depth_is_registered(seen(kitchen([number]).frames[0]))


def test_what_shows_nothing_is_not_said_to_be_off(frames: dict[str, Frame]) -> None:
    frame = frames['plain']
    assert frame.depth_m is not None
    flat = replace(frame, depth_m=np.full_like(frame.depth_m, 1.0))
    blank = replace(frame, image=np.full_like(frame.image, 128))
    assert depth_is_registered(seen(flat))
    assert depth_is_registered(seen(blank))
    assert not depth_is_registered(view_of(replace(frame, depth_m=None), None))
