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

from spatialclaw_ros.kernel.limits import MIB
from spatialclaw_ros.kernel.syscalls import (
    CALLS,
    OWN_PID,
    BelowStack,
    Condition,
    Needs,
    Never,
    Null,
    OneOf,
    Unheeded,
)

_SECCOMP = {'x86_64': 317, 'aarch64': 277}
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7fff0000, 0x00050000, 0x80000000
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _JUMP_ABOVE = 0x15, 0x45, 0x35, 0x25
_SET, _STORE, _RECALL, _HOLD, _ADD_HELD = 0x00, 0x02, 0x60, 0x07, 0x0c
_JUMP, _JUMP_AT_LEAST_HELD = 0x05, 0x3d
_AT_RANDOM = 25
# more than a main thread's stack may grow to
_STACK_BYTES = 96 * MIB
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
_libc.getauxval.restype = ctypes.c_ulong


def available() -> bool:
    """Whether this Linux has seccomp filters and this machine's call numbers are known."""
    try:
        with open('/proc/sys/kernel/seccomp/actions_avail') as file:
            actions = file.read().split()
    except OSError:
        return False
    return 'errno' in actions and os.uname().machine in ARCHITECTURES


def install() -> None:
    """Put the filter on every thread of this process for good; no-new-privileges must be set.

    Raises:
        OSError: the operating system refuses.
    """
    instructions = program(
        os.uname().machine, os.getpid(), _libc.getauxval(_AT_RANDOM) - _STACK_BYTES)
    array = (Instruction * len(instructions))(*instructions)
    filter_ = _Program(len(instructions), array)
    result = _libc.syscall(
        _SECCOMP[os.uname().machine], _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(filter_))
    if result != 0:  # a thread that can't have it is told by its number
        number = ctypes.get_errno() if result < 0 else errno.ESRCH
        raise OSError(number, f'the seccomp filter was refused: {os.strerror(number)}')


def program(machine: str, pid: int, stack: int) -> list[Instruction]:
    """The filter of one worker.

    Args:
        machine: 'x86_64' or 'aarch64'.
        pid: the worker's own.
        stack: lowest address that its main thread's stack may ever have.
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
                for instruction in _refuse_unless(condition, pid, stack)]
        body.append(Instruction(_RETURN, 0, 0, _ALLOW))
        made += [Instruction(_JUMP_EQUAL, 0, len(body), number), *body]
    made += [
        Instruction(_JUMP_AT_LEAST, 0, 1, _SINCE_LINUX_5_1),
        Instruction(_RETURN, 0, 0, _ERRNO | errno.ENOSYS), _refusal()]
    return made


def _refuse_unless(condition: Condition, pid: int, stack: int) -> Iterator[Instruction]:
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
    elif isinstance(condition, Unheeded):
        yield _load(condition.argument)
        yield Instruction(_JUMP_SET, 1, 0, condition.mask)
        yield Instruction(_RETURN, 0, 0, _ERRNO)
        return
    elif isinstance(condition, BelowStack):
        yield from _go_on_below(condition, stack)
    yield _refusal()


def _go_on_below(condition: BelowStack, stack: int) -> Iterator[Instruction]:
    """Skip the next instruction when start + length, a sum of 64 bits, lies below the stack.

    What overflows these lies beyond every address, and Linux refuses it.
    """
    yield _load(condition.length)
    yield Instruction(_HOLD, 0, 0, 0)
    yield _load(condition.start)
    yield Instruction(_ADD_HELD, 0, 0, 0)
    yield Instruction(_STORE, 0, 0, 0)
    yield Instruction(_JUMP_AT_LEAST_HELD, 2, 0, 0)
    yield Instruction(_SET, 0, 0, 1)  # to carry
    yield Instruction(_JUMP, 0, 0, 1)
    yield Instruction(_SET, 0, 0, 0)
    yield Instruction(_HOLD, 0, 0, 0)
    yield _load(condition.start, upper=True)
    yield Instruction(_ADD_HELD, 0, 0, 0)
    yield Instruction(_HOLD, 0, 0, 0)
    yield _load(condition.length, upper=True)
    yield Instruction(_ADD_HELD, 0, 0, 0)
    yield Instruction(_JUMP_ABOVE, 3, 0, stack >> 32)
    yield Instruction(_JUMP_EQUAL, 0, 3, stack >> 32)
    yield Instruction(_RECALL, 0, 0, 0)
    yield Instruction(_JUMP_AT_LEAST, 0, 1, stack & 0xffffffff)


def _load(argument: int, *, upper: bool = False) -> Instruction:
    """Load half of an argument; both architectures are little-endian."""
    return Instruction(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + (4 if upper else 0))


def _refusal() -> Instruction:
    return Instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM)
