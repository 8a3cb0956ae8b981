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


"""Each file of config/cameras: parameters that the node takes, for a driver that is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from rclpy.context import Context
from rclpy.node import Node

from spatialclaw_ros.perception.depth_anything.variants import VARIANTS
from spatialclaw_ros.ros.camera_config import without_depth
from spatialclaw_ros.ros.parameter_table import CAMERA_FIELDS
from spatialclaw_ros.ros.parameters import Parameters

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = ROOT / 'config' / 'spatialclaw.yaml'
CAMERAS = sorted((ROOT / 'config' / 'cameras').glob('*.yaml'))
NAMES = {'oak_d', 'orbbec', 'realsense', 'webcam', 'zed'}
# those that Humble to Kilted still have packages of
DRIVERS = {'depthai_ros_driver_v3', 'orbbec_camera', 'realsense2_camera', 'usb_cam', 'v4l2_camera',
           'zed_wrapper'}


def loaded(context: Context, *files: Path) -> tuple[Parameters, Node, list[str]]:
    """What a node makes of parameter files, the last one on top, and what it warns of."""
    arguments = [word for file in files for word in ('--params-file', str(file))]
    node = Node('cameras_of_a_file', context=context, start_parameter_services=False,
                enable_rosout=False, cli_args=['--ros-args', *arguments])
    warnings: list[str] = []
    return Parameters(node, warnings.append), node, warnings


def test_each_common_camera_has_a_file() -> None:
    assert {path.stem for path in CAMERAS} == NAMES


@pytest.mark.parametrize('path', CAMERAS, ids=lambda path: path.stem)
@pytest.mark.parametrize('below', [(), (DEFAULTS,)], ids=['alone', 'on the defaults'])
def test_the_node_takes_a_file(context: Context, below: tuple[Path, ...], path: Path) -> None:
    parameters, node, warnings = loaded(context, *below, path)
    try:
        camera, = parameters.cameras
        given = yaml.safe_load(path.read_text(encoding='utf-8'))['/**']['ros__parameters']
        assert given['cameras'] == [camera.name] == ['camera']
        # all that decides where the camera is stands in the file, whatever lies below it
        assert set(given['camera']) == set(CAMERA_FIELDS) - {'image_transport', 'depth_transport'}
        assert not any(str(value).startswith('/') for value in given['camera'].values()), (
            'robots with a namespace each would share one camera')
        for name, value in given['camera'].items():
            assert getattr(camera, CAMERA_FIELDS[name]) == value
        assert camera.info_topic == camera.camera_info_topic, 'not where image_transport puts it'
        assert warnings == []
        # who has no depth sensor takes a model that tells metres by itself, from one image
        settings = parameters.settings
        assert not without_depth(parameters.cameras, settings.perception.reconstruct)
        if not camera.depth_topic:
            assert VARIANTS[settings.perception.depth.model].kind == 'metric'
            assert settings.max_frames == settings.perception.depth.max_views == 1
    finally:
        node.destroy_node()


@pytest.mark.parametrize('path', CAMERAS, ids=lambda path: path.stem)
def test_a_file_names_its_driver_and_where_that_is_written(path: Path) -> None:
    text = path.read_text(encoding='utf-8')
    comment = ' '.join(line.lstrip('# ') for line in text.splitlines() if line.startswith('#'))
    started = re.findall(r'^#   ros2 (?:launch|run) (\w+) (?:\w+\.launch\.py|rs_launch\.py|\w+)',
                         text, re.MULTILINE)
    assert started
    assert set(started) <= DRIVERS
    assert re.search(r' \d\.[\dx]+| v3', comment), 'no version of the driver'
    assert re.search(r'Source: .*(?:github|gitlab)\.com/\w+', comment)
    assert ('16UC1' in comment or '32FC1' in comment) == bool(re.search(r"depth: '\w", text))
