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

"""Events of a query as messages and as small pictures."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from answer_lab import RED, distance, evidence, observation
from builtin_interfaces.msg import Time
from robot_double import CAMERA_FRAME, HEIGHT, WIDTH

from spatialclaw_ros.agent.doing import Working
from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.agent.evidence import LateObjects
from spatialclaw_ros.agent.seen import Seen
from spatialclaw_ros.ros.palette import object_colour
from spatialclaw_ros.ros.progress import (
    MAX_EVENT_CHARS,
    THUMBNAIL_WIDTH,
    Queued,
    event_message,
    thumbnail,
)
from spatialclaw_ros.workspace.cell import CellError, CellResult, ShownImage
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Status

GREEN = np.zeros((100, 700, 3), np.uint8) + np.array([20, 200, 30], np.uint8)


def ran(**result) -> CellRan:
    return CellRan(3, CellResult(duration_s=0.25, **result), '')


@pytest.mark.parametrize(('event', 'stage', 'step', 'text'), [
    (Queued(1), 'queued', 0, 'waits for 1 other query'),
    (Queued(4), 'queued', 0, 'waits for 4 other queries'),
    (Working('write', 2, 'a model writes'), 'write', 2, 'a model writes …'),
    (observation(), 'frames', 0, '3 images of camera over 1.00 s'),
    (Planned('1. look\n 2. measure'), 'plan', 0, '1. look 2. measure'),
    (CellWritten(2, 'Find the cup.', '', '', 'x = 1'), 'write', 2, 'Find the cup.'),
    (CellWritten(2, 'Find\n\x1b]52;c;eA==\x07it.\x9b2J', '', '', 'x = 1'), 'write', 2,
     'Find ␛]52;c;eA==␇it.\ufffd2J'),
    (CellRan(2, None, 'what?', 'gibberish'), 'run', 2,
     'the reply could not be read; asked again'),
    (ran(), 'run', 3, 'ran (0.25 s)'),
    (ran(restarted=True, error=CellError('Timeout', 'too slow')), 'run', 3,
     'Timeout: too slow (0.25 s, in a new worker)'),
    (distance(), 'answer', 2, '0.300 m'),
    (Answered(RED, AnswerType.POINT, '(1, 2, 3) m'), 'answer', 0,
     '(1, 2, 3) m in the world frame'),
    (Answered(RED, AnswerType.POINT, '(1, 2, 3) m in tool', frame='tool'), 'answer', 0,
     '(1, 2, 3) m in tool'),
    (Refused('no cup', steps=4), 'answer', 4, 'refused: no cup'),
    (Failed(Status.TIMEOUT, 'out of time', 'run', 5), 'answer', 5, 'TIMEOUT: out of time'),
])
def test_what_each_event_says(event, stage, step, text):
    message = event_message('q1', event, 30, Time(sec=7))
    assert (message.query_id, message.stage, message.step, message.max_steps, message.text) == (
        'q1', stage, step, 30, text)
    assert message.stamp.sec == 7


def test_long_and_broken_texts_are_made_fit():
    text = event_message('q', Planned('a\udc80\0b' + 'x' * 5000), 1, Time()).text
    assert len(text) == MAX_EVENT_CHARS
    assert text.startswith('a?␀bx')
    assert text.endswith('x…')


def test_something_else_is_no_event():
    with pytest.raises(TypeError, match='expected an event of a query, got int'):
        event_message('q', 3, 1, Time())


def picture(message) -> np.ndarray:
    assert message.format == 'jpeg'
    return cv2.cvtColor(
        cv2.imdecode(np.frombuffer(bytes(message.data), np.uint8), cv2.IMREAD_COLOR),
        cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize('event', [
    Queued(1), Working('plan', 0, ''), Planned('p'),
    CellWritten(1, '', '', '', ''), CellRan(1, None, ''), ran(),
    Failed(Status.TIMEOUT, '', 'run')])
def test_nothing_to_see(event):
    assert len(thumbnail(event, observation()).data) == 0


def test_an_answer_before_any_image_has_no_picture():
    assert len(thumbnail(Refused('no'), None).data) == 0


def test_the_newest_image_is_shown_with_its_stamp():
    seen = observation()
    message = thumbnail(seen, None)
    assert (message.header.frame_id, message.header.stamp.sec) == (CAMERA_FRAME, 2)
    difference = np.abs(picture(message).astype(int) - seen.frames[-1].image)
    assert difference.mean() < 4


def test_the_last_picture_of_a_cell_is_shown_and_made_small():
    message = thumbnail(ran(images=(
        ShownImage('first', GREEN[:, :50, ::-1]), ShownImage('last', GREEN))), observation())
    assert picture(message).shape == (round(100 * THUMBNAIL_WIDTH / 700), THUMBNAIL_WIDTH, 3)
    np.testing.assert_allclose(picture(message).mean(axis=(0, 1)), GREEN[0, 0], atol=3)
    assert (message.header.frame_id, message.header.stamp.sec) == ('', 0)


def test_a_picture_of_an_answer_waits_for_no_points():
    found = [Seen(each.label, each.masks, each.score) for each in evidence().objects]
    made = []
    late = dataclasses.replace(evidence(), objects=LateObjects(lambda: found, made.append))
    assert thumbnail(Refused('two fit', late), observation()).data == thumbnail(
        Refused('two fit', evidence()), observation()).data
    assert made == []


@pytest.mark.parametrize('zoom', [1, 3])
@pytest.mark.parametrize('end', [distance(), Refused('two fit', evidence())])
def test_an_answer_shows_its_masks(end, zoom):
    seen = observation()
    found = end.evidence
    if zoom > 1:  # a large image: masks are made small with it
        large = tuple(
            Frame(f.index, f.camera, f.stamp_ns, f.frame_id, np.kron(
                f.image, np.ones((zoom, zoom, 1), np.uint8))) for f in seen.frames)
        seen = Observation(large)
        end = dataclasses.replace(end, evidence=dataclasses.replace(found, objects=tuple(
            dataclasses.replace(each, masks={
                1: np.kron(each.masks[1], np.ones((zoom, zoom), bool))})
            for each in found.objects)))
    message = thumbnail(end, seen)
    assert message.header.stamp.nanosec == 500_000_000
    shown = picture(message).astype(int)
    assert shown.shape == (HEIGHT, WIDTH, 3)
    plain = observation().frames[1].image
    for index, each in enumerate(found.objects):
        mask = each.masks[1]
        toward = shown[mask].mean(axis=0) - plain[mask].mean(axis=0)
        wanted = np.array(object_colour(index)) - plain[mask].mean(axis=0)
        assert toward @ wanted / np.linalg.norm(wanted) > 0.15 * np.linalg.norm(wanted)
    nothing = ~(found.objects[0].masks[1] | found.objects[1].masks[1])
    assert np.abs(shown - plain)[nothing].mean() < 5
