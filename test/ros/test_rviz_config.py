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

"""RViz' configuration against what the node really publishes, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from rclpy.node import Node

from spatialclaw_ros.ros.drawings import drawing_types
from spatialclaw_ros.ros.outputs import Outputs
from spatialclaw_ros.ros.parameter_table import CAMERA_PARAMETERS

# Displays of rviz_default_plugins that show a topic, and the type that each takes.
SHOWS = {
    'Image': 'sensor_msgs/msg/Image', 'DepthCloud': 'sensor_msgs/msg/Image',
    'MarkerArray': 'visualization_msgs/msg/MarkerArray',
    'PointCloud2': 'sensor_msgs/msg/PointCloud2'}
PLAIN = {'Grid', 'TF', 'Group'}
# left out: its plugin is no part of RViz
NOT_SHOWN = {'detections', 'label_info'}


def displays(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in group['Displays']:
        yield each
        if each['Class'].endswith('/Group'):
            yield from displays(each)


@pytest.fixture(scope='module')
def config(repository) -> list[dict[str, Any]]:
    text = (repository / 'config' / 'spatialclaw.rviz').read_text(encoding='utf-8')
    return list(displays(yaml.safe_load(text)['Visualization Manager']))


@pytest.fixture(scope='module')
def published(contexts) -> dict[str, tuple[str, Any]]:
    """Topic to type and QoS, as the graph has them."""
    node = Node('spatialclaw', context=contexts[0], enable_rosout=False,
                start_parameter_services=False)
    outputs = Outputs(node)
    try:
        return {topic: (kinds[0], node.get_publishers_info_by_topic(topic)[0].qos_profile)
                for topic, kinds in node.get_publisher_names_and_types_by_node('spatialclaw', '/')
                if topic.startswith('/spatialclaw/')}
    finally:
        outputs.close()
        node.destroy_node()


def test_every_drawing_has_a_display(config, published):
    shown = {each['Topic']['Value'] for each in config if 'Topic' in each}
    drawn = {f'/spatialclaw/{name}' for name in drawing_types()}
    assert drawn <= published.keys()
    assert drawn - shown == {f'/spatialclaw/{name}' for name in NOT_SHOWN}
    assert len({each['Name'] for each in config}) == len(config)


def test_displays_take_what_is_published_as_it_is_published(config, published):
    for each in config:
        plugin = each['Class'].rpartition('/')[2]
        assert plugin in SHOWS.keys() | PLAIN, each['Class']
        assert each['Class'] == (
            'rviz_common/Group' if plugin == 'Group' else f'rviz_default_plugins/{plugin}')
        assert plugin == 'Group' or each['Value'] == each['Enabled']
        topic = each.get('Topic', {})
        if not topic.get('Value', '').startswith('/spatialclaw/'):
            continue
        kind, qos = published[topic['Value']]
        assert kind == SHOWS[plugin]
        assert topic['Durability Policy'].replace(' ', '_').upper() == qos.durability.name
        assert topic['Reliability Policy'].replace(' ', '_').upper() == qos.reliability.name


def test_camera_displays_have_the_topics_of_the_parameters(config):
    defaults = {spec.name.partition('.')[2]: spec.default for spec in CAMERA_PARAMETERS}
    color = '/' + str(defaults['image']).replace('{camera}', 'camera')
    image, = (each for each in config if each['Name'] == 'Image')
    assert image['Topic']['Value'] == color
    assert image['Topic']['Reliability Policy'] == 'Best Effort'  # hears reliable ones as well
    depth, = (each for each in config if each['Name'] == 'Depth')
    assert depth['Color Image Topic'] == color
    assert depth['Reliability Policy'] == 'Best effort'
    assert depth['Depth Map Topic'].startswith('/camera/depth/')
