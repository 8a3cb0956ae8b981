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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from spatialclaw_ros.errors import InvalidRequestError

PRESET_CAMERA = 'camera'
"""What each file of config/cameras calls its camera."""
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


def full_name(name: str) -> str:
    """A name of a node or a section, with the slash that may be left out."""
    return name if name.startswith('/') else f'/{name}'


def node_name(pushed: str, namespace: str, name: str) -> str:
    """Full name of a node that is launched, e.g. `/robot1/spatialclaw`.

    Args:
        pushed: namespace of the launch file that includes ours (`PushRosNamespace`).
        namespace: the node's own; with a slash before it, it does not stand below `pushed`.
        name: the node's.
    """
    parts = (namespace, name) if namespace.startswith('/') else (pushed, namespace, name)
    return full_name('/'.join(part.strip('/') for part in parts if part.strip('/')))


def parameters_in(
    files: Iterable[Path], node: str, arguments: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What parameter files say to a node, by dotted name.

    A later file wins over an earlier one within sections of one name. Among sections, the one wins
    whose name came last for the first time: rcl's parser puts all files together by section
    (`rcl_yaml_param_parser`), and rclpy's node.cpp takes one section after the other.

    Args:
        files: as `--params-file` takes them. Sections are those of a node's name, below its
            namespaces or with slashes; `*` is one part of it and `**` any number.
        node: full name.
        arguments: values beside the files; `launch_ros` writes them into a last file, with the
            node's full name for its section.

    Raises:
        InvalidRequestError: a file can't be read.
    """
    sections: dict[str, dict[str, Any]] = {}
    for path in files:
        for name, values in sections_in(path):
            if is_of(name, node):
                sections.setdefault(name, {}).update(_flat(values))
    sections.setdefault(node, {}).update(arguments or {})
    found: dict[str, Any] = {}
    for section in sections.values():
        found |= section
    return found


def launched_parameters(
    files: Sequence[Path], node: str, arguments: Mapping[str, Any],
) -> dict[str, Any]:
    """What a node has of files, each laid over the one before it, and of arguments laid over all.

    Raises:
        InvalidRequestError: a file can't be read, or its sections stand so that it wins over what
            is laid over it.
    """
    found = parameters_in(files, node, arguments)
    for number in range(len(files), 0, -1):
        for name, value in parameters_in(files[number:], node, arguments).items():
            if found[name] != value:
                # it may be a file of those above: what lies below orders its sections, too
                below = next(path for path in files if _sets(path, node, name, found[name]))
                raise InvalidRequestError(
                    f'{below} sets {name} to {found[name]!r} in a section that wins over one that '
                    f'is laid over it and says {value!r}; write it with the one section /**')
    return found


def _sets(path: Path, node: str, name: str, value: Any) -> bool:
    """Whether any section of a file, be it one that loses, gives a node this value."""
    return any(dict(_flat(values)).get(name) == value
               for section, values in sections_in(path) if is_of(section, node))


def otherwise(profile: Path, node: str, given: Mapping[str, Any]) -> list[str]:
    """What a profile says and the node does not have, a text for each parameter.

    Args:
        profile: the lowest of the node's files.
        node: full name.
        given: what the node has of all of them, by dotted name.

    Raises:
        InvalidRequestError: it can't be read.
    """
    return [f'{name} is {given[name]!r}, not {value!r}'
            for name, value in parameters_in([profile], node).items() if given[name] != value]


def lone_camera(preset: str, file: Path, node: str) -> None:
    """Make sure that the file which a camera's preset is laid over names no cameras of its own.

    Raises:
        InvalidRequestError: it does, and the preset would take them away; or it can't be read.
    """
    names = parameters_in([file], node).get('cameras') or [PRESET_CAMERA]
    if names != [PRESET_CAMERA]:
        raise InvalidRequestError(
            f"camera:={preset} is for one camera, called '{PRESET_CAMERA}', and {file} names "
            f'{", ".join(map(str, names))}: leave camera:= out, and copy the topics of '
            f'config/cameras/{preset}.yaml below the name that it has there')


def laid_over(
    own: Path, preset: Path, node: str, given: Mapping[str, Any],
) -> list[str]:
    """What a camera's preset takes of the robot's own file, but for the camera's topics.

    Args:
        own: the robot's file.
        preset: what is laid over it.
        node: full name.
        given: what the node has of all of them, by dotted name.

    Raises:
        InvalidRequestError: one of them can't be read.
    """
    said = parameters_in([own], node)
    return [f'{name} is {value!r}, not {said[name]!r}'
            for name, value in parameters_in([preset], node).items()
            if not name.startswith(f'{PRESET_CAMERA}.') and name in said
            and said[name] != value == given[name]]


def served_beside(backbone: str, url: str) -> None:
    """Make sure that no argument sends the node elsewhere than to the vLLM beside it.

    Raises:
        InvalidRequestError: one does.
    """
    for name, value in (('backbone', '' if backbone == 'vllm' else backbone),
                        ('backbone_url', url)):
        if value:
            raise InvalidRequestError(
                f'vllm:=true serves the model that the node then asks, and {name}:={value} sends '
                'it elsewhere: leave one of them out')


def served_otherwise(config: Path, given: Mapping[str, Any]) -> list[str]:
    """A line for each model that the perception beside the node serves in another's place.

    Args:
        config: the server's file; what is wrong with it is for the server to tell.
        given: the node's parameters, by dotted name; a model that is not named is not compared.
    """
    try:
        page = yaml.safe_load(config.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    lines = []
    for role in ('depth', 'masks'):
        asked = given.get(f'perception.{role}.model')
        section = page.get(role) if isinstance(page, dict) else None
        served = section.get('model') if isinstance(section, dict) else None
        if asked and served and asked != served:
            lines.append(
                f'perception:=true serves {served}, and perception.{role}.model is {asked}, which '
                f'the node does not get: name {asked} in a file of your own, '
                'perception_config:=FILE, or leave perception:= out')
    return lines


def sections_in(path: Path) -> list[tuple[str, Any]]:
    """Name, as it is written, and values of each section of a parameter file.

    Raises:
        InvalidRequestError: it can't be read.
    """
    try:
        page = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidRequestError(f'{path} is no parameter file: {error}') from error
    sections = list(_sections(page))
    if page and not sections:
        raise InvalidRequestError(
            f'{path} is no parameter file: it has no `ros__parameters:` below a name, such as /**')
    return sections


def is_of(section: str, node: str) -> bool:
    """Whether a node of this full name reads a section, as rclcpp's parameter_map.cpp has it."""
    pattern = re.escape(full_name(section)).replace(r'/\*\*', r'(/\w+)#').replace(r'\*', r'\w+')
    return re.fullmatch(pattern.replace('#', '*'), node) is not None


def _sections(page: Any, name: str = '') -> Iterable[tuple[str, Any]]:
    if isinstance(page, dict):
        for key, value in page.items():
            if key == 'ros__parameters':
                yield name, value
            else:
                yield from _sections(value, f'{name}/{key}' if name else str(key))


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
