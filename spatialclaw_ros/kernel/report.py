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


"""What a kernel's sandbox consists of on this host: before it starts, and once workers told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spatialclaw_ros.errors import SandboxError
from spatialclaw_ros.kernel import support
from spatialclaw_ros.kernel.kernel import KernelStats
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.parts import WORKER_PARTS
from spatialclaw_ros.kernel.support import SandboxPart


def require_sandbox(policy: SandboxPolicy) -> None:
    """Make sure that this host has what the policy requires; starts nothing.

    Raises:
        SandboxError: it lacks a part, and the policy is 'required' or the part needed by any.
    """
    missing = [part for part in support.sandbox_support() if not part.available]
    if policy is not SandboxPolicy.REQUIRED:
        missing = [part for part in missing if part.needed]
    if missing:
        raise SandboxError(support.explain(lacking(missing)))


def sandbox_parts(stats: KernelStats | None) -> list[SandboxPart]:
    """All parts, each with whether it is there.

    Args:
        stats: of a kernel; what its workers found to be on counts more than what the host offers.
    """
    parts = support.sandbox_support()
    if stats is None or not stats.sandbox:
        return parts
    return [replace(part, available=part.name in stats.sandbox) if part.name in WORKER_PARTS
            else part for part in parts]


def lacking(parts: Sequence[SandboxPart]) -> list[str]:
    """Names of those that are missing."""
    return [part.name for part in parts if not part.available]
