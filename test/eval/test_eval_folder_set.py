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


from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.folder_set import FolderSet
from spatialclaw_ros.eval.frame_folder import frame_names, read_frames, write_frames
from spatialclaw_ros.eval.records import Said
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.sim.folder import read_folder
from spatialclaw_ros.workspace.observation import Frame, Observation

CAMERA = PinholeCamera(32, 24, 30.0, 31.0, 15.5, 11.5, (0.1, 0.0, 0.0, 0.0, 0.01))


def make_observation(cameras: tuple[str, ...] = ('front',), *, depth: bool = True) -> Observation:
    """Three images, of the cameras in turn; smooth, so that JPEG keeps them."""
    image = np.zeros((24, 32, 3), np.uint8)
    image[..., 0] = np.linspace(0, 200, 32)
    image[..., 2] = 90
    frames, poses = [], []
    for index in range(3):
        pose = np.eye(4)
        pose[:3, 3] = (0.1 * index, 0.25, 1.0 / 3.0)
        poses.append(pose)
        depth_m = np.full((24, 32), 0.7004 + index, np.float32)
        depth_m[0, :4] = (np.nan, np.inf, 70.0, 0.0)
        camera = cameras[index % len(cameras)]
        frames.append(Frame(
            index, camera, 10 ** 15 + index * 40_000_000, f'{camera}_optical', image,
            depth_m if depth else None, CAMERA if depth else None, pose if depth else None))
    gripper = np.stack([np.eye(4), np.full((4, 4), np.nan), np.eye(4)])
    return Observation(tuple(frames), 'odom', {'gripper': gripper, 'base_link': np.stack(poses)},
                       ('no TF for the gripper at one image',), 'base_link')


@pytest.mark.parametrize(('cameras', 'depth', 'demo'), [
    (('front',), True, True),
    (('front', 'wrist'), True, False),
    (('front',), False, False),
])
def test_what_was_written_reads_back_equal(
    tmp_path: Path, cameras: tuple[str, ...], depth: bool, demo: bool,
) -> None:
    wanted = make_observation(cameras, depth=depth)
    write_frames(wanted, tmp_path)
    got = read_frames(tmp_path).observe()
    assert (got.world_frame, got.base_frame, got.missing) == (
        wanted.world_frame, wanted.base_frame, wanted.missing)
    assert got.transforms.keys() == wanted.transforms.keys()
    for name, poses in wanted.transforms.items():
        np.testing.assert_array_equal(got.transforms[name], poses)
    for one, other in zip(got.frames, wanted.frames):
        assert (one.index, one.camera, one.stamp_ns, one.frame_id, one.intrinsics) == (
            other.index, other.camera, other.stamp_ns, other.frame_id, other.intrinsics)
        assert np.abs(one.image.astype(int) - other.image).max() <= 6
        if other.depth_m is None or other.T_world_camera is None:
            assert one.depth_m is None
            assert one.T_world_camera is None
            continue
        np.testing.assert_array_equal(one.T_world_camera, other.T_world_camera)
        valid = np.isfinite(other.depth_m) & (other.depth_m < 65.0) & (other.depth_m > 0)
        np.testing.assert_array_equal(np.isfinite(one.depth_m), valid)
        np.testing.assert_allclose(one.depth_m[valid], other.depth_m[valid], atol=5.1e-4)
    if demo:
        folder = read_folder(tmp_path)
        assert folder.camera == CAMERA
        assert [frame.name for frame in folder.frames] == ['000000', '000040', '000080']
        np.testing.assert_array_equal(
            folder.frames[2].T_world_camera, wanted.frames[2].T_world_camera)
    with pytest.raises(InvalidRequestError, match='has frames already'):
        write_frames(wanted, tmp_path)


def test_a_folder_without_what_a_robot_knows(tmp_path: Path) -> None:
    write_frames(make_observation(), tmp_path)
    content = json.loads((tmp_path / 'poses.json').read_text())
    del content['robot']
    (tmp_path / 'poses.json').write_text(json.dumps(content))
    (tmp_path / 'README.md').write_text(
        '| question | answer | tolerance |\n| --- | --- | --- |\n'
        '| How far is the mug from the box? (hand-drawn) | 0.78 m | 0.06 m |\n'
        '| Which is closer to the mug: the gray box or the ball? | the gray box (0.10 m) | |\n')
    data = FolderSet(tmp_path)
    far, nearer = data.questions()
    assert (far.text, far.truth, far.unit, far.facts) == (
        'How far is the mug from the box?', 0.78, 'm', {'tolerance': 0.06})
    assert (nearer.answer, nearer.truth) == ('text', 'the gray box')
    assert data.score(far, Said(status='OK', value=0.83, unit='m')).right
    assert data.score(nearer, Said(status='OK', value='gray box')).right
    seen = data.observe(far)
    assert seen is data.observe(nearer), 'the same frames are read once'
    assert [frame.stamp_ns for frame in seen.frames] == [0, 40_000_000, 80_000_000]
    assert np.isnan(seen.frames[0].depth_m[0, 0])


def with_questions(path: Path, content: Any) -> FolderSet:
    write_frames(make_observation(), path)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (path / 'questions.yaml').write_text(text, encoding='utf-8')
    return FolderSet(path)


ENTRIES = """
questions:
- {question: 'How far is the mug from the edge?', answer: 0.41, tolerance: 0.01, note: tape}
- {question: 'How far in cm?', answer: 41, unit: cm, category: distance}
- {question: 'How wide?', answer: 410 mm}
- {question: 'How many mugs?', answer: 3}
- {question: 'Is the mug on the table?', answer: yes}
- {question: 'Which way?', answer: left, options: [left, right]}
- {question: 'Is it open?', answer: no, options: [yes, no]}
- {question: 'Where is the mug?', answer: [0.1, 0.2, 1], frame: base_link, tolerance: 0.05}
- {question: 'How far is the zebra?', answer: null}
- {question: 'Name it.', answer: the red mug, id: name, frames: ['000040']}
- {question: 'What angle?', answer: 30 deg}
"""


def test_questions_of_a_person(tmp_path: Path) -> None:
    data = with_questions(tmp_path, ENTRIES)
    found = [(each.answer, each.truth, each.unit) for each in data.questions()]
    assert found == [
        ('number', 0.41, 'm'), ('number', 41.0, 'cm'), ('number', pytest.approx(0.41), 'm'),
        ('count', 3.0, ''),
        ('yes_no', True, ''), ('text', 'left', ''), ('text', 'no', ''),
        ('point', (0.1, 0.2, 1.0), 'm'), ('number', None, 'm'), ('text', 'the red mug', ''),
        ('number', pytest.approx(np.pi / 6), 'rad')]
    questions = data.questions()
    assert questions[0].facts == {'tolerance': 0.01}
    assert questions[0].tags == {'note': 'tape'}
    assert [each.id for each in questions[7:10]] == ['8', '9', 'name']
    (one,) = data.observe(questions[9]).frames
    assert one.stamp_ns == 10 ** 15 + 40_000_000
    assert len(data.observe(questions[0]).frames) == 3


@pytest.mark.parametrize(('content', 'message'), [
    ('questions: [', r"questions\.yaml can't be read as YAML"),
    ('questions: 3', 'must hold a list `questions`.*got `int`'),
    ('3', 'must hold a list `questions`'),
    ('{questions: [], bags: x}', 'unknown field `bags`'),
    ('questions: []', 'has no questions: write them down'),
    ([{'answer': 1.0}], r'questions\.yaml entry 1 \(None\).*missing required field `question`'),
    ([{'question': 'Far?'}], r'entry 1 \(.Far\?.\).*missing required field `answer`'),
    ([{'question': 'Far?', 'answer': 1, 'tolerence': 1}], 'unknown field `tolerence`'),
    ([{'question': ' ', 'answer': 1.0}], '`question` is empty'),
    ([{'question': 'Far?', 'answer': 'far', 'type': 'number'}], '`answer` must be a number'),
    ([{'question': 'Many?', 'answer': 1.5, 'type': 'count'}], 'must be a whole number, got 1.5'),
    ([{'question': 'Far?', 'answer': float('nan')}], '`answer` must be a number'),
    ([{'question': 'Is it?', 'answer': 'maybe', 'type': 'yes_no'}], 'must be yes or no'),
    ([{'question': 'Where?', 'answer': [1, 2]}], 'entry 1.*length 3'),
    ([{'question': 'Where?', 'answer': [1, float('nan'), 2]}], 'must be three numbers'),
    ('questions: [{question: far, answer: 2026-02-30}]', "as YAML: day is out of range"),
    ([{'question': 'Far?', 'answer': '1,5 m'}], 'must be one number with its unit'),
    ([{'question': 'Far?', 'answer': '1/2 m', 'unit': 'm'}], 'must be one number with its'),
    ([{'question': 'Far?', 'answer': 1, 'unit': 'ell'}], "`unit` 'ell' is not known"),
    ([{'question': 'Far?', 'answer': 1, 'unit': 'm', 'tolerance': -1}], '`tolerance` must be 0'),
    ([{'question': 'Is it?', 'answer': True, 'tolerance': 1}], '`tolerance` must be 0 or more'),
    ([{'question': 'Which?', 'answer': 'up', 'options': ['left', 'right']}],
     "one of them the answer 'up'"),
    ([{'question': 'Which?', 'answer': 'up', 'options': ['up']}], 'two or more texts'),
    ([{'question': 'Where?', 'answer': [1, 2, 3], 'frame': 'map'}],
     "'map' is no TF frame of this folder; it has base_link, gripper, odom"),
    ([{'question': 'Far?', 'answer': 1.0, 'frames': ['7']}], 'has 000000 to 000080'),
    ('[{question: Far, answer: 1.0, frames: [000040]}]', r'Expected `str`, got `int`'),
    ([{'question': 'Far?', 'answer': 1.0, 'at': 3}], '`at` and `window` are of a bag'),
    ([{'question': 'Far?', 'answer': 1.0, 'type': 'letter'}], '`type` must be one of number'),
    ([{'question': 'A?', 'answer': 1.0, 'id': 'x'}, {'question': 'B?', 'answer': 1.0, 'id': 'x'}],
     "entry 2.*its id 'x' is taken"),
])
def test_what_is_wrong_is_named(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        with_questions(tmp_path, content).questions()


def set_pose(path: Path, part: str, pose: list[list[float]]) -> None:
    content = json.loads((path / 'poses.json').read_text())
    robot = content['robot']
    if part == 'frames':
        robot['frames']['000040']['T_world_camera'] = pose
    else:
        robot['transforms']['base_link']['000040'] = pose
    (path / 'poses.json').write_text(json.dumps(content))


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda path: (path / 'poses.json').unlink(), 'is no folder of frames'),
    (lambda path: (path / 'poses.json').write_text('{'), 'is not what'),
    (lambda path: (path / 'frame-000040.depth.png').unlink(), 'not there: frame-000040.depth.png'),
    (lambda path: (path / 'frame-000040.color.jpg').write_bytes(b''), 'no picture'),
    (lambda path: (path / 'frame-000040.depth.png').write_bytes(b'x'), 'PNG of one channel'),
    (lambda path: set_pose(path, 'frames', [[1.0, 0.0], [0.0, 1.0]]),
     'frames.000040.T_world_camera must be 4 rows of 4'),
    (lambda path: set_pose(path, 'transforms', [[0.0] * 4] * 3),
     'transforms.base_link.000040 must be 4 rows of 4'),
    (lambda path: cv2.imwrite(str(path / 'frame-000040.depth.png'), np.ones((2, 2), np.uint16)),
     'frame 000040 of .*depth_m must be'),
])
def test_a_broken_folder(tmp_path: Path, spoil: Any, message: str) -> None:
    write_frames(make_observation(), tmp_path)
    spoil(tmp_path)
    with pytest.raises(InvalidRequestError, match=message):
        read_frames(tmp_path).observe()


def test_names_of_frames_are_different() -> None:
    assert frame_names([5_000_000, 5_100_000, 5_200_000, 45_000_000]) == [
        '000000', '000001', '000002', '000040']
