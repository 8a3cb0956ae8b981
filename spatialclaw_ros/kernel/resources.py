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


"""Bounds of one worker: memory, processor time, threads, open files; and its low priority."""

from __future__ import annotations

import _thread
import contextlib
import os
import resource

from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.kernel.messages import Fork

# a third of what another process gets of a busy core, all of an idle one
_NICE = 5
_MAX_OPEN_FILES = 64
_UNSHUT_OPEN_FILES = 256
_UNSHUT_FILE_BYTES = 256 * MIB
_MAX_STACK_BYTES = 64 * MIB
_THREADS = 16
# where the threads of all the user's programs count, and more of them may start later
_THREADS_OF_OTHERS = 1024
# after SIGXCPU comes SIGKILL
_CPU_GRACE_S = 5
# user numbers that belong to nobody; the second where a container has only few
_NOBODIES = ((0x60000000, 1 << 22), (61184, 4000))


def step_back() -> None:
    """Let everybody else go first: for the processor, and when memory runs out."""
    os.nice(_NICE)
    for name, value in (('oom_score_adj', '900'), ('autogroup', str(_NICE))):
        # not every Linux has them, and nothing depends on them
        with contextlib.suppress(OSError), open(f'/proc/self/{name}', 'w') as file:
            file.write(value)


def be_counted_alone() -> None:
    """Give root's worker a real user of its own: Linux doesn't count the threads of root.

    The effective user, whose files it may read, stays.
    """
    if os.geteuid() != 0:
        return
    for first, count in _NOBODIES:
        with contextlib.suppress(OSError):
            os.setresuid(first + os.getpid() % count, -1, -1)
            return


def limit_threads() -> bool:
    """Bound the number of threads; capabilities must be gone.

    Returns:
        Whether Linux was seen to refuse one thread too many.
    """
    bound = _THREADS + 2 * (os.cpu_count() or 1)
    if os.getuid() == os.geteuid():
        bound += _threads_of_user(os.getuid()) + _THREADS_OF_OTHERS
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 22
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    if _can_start_thread():
        return False
    # threads of the same user in other containers count and are not seen
    while bound < hard:
        resource.setrlimit(resource.RLIMIT_NPROC, (bound, hard))
        if _can_start_thread():
            break
        bound *= 2
    bound = min(bound, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (bound, bound))
    return True


def limit(request: Fork, *, may_write: bool) -> None:
    """Bound memory, processor time and open files; forbid files and core dumps.

    Args:
        request: `memory_bytes` beyond what there is now, `shared_bytes` of address space for
            mapped frames and tool results beside it, `cpu_s` of processor time.
        may_write: allow files, of a bounded size.
    """
    with open('/proc/self/statm') as file:
        pages = [int(field) for field in file.read().split()]
    page_bytes = resource.getpagesize()
    soft_stack, _ = resource.getrlimit(resource.RLIMIT_STACK)
    if soft_stack == resource.RLIM_INFINITY:
        soft_stack = _MAX_STACK_BYTES
    bounds = {
        resource.RLIMIT_AS: pages[0] * page_bytes + request.memory_bytes + request.shared_bytes,
        resource.RLIMIT_DATA: pages[5] * page_bytes + request.memory_bytes,
        resource.RLIMIT_STACK: min(soft_stack, _MAX_STACK_BYTES),
        resource.RLIMIT_CPU: request.cpu_s,
        resource.RLIMIT_FSIZE: _UNSHUT_FILE_BYTES if may_write else 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _UNSHUT_OPEN_FILES if may_write else _MAX_OPEN_FILES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        grace = _CPU_GRACE_S if kind == resource.RLIMIT_CPU and bound != hard else 0
        resource.setrlimit(kind, (bound, bound + grace))


def _can_start_thread() -> bool:
    done = _thread.allocate_lock()
    done.acquire()
    try:
        _thread.start_new_thread(done.release, ())
    except RuntimeError:
        return False
    done.acquire()
    return True


def _threads_of_user(user: int) -> int:
    count = 0
    for entry in os.scandir('/proc'):
        # processes end while they are counted
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == user:
                with open(f'/proc/{entry.name}/stat') as file:
                    count += int(file.read().rpartition(')')[2].split()[17])
    return count
