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
import ctypes
import os
import resource
import time

from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.kernel.messages import Fork

# next to nothing of a busy core, all of an idle one
# a tenth of what others get where processors are scarce; at 19 a cell hardly ran at all then
_NICE = 10
_MAX_OPEN_FILES = 64
_UNSHUT_OPEN_FILES = 256
_UNSHUT_FILE_BYTES = 256 * MIB
_MAX_STACK_BYTES = 64 * MIB
_MAX_SIGNALS = 64
# glibc reserves 64 MiB of address space for each
_M_ARENA_MAX, _MAX_ARENAS = -8, 2
_THREADS = 16
# where the threads of all the user's programs count, and some of them may start later
_THREADS_OF_OTHERS = 128
_THREADS_END_S = 5.0
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

    Raises:
        OSError: a thread that was tried does not end.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 22
    if _can_start_thread(1, hard):
        return False
    # tried, not counted: threads of the same user in other containers count and are not seen
    refused, granted = 1, 2
    while granted < hard and not _can_start_thread(granted, hard):
        refused, granted = granted, 2 * granted
    while granted - refused > 1:
        middle = (refused + granted) // 2
        if _can_start_thread(middle, hard):
            granted = middle
        else:
            refused = middle
    bound = refused + _THREADS + 2 * (os.cpu_count() or 1)
    if os.getuid() == os.geteuid():
        bound += _THREADS_OF_OTHERS
    bound = min(bound, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (bound, bound))
    return True


def wait_for_single_thread() -> None:
    """Wait until this process has one thread: what it takes off next, it takes off that one alone.

    Raises:
        OSError: another thread does not end.
    """
    until_s = time.monotonic() + _THREADS_END_S
    while (threads := len(os.listdir('/proc/self/task'))) > 1:
        if time.monotonic() > until_s:
            raise OSError(f'a worker has {threads} threads before it is shut in, expected 1')
        time.sleep(0.0001)


def limit(request: Fork, *, may_write: bool) -> None:
    """Bound memory, processor time and open files; forbid files and core dumps.

    Args:
        request: `memory_bytes` beyond what there is now, `shared_bytes` of address space for
            mapped frames and tool results beside it, `cpu_s` of processor time.
        may_write: allow files, of a bounded size.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, 'mallopt'):
        libc.mallopt(_M_ARENA_MAX, _MAX_ARENAS)
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
        resource.RLIMIT_SIGPENDING: _MAX_SIGNALS,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        grace = _CPU_GRACE_S if kind == resource.RLIMIT_CPU and bound != hard else 0
        resource.setrlimit(kind, (bound, bound + grace))


def _can_start_thread(bound: int, hard: int) -> bool:
    """Whether this process may start a thread under that bound; it has ended then."""
    resource.setrlimit(resource.RLIMIT_NPROC, (bound, hard))
    done = _thread.allocate_lock()
    done.acquire()
    try:
        _thread.start_new_thread(done.release, ())
    except RuntimeError:
        return False
    done.acquire()
    wait_for_single_thread()
    return True
