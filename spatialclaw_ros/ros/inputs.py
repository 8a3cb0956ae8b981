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

"""Cameras and TF on a node and a thread of their own: open while the robot's node is active.

An image costs here what it costs a bare subscriber, a busy service or a lifecycle transition can't
hold it up, and all of it can be closed and opened again: rclpy's executors may fail on
subscriptions that go while they wait, so the thread is stopped first.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.cameras import INPUTS, CameraBuffers
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.tf_topics import TF, TF_STATIC, TfTopics
from spatialclaw_ros.ros.transforms import TransformSource

TF_MARGIN_S = 5.0
FAULT_PAUSE_S = 0.1
TOGETHER_S = 1.0
"""What jumps back within this time of one another jumps together: time itself began again."""
_SIM_TIME = 'use_sim_time'


class Inputs:
    """Subscribes to cameras and TF until it is closed; construct it again to subscribe again.

    Topics are those that `node` has after its remappings and namespace, time is its `use_sim_time`,
    also when that is changed later. A fault in a callback is logged and ends nothing.

    Args:
        node: the node that queries come to; the inputs' own is called `<node>_inputs`.
        settings: how much is buffered, and what belongs together.
        cameras: what is subscribed.

    Raises:
        ValueError: as `CameraBuffers` says.
    """

    cameras: CameraBuffers
    transforms: TransformSource

    def __init__(
        self, node: Node, settings: Settings, cameras: Sequence[CameraConfig],
    ) -> None:
        self._main = node
        self._node = _beside(node)
        self._closed = False
        self._jumps: dict[str, float] = {}
        self._stop = threading.Event()
        try:
            self.transforms = TransformSource(
                self._node, cache_s=settings.buffer_s + TF_MARGIN_S, topics=TfTopics(
                    node.resolve_topic_name(TF), node.resolve_topic_name(TF_STATIC)),
                on_jump_back=partial(self._jumped, TF))
            self.cameras = CameraBuffers(
                self._node, [resolved(node, camera) for camera in cameras],
                buffer_s=settings.buffer_s, buffer_bytes=settings.buffer_mb * MIB,
                pair_tolerance_s=settings.pair_tolerance_s, on_jump_back=self._jumped,
                tf_health=self.transforms.health)
        except BaseException:
            self._node.destroy_node()
            raise
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name='inputs', daemon=True)
        node.add_on_set_parameters_callback(self._on_parameters)
        self._thread.start()

    def close(self) -> None:
        """Unsubscribe and forget everything, again and again without harm; not from a callback."""
        if self._closed:
            return
        self._closed = True
        self._main.remove_on_set_parameters_callback(self._on_parameters)
        self._stop.set()
        self._soon(_nothing)
        self._thread.join()
        self.cameras.close()
        self.transforms.close()
        self._executor.remove_node(self._node)
        self._executor.shutdown()
        self._node.destroy_node()

    def _spin(self) -> None:
        while not self._stop.is_set():
            try:
                self._executor.spin_once()
            except ExternalShutdownException:
                return
            except Exception:
                self._node.get_logger().error(
                    f'a callback of a camera or TF failed:\n{traceback.format_exc()}',
                    throttle_duration_sec=5.0)
                # what fails at once again must not take a whole core
                self._stop.wait(FAULT_PAUSE_S)

    def _soon(self, what: Callable[[], object]) -> None:
        """Run something on the thread of the callbacks, which it wakes."""
        self._executor.create_task(what)

    def _jumped(self, source: str) -> None:
        """Note that stamps of one source jumped back, and empty all where another's did, too.

        One camera's clock, or TF alone, must not cost the others what they hold.

        Args:
            source: a camera, or TF.
        """
        now_s = time.monotonic()
        others = [at_s for name, at_s in self._jumps.items() if name != source]
        self._jumps[source] = now_s
        if source != TF:
            self.transforms.may_begin_again()
        if any(now_s - at_s < TOGETHER_S for at_s in others):
            self._jumps.clear()
            self.cameras.clear()
            self.transforms.clear()

    def _on_parameters(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == _SIM_TIME and parameter.type_ == Parameter.Type.BOOL:
                self._soon(partial(self._node.set_parameters, [parameter]))
        return SetParametersResult(successful=True)


def _beside(node: Node) -> Node:
    """A node whose name is not remapped to that of the first, with the same `/clock`."""
    overrides = {
        _SIM_TIME: node.get_parameter(_SIM_TIME).value, 'start_type_description_service': False}
    return Node(
        f'{node.get_name()}{INPUTS}', namespace=node.get_namespace(), context=node.context,
        use_global_arguments=False,
        cli_args=['--ros-args', '-r', f'/clock:={node.resolve_topic_name("/clock")}'],
        start_parameter_services=False, parameter_overrides=[
            Parameter(name, Parameter.Type.BOOL, value) for name, value in overrides.items()])


def resolved(node: Node, camera: CameraConfig) -> CameraConfig:
    """A camera whose topics are what a node's remappings make of them."""
    def full(topic: str) -> str:
        return node.resolve_topic_name(topic) if topic else ''

    return replace(
        camera, image_topic=full(camera.image_topic), camera_info_topic=full(camera.info_topic),
        depth_topic=full(camera.depth_topic), depth_info_topic=full(camera.depth_info_topic))


def _nothing() -> None:
    """Wakes the executor."""
