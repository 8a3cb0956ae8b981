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

"""Frames, messages and drawings of answers, from known scenes, without a running node."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from answer_lab import (
    BLUE,
    IN_ODOM,
    RED,
    STAMPS,
    T_odom_camera,
    distance,
    evidence,
    observation,
    outcome,
)
from robot_double import CAMERA_FRAME, HEIGHT, WIDTH, T_base_camera
from visualization_msgs.msg import Marker

from spatialclaw_ros.agent.events import Answered, Evidence, Failed, Refused
from spatialclaw_ros.errors import InvalidRequestError, TransformError
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.answers import answer_message, in_asked_frame
from spatialclaw_ros.ros.clouds import evidence_cloud
from spatialclaw_ros.ros.markers import marker_array
from spatialclaw_ros.ros.overlay import draw_overlay, overlay_message
from spatialclaw_ros.ros.palette import object_colour
from spatialclaw_ros.ros.placement import (
    check_frame,
    known_frames,
    only_deep,
    only_placed,
    place,
)
from spatialclaw_ros.ros.query import Outcome
from spatialclaw_ros.workspace.question import AnswerType, Status


def points_of(answer):
    return np.array([[p.x, p.y, p.z] for p in answer.points])


@pytest.mark.parametrize(('asked', 'default', 'frame', 'points'), [
    ('', ('', 'base_link'), 'base_link', np.stack([RED, BLUE])),
    ('odom', ('base_link',), 'odom', IN_ODOM),
    ('', ('',), 'odom', IN_ODOM),
    ('', ('gone',), 'odom', IN_ODOM),
    (CAMERA_FRAME, ('base_link',), CAMERA_FRAME,
     (np.stack([RED, BLUE]) - T_base_camera[:3, 3]) @ T_base_camera[:3, :3]),
])
def test_points_are_given_in_the_frame_asked_for(asked, default, frame, points):
    answer = answer_message(outcome(distance(), frame_id=asked), default_frames=default)
    assert answer.header.frame_id == frame
    np.testing.assert_allclose(points_of(answer), points, atol=1e-9)
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) == (1, 500_000_000)


def test_without_tf_the_optical_frame_of_the_reference_is_used():
    end = Answered(0.3, AnswerType.NUMBER, '0.300 m', 'm', 0.002, evidence=evidence(tf=False))
    answer = answer_message(
        outcome(end, seen=observation(tf=False)), default_frames=('', 'base_link'))
    assert answer.header.frame_id == CAMERA_FRAME
    assert any('base_link' in note for note in answer.missing_priors)


def test_a_number_fills_its_fields_and_leaves_the_others():
    answer = answer_message(outcome(distance()), default_frames=('base_link',))
    assert (answer.status, answer.message, answer.answer_type) == (
        SpatialAnswer.STATUS_OK, '', SpatialAnswer.TYPE_NUMBER)
    assert (answer.number, answer.unit, answer.sigma, answer.text) == (0.3, 'm', 0.002, '0.300 m')
    assert answer.choice == -1
    assert math.isnan(answer.point.x)
    assert [frame.index for frame in answer.frames] == [0, 1]
    assert answer.cameras == ['camera']
    assert answer.missing_priors == ['a missing prior', 'a note']
    assert answer.steps == 2
    assert [(t.name, t.duration_s) for t in answer.timings] == [('total', 0.5)]


@pytest.mark.parametrize(('value_frame', 'value'), [('', IN_ODOM[0]), ('base_link', RED)])
def test_a_point_is_converted_from_its_own_frame_and_told_in_words(value_frame, value):
    end = Answered(value, AnswerType.POINT, 'as the cell said', 'm', frame=value_frame,
                   evidence=evidence())
    answer = answer_message(outcome(end, frame_id='base_link'))
    np.testing.assert_allclose([answer.point.x, answer.point.y, answer.point.z], RED, atol=1e-9)
    assert answer.text == '(0.600, 0.150, 0.050) m in base_link'


def test_a_point_stays_in_the_frame_that_the_question_names():
    end = Answered(np.zeros(3), AnswerType.POINT, '…', 'm', frame=CAMERA_FRAME, evidence=evidence())
    answer = answer_message(outcome(end), default_frames=('base_link',))
    assert answer.header.frame_id == CAMERA_FRAME
    np.testing.assert_allclose([answer.point.x, answer.point.y, answer.point.z], 0.0, atol=1e-9)


@pytest.mark.parametrize('lost', [{'asked': 'lost'}, {'value_frame': 'lost'}])
def test_a_point_that_can_not_be_given_there_is_refused(lost):
    end = Answered(IN_ODOM[0], AnswerType.POINT, '…', 'm', frame=lost.get('value_frame', ''),
                   evidence=evidence())
    refused = in_asked_frame(outcome(end, frame_id=lost.get('asked', '')))
    assert refused.status == Status.REFUSED
    assert 'lost' in refused.end.reason
    assert 'base_link' in refused.end.reason


def test_a_point_that_no_frame_is_known_for_is_refused():
    end = Answered(IN_ODOM[0], AnswerType.POINT, '(1.0, 2.0, 0.0) m', 'm')
    refused = in_asked_frame(outcome(end, seen=observation(tf=False)))
    assert refused.status == Status.REFUSED
    assert '(1.0, 2.0, 0.0) m has no frame to be given in' in refused.end.reason
    assert '/tf' in refused.end.reason


def test_a_failure_has_a_message_and_no_values():
    answer = answer_message(Outcome(
        'q2', 'x' * 5000, Failed(Status.TIMEOUT, 'out of time', 'run', 3)))
    assert (answer.status, answer.message, answer.steps) == (
        SpatialAnswer.STATUS_TIMEOUT, 'out of time', 3)
    assert answer.answer_type == SpatialAnswer.TYPE_ANY
    assert math.isnan(answer.number)
    assert len(answer.question) == 4000


def test_text_that_no_ros_string_can_hold_is_made_fit():
    end = Answered('a\udc80b\0c', AnswerType.TEXT, 'a\udc80b\0c', evidence=evidence())
    assert answer_message(outcome(end)).text == 'a?b␀c'
    seen = observation()
    placement = dataclasses.replace(
        place(seen, evidence(), ('base_link',)), frame_id='a\udc80\0')
    for drawn in (marker_array(end, seen, placement).markers[-1],
                  evidence_cloud(evidence(), placement)):
        assert drawn.header.frame_id == 'a?'


@pytest.mark.parametrize(('end', 'field', 'shown'), [
    (Answered('red\n\x1b[2J', AnswerType.TEXT, 'red\n\x1b[2J'), 'text', 'red\n␛[2J'),
    (Refused('no\n\x1b[31m cup\u202e'), 'message', 'no ␛[31m cup\ufffd'),
    (Failed(Status.TIMEOUT, 'late\r\x07', 'run'), 'message', 'late ␇'),
])
def test_text_of_a_model_does_not_steer_a_terminal(end, field, shown):
    assert getattr(answer_message(outcome(end)), field) == shown


def test_an_unknown_frame_names_those_there_are():
    seen = observation()
    assert known_frames(seen) == ('base_link', CAMERA_FRAME, 'lost', 'odom')
    with pytest.raises(InvalidRequestError, match=f'base_link, {CAMERA_FRAME}, lost, odom'):
        check_frame(seen, 'map', False)
    with pytest.raises(TransformError, match=f"'map' at the time.*base_link, {CAMERA_FRAME}"):
        check_frame(seen, 'map', True)
    for name in ('', 'odom'):
        check_frame(seen, name, True)


@pytest.mark.parametrize(('lost', 'kept'), [
    ((), (0, 1, 2)), ((2,), (0, 1)), ((0, 2), (1,)), ((0, 1, 2), (0, 1, 2))])
def test_images_that_tf_can_not_place_are_left_out(lost, kept):
    seen = observation()
    seen = dataclasses.replace(seen, frames=tuple(
        dataclasses.replace(frame, T_world_camera=None) if frame.index in lost else frame
        for frame in seen.frames), transforms={'tool': np.arange(48.0).reshape(3, 4, 4)})
    left = only_placed(seen)
    assert [frame.stamp_ns for frame in left.frames] == [STAMPS[index] for index in kept]
    assert left.transforms['tool'][:, 0, 0].tolist() == [16.0 * index for index in kept]
    assert ('left out' in left.missing[-1]) == (0 < len(lost) < 3)


def test_images_without_depth_are_left_out_where_others_have_it():
    seen = observation()
    seen = dataclasses.replace(seen, frames=tuple(
        dataclasses.replace(frame, depth_m=None) if frame.index == 1 else frame
        for frame in seen.frames))
    left = only_deep(seen)
    assert [frame.stamp_ns for frame in left.frames] == [STAMPS[0], STAMPS[2]]
    assert left.missing[-1] == 'images without depth are left out'
    blind = dataclasses.replace(seen, frames=tuple(
        dataclasses.replace(frame, depth_m=None) for frame in seen.frames))
    assert only_deep(blind) is blind


def test_markers_have_stable_ids_and_start_with_a_deleteall():
    seen = observation()
    placement = place(seen, evidence(), ())
    markers = marker_array(distance(), seen, placement).markers
    assert markers[0].action == Marker.DELETEALL
    ids = [(marker.ns, marker.id) for marker in markers[1:]]
    assert len(set(ids)) == len(ids)
    assert ids == [(m.ns, m.id) for m in marker_array(distance(), seen, placement).markers[1:]]
    assert {name for name, _ in ids} == {'measure', 'points', 'objects', 'names', 'cameras'}
    boxes = [m for m in markers if m.ns == 'objects']
    assert boxes[0].pose.position.x == pytest.approx(IN_ODOM[0, 0])
    assert boxes[0].scale.x == pytest.approx(0.1)
    red, green, blue = object_colour(0)
    assert (boxes[0].color.r, boxes[0].color.g, boxes[0].color.b) == pytest.approx(
        (red / 255, green / 255, blue / 255))
    frusta = [m for m in markers if m.ns == 'cameras']
    assert [m.id for m in frusta] == [0, 1]
    apex = frusta[0].points[0]
    np.testing.assert_allclose([apex.x, apex.y, apex.z], T_odom_camera[:3, 3], atol=1e-6)


def test_a_line_is_drawn_for_lengths_alone():
    seen = observation()
    text = Answered('the red ball', AnswerType.TEXT, 'the red ball', evidence=evidence())
    markers = marker_array(text, seen, place(seen, evidence(), ())).markers
    assert not [marker for marker in markers if marker.ns == 'measure']
    between = (slice(100, 140), slice(150, 170))
    assert (draw_overlay(text, seen)[between] == seen.frames[1].image[between]).all()
    assert (draw_overlay(distance(), seen)[between] != seen.frames[1].image[between]).any()


def test_cloud_has_a_colour_for_each_object():
    cloud = evidence_cloud(evidence(), place(observation(), evidence(), ('base_link',)))
    raw = np.frombuffer(bytes(cloud.data), dtype=[
        ('xyz', '<f4', 3), ('bgra', 'u1', 4)])
    assert (cloud.header.frame_id, cloud.width, cloud.point_step) == ('base_link', 10, 16)
    assert cloud.row_step == len(cloud.data) == 160
    np.testing.assert_allclose(raw['xyz'][0], RED, atol=1e-6)
    assert tuple(raw['bgra'][0, 2::-1]) == object_colour(0)
    assert tuple(raw['bgra'][-1, 2::-1]) == object_colour(1)


def test_overlay_tints_masks_and_draws_the_line():
    seen = observation()
    picture = draw_overlay(distance(), seen)
    image = seen.frames[1].image
    mask = evidence().objects[0].masks[1]
    assert picture.shape == image.shape
    changed = (picture != image).any(axis=2)
    assert changed[mask].mean() > 0.95
    middle = seen.frames[1].intrinsics.project(
        ((RED + BLUE) / 2 - T_base_camera[:3, 3])[None] @ T_base_camera[:3, :3])[0]
    assert changed[round(middle[1]), round(middle[0])]
    corner = changed[:20, :20]
    assert not corner.any()
    message = overlay_message(distance(), seen)
    assert (message.step, message.encoding, message.header.stamp.nanosec) == (
        960, 'rgb8', 500_000_000)


@pytest.mark.parametrize('end', [
    Refused('nothing fits', Evidence()),
    Refused('x' * 500, Evidence(frame_indices=(0,))),
    Answered('a text', AnswerType.TEXT, 'a text', evidence=Evidence(
        points=np.full((3, 3), np.nan), extrinsics={7: np.eye(4)}, frame_indices=(7,))),
])
def test_drawings_of_little_or_broken_evidence(end):
    seen = observation(tf=False)
    placement = place(seen, end.evidence, ())
    assert marker_array(end, seen, placement).markers[0].action == Marker.DELETEALL
    assert evidence_cloud(end.evidence, placement).width == 0
    assert draw_overlay(end, seen).shape == (HEIGHT, WIDTH, 3)
    answer_message(outcome(end, seen=seen))
