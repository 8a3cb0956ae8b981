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


"""What a worker gives up before it has seen anything of a session."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket

from spatialclaw_ros.kernel import landlock, parts, resources, seccomp
from spatialclaw_ros.kernel.limits import SandboxPolicy
from spatialclaw_ros.kernel.messages import Fork

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER = 38, 39, 36
_SYS_CAPGET_CAPSET = {'x86_64': (125, 126), 'aarch64': (90, 91)}
_CAPABILITY_VERSION_3 = 0x20080522
_MAX_CAPABILITY = 63
_SCRATCH_FD = 60

WIRE_FD = 3
RULESET_FD = 4

_libc = ctypes.CDLL(None, use_errno=True)


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
    null_fd = os.open('/dev/null', os.O_RDWR)
    # out of the way first, for the places may be taken by one another
    *high, null_fd = [os.dup2(fd, _SCRATCH_FD + place, inheritable=False)
                      for place, fd in enumerate((*kept, null_fd))]
    for place, fd in enumerate(high):
        os.dup2(fd, WIRE_FD + place, inheritable=False)
    for name in os.listdir('/proc/self/fd'):
        fd = int(name)
        if fd >= WIRE_FD + len(kept) and fd != null_fd:
            try:
                os.close(fd)
            except OSError:
                continue  # the folder's own descriptor is closed already
    os.chdir('/')
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    # last, so that what fails before is seen in the zygote's output
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    os.close(null_fd)


def close_sandbox(request: Fork, *, has_ruleset: bool) -> list[str]:
    """Put on what this Linux has of the sandbox, as far as the policy wants it.

    Args:
        request: the worker's bounds, the policy, and what to leave off.
        has_ruleset: whether a Landlock ruleset lies at `RULESET_FD`.

    Returns:
        Names of the parts that are found to be on.

    Raises:
        OSError: the worker's resources can't be bounded, or it has more than one thread.
    """
    wanted = set(parts.WORKER_PARTS).difference(request.without)
    if request.sandbox == SandboxPolicy.OFF:
        wanted = {parts.PROCESS_GROUP, parts.NO_DESCRIPTORS, parts.RESOURCE_LIMITS}
    is_shut = request.sandbox != SandboxPolicy.OFF
    os.umask(0o777 if is_shut else 0o077)
    resources.step_back()
    has_filters = seccomp.available()  # asks /proc, which Landlock takes away
    limits_threads = False
    if parts.NO_ENVIRONMENT in wanted:
        os.environ.clear()
    if parts.THREAD_LIMIT in wanted:
        resources.be_counted_alone()
    # what Linux refuses is found missing below, and the policy decides what follows from that
    if parts.NO_CAPABILITIES in wanted:
        with contextlib.suppress(OSError):
            _drop_capabilities()
    if parts.THREAD_LIMIT in wanted:
        limits_threads = resources.limit_threads()
    if parts.RESOURCE_LIMITS in wanted:
        resources.limit(request, may_write=not is_shut)
    if parts.NO_NEW_PRIVILEGES in wanted:
        with contextlib.suppress(OSError):
            _prctl(_PR_SET_DUMPABLE, 0)
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    found = {  # as long as it may be asked
        parts.PROCESS_GROUP: os.getsid(0) == os.getpid(),
        parts.NO_ENVIRONMENT: not os.environ,
        parts.RESOURCE_LIMITS:
            resource.getrlimit(resource.RLIMIT_DATA)[1] != resource.RLIM_INFINITY,
        parts.THREAD_LIMIT: limits_threads,
        parts.NO_CAPABILITIES: _has_no_capabilities(),
        parts.NO_NEW_PRIVILEGES: _libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
    }
    resources.wait_for_single_thread()
    if has_ruleset:
        if parts.LANDLOCK in wanted:
            with contextlib.suppress(OSError):
                landlock.restrict(RULESET_FD)
        os.close(RULESET_FD)
    if has_filters and parts.SECCOMP in wanted:
        with contextlib.suppress(OSError):
            seccomp.install()
    found |= {
        parts.NO_DESCRIPTORS: not any(map(_is_open, range(WIRE_FD + 1, _SCRATCH_FD + 2))),
        parts.LANDLOCK: _is_shut_out_of_files(),
        parts.SECCOMP: _is_without_sockets(),
    }
    return [part for part in parts.WORKER_PARTS if part in wanted and found[part]]


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent, a worker, has ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def wipe_environment() -> None:
    """Forget this process's environment, also the block that /proc/PID/environ shows."""
    os.environ.clear()
    with open('/proc/self/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    start, end = int(fields[47]), int(fields[48])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)


def _drop_capabilities() -> None:
    for capability in range(_MAX_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    numbers = _SYS_CAPGET_CAPSET.get(os.uname().machine)
    if numbers is not None:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)()
        if _libc.syscall(numbers[1], header, data) != 0:
            raise OSError(ctypes.get_errno(), 'capabilities could not be given up')


def _has_no_capabilities() -> bool:
    numbers = _SYS_CAPGET_CAPSET.get(os.uname().machine)
    if numbers is None:
        return False
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    return _libc.syscall(numbers[0], header, data) == 0 and not any(data)


def _is_shut_out_of_files() -> bool:
    try:
        os.close(os.open('/', os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except PermissionError as error:
        return error.errno == errno.EACCES  # a container's own filter says EPERM
    return False


def _is_without_sockets() -> bool:
    try:
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()
    except PermissionError as error:
        return error.errno == errno.EPERM  # other guards of sockets say EACCES
    return False


def _is_open(fd: int) -> bool:
    with contextlib.suppress(OSError):
        os.fstat(fd)
        return True
    return False


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f'prctl {option} failed')
