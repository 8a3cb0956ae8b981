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

"""Objects of an answer as detections in 3D; outputs over DDS, for those who come late, too."""

from __future__ import annotations

import dataclasses
import math
import threading

import numpy as np
import pytest
from answer_lab import BLUE, IN_ODOM, RED, STAMPS, distance, evidence, observation, outcome
from live_node import until
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot_double import CAMERA_FRAME
from scipy.spatial.transform import Rotation

from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.ros import outputs as outputs_module
from spatialclaw_ros.ros.answers import answer_message
from spatialclaw_ros.ros.detections import UNKNOWN_ANGLE_VARIANCE, detection_array
from spatialclaw_ros.ros.drawings import drawing_types
from spatialclaw_ros.ros.outputs import MOST_WAITING, Outputs, latched
from spatialclaw_ros.ros.placement import place
from spatialclaw_ros.workspace.question import AnswerType


def detect(end, frame='base_link', seen=None):
    seen = seen or observation()
    return detection_array(end, seen, place(seen, end.evidence, (frame,)))


def xyz(point):
    return np.array([point.x, point.y, point.z])


def axes(pose):
    q = pose.orientation
    return Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()


def changed(number, **values):
    """The evidence with one of its objects changed."""
    objects = list(evidence().objects)
    objects[number] = dataclasses.replace(objects[number], **values)
    return dataclasses.replace(evidence(), objects=tuple(objects))


def test_objects_are_given_in_the_frame_of_the_answer():
    found = detect(dataclasses.replace(distance(), evidence=changed(1, score=0.75)))
    assert found.header.frame_id == 'base_link'
    assert found.header.stamp.nanosec == 500_000_000
    assert [(each.id, each.results[0].hypothesis.class_id) for each in found.detections] == [
        ('1', 'red ball'), ('2', 'blue ball')]
    for each, ball in zip(found.detections, (RED, BLUE)):
        np.testing.assert_allclose(xyz(each.bbox.center.position), ball, atol=1e-9)
        np.testing.assert_allclose(xyz(each.bbox.size), 0.1)
        assert each.results[0].pose.pose == each.bbox.center
        assert each.header == found.header
    scores = [each.results[0].hypothesis.score for each in found.detections]
    assert math.isnan(scores[0])
    assert scores[1] == 0.75


@pytest.mark.parametrize('yaw_deg', [0, 30, 89, 120, 179, 200, 271, 359])
@pytest.mark.parametrize(('frame', 'turned_deg'), [('odom', 0), ('base_link', -90)])
def test_a_box_stands_upright_with_its_long_side_forward(yaw_deg, frame, turned_deg):
    turned = Rotation.from_euler('z', yaw_deg, degrees=True).as_matrix()
    size = np.array([0.4, 0.2, 0.1])
    end = dataclasses.replace(
        distance(), evidence=changed(0, box_rotation=turned, box_size=size))
    box = detect(end, frame).detections[0].bbox
    np.testing.assert_allclose(xyz(box.size), size)
    made = axes(box.center)
    np.testing.assert_allclose(made[:, 2], (0, 0, 1), atol=1e-9)
    assert np.linalg.det(made) == pytest.approx(1)
    assert made[0, 0] >= -1e-9
    along = Rotation.from_euler('z', yaw_deg + turned_deg, degrees=True).as_matrix()[:, 0]
    assert abs(along @ made[:, 0]) == pytest.approx(1)


@pytest.mark.parametrize(('answer', 'frame', 'sigma', 'variances'), [
    (IN_ODOM[1], '', 0.003, [0, 9e-6]),
    (RED, 'base_link', 0.02, [4e-4, 0]),
    (IN_ODOM[1], '', math.nan, [0, 0]),
    (IN_ODOM[1] + (0, 0, 0.05), '', 0.003, [0, 0]),  # another place than any object's
])
def test_what_is_known_of_a_place_is_told(answer, frame, sigma, variances):
    end = Answered(answer, AnswerType.POINT, '…', 'm', sigma, frame, evidence=evidence())
    for each, variance in zip(detect(end).detections, variances):
        covariance = np.array(each.results[0].pose.covariance).reshape(6, 6)
        angle = UNKNOWN_ANGLE_VARIANCE if variance else 0.0
        np.testing.assert_allclose(
            covariance, np.diag([variance] * 3 + [angle] * 3), rtol=1e-12)


def test_an_object_whose_place_is_unknown_keeps_its_number_for_itself():
    end = dataclasses.replace(distance(), evidence=changed(0, box_center=np.full(3, np.nan)))
    assert [each.id for each in detect(end).detections] == ['2']


def test_nothing_is_placed_where_no_frame_is_known():
    seen = observation(tf=False)
    end = dataclasses.replace(distance(), evidence=dataclasses.replace(evidence(), extrinsics={}))
    found = detect(end, seen=seen)
    assert (found.header.frame_id, len(found.detections)) == ('', 0)


def test_who_comes_late_gets_the_latest_of_every_output(contexts):
    faults = []
    node, late = (Node(name, context=context, enable_rosout=False, start_parameter_services=False)
                  for name, context in zip(('spatialclaw', 'late'), contexts))
    outputs = Outputs(node, faults.append, cameras=2)
    received = {name: [] for name in drawing_types()}
    executor = SingleThreadedExecutor(context=contexts[1])
    executor.add_node(late)

    def stamps():
        return {name: [header_of(message).stamp.sec for message in came]
                for name, came in received.items()}

    wanted = {name: [101, 101] if name.startswith('label') else [101] for name in received}

    try:
        for start in (0, 100):
            end = outcome(distance(), seen=with_rear(observation(
                stamps=[stamp + start * 10 ** 9 for stamp in STAMPS])))
            outputs.publish(end, answer_message(end, default_frames=('base_link',)))
        assert outputs.flush(60.0)
        for name, kind in drawing_types().items():
            late.create_subscription(
                kind, f'/spatialclaw/{name}',
                lambda message, name=name: received[name].append(message), latched(2))
        for _ in range(100):
            executor.spin_once(0.1)
            if stamps() == wanted:
                break
    finally:
        outputs.close()
        executor.shutdown()
        for each in (node, late):
            each.destroy_node()
    assert not faults
    assert stamps() == wanted
    labels, info = ([header_of(message) for message in received[name]]
                    for name in ('labels', 'label_info'))
    assert labels == info
    assert [header.frame_id for header in labels] == ['rear_optical', CAMERA_FRAME]
    assert received['detections'][0].header.frame_id == 'base_link'


def test_where_answers_come_too_fast_the_oldest_that_waits_is_not_drawn(contexts, monkeypatch):
    begun, go_on, drawn = threading.Event(), threading.Event(), []

    def slow(_end, _observation, question, _frame):
        begun.set()
        assert go_on.wait(10)
        drawn.append(question)
        return ()

    monkeypatch.setattr(outputs_module, 'drawings', slow)
    node = Node('spatialclaw', context=contexts[0], enable_rosout=False,
                start_parameter_services=False)
    outputs = Outputs(node)
    try:
        for number in range(10):
            end = dataclasses.replace(outcome(distance()), text=f'{number}?')
            outputs.publish(end, answer_message(end))
            assert begun.wait(10)
        assert outputs.flush(10.0, drawn=False)
        go_on.set()
        until(lambda: len(drawn) == 1 + MOST_WAITING)
    finally:
        outputs.close()
        node.destroy_node()
    assert drawn == ['0?', '6?', '7?', '8?', '9?']


def with_rear(seen):
    """The same, but a second camera saw the first image."""
    first = dataclasses.replace(seen.frames[0], camera='rear', frame_id='rear_optical')
    return dataclasses.replace(seen, frames=(first, *seen.frames[1:]))


def header_of(message):
    return message.markers[0].header if hasattr(message, 'markers') else message.header
