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


"""The system calls that a worker may make, and with which arguments; all others are refused.

Numbers are those of x86_64 and aarch64, -1 where there is no such call. Flags are the same on
both but for a few of `open`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OWN_PID = -1
"""Stands for the worker's own process number in `OneOf`."""


@dataclass(frozen=True)
class Never:
    """Refuse when each of these arguments has a bit of its mask: (argument, mask), ..."""

    tests: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Needs:
    """Refuse when the argument has no bit of the mask."""

    argument: int
    mask: int


@dataclass(frozen=True)
class OneOf:
    """Refuse when the argument, without the bits `ignored`, is none of the values."""

    argument: int
    values: tuple[int, ...]
    ignored: int = 0


@dataclass(frozen=True)
class Null:
    """Refuse when the argument, a pointer, is not null."""

    argument: int


@dataclass(frozen=True)
class Unheeded:
    """Do nothing and report success when the argument has no bit of the mask."""

    argument: int
    mask: int


@dataclass(frozen=True)
class BelowStack:
    """Refuse when a range of memory, by its first address and its length, reaches the stack.

    What has once been part of the stack is not counted as memory, wherever it is moved, and each
    part of a stack in two may grow.
    """

    start: int
    length: int


Condition = Never | Needs | OneOf | Null | Unheeded | BelowStack


@dataclass(frozen=True)
class Call:
    """One system call.

    Args:
        x86_64: its number there.
        aarch64: its number there.
        conditions: all of them must hold.
        x86_64_only: conditions that hold on this architecture alone.
        aarch64_only: likewise.
    """

    x86_64: int
    aarch64: int
    conditions: tuple[Condition, ...] = ()
    x86_64_only: tuple[Condition, ...] = field(default=())
    aarch64_only: tuple[Condition, ...] = field(default=())


def _only(argument: int, mask: int) -> Never:
    """Refuse when the argument has a bit outside the mask."""
    return Never(((argument, ~mask & 0xffffffff),))


_PROT_WRITE, _PROT_EXEC, _PROT_ALL, _PROT_BTI = 2, 4, 7, 0x10
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
# private, fixed, anonymous, no reserve, stack, deny write, executable, populate, fixed no replace
_MAP_FLAGS = 0x03 | 0x10 | 0x20 | 0x4000 | 0x20000 | 0x800 | 0x1000 | 0x8000 | 0x100000
# what pthread_create asks for: memory, files, signals shared, and no new namespace of any kind
_CLONE_THREAD = 0x10000
_CLONE_FLAGS = 0x7d0f00
# advice on pages that are the worker's own: none that merges, locks, offlines or collects them
_ADVICE = (0, 1, 2, 3, 4, 8, 14, 15, 16, 17, 102, 103)
# wait, wake, requeue and their variants; not those that hand over priorities
_FUTEX = (0, 1, 3, 4, 5, 9, 10)
_FUTEX_PRIVATE_OR_CLOCK = 128 | 256
# duplicate, read and set close-on-exec, read the flags; never owner, signal, lease, seal or size
_FCNTL = (0, 1, 2, 3, 1030)
_IS_TERMINAL, _SET_CLOEXEC, _CLEAR_CLOEXEC = 0x5401, 0x5451, 0x5450
_SET_NAME, _GET_NAME = 15, 16
# no out-of-band data, no peeking at ancillary messages
_MSG_FLAGS = 0x40 | 0x100 | 0x4000 | 0x40000000
_O_COMMON = 0x100 | 0x800 | 0x80000
_O_X86_64 = _O_COMMON | 0x8000 | 0x10000 | 0x20000
_O_AARCH64 = _O_COMMON | 0x20000 | 0x4000 | 0x8000

CALLS: dict[str, Call] = {
    # what is open
    'read': Call(0, 63), 'write': Call(1, 64), 'readv': Call(19, 65), 'writev': Call(20, 66),
    'pread64': Call(17, 67), 'lseek': Call(8, 62), 'close': Call(3, 57),
    'dup': Call(32, 23), 'dup2': Call(33, -1), 'dup3': Call(292, 24),
    'fcntl': Call(72, 25, (OneOf(1, _FCNTL),)),
    'ioctl': Call(16, 29, (OneOf(1, (_IS_TERMINAL, _SET_CLOEXEC, _CLEAR_CLOEXEC)),)),
    'poll': Call(7, -1), 'ppoll': Call(271, 73), 'select': Call(23, -1), 'pselect6': Call(270, 72),
    # the wire: data alone, for descriptors travel with sendmsg
    'sendto': Call(44, 206, (_only(3, _MSG_FLAGS), Null(4))),
    'recvfrom': Call(45, 207, (_only(3, _MSG_FLAGS),)),
    'recvmsg': Call(47, 212, (_only(2, _MSG_FLAGS),)),
    'getsockname': Call(51, 204), 'getsockopt': Call(55, 209),
    # libraries' files, to read; which of them is for Landlock to say
    'open': Call(2, -1, x86_64_only=(_only(1, _O_X86_64),)),
    'openat': Call(257, 56, (), (_only(2, _O_X86_64),), (_only(2, _O_AARCH64),)),
    'stat': Call(4, -1), 'fstat': Call(5, 80), 'lstat': Call(6, -1), 'newfstatat': Call(262, 79),
    'statx': Call(332, 291), 'getdents64': Call(217, 61), 'getcwd': Call(79, 17),
    # memory that counts against the limits, none of it shared, writable code, or a growing stack
    'mmap': Call(9, 222, (
        _only(3, _MAP_FLAGS),
        Never(((2, _PROT_WRITE), (2, _PROT_EXEC))),
        Never(((2, _PROT_EXEC), (3, _MAP_ANONYMOUS))),
        Never(((2, _PROT_WRITE), (3, _MAP_SHARED))),
        Never(((3, _MAP_SHARED), (3, _MAP_ANONYMOUS))), BelowStack(0, 1)),
        (_only(2, _PROT_ALL),), (_only(2, _PROT_ALL | _PROT_BTI),)),
    # memory that can't be written to is not counted: what has been stays so
    'mprotect': Call(10, 226, (
        _only(2, _PROT_ALL & ~_PROT_EXEC), BelowStack(0, 1),
        Unheeded(2, _PROT_WRITE))),
    'munmap': Call(11, 215, (BelowStack(0, 1),)),
    'mremap': Call(25, 216, (_only(3, 1), BelowStack(0, 1))), 'brk': Call(12, 214),
    'madvise': Call(28, 233, (OneOf(2, _ADVICE), BelowStack(0, 1))),
    # threads
    'clone': Call(56, 220, (Needs(0, _CLONE_THREAD), _only(0, _CLONE_FLAGS))),
    'set_robust_list': Call(273, 99), 'rseq': Call(334, 293), 'set_tid_address': Call(218, 96),
    'futex': Call(202, 98, (OneOf(1, _FUTEX, _FUTEX_PRIVATE_OR_CLOCK),)),
    'sched_yield': Call(24, 124), 'sched_getaffinity': Call(204, 123), 'getcpu': Call(309, 168),
    'prctl': Call(157, 167, (OneOf(0, (_SET_NAME, _GET_NAME)),)),
    'exit': Call(60, 93), 'exit_group': Call(231, 94), 'restart_syscall': Call(219, 128),
    # signals to itself
    'kill': Call(62, 129, (OneOf(0, (OWN_PID,)),)),
    'tgkill': Call(234, 131, (OneOf(0, (OWN_PID,)),)),
    'rt_sigaction': Call(13, 134), 'rt_sigprocmask': Call(14, 135), 'rt_sigreturn': Call(15, 139),
    'rt_sigpending': Call(127, 136), 'sigaltstack': Call(131, 132),
    # time
    'nanosleep': Call(35, 101), 'clock_nanosleep': Call(230, 115),
    'clock_gettime': Call(228, 113), 'clock_getres': Call(229, 114),
    'alarm': Call(37, -1), 'setitimer': Call(38, 103), 'getitimer': Call(36, 102),
    'gettimeofday': Call(96, 169), 'time': Call(201, -1), 'times': Call(100, 153),
    # about itself and the machine
    'getpid': Call(39, 172), 'gettid': Call(186, 178), 'getppid': Call(110, 173),
    'getuid': Call(102, 174), 'geteuid': Call(107, 175), 'getgid': Call(104, 176),
    'getegid': Call(108, 177), 'getpgrp': Call(111, -1), 'getpgid': Call(121, 155),
    'getsid': Call(124, 156), 'getrusage': Call(98, 165), 'getrlimit': Call(97, 163),
    'prlimit64': Call(302, 261, (OneOf(0, (0, OWN_PID)), Null(2))),
    'uname': Call(63, 160), 'sysinfo': Call(99, 179), 'getrandom': Call(318, 278),
}
"""By name."""
