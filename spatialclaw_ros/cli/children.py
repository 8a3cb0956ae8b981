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

"""Processes that a command starts and surely stops again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.sharing.parents import die_with

STOP_TIMEOUT_S = 6.0
LOG_LINES = 12


class ChildDiedError(SpatialClawError):
    """A process that has to run ended by itself; the message has the end of its log."""


class Children:
    """Starts Python modules as processes; stops them, last first, when the context is left.

    Each is the leader of a group of its own, so that Ctrl-C reaches this process alone, and ends
    when this process is killed.

    Args:
        log_dir: what each process prints lands here, as `<name>.log`.
        environment: for all of them.
    """

    def __init__(self, log_dir: Path, environment: Mapping[str, str]) -> None:
        self._log_dir = log_dir
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Children:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, module: str, arguments: Sequence[str]) -> None:
        """Start `python -m module` in the log folder: a source tree is not imported there."""
        with self.log_path(name).open('wb') as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, '-m', module, *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, env=self._environment, cwd=self._log_dir,
                start_new_session=True,
                preexec_fn=partial(die_with, os.getpid(), signal.SIGTERM))

    def log_path(self, name: str) -> Path:
        """Where a process' output is."""
        return self._log_dir / f'{name}.log'

    def check(self) -> None:
        """Make sure that all of them run.

        Raises:
            ChildDiedError: one doesn't.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                lines = self.log_path(name).read_text(errors='replace').splitlines()
                raise ChildDiedError(
                    f'the {name} ended with status {process.returncode}; the end of '
                    f'{self.log_path(name)}:\n' + '\n'.join(lines[-LOG_LINES:]))

    def stop(self) -> None:
        """Ask each to stop, then kill what is left of its group; safe to call twice."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        end_s = time.monotonic() + STOP_TIMEOUT_S
        for name, process in reversed(self._running.items()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end_s - time.monotonic()))
            if process.poll() is None:
                print(f'the {name} did not stop, it is killed', file=sys.stderr)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()
