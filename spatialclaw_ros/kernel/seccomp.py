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


"""A seccomp filter: no sockets, no programs, no processes, no signals to others, no new files.

What is forbidden fails with EPERM, so that a library that tries gets an ordinary error. Threads
may be made, since numerical libraries do; `clone3`, whose flags a filter can't read, doesn't
exist (ENOSYS), and the C library falls back to `clone`.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7fff0000, 0x00050000, 0x80000000
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_0_AT = 0, 4, 16
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000

_ARCHITECTURES = {'x86_64': 0xc000003e, 'aarch64': 0xc00000b7}
# (x86_64, aarch64); -1: not there
_FORBIDDEN = {
    'socket': (41, 198), 'socketpair': (53, 199), 'bind': (49, 200), 'listen': (50, 201),
    'accept': (43, 202), 'accept4': (288, 242), 'connect': (42, 203),
    'fork': (57, -1), 'vfork': (58, -1), 'execve': (59, 221), 'execveat': (322, 281),
    'tkill': (200, 130), 'rt_sigqueueinfo': (129, 138), 'rt_tgsigqueueinfo': (297, 240),
    'pidfd_open': (434, 434), 'pidfd_send_signal': (424, 424), 'pidfd_getfd': (438, 438),
    'ptrace': (101, 117), 'process_vm_readv': (310, 270), 'process_vm_writev': (311, 271),
    'process_madvise': (440, 440), 'process_mrelease': (448, 448), 'kcmp': (312, 272),
    'memfd_create': (319, 279), 'memfd_secret': (447, 447),
    'shmget': (29, 194), 'shmat': (30, 196), 'shmctl': (31, 195), 'shmdt': (67, 197),
    'semget': (64, 190), 'semop': (65, 193), 'semctl': (66, 191), 'semtimedop': (220, 192),
    'msgget': (68, 186), 'msgsnd': (69, 189), 'msgrcv': (70, 188), 'msgctl': (71, 187),
    'mq_open': (240, 180), 'mq_unlink': (241, 181),
    'unlink': (87, -1), 'unlinkat': (263, 35), 'rename': (82, -1), 'renameat': (264, 38),
    'renameat2': (316, 276), 'mkdir': (83, -1), 'mkdirat': (258, 34), 'rmdir': (84, -1),
    'link': (86, -1), 'linkat': (265, 37), 'symlink': (88, -1), 'symlinkat': (266, 36),
    'mknod': (133, -1), 'mknodat': (259, 33), 'truncate': (76, 45), 'creat': (85, -1),
    'chmod': (90, -1), 'fchmod': (91, 52), 'fchmodat': (268, 53), 'fchmodat2': (452, 452),
    'chown': (92, -1), 'fchown': (93, 55), 'fchownat': (260, 54), 'lchown': (94, -1),
    'utime': (132, -1), 'utimes': (235, -1), 'utimensat': (280, 88), 'futimesat': (261, -1),
    'setxattr': (188, 5), 'lsetxattr': (189, 6), 'fsetxattr': (190, 7),
    'removexattr': (197, 14), 'lremovexattr': (198, 15), 'fremovexattr': (199, 16),
    'mount': (165, 40), 'umount2': (166, 39), 'pivot_root': (155, 41), 'chroot': (161, 51),
    'open_tree': (428, 428), 'move_mount': (429, 429), 'fsopen': (430, 430),
    'fsconfig': (431, 431), 'fsmount': (432, 432), 'fspick': (433, 433),
    'mount_setattr': (442, 442), 'unshare': (272, 97), 'setns': (308, 268),
    'open_by_handle_at': (304, 265), 'name_to_handle_at': (303, 264),
    'bpf': (321, 280), 'perf_event_open': (298, 241), 'userfaultfd': (323, 282),
    'io_uring_setup': (425, 425), 'io_uring_enter': (426, 426), 'io_uring_register': (427, 427),
    'io_setup': (206, 0), 'add_key': (248, 217), 'request_key': (249, 218), 'keyctl': (250, 219),
    'inotify_init': (253, -1), 'inotify_init1': (294, 26), 'fanotify_init': (300, 262),
    'setuid': (105, 146), 'setgid': (106, 144), 'setreuid': (113, 145), 'setregid': (114, 143),
    'setresuid': (117, 147), 'setresgid': (119, 149), 'setgroups': (116, 159),
    'setfsuid': (122, 151), 'setfsgid': (123, 152), 'capset': (126, 91),
    'setsid': (112, 157), 'setpgid': (109, 154), 'setpriority': (141, 140),
    'sched_setscheduler': (144, 119), 'sched_setparam': (142, 118), 'sched_setattr': (314, 274),
    'sched_setaffinity': (203, 122), 'ioprio_set': (251, 30),
    'personality': (135, 92), 'acct': (163, 89), 'swapon': (167, 224), 'swapoff': (168, 225),
    'reboot': (169, 142), 'sethostname': (170, 161), 'setdomainname': (171, 162),
    'settimeofday': (164, 170), 'clock_settime': (227, 112), 'adjtimex': (159, 171),
    'init_module': (175, 105), 'finit_module': (313, 273), 'delete_module': (176, 106),
    'kexec_load': (246, 104), 'kexec_file_load': (320, 294), 'quotactl': (179, 60),
    'syslog': (103, 116), 'vhangup': (153, 58), 'iopl': (172, -1), 'ioperm': (173, -1),
    'modify_ldt': (154, -1), 'lookup_dcookie': (212, 18), 'vmsplice': (278, 75),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
# first argument must be this process, or 0 where that means the same
_OWN_PROCESS_ONLY = {'kill': (62, 129), 'tgkill': (234, 131), 'prlimit64': (302, 261)}


class _Instruction(ctypes.Structure):
    _fields_ = (('code', ctypes.c_uint16), ('jt', ctypes.c_uint8), ('jf', ctypes.c_uint8),
                ('k', ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (('length', ctypes.c_ushort), ('filter', ctypes.POINTER(_Instruction)))


_libc = ctypes.CDLL(None, use_errno=True)


def available() -> bool:
    """Whether this Linux has seccomp filters and this machine's call numbers are known."""
    try:
        with open('/proc/sys/kernel/seccomp/actions_avail') as file:
            actions = file.read().split()
    except OSError:
        return False
    return 'errno' in actions and os.uname().machine in _ARCHITECTURES


def install() -> None:
    """Put the filter on this process for good; no-new-privileges must be set.

    Raises:
        OSError: the operating system refuses.
    """
    instructions = list(_instructions(os.uname().machine, os.getpid()))
    array = (_Instruction * len(instructions))(*instructions)
    program = _Program(len(instructions), array)
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'the seccomp filter was refused: {os.strerror(number)}')


def _instructions(machine: str, pid: int) -> Iterator[_Instruction]:
    column = list(_ARCHITECTURES).index(machine)
    refuse = _Instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM)
    allow = _Instruction(_RETURN, 0, 0, _ALLOW)
    yield _Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT)
    yield _Instruction(_JUMP_EQUAL, 1, 0, _ARCHITECTURES[machine])
    yield _Instruction(_RETURN, 0, 0, _KILL_PROCESS)
    yield _Instruction(_LOAD, 0, 0, _NUMBER_AT)
    if machine == 'x86_64':
        yield _Instruction(_JUMP_AT_LEAST, 0, 1, _X32_BIT)
        yield refuse
    for numbers in _FORBIDDEN.values():
        if numbers[column] >= 0:
            yield _Instruction(_JUMP_EQUAL, 0, 1, numbers[column])
            yield refuse
    yield _Instruction(_JUMP_EQUAL, 0, 1, _CLONE3[column])
    yield _Instruction(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    yield _Instruction(_JUMP_EQUAL, 0, 4, _CLONE[column])
    yield _Instruction(_LOAD, 0, 0, _ARGUMENT_0_AT)
    yield _Instruction(_JUMP_SET, 0, 1, _CLONE_THREAD)
    yield allow
    yield refuse
    for name, numbers in _OWN_PROCESS_ONLY.items():
        own = pid if name != 'prlimit64' else 0
        yield _Instruction(_JUMP_EQUAL, 0, 5, numbers[column])
        yield _Instruction(_LOAD, 0, 0, _ARGUMENT_0_AT)
        yield _Instruction(_JUMP_EQUAL, 1, 0, pid)
        yield _Instruction(_JUMP_EQUAL, 0, 1, own)
        yield allow
        yield refuse
    yield allow
