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


"""What a worker gives up before its first cell."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

from spatialclaw_ros.kernel import landlock, seccomp

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 1, 4, 38, 24
_SYS_CAPSET = {'x86_64': 126, 'aarch64': 91}
_CAPABILITY_VERSION_3 = 0x20080522
_MAX_CAPABILITY = 63
_MAX_OPEN_FILES = 64
_SCRATCH_FD = 60

_libc = ctypes.CDLL(None, use_errno=True)


WIRE_FD = 3
RULESET_FD = 4


def leave_parent(zygote_pid: int, wire_fd: int, ruleset_fd: int | None) -> None:
    """Cut a freshly forked worker loose from its zygote's session, terminal and descriptors.

    Args:
        zygote_pid: the parent, whose death ends the worker too.
        wire_fd: becomes `WIRE_FD`, after 0 to 2, which lead to /dev/null.
        ruleset_fd: Landlock ruleset, becomes `RULESET_FD` until `close_sandbox` has used it.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote_pid:
        os._exit(1)
    os.setsid()
    kept = [fd for fd in (wire_fd, ruleset_fd) if fd is not None]
    # out of the way first, for the places may be taken by one another
    high = [os.dup2(fd, _SCRATCH_FD + place, inheritable=False) for place, fd in enumerate(kept)]
    null_fd = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    for place, fd in enumerate(high):
        os.dup2(fd, WIRE_FD + place, inheritable=False)
    for name in os.listdir('/proc/self/fd'):
        fd = int(name)
        if fd >= WIRE_FD + len(kept):
            try:
                os.close(fd)
            except OSError:
                continue  # the folder's own descriptor is closed already
    os.chdir('/')
    os.umask(0o777)
    os.environ.clear()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def limit_resources(memory_bytes: int, shared_bytes: int, cpu_s: int) -> None:
    """Bound memory, processor time, open files, and forbid files and core dumps.

    Args:
        memory_bytes: private memory beyond what there is now.
        shared_bytes: address space for mapped tool results beside it.
        cpu_s: processor time, seconds.
    """
    try:
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write('900')
    except OSError:
        pass  # only decides whom the kernel takes first when the machine runs out of memory
    with open('/proc/self/statm') as file:
        pages = [int(field) for field in file.read().split()]
    page_bytes = resource.getpagesize()
    bounds = {
        resource.RLIMIT_AS: pages[0] * page_bytes + memory_bytes + shared_bytes,
        resource.RLIMIT_DATA: pages[5] * page_bytes + memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        resource.setrlimit(kind, (bound, bound))


def drop_privileges() -> None:
    """No new privileges, no capabilities, not to be read or traced by others."""
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(_MAX_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    number = _SYS_CAPSET.get(os.uname().machine)
    if number is not None:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)()
        if _libc.syscall(number, header, data) != 0:
            raise OSError(ctypes.get_errno(), 'capabilities could not be given up')


def close_sandbox(*, has_ruleset: bool) -> None:
    """Put on Landlock and seccomp, as far as this Linux has them; `support` tells which.

    Raises:
        OSError: the operating system has a part and refuses it.
    """
    has_filters = seccomp.available()  # asks /proc, which Landlock takes away
    if has_ruleset:
        landlock.restrict(RULESET_FD)
        os.close(RULESET_FD)
    if has_filters:
        seccomp.install()


def wipe_environment() -> None:
    """Forget this process's environment, also the block that /proc/PID/environ shows."""
    os.environ.clear()
    with open('/proc/self/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    start, end = int(fields[47]), int(fields[48])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f'prctl {option} failed')
