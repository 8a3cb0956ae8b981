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

"""Says why the perception process is not there, and what to do about it."""

from __future__ import annotations

import signal
from collections.abc import Sequence

_LINES_CHARS = 600
_KEPT_LINES = 6
_GIB = 1024 * 1024


def cannot_start(python: str, error: OSError) -> str:
    """Why it could not be started.

    Args:
        python: interpreter as configured, '' for the node's own.
        error: of the operating system.
    """
    if python:
        return (f'the perception process could not be started with the interpreter {python!r}: '
                f'{error.strerror}; set perception.python to the python of the environment that '
                'has the packages of the models, or to nothing for the node\'s own')
    return f'the perception process could not be started: {error}'


def did_not_start(python: str, reason: str, status: int | None, lines: Sequence[str]) -> str:
    """Why it ended before it took calls; arguments as those of `how_it_died`."""
    text = 'the perception process did not start'
    if python:
        text += f' with the interpreter {python!r}'
    if reason:
        return f'{text}: {reason}'
    text += f': {_ending(status)}{_printed(lines)}'
    if any(line.startswith(('ImportError', 'ModuleNotFoundError')) for line in lines):
        text += ('; install what spatialclaw_ros needs into the environment of that interpreter, '
                 'or set perception.python to another one')
    return text


def how_it_died(pid: int, reason: str, status: int | None, lines: Sequence[str]) -> str:
    """How it ended, for people.

    Args:
        pid: its number.
        reason: what the node noticed or the process said; '' when it ended by itself.
        status: as `subprocess` has it; None when the node ended it.
        lines: the last that it printed.
    """
    if reason:
        return f'the perception process {pid} ended: {reason}'
    return f'the perception process {pid} ended: {_ending(status)}{_printed(lines)}'


def _ending(status: int | None) -> str:
    if status is None:
        return 'it closed its connection'
    if status == -signal.SIGKILL:
        return ('it was killed from outside (SIGKILL), perhaps because the machine ran out of '
                f'memory{_memory_now()}; `dmesg` says so then, and smaller models, fewer views or '
                'a smaller batch take less')
    if status < 0:
        return f'it was ended by signal {-status} ({_name(-status)})'
    return f'it left with exit status {status}'


def _printed(lines: Sequence[str]) -> str:
    """The lines that tell most: of a crash the first ones of its report, else the last ones."""
    crash = next((at for at, line in enumerate(lines) if line.startswith('Fatal Python')), None)
    told = lines[-_KEPT_LINES:] if crash is None else lines[crash:crash + _KEPT_LINES]
    return f'; it printed last: {" | ".join(told)[-_LINES_CHARS:]}' if told else ''


def _memory_now() -> str:
    try:
        with open('/proc/meminfo') as file:
            table = {key: int(value.split()[0]) for key, _, value in (
                line.partition(':') for line in file)}
        return (f' ({table["MemAvailable"] / _GIB:.1f} of {table["MemTotal"] / _GIB:.1f} GiB are '
                'free now)')
    except (OSError, KeyError, ValueError, IndexError):
        return ''


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return 'unknown'
