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

"""`tf2_ros` as far as it is used here: the distribution's own, or a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialclaw_ros.ros.compat import _distribution

FOUND = _distribution.find('tf2_ros_py', 'tf2_ros')

if TYPE_CHECKING or FOUND.module is None:
    from spatialclaw_ros.ros.compat._tf2_standin import (
        Buffer,
        StaticTransformBroadcaster,
        TransformBroadcaster,
        TransformListener,
    )
    from spatialclaw_ros.ros.compat._tf_tree import (
        ConnectivityException,
        ExtrapolationException,
        InvalidArgumentException,
        LookupException,
        TimeoutException,
        TransformException,
    )
else:
    from tf2_ros import (
        Buffer,
        ConnectivityException,
        ExtrapolationException,
        InvalidArgumentException,
        LookupException,
        StaticTransformBroadcaster,
        TimeoutException,
        TransformBroadcaster,
        TransformException,
        TransformListener,
    )

__all__ = [
    'FOUND', 'Buffer', 'ConnectivityException', 'ExtrapolationException',
    'InvalidArgumentException', 'LookupException', 'StaticTransformBroadcaster',
    'TimeoutException', 'TransformBroadcaster', 'TransformException', 'TransformListener',
]
