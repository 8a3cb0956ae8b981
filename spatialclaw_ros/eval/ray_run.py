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


"""A crew of actors on Ray, on this machine or on many, each with an asker of its own."""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from spatialclaw_ros.errors import (
    DependencyError,
    PerceptionUnavailableError,
    SpatialClawError,
)
from spatialclaw_ros.eval.crew import Began, Heard, Lost, from_wire, to_wire
from spatialclaw_ros.eval.job import Desk, Job
from spatialclaw_ros.eval.records import Question, Result

LOCAL = 'local'
POLL_S = 1.0
TELL_S = 60.0
"""So long nobody has begun before it is said, each time."""

_FOLDER = 'traces'
PREFIX = 'spatialclaw_eval_'
_STORE_BYTES = 512 << 20

log = logging.getLogger(__name__)


class RayCrew:
    """Actors that ask; see `crew.Crew`. A context manager that ends them.

    Each has one question at a time, so no more are under way than there are actors, and none waits
    for an actor that the cluster has no room for. Data sets lie at the same path on all machines,
    and the package is installed on each.

    Args:
        job: what they ask about.
        address: of a cluster, as `ray.init` takes it; 'local' starts one that ends with this.
        workers: how many actors there will be.

    Raises:
        DependencyError: Ray is not installed.
        PerceptionUnavailableError: the cluster can't be reached, or none be started.
    """

    def __init__(self, job: Job, address: str, workers: int) -> None:
        self._traces = job.traces
        self._told_s = time.monotonic()
        # an actor may be on another machine: its traces come with its results
        self._job = replace(job, traces=None)
        self._address = address
        self._workers = workers
        self._numbers = itertools.count()
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}  # what an actor was asked; whether it is there, too
        self._starting: set[int] = set()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> RayCrew:
        self._stack.enter_context(_ray(self._address, self._workers))
        import ray
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Seat)
        return self

    def __exit__(self, *error: object) -> None:
        import ray
        for actor in self._actors.values():
            ray.kill(actor)
        self._actors.clear()
        self._stack.close()

    def hire(self) -> int:
        """See `crew.Crew`."""
        number = next(self._numbers)
        self._actors[number] = self._actor.remote(self._job, self._traces is not None)
        self._asked[self._actors[number].begin.remote()] = number
        self._starting.add(number)
        return number

    def give(self, worker: int, question: Question) -> None:
        """See `crew.Crew`."""
        asked = self._actors[worker].ask.remote(msgspec.json.encode(question))
        self._asked[asked] = worker

    def wait(self) -> Sequence[tuple[int, Heard]]:
        """See `crew.Crew`."""
        import ray
        ready, _ = ray.wait(list(self._asked), timeout=POLL_S)
        heard = [self._heard(asked) for asked in ready]
        now_s = time.monotonic()
        if len(self._starting) < len(self._actors):
            self._told_s = now_s
        elif now_s - self._told_s > TELL_S:
            self._told_s = now_s
            log.warning('none of %d workers has begun: has the cluster a free CPU for one? `ray '
                        'status` shows what it has', len(self._starting))
        return heard

    def _heard(self, asked: Any) -> tuple[int, Heard]:
        import ray
        worker = self._asked.pop(asked)
        starting = worker in self._starting
        self._starting.discard(worker)
        try:
            said, trace = ray.get(asked)
        except ray.exceptions.RayError as error:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(self._actors.pop(worker))
            return worker, Lost(f'with {type(error).__name__}')
        if starting:
            return worker, Began()
        outcome = from_wire(said)
        if trace and self._traces is not None and isinstance(outcome, Result):
            unpack(trace, self._traces.parent / outcome.trace)
        return worker, outcome


class Seat:
    """An actor's whole life: it opens its desk with the first question.

    Args:
        job: what it asks about.
        with_traces: whether traces are sent back.
    """

    def __init__(self, job: Job, with_traces: bool) -> None:
        self._job = job
        self._with_traces = with_traces
        self._desk: Desk | None = None

    def begin(self) -> tuple[bytes, bytes]:
        """Nothing: who is answered knows that this is there."""
        return b'', b''

    def ask(self, question: bytes) -> tuple[bytes, bytes]:
        """The outcome as `crew.to_wire` has it, and its trace's folder, packed; b'' without one."""
        # one that is killed has no time to tidy up: between two questions there is nothing left
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=_ray_folder()) as folder:
            try:
                if self._desk is None:
                    self._desk = Desk(self._job)
                result = self._desk.ask(
                    msgspec.json.decode(question, type=Question),
                    Path(folder) / _FOLDER if self._with_traces else None)
            except (SpatialClawError, ImportError) as error:
                return to_wire(error), b''
            return to_wire(result), pack(Path(folder) / result.trace) if result.trace else b''


def _ray_folder() -> str | None:
    """Where Ray keeps its own files of this machine; None where it does not tell."""
    import ray
    told = getattr(ray.get_runtime_context(), 'get_temp_dir', None)  # not in all releases
    folder = told() if told is not None else ''
    return folder if folder and Path(folder).is_dir() else None


def pack(folder: Path) -> bytes:
    """All files of a folder in one piece."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, 'w') as archive:
        for path in sorted(folder.rglob('*')):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return whole.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """The folder again."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)


@contextlib.contextmanager
def _ray(address: str, workers: int) -> Iterator[None]:
    """A Ray of our own, or a cluster of others."""
    from spatialclaw_ros.perception.served.own_ray import kept_sigterm, own_ray
    if address == LOCAL:
        with own_ray(workers + 1, store_bytes=_STORE_BYTES):
            yield
        return
    try:
        import ray
    except ImportError as error:
        raise DependencyError(
            f'--ray needs Ray, and it is not installed ({error}): pip install "ray"') from error
    try:
        with kept_sigterm():
            ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise PerceptionUnavailableError(
            f'no Ray cluster at {address}: {error}; `ray status --address {address}` shows one, '
            f'and --ray {LOCAL} starts one here') from error
    try:
        yield
    finally:
        ray.shutdown()
