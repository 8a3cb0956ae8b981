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

"""The rules backbone with the real kernel, and with the real perception on real frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.events import Answered, CellRan, Event, Refused
from spatialclaw_ros.backbone.rules import RulesBackbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question


class TruePerception:
    """Perception that knows the masks of an analytic world."""

    capabilities = frozenset({'reconstruct', 'segment'})

    def __init__(self, world: Any) -> None:
        self._world = world

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        """Answer with the truth."""
        return self._world.port(call)


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    with Kernel() as started:
        yield started


def ask(kernel: Kernel, perception: Any, observation: Observation, text: str) -> list[Event]:
    """All events of a query."""
    session = Session(backbone=RulesBackbone(), kernel=kernel, perception=perception)
    return list(session.run(observation, Question(text), Deadline(120), 'test'))


@pytest.mark.parametrize(('text', 'shown'), [
    ('How far is the ball from the mug?', '0.19'),
    ('How far is the mug from the edge of the table?', '0.26'),
    ('How tall is the mug?', '0.100 m'),
    ('How many blocks are on the table?', '3'),
    ('Which object is closest to the mug?', 'green object'),
    ('Is the mug left of the box?', 'yes'),
    ('Did the ball move?', 'no'),
    ('How high is the table top above the floor?', '0.720 m'),
    ('Where is the ball relative to the gripper?', 'in gripper_link'),
])
def test_cells_run_in_the_kernel(
    kernel: Kernel, tabletop: Any, text: str, shown: str,
) -> None:
    events = ask(kernel, TruePerception(tabletop), tabletop.observation, text)
    for event in events:
        if isinstance(event, CellRan):
            assert event.result is not None
            assert event.result.error is None
    assert isinstance(events[-1], Answered)
    assert shown in events[-1].text


def test_evidence_reaches_the_events(kernel: Kernel, tabletop: Any) -> None:
    events = ask(kernel, TruePerception(tabletop), tabletop.observation,
                 'How far is the ball from the mug?')
    evidence = events[-1].evidence
    assert {each.label for each in evidence.objects} == {'ball', 'mug'}
    assert evidence.points.shape == (2, 3)
    assert evidence.scale_source == 'sensor_depth'


@pytest.mark.parametrize('text', ['How many blocks are on the table?', 'Is there a mug?'])
def test_counting_shows_where_things_are(kernel: Kernel, tabletop: Any, text: str) -> None:
    evidence = ask(kernel, TruePerception(tabletop), tabletop.observation, text)[-1].evidence
    assert evidence.objects
    assert evidence.scale_source == 'sensor_depth'
    for each in evidence.objects:
        assert len(each.points) > 20
        assert np.isfinite(each.box_center).all()


@pytest.mark.parametrize('text', [
    'Is there a banana?', 'How many bananas are on the table?', 'How far is the mug from the lamp?',
    'Which is closer to the ball: the banana or the box?', 'Which fruit is nearest to the camera?'])
def test_what_perception_can_not_tell_is_refused(
    kernel: Kernel, tabletop: Any, text: str,
) -> None:
    refused = ask(kernel, make_perception(), tabletop.observation, text)[-1]
    assert isinstance(refused, Refused), refused
    assert "can't tell what a" in refused.reason
    assert '; the TF frames are ' in refused.reason


@pytest.mark.parametrize(('text', 'value'), [
    ('Is there a purple banana?', False), ('Is there a blue box?', True),
    ('Is there a blue box on the table?', True), ('How many purple boxes are there?', 0)])
def test_a_colour_that_is_not_seen_is_not_there(
    kernel: Kernel, tabletop: Any, text: str, value: bool | int,
) -> None:
    answer = ask(kernel, make_perception(), tabletop.observation, text)[-1]
    assert isinstance(answer, Answered), answer
    assert answer.value == value


def read_kitchen(folder: Path, every: int) -> Observation:
    """Frames of the folder, as its README describes them."""
    poses = json.loads((folder / 'poses.json').read_text())
    about = poses['camera']
    camera = PinholeCamera(
        about['width'], about['height'], about['fx'], about['fy'], about['cx'], about['cy'])
    frames = []
    for name in sorted(poses['T_world_camera'])[::every]:
        image = cv2.imread(str(folder / f'frame-{name}.color.jpg'))[:, :, ::-1].copy()
        raw = cv2.imread(str(folder / f'frame-{name}.depth.png'), cv2.IMREAD_UNCHANGED)
        depth = np.where((raw == 0) | (raw == 65535), np.nan, raw * poses['depth_unit_m'])
        frames.append(Frame(
            len(frames), 'kinect', int(int(name) / 30 * 1e9), 'kinect_optical', image,
            depth.astype(np.float32), camera, np.array(poses['T_world_camera'][name])))
    return Observation(tuple(frames), world_frame='world')


@pytest.fixture(scope='module')
def kitchen(redkitchen: Path) -> Observation:
    return read_kitchen(redkitchen, 2)


@pytest.mark.parametrize(('text', 'truth', 'tolerance'), [
    ('What is the closest distance between the purple magazine on the table and the red game '
     'controller on the table?', 0.78, 0.06),
    ('How far apart are the centres of the purple magazine on the table and the red game '
     'controller on the table?', 0.92, 0.06),
    ('How high is the table top above the floor?', 0.73, 0.02),
    ('Which is closer to the red game controller on the table: the gray box or the purple '
     'magazine?', 'gray box', None),
])
def test_real_frames(
    kernel: Kernel, kitchen: Observation, text: str, truth: float | str, tolerance: float | None,
) -> None:
    answer = ask(kernel, make_perception(), kitchen, text)[-1]
    assert isinstance(answer, Answered), answer
    if tolerance is None:
        assert answer.value == truth
    else:
        assert answer.value == pytest.approx(truth, abs=tolerance)
        assert answer.unit == 'm'
        assert 0 < answer.sigma < 0.1
