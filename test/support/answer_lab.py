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

"""An answer about two balls before a camera: its observation, evidence and outcome, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from robot_double import (
    BALLS,
    CAMERA_FRAME,
    FOCAL,
    HEIGHT,
    WIDTH,
    T_base_camera,
    render,
)

from spatialclaw_ros.agent.events import Answered, Evidence, EvidenceObject, Failed, Refused
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.ros.outcome import Outcome, QueryRequest
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question

RED, BLUE = (np.array(BALLS[name][0]) for name in ('red', 'blue'))
T_odom_base = np.array([[0, -1, 0, 1.0], [1, 0, 0, 2.0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
T_odom_camera = T_odom_base @ T_base_camera
STAMPS = (1_000_000_000, 1_500_000_000, 2_000_000_000)
IN_ODOM = (T_odom_base[:3, :3] @ np.stack([RED, BLUE]).T).T + T_odom_base[:3, 3]


def observation(*, tf: bool = True, stamps: Sequence[int] = STAMPS) -> Observation:
    """What the camera saw: the same picture at each stamp."""
    image, depth = render()
    camera = PinholeCamera(
        WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    frames = tuple(
        Frame(i, 'camera', stamp, CAMERA_FRAME, image, depth, camera,
              T_odom_camera if tf else None)
        for i, stamp in enumerate(stamps))
    base = np.repeat(T_odom_base[None], len(stamps), axis=0)
    lost = np.full_like(base, np.nan)
    return Observation(
        frames, 'odom' if tf else '', {'base_link': base, 'lost': lost} if tf else {},
        ('a missing prior',), 'base_link' if tf else '')


def evidence(*, tf: bool = True, frames: tuple[int, ...] = (0, 1)) -> Evidence:
    """Both balls, with masks in image 1."""
    pose = T_odom_camera if tf else np.eye(4)
    image, _ = render()
    objects = []
    for index, name in enumerate(('red ball', 'blue ball')):
        channel = image[..., (0, 2)[index]].astype(int)
        mask = channel - image[..., (2, 0)[index]] > 90
        points = IN_ODOM[index] + np.zeros((5, 3))
        objects.append(EvidenceObject(
            name, points.astype(np.float32), {1: mask}, IN_ODOM[index], np.full(3, 0.1),
            np.eye(3)))
    return Evidence(
        frames, tuple(objects), IN_ODOM, dict.fromkeys(frames, pose), 'sensor_depth', ('a note',))


def outcome(
    end: Answered | Refused | Failed, *, seen: Observation | None = None, frame_id: str = '',
    answer_type: AnswerType = AnswerType.ANY,
) -> Outcome:
    """How a query ended."""
    seen = observation() if seen is None else seen
    request = QueryRequest(Question('How far?', answer_type, (), frame_id), (), None, 2.0, 4, 9.0)
    return Outcome('q1', 'How far?', end, request, seen, {'total': 0.5})


def distance(**more: Any) -> Answered:
    """The answer to how far apart they are."""
    return Answered(0.3, AnswerType.NUMBER, '0.300 m', 'm', 0.002, evidence=evidence(), steps=2,
                    **more)
