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

"""What parameters can't be together, and what only files and addresses tell about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_topic_name import validate_topic_name

from spatialclaw_ros.perception.checks import faults
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.ros.perception_parameters import GROUP

FRAMES = ('world_frame', 'base_frame', 'answer_frame')


def contradictions(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Names that don't go together, and a line that names them and what to change.

    Args:
        values: of all parameters by name, each checked by itself.
    """
    window_s, buffer_s = values['window_s'], values['buffer_s']
    if window_s > buffer_s:
        yield ('window_s', 'buffer_s'), (
            f'window_s ({window_s:g}) looks further back than buffer_s ({buffer_s:g}) keeps: '
            'raise buffer_s, or lower window_s')
    if values['pair_tolerance_s'] >= buffer_s:
        yield ('pair_tolerance_s', 'buffer_s'), (
            f'pair_tolerance_s ({values["pair_tolerance_s"]:g}) must be less than buffer_s '
            f'({buffer_s:g})')
    for name in FRAMES:
        frame = values[name]
        if frame.startswith('/') or frame != frame.strip():
            yield (name,), (
                f'{name} must be a frame as TF names it, without a leading / or spaces, '
                f'got {frame!r}')
    backbone, interface = values['backbone'], values['action_interface']
    if backbone == 'rules' and interface != 'code':
        yield ('backbone', 'action_interface'), (
            f"backbone 'rules' writes action_interface 'code' only, got {interface!r}: a model "
            "('vllm') writes the others")
    if backbone == 'recorded' and not values['backbone_script']:
        yield ('backbone', 'backbone_script'), (
            "backbone 'recorded' needs backbone_script: a YAML file of replies, or a trace's "
            'folder')
    for camera in values['cameras']:
        yield from _of_camera(camera, values)


def _of_camera(camera: str, values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    image, depth = f'{camera}.image', f'{camera}.depth'
    for name in (image, depth, f'{camera}.camera_info', f'{camera}.depth_camera_info'):
        fault = _topic_fault(values[name])
        if fault:
            yield (name,), f'{name} must be the name of a topic, got {values[name]!r}: {fault}'
    if not values[image]:
        yield (image,), f'{image} must be the topic of its colour image, got an empty text'
    elif values[image] == values[depth]:
        yield (image, depth), f'{image} and {depth} are the same topic, {values[image]}'
    if values[f'{camera}.depth_camera_info'] and not values[depth]:
        name = f'{camera}.depth_camera_info'
        yield (name, depth), f'{name} is given, and {depth} is not: name the topic of the depth'
    for role, suffix in (('image', 'compressed'), ('depth', 'compressedDepth')):
        topic, transport = f'{camera}.{role}', f'{camera}.{role}_transport'
        if values[topic].endswith(f'/{suffix}') and values[transport] == 'raw':
            yield (topic, transport), (
                f'{topic} is {values[topic]}, which carries CompressedImage, and {transport} is '
                f"'raw': set it to {suffix!r}")


def _topic_fault(topic: str) -> str:
    """Why ROS takes no topic of this name, '' where it does or there is none."""
    try:
        validate_topic_name(topic or 'none')
    except InvalidTopicNameException as error:
        return str(error).partition('\n')[0].rstrip(':')
    return ''


def perception_faults(config: PerceptionConfig) -> dict[str, str]:
    """What can't be used of perception: files, addresses, names of models; a line by its name."""
    return {f'{GROUP}{field}': f'{GROUP}{field}: {fault}' for field, fault in faults(config)}
