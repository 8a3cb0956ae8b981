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

"""A ROS context, a node and a thread that spins it, for a program that has none."""

from __future__ import annotations

import logging
import os
import secrets
import threading

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from spatialclaw_ros.ros.beginning import begin, middleware_error
from spatialclaw_ros.ros.compat.dds import use_fastdds_profile
from spatialclaw_ros.ros.compat.rcl_errors import RCLError

logger = logging.getLogger(__name__)


class OwnNode:
    """A node of a name that no other has, spun until it is stopped.

    Raises:
        InvalidRequestError: ROS_DOMAIN_ID can't be used.
        MiddlewareError: the middleware does not begin, or lets no node into the graph.
    """

    def __init__(self) -> None:
        use_fastdds_profile(os.environ)
        self._context = Context()
        begin([], self._context)
        try:
            self.node = Node(
                f'spatialclaw_client_{secrets.token_hex(4)}', context=self._context,
                start_parameter_services=False, enable_rosout=False, parameter_overrides=[
                    # SROS 2 has no policy for a service of a name that nobody knows before
                    Parameter('start_type_description_service', Parameter.Type.BOOL, False)])
        except BaseException as error:
            rclpy.try_shutdown(context=self._context)
            if isinstance(error, RCLError):
                raise middleware_error(error) from error
            raise
        self.fault: Exception | None = None
        """What ended the thread, None while it spins."""
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(
            target=self._spin, name='spatialclaw_client', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop spinning."""
        inside = threading.current_thread() is self._thread
        self._executor.shutdown(timeout_sec=0.0 if inside else None)
        if not inside:
            self._thread.join()

    def close(self) -> None:
        """Leave the graph; after `stop`."""
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return
        # the outermost edge of the thread
        except Exception as error:
            logger.exception('the thread of a client failed')
            self.fault = error
