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



"""The webcam of the tutorial: a film in its place, heard over DDS."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from docs_pages import REPOSITORY
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from robot_double import spin_until
from sensor_msgs.msg import CameraInfo, Image

WIDTH, HEIGHT = 64, 48
CALIBRATION = {
    'image_width': WIDTH, 'image_height': HEIGHT, 'distortion_model': 'plumb_bob',
    'distortion_coefficients': {'data': [0.1, -0.2, 0, 0, 0]},
    'camera_matrix': {'data': [50, 0, 32, 0, 51, 24, 0, 0, 1]},
    'rectification_matrix': {'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    'projection_matrix': {'data': [50, 0, 32, 0, 0, 51, 24, 0, 0, 0, 1, 0]}}


@pytest.fixture(scope='module')
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('film') / 'film.avi'
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 30.0, (WIDTH, HEIGHT))
    for _ in range(3):
        writer.write(np.full((HEIGHT, WIDTH, 3), (200, 30, 30), np.uint8))
    writer.release()
    return path


def test_a_film_is_published_as_a_camera(film: Path, own_domain: None) -> None:
    context = Context()
    rclpy.init(args=[], context=context)
    node = Node('viewer', context=context)
    came: dict[str, object] = {}
    for kind, name in ((Image, 'image_raw'), (CameraInfo, 'camera_info')):
        node.create_subscription(
            kind, f'/camera/{name}', lambda message, name=name: came.update({name: message}),
            qos_profile_sensor_data)
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / 'examples' / 'webcam.py'), '--source', str(film),
         '--loop', '--rate', '30', '--fov', '90'])
    try:
        assert spin_until(node, lambda: len(came) == 2, 30.0)
    finally:
        process.terminate()
        process.wait(10)
        node.destroy_node()
        rclpy.try_shutdown(context=context)
    image, info = came['image_raw'], came['camera_info']
    assert (image.width, image.height, image.encoding) == (WIDTH, HEIGHT, 'bgr8')
    pixels = np.frombuffer(image.data, np.uint8).reshape(HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(pixels.mean(axis=(0, 1)), (200, 30, 30), atol=8)
    assert info.header.frame_id == 'camera_color_optical_frame'
    assert info.k[0] == pytest.approx(WIDTH / 2 / math.tan(math.radians(45)))
    assert len(info.d) == 5


def test_a_calibration_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / 'examples'))
    (tmp_path / 'ost.yaml').write_text(yaml.safe_dump(CALIBRATION), encoding='utf-8')
    info = importlib.import_module('webcam').calibrated(tmp_path / 'ost.yaml')
    assert (info.width, info.height, info.distortion_model) == (WIDTH, HEIGHT, 'plumb_bob')
    assert (info.k[0], info.k[4], info.d[1], info.p[5]) == (50.0, 51.0, -0.2, 51.0)


@pytest.mark.parametrize(('option', 'words'), [
    ('--source', 'ls /dev/video'), ('--calibration', 'is no file: camera_calibration writes one')])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, option: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / 'examples' / 'webcam.py'), option,
         str(tmp_path / 'nothing')], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert 'Traceback' not in done.stderr
