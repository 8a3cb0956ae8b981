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


"""A seccomp filter that lets a worker make the calls of `syscalls`, and no others.

What is refused fails with EPERM, so that a library that tries gets an ordinary error. Calls that
came with Linux 5.1 or later don't exist (ENOSYS): C libraries then fall back to older ones, such
as from `clone3`, whose flags a filter can't read, to `clone`. Another architecture's call kills.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator

from spatialclaw_ros.kernel.syscalls import CALLS, OWN_PID, Condition, Needs, Never, Null, OneOf

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7fff0000, 0x00050000, 0x80000000
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST = 0x15, 0x45, 0x35
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
# from here on numbers are the same on every architecture; x32 numbers lie far above
_SINCE_LINUX_5_1 = 424

ARCHITECTURES = {'x86_64': 0xc000003e, 'aarch64': 0xc00000b7}


class Instruction(ctypes.Structure):
    """A `sock_filter`: operation, jumps when true and false, operand."""

    _fields_ = (('code', ctypes.c_uint16), ('jt', ctypes.c_uint8), ('jf', ctypes.c_uint8),
                ('k', ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (('length', ctypes.c_ushort), ('filter', ctypes.POINTER(Instruction)))


_libc = ctypes.CDLL(None, use_errno=True)


def available() -> bool:
    """Whether this Linux has seccomp filters and this machine's call numbers are known."""
    try:
        with open('/proc/sys/kernel/seccomp/actions_avail') as file:
            actions = file.read().split()
    except OSError:
        return False
    return 'errno' in actions and os.uname().machine in ARCHITECTURES


def install() -> None:
    """Put the filter on this process for good; no-new-privileges must be set.

    Raises:
        OSError: the operating system refuses.
    """
    instructions = program(os.uname().machine, os.getpid())
    array = (Instruction * len(instructions))(*instructions)
    filter_ = _Program(len(instructions), array)
    if _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filter_), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'the seccomp filter was refused: {os.strerror(number)}')


def program(machine: str, pid: int) -> list[Instruction]:
    """The filter of one worker.

    Args:
        machine: 'x86_64' or 'aarch64'.
        pid: the worker's own.
    """
    made = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT),
        Instruction(_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        Instruction(_RETURN, 0, 0, _KILL_PROCESS),
        Instruction(_LOAD, 0, 0, _NUMBER_AT)]
    for call in CALLS.values():
        number = getattr(call, machine)
        if number < 0:
            continue
        body = [instruction
                for condition in call.conditions + getattr(call, f'{machine}_only')
                for instruction in _refuse_unless(condition, pid)]
        body.append(Instruction(_RETURN, 0, 0, _ALLOW))
        made += [Instruction(_JUMP_EQUAL, 0, len(body), number), *body]
    made += [
        Instruction(_JUMP_AT_LEAST, 0, 1, _SINCE_LINUX_5_1),
        Instruction(_RETURN, 0, 0, _ERRNO | errno.ENOSYS), _refusal()]
    return made


def _refuse_unless(condition: Condition, pid: int) -> Iterator[Instruction]:
    """Go on behind the last instruction when the condition holds."""
    if isinstance(condition, Never):
        for place, (argument, mask) in enumerate(condition.tests):
            left = len(condition.tests) - place - 1
            yield _load(argument)
            yield Instruction(_JUMP_SET, 0, 2 * left + 1, mask)
    elif isinstance(condition, Needs):
        yield _load(condition.argument)
        yield Instruction(_JUMP_SET, 1, 0, condition.mask)
    elif isinstance(condition, OneOf):
        yield _load(condition.argument)
        yield Instruction(_AND, 0, 0, ~condition.ignored & 0xffffffff)
        for place, value in enumerate(condition.values):
            left = len(condition.values) - place - 1
            yield Instruction(_JUMP_EQUAL, left + 1, 0, pid if value == OWN_PID else value)
    elif isinstance(condition, Null):
        yield _load(condition.argument)
        yield Instruction(_JUMP_EQUAL, 0, 2, 0)
        yield _load(condition.argument, upper=True)
        yield Instruction(_JUMP_EQUAL, 1, 0, 0)
    yield _refusal()


def _load(argument: int, *, upper: bool = False) -> Instruction:
    """Load half of an argument; both architectures are little-endian."""
    return Instruction(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + (4 if upper else 0))


def _refusal() -> Instruction:
    return Instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM)
