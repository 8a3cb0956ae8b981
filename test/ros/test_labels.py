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

"""Masks as label images, and what their numbers stand for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from answer_lab import distance, evidence, observation
from robot_double import CAMERA_FRAME, HEIGHT, WIDTH

from spatialclaw_ros.agent.events import Evidence, EvidenceObject, Refused
from spatialclaw_ros.ros.compat import report, vision
from spatialclaw_ros.ros.compat._distribution import Found
from spatialclaw_ros.ros.drawings import drawing_types, drawings, without
from spatialclaw_ros.ros.labels import label_array, label_frames, label_info, label_message
from spatialclaw_ros.workspace.observation import Frame, Observation

BLANK = np.zeros((20, 30, 3), np.uint8)


def seen(*cameras: str) -> Observation:
    """One blank image of each name, a tenth of a second apart."""
    return Observation(tuple(
        Frame(index, name, index * 100_000_000, f'{name}_optical', BLANK)
        for index, name in enumerate(cameras)))


def thing(label: str, masks: dict[int, tuple[slice, slice]]) -> EvidenceObject:
    arrays = {}
    for index, where in masks.items():
        arrays[index] = np.zeros(BLANK.shape[:2], bool)
        arrays[index][where] = True
    nowhere = np.full(3, np.nan)
    return EvidenceObject(
        label, np.empty((0, 3), np.float32), arrays, nowhere, nowhere, np.eye(3))


def pixels(message) -> np.ndarray:
    kind = {'mono8': np.dtype('u1'), '16UC1': np.dtype('<u2')}[message.encoding]
    assert message.step == message.width * kind.itemsize
    assert not message.is_bigendian
    return np.frombuffer(bytes(message.data), kind).reshape(message.height, message.width)


def test_a_pixel_has_the_number_of_its_object():
    found = evidence()
    frame = observation().frames[1]
    message = label_message(frame, found)
    assert (message.encoding, message.width, message.height) == ('mono8', WIDTH, HEIGHT)
    assert (message.header.frame_id, message.header.stamp.sec, message.header.stamp.nanosec) == (
        CAMERA_FRAME, 1, 500_000_000)
    labels = pixels(message)
    for number, each in enumerate(found.objects, start=1):
        assert (labels == number).sum() > 100
        assert ((labels == number) == each.masks[1]).all()


def test_numbers_have_names():
    message = label_message(observation().frames[1], evidence())
    info = label_info(message.header, evidence())
    assert [(each.class_id, each.class_name) for each in info.class_map] == [
        (0, 'background'), (1, 'red ball'), (2, 'blue ball')]
    assert info.header == message.header


def test_where_several_cover_a_pixel_the_smaller_one_has_it():
    frame = seen('a').frames[0]
    table = thing('table', {0: np.s_[:, :]})
    mug = thing('mug', {0: np.s_[5:10, 5:10]})
    twin = thing('twin', {0: np.s_[5:10, 5:10]})
    elsewhere = thing('elsewhere', {7: np.s_[:, :]})
    labels = label_array(frame, Evidence(objects=(table, elsewhere, mug, twin)))
    assert labels.dtype == np.uint8
    assert (labels[5:10, 5:10] == 3).all()
    assert set(np.unique(labels)) == {1, 3}
    assert (label_array(frame, Evidence(objects=(mug, table)))[5:10, 5:10] == 1).all()


@pytest.mark.parametrize(('count', 'encoding'), [
    (0, 'mono8'), (254, 'mono8'), (255, '16UC1'), (600, '16UC1')])
def test_many_objects_and_none(count, encoding):
    objects = tuple(
        thing(f'{n}', {0: np.s_[n // 30:n // 30 + 1, n % 30:n % 30 + 1]}) for n in range(count))
    found = Evidence(objects=objects)
    message = label_message(seen('a').frames[0], found)
    assert message.encoding == encoding
    expected = np.zeros(600, int)
    expected[:count] = np.arange(1, count + 1)
    assert (pixels(message).ravel() == expected).all()
    assert len(label_info(message.header, found).class_map) == count + 1


@pytest.mark.parametrize(('used', 'objects', 'frames'), [
    ((), (), [3]),  # nothing was looked at: the newest image
    ((0, 1), (), [0, 1]),  # without objects the newest used of each camera
    ((0, 1, 2, 3), (), [2, 3]),
    ((0, 1, 2, 3), ([0],), [3, 0]),  # the image that shows most; that of the overlay is last
    ((0, 1, 2, 3), ([0], [0, 1, 3]), [3, 0]),
    ((0, 1, 2, 3), ([0, 2], [0, 2, 1]), [1, 2]),
    ((1,), ([2],), [1, 2]),
    ((9, -1), (), [3]),
])
def test_one_image_for_each_camera_that_was_used(used, objects, frames):
    found = Evidence(used, tuple(
        thing('x', dict.fromkeys(where, np.s_[:3, :3])) for where in objects))
    assert [frame.index for frame in label_frames(seen('a', 'b', 'a', 'b'), found)] == frames


def test_each_label_image_follows_its_info():
    found = Evidence((0, 1), (thing('x', {0: np.s_[:3, :3], 1: np.s_[:4, :4]}),))
    made = list(drawings(Refused('no', found), seen('a', 'b\udc80'), 'q?', ''))
    names = [name for name, _ in made]
    assert names == ['markers', 'evidence', 'overlay', 'label_info', 'labels', 'label_info',
                     'labels', 'detections']
    assert set(names) == set(drawing_types())
    for name, message in made:
        assert isinstance(message, drawing_types()[name])
    assert [message.header.frame_id for name, message in made[3:7]] == [
        'a_optical', 'a_optical', 'b?_optical', 'b?_optical']
    assert made[2][1].header == made[6][1].header


def test_without_vision_msgs_the_rest_stays(monkeypatch):
    assert without() == ''
    monkeypatch.setattr(
        vision, 'FOUND', Found('vision_msgs', reason="No module named 'vision_msgs'"))
    assert 'apt install ros-$ROS_DISTRO-vision-msgs' in without()
    assert "No module named 'vision_msgs'" in without()
    told = {part.package: part for part in report.installed()}['vision_msgs']
    assert (told.state, told.cost.partition(':')[0]) == (
        report.MISSING, 'no ~/label_info and no ~/detections')
    names = [name for name, _ in drawings(distance(), observation(), '', 'odom')]
    assert names == ['markers', 'evidence', 'overlay', 'labels'] == list(drawing_types())


def test_an_old_vision_msgs_is_told_from_one_that_will_do():
    old = dataclasses.make_dataclass('old', ['Detection3DArray'])(None)
    assert vision.lacks(old) == 'it has no LabelInfo, VisionClass'
