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

import sys

from spatialclaw_ros.errors import (
    BackboneError,
    DependencyError,
    InvalidRequestError,
    SandboxError,
    SpatialClawError,
)
from spatialclaw_ros.kernel import SandboxPolicy
from spatialclaw_ros.ros.parameter_spec import ParameterError

MAY_PASS, LASTING = 1, 2
"""Exit status of what another start may not meet, and of what it would meet again."""
# Parameters, arguments, packages and the host's kernel stay as they are; nothing is contacted while
# the node is configured, so that a backbone fails there for its script alone.
_LASTING = (InvalidRequestError, ParameterError, DependencyError, SandboxError, BackboneError)


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
