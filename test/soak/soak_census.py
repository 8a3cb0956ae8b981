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


"""What the node's processes hold, counted: what there is more of at the end was left over."""

from __future__ import annotations

import collections
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from soak_plant import Plant

SHARED_MEMORY = Path('/dev/shm')
# what Fast DDS names so is its own: segments and ports of shared memory
FAST_DDS = re.compile(r'^(sem\.)?fast(dds|rtps|_datasharing)_')
# named by number: opened when it is first written to, and left to the next participant
FAST_DDS_PORT = re.compile(r'^(sem\.)?fast(dds|rtps)_port\d+')
# connections to the model's server that are used again
KEPT = {'socket': 1}
"""How many more there may be in the end."""
POOLS = {
    # the executor's, of asyncio for names of hosts, for pictures and for the model's images
    'ThreadPoolExecutor-0': 96, 'asyncio': 32, 'outputs': 1, 'answers': 1, 'spatialclaw_jpeg': 4,
    # sixteen for calls, beside those that it always has
    'of perception': 25}
"""How many threads those may have that are started as they are needed."""
POOLED_FILES = 36
"""Memory files of different sizes that three keep for the next query, twelve each: the kernel, and
both ends of the perception process."""


@dataclass(frozen=True)
class Held:
    """What the node and the processes that it started hold.

    Args:
        processes: how many.
        threads: by name, without numbers: the node's, 'not of Python', 'of' the others by role.
        descriptors: by kind, without memory files.
        memory_files: descriptors of memory files; the kernel keeps some between queries.
        fast_dds: names of files of shared memory of Fast DDS that are mapped, other processes' too.
        shared_memory: how many other files of shared memory are mapped.
        temporary: files in the node's temporary folder.
    """

    processes: int
    threads: dict[str, int]
    descriptors: dict[str, int]
    memory_files: int
    fast_dds: frozenset[str]
    shared_memory: int
    temporary: int

    def __str__(self) -> str:
        kinds = ', '.join(f'{n} {kind}' for kind, n in sorted(self.descriptors.items()))
        names = ', '.join(f'{n} {name}' for name, n in sorted(self.threads.items()))
        return (f'{self.processes} processes, {sum(self.threads.values())} threads ({names}), '
                f'{sum(self.descriptors.values())} descriptors ({kinds}), '
                f'{self.memory_files} memory files, shared memory in {len(self.fast_dds)} files of '
                f'Fast DDS and {self.shared_memory} others, {self.temporary} temporary files')

    def more_than(self, before: Held) -> list[str]:
        """What there is more of than before, beyond what may be kept, in words."""
        found = []
        were, are = _segments(before.fast_dds), _segments(self.fast_dds)
        if len(are) > len(were):
            found.append(
                f'{len(are) - len(were)} more segments of Fast DDS ({len(were)}, then {len(are)}: '
                f'{", ".join(sorted(are - were))} came, {", ".join(sorted(were - are)) or "none"} '
                'went)')
        for name in ('processes', 'memory_files', 'shared_memory', 'temporary'):
            was, now = getattr(before, name), getattr(self, name)
            if now > (max(was, POOLED_FILES) if name == 'memory_files' else was):
                found.append(f'{now - was} more {name.replace("_", " ")} ({was}, then {now})')
        for name, now in self.threads.items():
            was = before.threads.get(name, 0)
            if now > max(was, POOLS.get(name, 0)):
                found.append(f'{now - was} more threads: {name} ({was}, then {now})')
        for kind, now in self.descriptors.items():
            was = before.descriptors.get(kind, 0)
            if now > was + KEPT.get(kind, 0):
                found.append(f'{now - was} more descriptors: {kind} ({was}, then {now})')
        return found


def _segments(names: frozenset[str]) -> frozenset[str]:
    """Those that belong to a participant, each to one."""
    return frozenset(name for name in names if not FAST_DDS_PORT.match(name))


def count(plant: Plant) -> Held:
    """Count what is held now."""
    processes = [plant.node.process, *plant.node.children()]
    kinds: collections.Counter[str] = collections.Counter()
    mapped: set[str] = set()
    threads: collections.Counter[str] = collections.Counter()
    roles = {process.pid: role for role, process in plant.processes().items()}
    for process in processes:
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            kinds.update(_kinds(process.pid))
            mapped |= shared_memory_of(process.pid)
            plant.mapped |= mapped
            threads[f'of {roles.get(process.pid, "worker")}'] += process.num_threads()
    # those of the node have names
    names = plant.threads()
    threads['not of Python'] = threads.pop('of node', 0) - len(names)
    threads.update(map(family, names))
    fast_dds = frozenset(name for name in mapped if FAST_DDS.match(name))
    return Held(
        len(processes), dict(threads),
        {kind: n for kind, n in kinds.items() if kind != 'memory file'},
        kinds['memory file'], fast_dds, len(mapped) - len(fast_dds),
        sum(1 for path in plant.temporary.rglob('*') if path.is_file()))


def family(name: str) -> str:
    """Name of a thread without its number: that of its pool, where it has one."""
    return re.sub(r'_\d+$|(?<=^Thread)-\d+', '', name)


def settled(plant: Plant, wait_s: float, fits: Callable[[Held], bool] | None = None) -> Held:
    """What is held once it no longer changes or, given what it shall fit, once it does."""
    end_s = time.monotonic() + wait_s
    last, same = count(plant), 0
    while time.monotonic() < end_s:
        if fits is not None and fits(last):
            break
        time.sleep(0.25)
        now = count(plant)
        same = same + 1 if now == last else 0
        last = now
        if fits is None and same >= 8:
            break
    return last


def _kinds(pid: int) -> Iterator[str]:
    folder = Path(f'/proc/{pid}/fd')
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):
            link = os.readlink(entry)
            if '/memfd:' in link:
                yield 'memory file'
            elif FAST_DDS.match(Path(link).name):
                yield 'Fast DDS'
            elif link.startswith('/'):
                yield 'file'
            else:
                # 'anon_inode:[eventfd]', but 'socket:[1234]'
                kind, _, what = link.partition(':')
                yield what.strip('[]') if kind == 'anon_inode' else kind


def shared_memory_of(pid: int) -> set[str]:
    """Names in /dev/shm of what a process has mapped; {} of one that is gone."""
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        lines = Path(f'/proc/{pid}/maps').read_text(encoding='utf-8').splitlines()
        return {line.split('/dev/shm/')[1].removesuffix(' (deleted)')
                for line in lines if '/dev/shm/' in line}
    return set()


def mapped_by_anyone() -> set[str]:
    """Names in /dev/shm of what any process that may be looked at has mapped."""
    return set().union(*(shared_memory_of(pid) for pid in psutil.pids()))
