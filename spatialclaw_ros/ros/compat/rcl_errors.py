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

"""What rclpy raises where rcl or the middleware below it fails.

Its exceptions live in the extension module, whose name is no public one; rclpy's own code takes it
from here, from Humble to Kilted. All of them are RuntimeErrors, and so is much else.
"""

from __future__ import annotations

from rclpy.impl.implementation_singleton import rclpy_implementation

RCLError: type[RuntimeError] = rclpy_implementation.RCLError
"""A call of rcl failed: the middleware, arguments, or a parameter file."""
UnknownROSArgsError: type[RuntimeError] = rclpy_implementation.UnknownROSArgsError
"""Words after `--ros-args` that rcl does not know."""
