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


"""A camera alone on a desk: its own frame is no world; with none named, numbers are right."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from analytic_scene import Box
from asking import Asker
from live_node import LiveNode
from rclpy.parameter import Parameter
from robot_double import (
    CAMERA_FRAME,
    FOCAL,
    HEIGHT,
    PARAMETERS,
    WIDTH,
    RobotDouble,
    T_base_camera,
    image_message,
)

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, look_at, transform_points
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros import tilt as module
from spatialclaw_ros.ros.tilt import TiltWatch, tilt
from spatialclaw_ros.workspace.observation import Frame, Observation

CAMERA = PinholeCamera(WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
DOWN_30 = look_at(np.array([0.0, 0.0, 0.45]), np.array([0.45 / np.tan(np.radians(30)), 0, 0]))
T_link_optical = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
SOLIDS = (
    Box('floor', (2.0, 0.0, -0.8), (8.0, 8.0, 0.1), (90, 95, 100)),
    Box('table', (0.80, 0.0, -0.02), (0.50, 0.60, 0.04), (150, 120, 90)),
    Box('box', (0.72, 0.05, 0.05), (0.08, 0.08, 0.10), (200, 25, 25)))
HEIGHT_M, TO_EDGE_M, TOLERANCE_M = 0.10, 0.72 - 0.04 - 0.55, 0.01
TALL, EDGE = 'How tall is the red box?', 'How far is the red box from the edge of the table?'
NAMES_NO_WORLD = {'world_frame': '', 'base_frame': ''}


@pytest.fixture
def desk():
    """A node that sees a red box on a table, its camera turned down by 30 degrees; who asks it."""
    rays = CAMERA.rays().astype(np.float64) @ DOWN_30[:3, :3].T
    hits = np.stack([solid.hit(DOWN_30[:3, 3], rays) for solid in SOLIDS])
    robot = RobotDouble()
    robot.image = image_message(
        np.array([solid.colour for solid in SOLIDS], np.uint8)[hits.argmin(axis=0)], 'rgb8')
    robot.depth = image_message(hits.min(axis=0).astype(np.float32), '32FC1')
    # as a driver's description has it, whatever else TF knows
    robot.transforms = [('base_link', 'camera_link', T_base_camera @ invert(T_link_optical))]
    with LiveNode('spatialclaw', {**PARAMETERS, **NAMES_NO_WORLD, 'max_frames': 2}) as live:
        assert live.node.start()
        yield live.node, Asker(robot.node)
    robot.close()


def test_heights_and_edges_on_a_desk(desk):
    node, asker = desk
    for question, expected_m in ((TALL, HEIGHT_M), (EDGE, TO_EDGE_M)):
        answer = asker.ask(question)
        assert answer.status == SpatialAnswer.STATUS_OK, answer.message
        assert answer.number == pytest.approx(expected_m, abs=TOLERANCE_M)
        assert answer.header.frame_id == CAMERA_FRAME
        assert not any('may not be z up' in line for line in answer.missing_priors)
    place = asker.ask(
        'Where is the red box?', answer_type=SpatialAnswer.TYPE_POINT, frame_id=CAMERA_FRAME)
    assert place.status == SpatialAnswer.STATUS_OK, place.message
    expected_m = transform_points(invert(DOWN_30), np.array(SOLIDS[-1].center))
    assert [place.point.x, place.point.y, place.point.z] == pytest.approx(expected_m, abs=0.03)
    assert node.set_parameters([Parameter('world_frame', value='camera_link')])[0].successful
    answer = asker.ask(TALL)
    assert any(
        "world_frame 'camera_link' may not be z up: the largest plane is tilted by 30 degrees"
        in line for line in answer.missing_priors), answer


def sheet(normal, count, seed=0):
    """Points of a square of 1 m that stands across a normal, 1.5 m ahead, with noise of 2 mm."""
    turn = look_at(np.zeros(3), np.asarray(normal, float), up=np.array([0.3, 0.5, 0.8]))[:3, :3]
    flat = np.random.default_rng(seed).uniform(-0.5, 0.5, (count, 3)) * [1, 1, 0.004]
    return flat @ turn.T + [0.0, 0.0, 1.5]


UP, ASLANT, ACROSS = (0.0, 0.0, 1.0), (0.0, 0.5, 0.87), (1.0, 0.02, 0.0)


@pytest.mark.parametrize(('parts', 'degrees'), [
    (((UP, 700),), 0), (((ASLANT, 700),), 30), (((ACROSS, 700),), math.nan),
    (((ACROSS, 500), (ASLANT, 300)), 30), (((ASLANT, 500), (UP, 250)), 0), ((), math.nan),
    (((ACROSS, 700), (ASLANT, 80)), math.nan)])
def test_what_lies_aslant(parts, degrees):
    points = np.concatenate([np.zeros((0, 3)), *(sheet(*part) for part in parts)])
    found = math.degrees(tilt(points, np.array(UP)))
    assert found == pytest.approx(degrees, abs=1.5, nan_ok=True)


def flat(index, tilt_deg):
    """An image of a plane right ahead, whose pose leans it in the world."""
    lean = np.radians(tilt_deg)
    pose = np.eye(4)
    pose[1:3, 1:3] = [[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]]
    depth_m = np.random.default_rng(index).normal(1.0, 0.001, (HEIGHT, WIDTH)).astype(np.float32)
    return Frame(index, 'cam', index, 'optical', np.zeros((HEIGHT, WIDTH, 3), np.uint8), depth_m,
                 CAMERA, pose)


@pytest.mark.parametrize(('tilts', 'degrees'), [
    ((0,), ''), ((30,), '30'), ((30, 30, 30, 31), '31'), ((0, 30), ''), ((30, 0, 30), ''),
    ((30, 7), ''), ((90, 20), '20')])
def test_a_lean_that_other_images_do_not_share_is_not_told(tilts, degrees):
    seen = Observation(tuple(flat(at, each) for at, each in enumerate(tilts)), 'camera_link')
    said = TiltWatch().doubt(seen)
    assert (f'tilted by {degrees} degrees' in said) if degrees else said == ''


BLANK = replace(flat(0, 0), depth_m=np.full((HEIGHT, WIDTH), np.nan, np.float32))
NEARER = replace(flat(0, 20), depth_m=flat(0, 20).depth_m * 0.9)


@pytest.mark.parametrize(('holds_s', 'anew_s', 'steps'), [
    # degrees that are told of a frame, whether it is looked at at once, and behind the answer
    (0.0, 300.0, ((flat(0, 30), '30', 'now'), (flat(0, 30.1), '30', ''),
                  (flat(0, 20), '20', 'now'), (flat(0, 20), '20', ''), (NEARER, '20', 'now'))),
    (0.0, 300.0, ((flat(0, 0), '', 'now'), (flat(0, 30), '30', 'now'), (flat(0, 0), '', 'now'))),
    (10.0, 300.0, ((flat(0, 30), '30', 'now'), (flat(0, 0), '30', ''))),
    (10.0, 300.0, ((BLANK, '', 'now'), (BLANK, '', ''), (flat(0, 30), '30', 'now'))),
    (0.0, 0.0, ((flat(0, 30), '30', 'now'), (flat(0, 30.4), '30', 'later'),
                (flat(0, 30.4), '30', 'later'), (flat(0, 20), '20', 'now'))),
], ids=['moves', 'leans', 'a moment', 'no plane', 'old'])
def test_a_verdict_is_told_of_what_is_still_seen(monkeypatch, holds_s, anew_s, steps):
    """What was said of another sight may be wrong: then the same call looks anew."""
    looks, watch, agreed = [], TiltWatch(), module._agreed
    monkeypatch.setattr(module, 'HOLDS_S', holds_s)
    monkeypatch.setattr(module, 'HOLDS_THERE_S', anew_s)
    monkeypatch.setattr(module, '_agreed', lambda parts: looks.append(1) or agreed(parts))
    for frame, degrees, when in steps:
        before = len(looks)
        said = watch.doubt(Observation((frame,), 'odom'))
        assert (f'tilted by {degrees} degrees' in said) if degrees else said == ''
        assert len(looks) - before == (when == 'now')
        watch.settle()
        assert len(looks) - before == (when != '')


def test_nobody_waits_for_the_look_of_another(monkeypatch):
    looks, watch, agreed = [], TiltWatch(), module._agreed

    def counted(parts):
        looks.append(parts)
        if len(looks) == 1:
            with ThreadPoolExecutor(1) as other:
                other.submit(watch.doubt, Observation((flat(0, 30),), 'odom')).result(30.0)
        return agreed(parts)
    monkeypatch.setattr(module, '_agreed', counted)
    assert watch.doubt(Observation((flat(0, 30),), 'odom'))
    assert len(looks) == 2
