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


"""How much time and memory a session's cells may use, and how firmly they are shut in."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields

MIB = 1024 * 1024


class SandboxPolicy(str, enum.Enum):
    """What to do on a host that lacks a part of the sandbox."""

    REQUIRED = 'required'
    """Don't start."""
    BEST_EFFORT = 'best_effort'
    """Go without that part, and say so."""
    OFF = 'off'
    """No sandbox at all: only to measure what it is good for."""


@dataclass(frozen=True)
class KernelLimits:
    """Bounds of a kernel and its sessions.

    The defaults of memory are for robots: a Jetson has 8 to 16 GB for everything that runs on it.

    Args:
        cell_timeout_s: wall time of one cell in the worker; tool calls on the host don't count.
        replay_timeout_s: wall time for running a session's cells again after a worker died; as
            much again, once, for doing so with fewer cells where that fails.
        start_timeout_s: wall time for the zygote's imports, and for a worker to get ready.
        cpu_s: processor time of one worker over its whole life.
        memory_bytes: private memory of a worker beyond what the zygote shares with it.
        tool_calls: tool calls that one session may make.
        tool_bytes: memory of all tool results that one session may hold.
        argument_bytes: pictures and other arrays that the cells of one session may give to tools;
            frames of the observation are not among them.
        pool_bytes: shared memory kept warm between sessions: frames and tool results of the last
            ones. The default holds what 32 frames of 768x576 with depth, points and confidence
            take (365 MiB); it grows no further than queries have needed.
        shown_bytes: pictures that the cells of one session may show.
        spare_workers: workers kept ready for the next session.
        seed: of the random generators that a session starts with.

    Raises:
        ValueError: a bound is not positive (`pool_bytes`, `spare_workers` and `seed` may be 0).
    """

    cell_timeout_s: float = 30.0
    replay_timeout_s: float = 60.0
    start_timeout_s: float = 60.0
    cpu_s: int = 900
    memory_bytes: int = 2048 * MIB
    tool_calls: int = 256
    tool_bytes: int = 2048 * MIB
    argument_bytes: int = 256 * MIB
    pool_bytes: int = 384 * MIB
    shown_bytes: int = 256 * MIB
    spare_workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            may_be_zero = field.name in ('pool_bytes', 'spare_workers', 'seed')
            if not (value > 0 or (may_be_zero and value == 0)):
                raise ValueError(f'{field.name} must be positive, got {value}')
