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


"""What launch files ask of parameter files: what RViz is to show beside the node.

Imports nothing but PyYAML: `ros2 launch` runs on the system's Python, which may not see the
environment that has what the node needs of pip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from spatialclaw_ros.errors import InvalidRequestError

# Topics that config/spatialclaw.rviz has for a camera.
RVIZ_IMAGE = '/camera/color/image_raw'
RVIZ_DEPTH = '/camera/depth/image_rect'
# RViz looks for it beside the depth image.
RVIZ_DEPTH_INFO = '/camera/depth/camera_info'


def existing_file(argument: str, path: str) -> Path:
    """The file that a launch argument names; `~` is the home folder.

    Raises:
        InvalidRequestError: there is none. `launch_ros` would start the node without it.
    """
    found = Path(path).expanduser()
    if not found.is_file():
        raise InvalidRequestError(
            f'{argument}:={path} is no file, seen from {Path.cwd()}; correct it')
    return found


def node_name(namespace: str, name: str) -> str:
    """Full name of a node, e.g. `/robot1/spatialclaw`."""
    return '/' + '/'.join(part for part in (namespace.strip('/'), name) if part)


def parameters_in(files: Iterable[Path], node: str) -> dict[str, Any]:
    """What parameter files say to a node, by dotted name; a later file wins.

    Args:
        files: as `--params-file` takes them. Sections are those of a node's name, below its
            namespaces or with slashes; `*` is one part of it and `**` any number.
        node: full name.

    Raises:
        InvalidRequestError: a file can't be read.
    """
    found: dict[str, Any] = {}
    for path in files:
        for name, values in sections_in(path):
            if is_of(name, node):
                found |= dict(_flat(values))
    return found


def sections_in(path: Path) -> list[tuple[str, Any]]:
    """Name and values of each section of a parameter file.

    Raises:
        InvalidRequestError: it can't be read.
    """
    try:
        return list(_sections(yaml.safe_load(path.read_text(encoding='utf-8'))))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequestError(f'{path} is no parameter file: {error}') from error


def is_of(section: str, node: str) -> bool:
    """Whether a node of this full name reads a section, as rclcpp's parameter_map.cpp has it."""
    pattern = re.escape(section).replace(r'/\*\*', r'(/\w+)#').replace(r'\*', r'\w+')
    return re.fullmatch(pattern.replace('#', '*'), node) is not None


def _sections(page: Any, name: str = '') -> Iterable[tuple[str, Any]]:
    if isinstance(page, dict):
        for key, value in page.items():
            if key == 'ros__parameters':
                yield name, value
            else:
                yield from _sections(value, f'{name}/{str(key).strip("/")}')


def _flat(values: Any, start: str = '') -> Iterable[tuple[str, Any]]:
    if not isinstance(values, dict):
        yield start, values
        return
    for key, value in values.items():
        yield from _flat(value, f'{start}.{key}' if start else str(key))


def camera_remappings(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """RViz' topics of a camera, and those of the node's first camera in their place.

    Its displays take images that are not compressed; a camera without such keeps them empty.

    Args:
        values: the node's parameters, by dotted name.
    """
    cameras = values.get('cameras')
    first = str(cameras[0]) if isinstance(cameras, list) and cameras else 'camera'
    camera = {name: values.get(f'{first}.{name}', '') for name in (
        'image', 'image_transport', 'camera_info', 'depth', 'depth_transport', 'depth_camera_info')}
    image = camera['image'] or f'{first}/color/image_raw'
    info = camera['depth_camera_info'] or camera['camera_info'] or (
        image.rpartition('/')[0] + '/camera_info')
    found = []
    if camera['image_transport'] in ('', 'raw'):
        found.append((RVIZ_IMAGE, image))
    if camera['depth'] and camera['depth_transport'] in ('', 'raw'):
        found += [(RVIZ_DEPTH, camera['depth']), (RVIZ_DEPTH_INFO, info)]
    return found


def fixed_frame(values: Mapping[str, Any], link: str) -> str:
    """A frame for RViz: the robot's own, else the world, else the camera's.

    Args:
        values: the node's parameters, by dotted name.
        link: root of the camera's own frames; '' where that is not known.

    Raises:
        InvalidRequestError: none is known.
    """
    found = values.get('base_frame', 'base_link') or values.get('world_frame', 'odom') or link
    if not found:
        raise InvalidRequestError(
            'the parameters name neither base_frame nor world_frame: name the frame in the '
            "images' header for RViz, fixed_frame:=FRAME")
    return str(found)
