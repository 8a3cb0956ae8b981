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

"""Files of config/examples: the node takes them, RViz shows what it can, a page shows the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from docs_pages import snippets
from rclpy.context import Context
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.ros.camera_config import without_depth
from spatialclaw_ros.ros.launch_values import camera_remappings, parameters_in
from spatialclaw_ros.ros.parameters import Parameters

EXAMPLES = Path(__file__).resolve().parents[2] / 'config' / 'examples'
TWO = EXAMPLES / 'two_cameras.yaml'
RAW_BYTES = 640 * 480 * (3 + 2)
RATE_HZ = 30
# JPEGs of 60 kB (docs/networking.md), and depth that PNG brings to a third or so
COMPRESSED_SHARE = 0.18


@pytest.fixture
def parameters(request: pytest.FixtureRequest, context: Context) -> Iterator[Parameters]:
    node = Node('takes_an_example', context=context, start_parameter_services=False,
                enable_rosout=False, cli_args=['--ros-args', '--params-file', str(request.param)])
    yield Parameters(node, pytest.fail)
    node.destroy_node()


@pytest.mark.parametrize('parameters', sorted(EXAMPLES.glob('*.yaml')), indirect=True,
                         ids=lambda path: path.stem)
def test_the_node_takes_an_example(parameters: Parameters) -> None:
    assert not without_depth(parameters.cameras, parameters.settings.perception.reconstruct)
    topics = [topic for camera in parameters.cameras for topic in camera.topics.values()]
    assert len(set(topics)) == len(topics)
    assert not any(topic.startswith('/') for topic in topics), 'robots would share a camera'


@pytest.mark.parametrize('parameters', [TWO], indirect=True, ids=['two_cameras'])
def test_of_two_cameras_one_is_compressed_and_both_fit_the_buffer(parameters: Parameters) -> None:
    head, wrist = parameters.cameras
    assert (head.name, head.message_type('image'), head.message_type('depth')) == (
        'head', Image, Image)
    assert (wrist.name, wrist.message_type('image'), wrist.message_type('depth')) == (
        'wrist', CompressedImage, CompressedImage)
    assert wrist.info_topic == wrist.camera_info_topic == 'camera/wrist/color/camera_info'
    settings = parameters.settings
    kept = (1 + COMPRESSED_SHARE) * RAW_BYTES * RATE_HZ * settings.buffer_s
    assert kept < settings.buffer_mb * MIB < 1.25 * kept


def test_rviz_shows_the_first_of_them() -> None:
    values = parameters_in([TWO], '/spatialclaw')
    assert {topic.split('/')[1] for _, topic in camera_remappings(values)} == {'head'}


def test_the_page_shows_the_file() -> None:
    """But for what any robot has."""
    shown = [yaml.safe_load(each.text)['/**']['ros__parameters']
             for each in snippets('docs/deployment.md', 'yaml')]
    given = yaml.safe_load(TWO.read_text(encoding='utf-8'))['/**']['ros__parameters']
    common = {'world_frame', 'base_frame', 'max_frames'}
    assert [{name: value for name, value in given.items() if name not in common}] == shown
