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

"""Writes stamped messages into a rosbag2 folder with an MCAP file, definitions and all."""

from __future__ import annotations

import importlib
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from rclpy.serialization import serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer, WriterError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.sim.recording import BAG_VERSION, message_name, offered_qos


def write_mcap(
    path: Path, messages: Iterable[tuple[int, str, Any]], latched: Set[str] = frozenset(),
    told: Mapping[str, str] | None = None,
) -> tuple[Path, Counter[str]]:
    """Write a recording; `ros2 bag play` takes the folder, viewers the file in it.

    Args:
        path: folder to make.
        messages: time in nanoseconds, topic, ROS message; in time order.
        latched: topics that a player must latch.
        told: names and texts that the recording's metadata holds beside.

    Returns:
        The MCAP file, whose chunks are compressed with zstd; topic to number of messages.

    Raises:
        InvalidRequestError: the folder is there already, or can't be made.
        DependencyError: the definition of a message is not installed.
    """
    if path.exists():
        raise InvalidRequestError(f'{path} is there already; name a folder that is not')
    typestore = get_typestore(Stores.EMPTY)
    connections: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    writer = Writer(path, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    for key, text in (told or {}).items():
        writer.set_custom_data(key, text)
    made = done = False
    try:
        with writer:
            made = True
            for stamp_ns, topic, message in messages:
                connection = connections.get(topic)
                if connection is None:
                    name = message_name(type(message))
                    define(typestore, name)
                    connection = connections[topic] = writer.add_connection(
                        topic, name, typestore=typestore,
                        offered_qos_profiles=[offered_qos(latched=topic in latched)])
                writer.write(connection, stamp_ns, serialize_message(message))
                counts[topic] += 1
        done = True
    except (WriterError, OSError) as error:
        raise InvalidRequestError(f'{path} can\'t be written: {error}') from error
    finally:
        if made and not done:  # half a recording looks whole to players
            shutil.rmtree(path, ignore_errors=True)
    return path / f'{path.name}.mcap', counts


def define(typestore: Typestore, name: str) -> None:
    """Make a message, and those that it is made of, known as this installation defines them.

    Args:
        typestore: to add them to.
        name: 'sensor_msgs/msg/Image'.

    Raises:
        DependencyError: no .msg file is installed beside the message's module.
    """
    if name in typestore.fielddefs:
        return
    package, _, kind = name.split('/')
    module = Path(str(importlib.import_module(f'{package}.msg').__file__))
    for prefix in module.parents:
        file = prefix / 'share' / package / 'msg' / f'{kind}.msg'
        if file.is_file():
            break
    else:
        raise DependencyError(
            f'the definition of {name} is not installed: no share/{package}/msg/{kind}.msg above '
            f'{module.parent}')
    types = get_types_from_msg(file.read_text(encoding='utf-8'), name)
    typestore.register(types)
    for _, fields in types.values():
        for _, (_, inside) in fields:
            _define_named(typestore, inside)


def _define_named(typestore: Typestore, inside: Any) -> None:
    """Define the message that a field's type names: by itself, or as the items of an array."""
    while isinstance(inside, tuple) and isinstance(inside[0], tuple):
        inside = inside[0][1]
    if isinstance(inside, str):
        define(typestore, inside)
