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

import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from bag_player import write_bag
from robot_double import (
    BASE_IN_ODOM,
    HEIGHT,
    PARAMETERS,
    TOPICS,
    WIDTH,
    RobotDouble,
    T_base_camera,
    render,
)

from spatialclaw_ros.cli.main import main
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.folder_set import FolderSet
from spatialclaw_ros.eval.frame_folder import read_frames
from spatialclaw_ros.workspace.observation import Observation

ROBOT = ('--ros-args', *(word for role, topic in TOPICS.items()
                         for word in ('-p', f'camera.{role}:={topic}')))
ENTRY = """questions:
- question: 'How far apart are the red ball and the blue ball?'
  answer: 0.2
"""


def check(observation: Observation, count: int) -> None:
    """What `RobotDouble` shows, as frames of a folder."""
    assert len(observation.frames) == count
    assert (observation.world_frame, observation.base_frame) == ('odom', 'base_link')
    image, depth_m = render()
    T_world_camera = T_base_camera.copy()
    T_world_camera[:3, 3] += BASE_IN_ODOM
    for frame in observation.frames:
        assert frame.camera == 'camera'
        assert (frame.intrinsics.width, frame.intrinsics.height) == (WIDTH, HEIGHT)
        np.testing.assert_allclose(frame.T_world_camera, T_world_camera, atol=1e-9)
        np.testing.assert_allclose(frame.depth_m, depth_m, atol=5.1e-4)
        assert np.abs(frame.image.astype(int) - image).mean() < 2.0
    stamps = [frame.stamp_ns for frame in observation.frames]
    assert stamps == sorted(set(stamps))


def test_a_folder_from_live_topics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'desk'
    robot = RobotDouble()
    try:
        assert main(['eval', 'record', '--out', str(out), '--camera', 'camera', '--frames', '3',
                     '--seconds', '0.5', *ROBOT]) == 0
    finally:
        robot.close()
    assert '3 frames of camera' in capsys.readouterr().out
    with pytest.raises(InvalidRequestError, match='write them down'):
        FolderSet(out).questions()
    (out / 'questions.yaml').write_text(ENTRY, encoding='utf-8')
    data = FolderSet(out)
    (question,) = data.questions()
    seen = data.observe(question)
    check(seen, 3)
    assert abs(seen.frames[-1].stamp_s - time.time()) < 60.0
    assert '- camera, camera_color_optical_frame: 3 images, 3 with depth, 3 with intrinsics, ' \
           '3 with pose' in (out / 'README.md').read_text(encoding='utf-8')


def test_a_folder_out_of_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = write_bag(tmp_path, seconds=2.0)
    out = tmp_path / 'out'
    record = ['eval', 'record', '--bag', str(bag), '--frames', '4', '--seconds', '0.5']
    assert main([*record, '--out', str(out), '--at', '1.0', *ROBOT]) == 0
    seen = read_frames(out).observe()
    check(seen, 4)
    assert seen.frames[-1].stamp_s == pytest.approx(1001.0)
    assert seen.frames[0].stamp_s == pytest.approx(1000.5)
    capsys.readouterr()
    assert main([*record, '--out', str(out), *ROBOT]) == 2
    assert 'has frames already' in capsys.readouterr().err
    assert main([*record, '--out', str(tmp_path / 'none'), '--ros-args',
                 '-p', 'camera.image:=/nothing']) == 2
    assert '/camera/color/image_raw (sensor_msgs/msg/Image)' in capsys.readouterr().err
    assert main(['eval', 'record', '--bag', str(tmp_path), '--out', str(tmp_path / 'none')]) == 2
    assert "can't be read as a rosbag2 folder" in capsys.readouterr().err
    assert main(['eval', 'record', '--out', str(tmp_path / 'none'), '--ros-args', '-p', 'x']) == 2
    assert '--ros-args -p x is not understood' in capsys.readouterr().err
    assert not (tmp_path / 'none').exists()


def test_questions_about_a_bag(tmp_path: Path) -> None:
    write_bag(tmp_path, seconds=9.0, rate_hz=5.0)
    (tmp_path / 'robot.yaml').write_text(yaml.safe_dump(
        {'/**': {'ros__parameters': {'buffer_s': 3.0, **PARAMETERS}}}), encoding='utf-8')
    listed = f'bag: bag\ncameras: robot.yaml\n{ENTRY}'
    (tmp_path / 'questions.yaml').write_text(f'{listed}  at: 8.0\n  window: 0.6\n')
    data = FolderSet(tmp_path)
    (question,) = data.questions()
    seen = data.observe(question)
    check(seen, 4)                                  # TF that was sent once, 8 s before, holds
    assert seen.frames[-1].stamp_s == pytest.approx(1008.0)
    for content, message in (
            (f'{listed}  frames: ["000000"]', 'entry 1 .*of a bag name the moment'),
            (f'{listed}  at: -1', '`at` and `window` must be 0 or more'),
            ('bag: none\nquestions: []', 'names the bag .*none, which is not there')):
        (tmp_path / 'questions.yaml').write_text(content)
        with pytest.raises(InvalidRequestError, match=message):
            FolderSet(tmp_path).questions()
