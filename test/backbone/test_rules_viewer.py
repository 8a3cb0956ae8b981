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



"""Who sees it: which way a camera or a frame of TF looks, and which of both a name means."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from spatialclaw_ros.backbone.rules.bind import bind
from spatialclaw_ros.backbone.rules.parse import parse
from spatialclaw_ros.backbone.rules.snippets import VIEWER
from spatialclaw_ros.geometry.se3 import look_at
from spatialclaw_ros.workspace.question import Question

OPTICAL_OF_BODY = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""An optical frame (z forward, x right, y down) in its link's (x forward, y left), REP 103."""


@pytest.mark.parametrize('target', [
    (1.0, 0.0, 1.0), (0.0, 1.0, 0.5), (1.0, 1.0, 0.0), (0.05, 0.0, 0.0), (-0.02, 0.1, 0.0),
    (0.0, -0.1, 2.0)])
def test_a_camera_and_its_link_look_the_same_way(target: tuple[float, float, float]) -> None:
    names: dict[str, Any] = {'np': np}
    exec(VIEWER, names)
    optical = look_at(np.array([0.0, 0.0, 1.0]), np.array(target))
    body = optical @ np.linalg.inv(OPTICAL_OF_BODY)
    forward, left = names['level_axes'](optical, optical=True)
    for found, expected in zip(names['level_axes'](body, optical=False), (forward, left)):
        assert found == pytest.approx(expected)
    assert left == pytest.approx([-forward[1], forward[0], 0.0])


def test_from_above_left_is_left_in_the_picture() -> None:
    names: dict[str, Any] = {'np': np}
    exec(VIEWER, names)
    turn = math.radians(30)
    optical = np.eye(4)  # looks down, the picture's right is 30 degrees from x
    optical[:3, :3] = np.array([[math.cos(turn), math.sin(turn), 0],
                                [math.sin(turn), -math.cos(turn), 0], [0, 0, -1]])
    _, left = names['level_axes'](optical, optical=True)
    assert left == pytest.approx(-optical[:3, 0])


@pytest.mark.parametrize(('text', 'kind', 'frame'), [
    ('Seen from the top camera, is the mug left of the box?', 'camera', 'top'),
    ('Is the mug left of the box, as seen from the wrist camera?', 'camera', 'wrist'),
    ('Seen from the side camera, is the mug left of the box?', 'frame', 'side_camera_link'),
    ('Seen from the gripper, is the mug left of the box?', 'frame', 'gripper_link'),
    ('Seen from top_camera_link, is the mug left of the box?', 'frame', 'top_camera_link'),
    ('Seen from the wrist, is the mug left of the box?', 'frame', 'wrist'),
])
def test_a_camera_is_meant_before_the_frame_that_it_hangs_on(
    text: str, kind: str, frame: str,
) -> None:
    intent = parse(text)
    assert intent is not None
    view = bind(intent, Question(text), {
        'cameras': ('top', 'wrist'), 'base_frame': 'base_link', 'world_frame': 'odom',
        'tf_frames': ('base_link', 'gripper_link', 'wrist', 'top_camera_link',
                      'side_camera_link')}).intent.view  # type: ignore[union-attr]
    assert (view.kind, view.frame) == (kind, frame)
