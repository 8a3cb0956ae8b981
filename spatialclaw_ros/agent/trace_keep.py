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


"""Bounds what traces take on disk, by count and by bytes."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TRACE_FILE = 'trace.jsonl'
RAW = 'raw'
MOST_BYTES = 2048 * 1024 * 1024


@dataclass(frozen=True)
class TraceLimits:
    """What traces may take.

    Args:
        keep: how many of the newest stay.
        most_bytes: of all of them; the oldest first lose what only a replay needs, then go.
    """

    keep: int = 50
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        if self.keep < 1 or self.most_bytes < 1:
            raise ValueError(f'limits of traces must be 1 or more, got {self}')


def is_trace(folder: Path) -> bool:
    """Whether a folder is a trace; one behind a link is left to who made the link."""
    return not folder.is_symlink() and (folder / TRACE_FILE).is_file()


def traces_of(root: Path) -> list[Path]:
    """Traces of a folder, the newest first."""
    timed = []
    for folder in root.iterdir():
        try:
            if is_trace(folder):
                timed.append(((folder / TRACE_FILE).stat().st_mtime_ns, folder.name, folder))
        except OSError:  # another process removed it just now
            continue
    return [folder for *_, folder in sorted(timed, reverse=True)]


def hold(file: IO[str]) -> None:
    """Mark an open trace file as being written, until it is closed."""
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


@contextmanager
def _unheld(folder: Path) -> Iterator[bool]:
    """Whether nobody writes this trace; nobody begins to while the context lasts."""
    try:
        with (folder / TRACE_FILE).open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
    except OSError:
        yield False


def prune(root: Path, limits: TraceLimits) -> None:
    """Remove the oldest traces; what is not a trace, or is being written, is left alone."""
    traces = traces_of(root)
    for old in traces[limits.keep:]:
        _remove(old, old)
    kept = [folder for folder in traces[:limits.keep] if folder.is_dir()]
    total = {folder: folder_bytes(folder) for folder in kept}
    for part in (RAW, ''):
        for old in reversed(kept):
            if sum(total.values()) <= limits.most_bytes:
                return
            if _remove(old, old / part):
                total[old] = folder_bytes(old)


def folder_bytes(folder: Path) -> int:
    """Size of all files in a folder."""
    total = 0
    for parent, _, names in os.walk(folder):  # what another process removes meanwhile counts not
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _remove(trace: Path, part: Path) -> bool:
    with _unheld(trace) as free:
        if free and part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
        return free
