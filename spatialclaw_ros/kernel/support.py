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


"""Which parts of the kernel's isolation this host offers, and what each missing one costs."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel import landlock, parts, seccomp
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.sharing.memory import MemoryFile

_PR_GET_NO_NEW_PRIVS = 39
_CAP_SETUID = 7
# no policy starts a kernel without them
_NEEDED = frozenset((parts.MEMORY_FILES, parts.PROCESS_DESCRIPTORS))
_COSTS = {
    parts.MEMORY_FILES:
        'no kernel: frames can not be handed to cells read-only (Linux 5.1 or later)',
    parts.PROCESS_DESCRIPTORS:
        'no kernel: workers can not be watched and ended safely (Linux 5.3 or later)',
    parts.PROCESS_GROUP: 'signals to the node\'s terminal would reach cells',
    parts.NO_DESCRIPTORS: 'cells could use what the kernel holds open',
    parts.NO_ENVIRONMENT: 'cells could read the node\'s environment',
    parts.RESOURCE_LIMITS: 'cells could use up memory and processor',
    parts.THREAD_LIMIT:
        'cells could start threads without end (as root, CAP_SETUID is needed to count them)',
    parts.NO_CAPABILITIES: 'a node that runs as root would hand its rights to cells',
    parts.NO_NEW_PRIVILEGES: 'a cell that starts a set-user-id program would get its rights',
    parts.LANDLOCK:
        'cells could read files that the node\'s user can read, tokens in the environment of his '
        'programs among them (/proc), and open his devices, which alone resets some boards '
        '(/dev/ttyACM*) (Linux 5.13 or later)',
    parts.SECCOMP: 'cells could open sockets and start processes',
}


@dataclass(frozen=True)
class SandboxPart:
    """One part of the isolation.

    Args:
        name: what it is.
        available: whether this host has it.
        cost: what it means when it is missing.
    """

    name: str
    available: bool
    cost: str

    @property
    def needed(self) -> bool:
        """Whether no policy starts a kernel without it."""
        return self.name in _NEEDED


def sandbox_support() -> list[SandboxPart]:
    """Look at this host; opens and starts nothing that stays."""
    available = {
        parts.MEMORY_FILES: _has_memory_files(),
        parts.PROCESS_DESCRIPTORS: _has_pidfd(),
        parts.NO_NEW_PRIVILEGES: _libc().prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0,
        parts.THREAD_LIMIT: _can_limit_threads(),
        parts.NO_CAPABILITIES: Path('/proc/sys/kernel/cap_last_cap').exists(),
        parts.SECCOMP: seccomp.available(),
        parts.LANDLOCK: landlock.abi() > 0,
    }
    return [SandboxPart(name, available.get(name, True), cost) for name, cost in _COSTS.items()]


def explain(missing: Iterable[str]) -> str:
    """Say which parts are missing, what that costs, and what to do.

    Args:
        missing: names of parts.
    """
    names = list(missing)
    listed = '; '.join(f'{name} ({_COSTS[name]})' for name in names)
    needed = [name for name in names if name in _NEEDED]
    way_out = (f'no setting starts a kernel without {" and ".join(needed)}' if needed
               else f'sandbox: {SandboxPolicy.BEST_EFFORT.value} starts without them')
    return (f'this host lacks parts of the sandbox: {listed}. '
            f'A newer Linux, or a container with fewer restrictions, may have them; {way_out}')


def _can_limit_threads() -> bool:
    if os.geteuid() != 0:
        return True
    with open('/proc/self/status') as file:
        masks = [line.split()[1] for line in file if line.startswith('CapEff')]
    return bool(int(masks[0], 16) & 1 << _CAP_SETUID)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _has_memory_files() -> bool:
    try:
        MemoryFile(1).close()
    except KernelError:
        return False
    return True


def _has_pidfd() -> bool:
    if not hasattr(signal, 'pidfd_send_signal'):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True
