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


def cannot_start(python: str, error: OSError) -> str:
    """Why it could not be started.

    Args:
        python: interpreter as configured, '' for the node's own.
        error: of the operating system.
    """
    if python:
        return (f'the perception process could not be started with the interpreter {python!r}: '
                f'{error.strerror}; set perception.python to the python of the environment that '
                'has the models\' packages, or to nothing for the node\'s own')
    return f'the perception process could not be started: {error}'


def how_it_died(pid: int, reason: str, status: int | None, lines: Sequence[str]) -> str:
    """How it ended, for people.

    Args:
        pid: its number.
        reason: what the node noticed or the process said; '' when it ended by itself.
        status: as `subprocess` has it; None when the node ended it.
        lines: the last that it printed.
    """
    text = f'the perception process {pid} ended: '
    if reason:
        return text + reason
    if status is None:
        text += 'it closed its connection and was killed'
    elif status == -signal.SIGKILL:
        text += ('it was killed from outside (SIGKILL), perhaps because the machine ran out of '
                 'memory; `dmesg` says so then. Smaller models, fewer views or a smaller batch '
                 'take less')
    elif status < 0:
        text += f'signal {-status} ({_name(-status)})'
    else:
        text += f'exit status {status}'
    if lines:
        text += '; it printed last: ' + ' | '.join(lines)[-_LINES_CHARS:]
    return text


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return 'unknown'
