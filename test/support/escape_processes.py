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


"""Processes, looked up in /proc in one pass."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass

_END_S = 2.0


@dataclass(frozen=True)
class Seen:
    """A process at one moment; `state` is the letter of ps(1)."""

    pid: int
    parent: int
    session: int
    state: str


def processes() -> Iterator[Seen]:
    """Every process there is."""
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open(f'/proc/{name}/stat') as file:
                    fields = file.read().rpartition(')')[2].split()
            except OSError:
                continue
            yield Seen(int(name), int(fields[1]), int(fields[3]), fields[0])


def descendants(pid: int, without: Set[int] = frozenset()) -> list[Seen]:
    """Children of a process, their children, and so on, but for those of `without`."""
    families: dict[int, list[Seen]] = {}
    for each in processes():
        families.setdefault(each.parent, []).append(each)
    found: list[Seen] = []
    parents = [pid]
    while parents:
        here = [each for each in families.get(parents.pop(), []) if each.pid not in without]
        found += here
        parents += [each.pid for each in here]
    return found


def children_of(pid: int) -> list[int]:
    """Its direct children."""
    return [each.pid for each in processes() if each.parent == pid]


def memory_and_threads(pid: int) -> tuple[int, int]:
    """Memory in bytes, and threads, of a process; (0, 0) when it is gone.

    Memory is anonymous and shared pages, and the memory files that it holds open.
    """
    try:
        with open(f'/proc/{pid}/status') as file:
            fields = dict(line.split(':', 1) for line in file.read().splitlines())
        kilobytes = sum(int(fields[name].split()[0]) for name in ('RssAnon', 'RssShmem'))
        return 1024 * kilobytes + _memory_files(pid), int(fields['Threads'])
    except (OSError, KeyError, ValueError):
        return 0, 0


def _memory_files(pid: int) -> int:
    """Bytes of the memory files that a process holds open."""
    folder, total = f'/proc/{pid}/fd', 0
    for name in os.listdir(folder):
        # closed in the meantime
        with contextlib.suppress(OSError):
            if os.readlink(f'{folder}/{name}').startswith(('/memfd:', '/dev/shm/')):
                total += 512 * os.stat(f'{folder}/{name}').st_blocks
    return total


def end(pid: int) -> None:
    """Kill a process, and wait for it where it is a child of this one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    end_s = time.monotonic() + _END_S
    while time.monotonic() < end_s and os.path.exists(f'/proc/{pid}'):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.005)


def collect_orphans(without: Set[int | None]) -> None:
    """Take the wait status of dead processes that were handed to this one by their parents' death.

    Those that lead a session are left to whoever here has started them.
    """
    for each in processes():
        if (each.parent == os.getpid() and each.state == 'Z' and each.session != each.pid
                and each.pid not in without):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(each.pid, os.WNOHANG)
