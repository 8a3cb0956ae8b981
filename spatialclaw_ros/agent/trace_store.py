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


"""Writes what is large off the query's path: one thread with a bounded queue, for one trace."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.agent.trace_keep import RAW
from spatialclaw_ros.agent.trace_lines import Stored
from spatialclaw_ros.sharing.headers import ObservationHeader
from spatialclaw_ros.sharing.observations import unpack_observation
from spatialclaw_ros.sharing.trees import one_tree_at_a_time
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

log = logging.getLogger(__name__)

STORED_FILE = 'stored.json'
OBSERVATION_HEADER = 'observation.json'
QUEUE_JOBS = 256
# what waits to be written is held in memory
QUEUE_BYTES = 1024 * 1024 * 1024
BITS = '.bits'
SHAPE = '.shape'

Job = Callable[[], None]


class TraceStore:
    """A thread that writes pictures and arrays, in order; ended by `finish` or `close`.

    Args:
        folder: of the trace.
        most_bytes: of raw arrays; a trace that needs more can't be replayed.
        name: of the thread.
        at_end: what the thread does last of all, whatever happened before.
    """

    def __init__(
        self, folder: Path, most_bytes: int, name: str, at_end: Job = lambda: None,
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._at_end = at_end
        self._jobs: queue.SimpleQueue[tuple[Job, int] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._waiting_bytes = 0
        self._finishing = False
        self._raw_bytes = 0
        self._gap = ''
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that everything so far could be written.

        Raises:
            OSError: it could not; nothing more will be.
        """
        if self._error is not None:
            raise self._error

    def put(self, job: Job, nbytes: int = 0) -> bool:
        """Let the thread do something; never waits.

        Args:
            job: may raise OSError, which ends the trace.
            nbytes: memory that it holds until it is done.

        Returns:
            Whether it will be done: False when too much waits already.
        """
        with self._lock:
            if self._finishing or self._waiting >= QUEUE_JOBS or (
                    self._waiting_bytes and self._waiting_bytes + nbytes > QUEUE_BYTES):
                return False
            self._put(job, nbytes)
            return True

    def _put(self, job: Job, nbytes: int = 0) -> None:
        self._jobs.put((job, nbytes))
        self._waiting += 1
        self._waiting_bytes += nbytes

    def put_raw(self, name: str, arrays: Mapping[str, np.ndarray]) -> str:
        """Let the thread write arrays that only a replay needs.

        Returns:
            Name of the file in the trace's folder; '' when it will not be written: `gap` then says
            why.
        """
        if self._gap:
            return ''
        nbytes = sum(array.nbytes // 8 if array.dtype == bool else array.nbytes
                     for array in arrays.values())
        if self._raw_bytes + nbytes > self._most_bytes:
            self._gap = (f'it would take more than the {self._most_bytes / 1e6:.0f} MB that traces '
                         'may take; raise trace_mb')
            return ''
        file = f'{RAW}/{name}.npz'
        if not self.put(lambda: self._save(self._folder / file, arrays), nbytes):
            self._gap = 'the disk was slower than the query'
            return ''
        self._raw_bytes += nbytes
        return file

    @property
    def gap(self) -> str:
        """Why something that a replay needs is not there; '' when all is."""
        return self._gap

    @property
    def waiting_bytes(self) -> int:
        """Memory that what waits to be written holds."""
        with self._lock:
            return self._waiting_bytes

    def finish(self, last: Job, error: OSError | None = None) -> None:
        """Let the thread do what waits, then `last`, and end; never waits, may be called twice.

        Args:
            last: is done unless something went wrong.
            error: what went wrong elsewhere: nothing more will be written.
        """
        with self._lock:
            if self._finishing:
                return
            self._finishing = True
            self._error = self._error or error
            self._put(self._note_stored)
            self._put(last)
            self._jobs.put(None)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread to end; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _save(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        """Write arrays; a disk that is full costs the replay before it costs the trace."""
        if self._gap:
            return
        try:
            save_arrays(path, arrays)
        except OSError as error:
            self._gap = f'{path.name} could not be written: {error.strerror}'
            path.unlink(missing_ok=True)

    def _note_stored(self) -> None:
        note = Stored(replayable=not self._gap, reason=self._gap, raw_bytes=self._raw_bytes)
        path = self._folder / RAW / STORED_FILE
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.encode(note))

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, nbytes = item
            try:
                if self._error is None:
                    job()
            except OSError as error:
                self._error = error
            except Exception as error:  # the edge of the thread
                log.exception('a job of the trace failed')
                self._error = OSError(f'the trace could not be written: {error!r}')
            finally:
                del job, item
                with self._lock:
                    self._waiting -= 1
                    self._waiting_bytes -= nbytes
        self._at_end()
        if self._error is not None:
            log.warning('the trace %s is cut short: %s', self._folder, self._error)


def result_arrays(call: ToolCall, result: ToolResult) -> dict[str, np.ndarray]:
    """Arrays of a call and of its result under names that differ."""
    return {**{f'asked.{name}': array for name, array in call.arrays.items()},
            **{f'given.{name}': array for name, array in result.arrays.items()}}


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an uncompressed .npz; masks take a bit for each pixel.

    Raises:
        OSError: it could not be written.
    """
    packed: dict[str, Any] = {}
    for name, array in arrays.items():
        if array.dtype == bool:
            packed[name + BITS] = np.packbits(array)
            packed[name + SHAPE] = np.array(array.shape, np.int64)
        else:
            packed[name] = array
    path.parent.mkdir(exist_ok=True)
    with path.open('wb') as file:
        np.savez(file, **packed)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read what was saved.

    Raises:
        OSError, ValueError, KeyError: the file is not there or is broken.
    """
    with one_tree_at_a_time, np.load(path, allow_pickle=False) as file:
        held = {name: file[name] for name in file.files}
    arrays = {}
    for name, array in held.items():
        if name.endswith(BITS):
            shape = tuple(int(n) for n in held[name[:-len(BITS)] + SHAPE])
            count = int(np.prod(shape, dtype=np.int64))
            mask = np.unpackbits(array, count=count).astype(bool)
            arrays[name[:-len(BITS)]] = mask.reshape(shape)
        elif not name.endswith(SHAPE):
            arrays[name] = array
    return arrays


def load_observation(raw: Path) -> Observation:
    """Read what the cameras saw, as it was.

    Args:
        raw: a trace's folder of arrays.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError: it is not there
            or is broken.
    """
    header = msgspec.json.decode((raw / OBSERVATION_HEADER).read_bytes(), type=ObservationHeader)
    return unpack_observation(header, load_arrays(raw / 'observation.npz'))
