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


"""What a running node says of itself on `/diagnostics`, for people who ask once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

LEVELS = {DiagnosticStatus.OK: 'ok', DiagnosticStatus.WARN: 'warn'}


@dataclass(frozen=True)
class PartStatus:
    """One part of a node.

    Args:
        name: e.g. 'perception'.
        level: 'ok', 'warn' or 'error'.
        message: one line.
        values: all that it tells.
    """

    name: str
    level: str
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


def listen(node: str, timeout_s: float) -> tuple[PartStatus, ...]:
    """The parts of a node, as it tells them once a second; () when it is not heard.

    Args:
        node: its name; a namespace is not looked at.
        timeout_s: how long to wait.
    """
    use_fastdds_profile(os.environ)
    context = Context()
    rclpy.init(args=[], context=context)
    own = Node(f'spatialclaw_doctor_{os.getpid()}', context=context, enable_rosout=False,
               start_parameter_services=False)
    executor = SingleThreadedExecutor(context=context)
    prefix = f'{node.rstrip("/").rpartition("/")[2]}: '
    found: list[PartStatus] = []

    def heard(array: DiagnosticArray) -> None:
        parts = [_part(status, prefix) for status in array.status if status.name.startswith(prefix)]
        if parts:
            found[:] = parts

    own.create_subscription(DiagnosticArray, '/diagnostics', heard, 10)
    executor.add_node(own)
    try:
        end_s = time.monotonic() + timeout_s
        while not found and (left_s := end_s - time.monotonic()) > 0:
            executor.spin_once(timeout_sec=min(left_s, 0.1))
    finally:
        executor.shutdown()
        own.destroy_node()
        rclpy.try_shutdown(context=context)
    return tuple(found)


def _part(status: DiagnosticStatus, prefix: str) -> PartStatus:
    return PartStatus(
        status.name.removeprefix(prefix), LEVELS.get(status.level, 'error'), status.message,
        {pair.key: pair.value for pair in status.values})
