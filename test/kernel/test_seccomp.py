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


"""The filter of system calls: its numbers against libseccomp's, its verdicts on both machines.

The verdicts come from a small interpreter of the filter's own instructions, so that the one for
aarch64 is tested on x86_64 too.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os

import pytest

from spatialclaw_ros.kernel import KernelSession, seccomp, syscalls

MACHINES = tuple(seccomp.ARCHITECTURES)
PID = 4711
STACK = 0x7ffc_1234_5000
ALLOW, KILL = 0x7fff0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
# reports success and does nothing
UNHEEDED = 0x50000
MMAP_PRIVATE, MMAP_SHARED, ANONYMOUS = 0x02, 0x01, 0x20
THREAD_FLAGS = 0x3d0f00

# name, arguments, allowed; None: not done, though success is reported
VERDICTS = {
    'a thread of glibc': ('clone', (THREAD_FLAGS,), True),
    'a thread of musl': ('clone', (0x7d0f00,), True),
    'a process': ('clone', (17,), False),
    'a process that shares memory': ('clone', (0x4111,), False),
    'a thread in a new user namespace': ('clone', (THREAD_FLAGS | 0x10000000,), False),
    'a thread in a new network': ('clone', (THREAD_FLAGS | 0x40000000,), False),
    'a thread with a process descriptor': ('clone', (THREAD_FLAGS | 0x1000,), False),
    'thread bit in the upper half': ('clone', (17 | 0x10000 << 32,), False),
    'private memory': ('mmap', (0, 4096, 3, MMAP_PRIVATE | ANONYMOUS), True),
    'a stack of a thread': ('mmap', (0, 4096, 0, MMAP_PRIVATE | ANONYMOUS | 0x24000), True),
    'a library\'s code': ('mmap', (0, 4096, 5, MMAP_PRIVATE | 0x800, 3), True),
    'a memory file to read': ('mmap', (0, 4096, 1, MMAP_SHARED, 3), True),
    'shared memory': ('mmap', (0, 4096, 3, MMAP_SHARED | ANONYMOUS), False),
    'shared memory to read': ('mmap', (0, 4096, 1, MMAP_SHARED | ANONYMOUS), False),
    'shared memory, validated': ('mmap', (0, 4096, 3, 0x03 | ANONYMOUS), False),
    'a memory file to write': ('mmap', (0, 4096, 3, MMAP_SHARED, 3), False),
    'writable code': ('mmap', (0, 4096, 7, MMAP_PRIVATE, 3), False),
    'code out of nothing': ('mmap', (0, 4096, 4, MMAP_PRIVATE | ANONYMOUS), False),
    'a stack that grows': ('mmap', (0, 4096, 3, MMAP_PRIVATE | ANONYMOUS | 0x100), False),
    'huge pages': ('mmap', (0, 4096, 3, MMAP_PRIVATE | ANONYMOUS | 0x40000), False),
    'locked memory': ('mmap', (0, 4096, 3, MMAP_PRIVATE | ANONYMOUS | 0x2000), False),
    'protect a guard page': ('mprotect', (0, 4096, 0), None),
    'protect what a library has linked': ('mprotect', (4096, 4096, 1), None),
    'make memory writable': ('mprotect', (0, 4096, 3), True),
    'make memory code': ('mprotect', (0, 4096, 5), False),
    'move memory': ('mremap', (0, 4096, 8192, 1), True),
    'move memory and keep it': ('mremap', (0, 4096, 4096, 5), False),
    'give memory back': ('madvise', (0, 4096, 4), True),
    'large memory below the stack': ('munmap', (STACK - (6 << 32), 6 << 32), False),
    'large memory that ends below': ('munmap', (STACK - (6 << 32) - 1, 6 << 32), True),
    'a carry below the stack': ('munmap', (STACK - 0x2000_0000, 0x1fff_ffff), True),
    'a carry into the stack': ('munmap', (STACK - 0x2000_0000, 0x2000_0000), False),
    'memory in front of the stack': ('munmap', (STACK - 4096, 4095), True),
    'the stack\'s first page': ('munmap', (STACK, 4096), False),
    'the stack\'s last page': ('munmap', (STACK + (96 << 20), 4096), False),
    'move the stack': ('mremap', (STACK + 4096, 4096, 1 << 30, 1), False),
    'split the stack': ('madvise', (STACK + 4096, 4096, 15), False),
    'put memory into the stack':
        ('mmap', (STACK, 4096, 3, MMAP_PRIVATE | ANONYMOUS | 0x10), False),
    'split the stack by its rights': ('mprotect', (STACK, 4096, 2), False),
    'merge memory': ('madvise', (0, 4096, 12), False),
    'poison memory': ('madvise', (0, 4096, 100), False),
    'signal itself': ('kill', (PID, 9), True),
    'signal the host': ('kill', (PID - 1, 9), False),
    'signal its group': ('kill', (0, 9), False),
    'signal everybody': ('kill', (0xffffffff, 9), False),
    'signal an own thread': ('tgkill', (PID, PID + 1, 6), True),
    'signal a foreign thread': ('tgkill', (PID + 1, PID + 1, 6), False),
    'read own limits': ('prlimit64', (0, 9, 0, 4096), True),
    'read own limits by number': ('prlimit64', (PID, 9, 0, 4096), True),
    'set own limits': ('prlimit64', (0, 9, 4096, 0), False),
    'set own limits from high up': ('prlimit64', (0, 9, 1 << 32, 0), False),
    'read foreign limits': ('prlimit64', (PID + 1, 9, 0, 4096), False),
    'name a thread': ('prctl', (15, 4096), True),
    'let itself be dumped': ('prctl', (4, 1), False),
    'another filter': ('prctl', (22, 2), False),
    'ask for a terminal': ('ioctl', (0, 0x5401), True),
    'push into a terminal': ('ioctl', (0, 0x5412), False),
    'own a descriptor': ('ioctl', (3, 0x8901), False),
    'duplicate': ('fcntl', (3, 1030), True),
    'own a descriptor\'s signals': ('fcntl', (3, 8), False),
    'choose a signal': ('fcntl', (3, 10), False),
    'lease': ('fcntl', (3, 1024), False),
    'watch a folder': ('fcntl', (3, 1026), False),
    'seal': ('fcntl', (3, 1033), False),
    'grow a pipe': ('fcntl', (3, 1031), False),
    'wait on a lock': ('futex', (4096, 128), True),
    'wake with a clock': ('futex', (4096, 128 | 256 | 9), True),
    'lock with priority': ('futex', (4096, 128 | 6), False),
    'requeue with priority': ('futex', (4096, 128 | 12), False),
    'send': ('sendto', (3, 4096, 1, 0x4000, 0, 0), True),
    'send to an address': ('sendto', (3, 4096, 1, 0, 4096, 16), False),
    'send to a high address': ('sendto', (3, 4096, 1, 0, 1 << 32, 16), False),
    'send out of band': ('sendto', (3, 4096, 1, 1, 0, 0), False),
    'receive': ('recvmsg', (3, 4096, 0x40000000), True),
    'receive out of band': ('recvmsg', (3, 4096, 1), False),
    'read a file': ('openat', (0, 4096, 0x80000), True),
    'write a file': ('openat', (0, 4096, 0x80001), False),
    'read and write a file': ('openat', (0, 4096, 2), False),
    'make a file': ('openat', (0, 4096, 0x40), False),
    'empty a file': ('openat', (0, 4096, 0x200), False),
    'append to a file': ('openat', (0, 4096, 0x400), False),
    'a nameless file': ('openat', (0, 4096, 0x410000 | 2), False),
    'a handle without rights': ('openat', (0, 4096, 0x200000), False),
    'read': ('read', (3, 4096, 1), True),
    'end': ('exit_group', (0,), True),
}
# numbers here, not names: none of these is in the list
REFUSED = {
    'x86_64': {
        'socket': 41, 'socketpair': 53, 'connect': 42, 'bind': 49, 'sendmsg': 46, 'sendmmsg': 307,
        'fork': 57, 'vfork': 58, 'execve': 59, 'execveat': 322, 'ptrace': 101,
        'process_vm_readv': 310, 'process_vm_writev': 311, 'memfd_create': 319, 'shmget': 29,
        'pipe2': 293, 'eventfd2': 290, 'unlink': 87, 'mkdir': 83, 'truncate': 76, 'ftruncate': 77,
        'fallocate': 285, 'mount': 165, 'unshare': 272, 'setns': 308, 'bpf': 321,
        'perf_event_open': 298, 'userfaultfd': 323, 'keyctl': 250, 'add_key': 248,
        'setresuid': 117, 'capset': 126, 'setpriority': 141, 'sched_setaffinity': 203,
        'personality': 135, 'setrlimit': 160, 'tkill': 200, 'rt_sigqueueinfo': 129,
        'seccomp': 317, 'readlink': 89, 'access': 21, 'arch_prctl': 158, 'modify_ldt': 154,
        'remap_file_pages': 216, 'io_setup': 206, 'inotify_init1': 294, 'timer_create': 222,
        'kcmp': 312, 'syslog': 103, 'mlock': 149, 'pkey_alloc': 330},
    'aarch64': {
        'socket': 198, 'connect': 203, 'sendmsg': 211, 'execve': 221, 'ptrace': 117,
        'process_vm_readv': 270, 'memfd_create': 279, 'unlinkat': 35, 'mkdirat': 34,
        'ftruncate': 46, 'unshare': 97, 'bpf': 280, 'userfaultfd': 282, 'keyctl': 219,
        'setrlimit': 164, 'tkill': 130, 'pipe2': 59, 'shmget': 194, 'seccomp': 277},
}
SINCE_LINUX_5_1 = {
    'pidfd_send_signal': 424, 'io_uring_setup': 425, 'open_tree': 428, 'pidfd_open': 434,
    'clone3': 435, 'openat2': 437, 'pidfd_getfd': 438, 'faccessat2': 439,
    'process_madvise': 440, 'landlock_restrict_self': 446, 'memfd_secret': 447,
    'fchmodat2': 452, 'of the future': 900}


def verdict(
    machine: str, number: int, arguments: tuple[int, ...] = (), architecture: int | None = None,
) -> int:
    """What the filter answers: a `SECCOMP_RET_` value."""
    words = [number, seccomp.ARCHITECTURES[machine] if architecture is None else architecture,
             0, 0]
    for value in arguments + (0,) * (6 - len(arguments)):
        words += [value & 0xffffffff, value >> 32]
    program, place, held = seccomp.program(machine, PID, STACK), 0, 0
    index, store = 0, 0
    while True:
        step = program[place]
        place += 1
        if step.code == 0x20:
            held = words[step.k // 4]
        elif step.code == 0x54:
            held &= step.k
        elif step.code == 0x00:
            held = step.k
        elif step.code == 0x0c:
            held = (held + index) & 0xffffffff
        elif step.code == 0x07:
            index = held
        elif step.code == 0x02:
            store = held
        elif step.code == 0x60:
            held = store
        elif step.code == 0x05:
            place += step.k
        elif step.code == 0x06:
            return int(step.k)
        else:
            is_true = {0x15: held == step.k, 0x45: held & step.k != 0,
                       0x35: held >= step.k, 0x25: held > step.k,
                       0x3d: held >= index}[step.code]
            place += step.jt if is_true else step.jf


@pytest.mark.parametrize('machine', MACHINES)
@pytest.mark.parametrize('name', VERDICTS)
def test_arguments(machine: str, name: str) -> None:
    call, arguments, allowed = VERDICTS[name]
    number = getattr(syscalls.CALLS[call], machine)
    expected = {True: ALLOW, False: EPERM, None: UNHEEDED}[allowed]
    assert verdict(machine, number, arguments) == expected


@pytest.mark.parametrize(('machine', 'name'), [
    (machine, name) for machine in MACHINES for name in REFUSED[machine]])
def test_what_is_not_listed_is_refused(machine: str, name: str) -> None:
    assert verdict(machine, REFUSED[machine][name]) == EPERM


@pytest.mark.parametrize('machine', MACHINES)
@pytest.mark.parametrize('name', SINCE_LINUX_5_1)
def test_newer_calls_do_not_exist(machine: str, name: str) -> None:
    assert verdict(machine, SINCE_LINUX_5_1[name]) == ENOSYS


def test_flags_of_open_are_each_machines_own() -> None:
    large_file = {'x86_64': 0x8000, 'aarch64': 0x20000}
    direct = {'x86_64': 0x4000, 'aarch64': 0x10000}
    for machine in MACHINES:
        number = getattr(syscalls.CALLS['openat'], machine)
        assert verdict(machine, number, (0, 4096, large_file[machine])) == ALLOW
        assert verdict(machine, number, (0, 4096, direct[machine])) == EPERM


def test_guarded_jumps_are_aarch64s_own() -> None:
    """A library's code with branch targets, as glibc maps it on machines that have them."""
    for machine, expected in (('x86_64', EPERM), ('aarch64', ALLOW)):
        number = getattr(syscalls.CALLS['mmap'], machine)
        assert verdict(machine, number, (0, 4096, 0x15, MMAP_PRIVATE | 0x800, 3)) == expected
        assert verdict(machine, number, (0, 4096, 0x17, MMAP_PRIVATE | 0x800, 3)) == EPERM


@pytest.mark.parametrize('machine', MACHINES)
def test_other_architectures(machine: str) -> None:
    numbers = [getattr(call, machine) for call in syscalls.CALLS.values()]
    for foreign in (0x40000003, 0x40000028, 0):
        assert {verdict(machine, number, (), foreign) for number in numbers} == {KILL}
    x32 = {verdict(machine, number | 0x40000000) for number in numbers if number >= 0}
    assert x32 == {ENOSYS}


@pytest.mark.parametrize('machine', MACHINES)
def test_every_jump_lands_inside(machine: str) -> None:
    program = seccomp.program(machine, PID, STACK)
    assert len(program) < 4096
    for place, step in enumerate(program):
        far = step.k if step.code == 0x05 else max(step.jt, step.jf)
        assert place + 1 + far < len(program) or step.code == 0x06
    numbers = [getattr(call, machine) for call in syscalls.CALLS.values()]
    known = [number for number in numbers if number >= 0]
    assert len(set(known)) == len(known)
    assert max(known) < 424


def test_numbers_are_those_of_libseccomp() -> None:
    name = ctypes.util.find_library('seccomp') or 'libseccomp.so.2'
    try:
        library = ctypes.CDLL(name)
    except OSError:
        pytest.skip('libseccomp is not on this machine')
    resolve = library.seccomp_syscall_resolve_name_arch
    resolve.argtypes = (ctypes.c_uint32, ctypes.c_char_p)
    for machine, architecture in seccomp.ARCHITECTURES.items():
        for call, numbers in syscalls.CALLS.items():
            theirs = resolve(architecture, call.encode())
            assert max(theirs, -1) == getattr(numbers, machine), (machine, call)
        for table in (REFUSED[machine], SINCE_LINUX_5_1):
            for call, number in table.items():
                assert resolve(architecture, call.encode()) in (number, -1), (machine, call)


REAL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_size_t] * 6
ctypes.set_errno(0)
def act(result):
    print('refused' if result in (-1, 2**64 - 1) else 'done', ctypes.get_errno(), end=' ')
"""


@pytest.mark.skipif(not seccomp.available(), reason='this Linux has no seccomp filters')
@pytest.mark.parametrize(('code', 'expected'), [
    ('act(libc.mmap(0, 4096, 3, 0x21, -1 % 2**64, 0))', 'refused 1 '),
    ('act(libc.mmap(0, 4096, 3, 0x22, -1 % 2**64, 0))', 'done 0 '),
    ('act(libc.mmap(0, 4096, 7, 0x22, -1 % 2**64, 0))', 'refused 1 '),
    ('act(libc.prctl(4, 1, 0, 0, 0))', 'refused 1 '),
    ('act(libc.syscall(435, 0, 0))', 'refused 38 '),
    ('act(libc.syscall(425, 8, 0))', 'refused 38 '),
    ('act(libc.kill(-1, 0))', 'refused 1 '),
    ('import os\nact(libc.kill(os.getpid(), 0))', 'done 0 '),
    ('act(libc.fcntl(3, 8, 1))', 'refused 1 '),
])
def test_linux_agrees(ungated: KernelSession, code: str, expected: str) -> None:
    if os.uname().machine not in MACHINES:
        pytest.skip('call numbers of this machine are not known')
    result = ungated.run(REAL + code)
    assert (result.error, result.stdout) == (None, expected)
