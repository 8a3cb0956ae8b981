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

"""Why the node's process ends before it serves: one line, and an exit status.

Who restarts it, such as systemd, goes by the status.
"""

from __future__ import annotations

import re
import sys

from spatialclaw_ros.errors import (
    BackboneError,
    DependencyError,
    InvalidRequestError,
    MiddlewareError,
    SandboxError,
    SpatialClawError,
)
from spatialclaw_ros.kernel import SandboxPolicy
from spatialclaw_ros.ros.compat.rcl_errors import UnknownROSArgsError
from spatialclaw_ros.ros.parameter_spec import ParameterError

MAY_PASS, LASTING = 1, 2
"""Exit status of what another start may not meet, and of what it would meet again."""
# Parameters, arguments, packages and the host's kernel stay as they are; nothing is contacted while
# the node is configured, so that a backbone fails there for its script alone.
_LASTING = (InvalidRequestError, ParameterError, DependencyError, SandboxError, BackboneError)
_SETTINGS = (
    'see ROS_DOMAIN_ID, RMW_IMPLEMENTATION and the settings of that middleware '
    '(docs/networking.md)')


def refuse(error: SpatialClawError) -> int:
    """Say why the process can't start, in one line; its exit status."""
    # what every kernel needs has no setting that goes without it
    offered = SandboxPolicy.BEST_EFFORT.value in str(error)
    hint = ' (in the parameter file, or `--ros-args -p sandbox:=best_effort`)' if offered else ''
    print(f'spatialclaw_node: {error}{hint}', file=sys.stderr)
    return status_of(error)


def status_of(error: SpatialClawError) -> int:
    """Whether starting again as told may help: a slow machine, a network, memory, a fault."""
    return LASTING if isinstance(error, _LASTING) else MAY_PASS


def arguments_error(error: RuntimeError) -> SpatialClawError:
    """What ROS says where it can't begin, without its own lines, and where to look.

    Args:
        error: about arguments or a parameter file that it can't read, or about its middleware.
    """
    said = _said(error)
    # it has the words alone, as a list
    if isinstance(error, UnknownROSArgsError):
        return InvalidRequestError(
            f'ROS does not know the arguments {said}; they stand behind --ros-args, such as '
            '`--log-level debug`')
    if 'ROS_DOMAIN_ID' in said:
        return InvalidRequestError(f'ROS does not begin: {said}; {_SETTINGS}')
    if not any(word in said.lower() for word in ('argument', 'param', 'parse', 'logging')):
        return MiddlewareError(f'ROS does not begin: {said}; {_SETTINGS}')
    return InvalidRequestError(
        f'{said}; a parameter file has a section `/**:`, below it '
        '`ros__parameters:`, and below that the parameters, indented by spaces; an argument is '
        '`-p NAME:=VALUE`; `spatialclaw doctor --params-file FILE` checks a file')


def middleware_error(error: RuntimeError) -> MiddlewareError:
    """What ROS says where its middleware lets no node into the graph, and where to look.

    Args:
        error: rclpy's, of a node that is made.
    """
    return MiddlewareError(
        f'the node does not come into the ROS graph: {_said(error)}; {_SETTINGS}')


def _said(error: RuntimeError) -> str:
    """Words of rcl on one line, without the places in its sources."""
    return ' '.join(re.sub(r',? at /\S+:\d+', '', str(error)).split())
