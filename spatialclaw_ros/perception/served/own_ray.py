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


"""A Ray of our own, on loopback: started, and ended without a rest."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from spatialclaw_ros.errors import DependencyError, PerceptionUnavailableError

_TRIES = 2
STORE_BYTES = 4 << 30
_STORE_SHARE = 0.2  # of the machine's memory
_PR_SET_CHILD_SUBREAPER = 36
_ORPHANS_S, _ORPHANS_POLL_S = 10.0, 0.05
_BEFORE_IMPORT = {
    # the one switch that lets all of Ray's ports be on loopback, whatever its name says
    'RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER': '0',
    'RAY_AUTH_MODE': 'token',
    'RAY_USAGE_STATS_ENABLED': '0',
    'RAY_SERVE_ENABLE_HA_PROXY': '0',
}

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def own_ray(
    cpus: int, *, log_to_driver: bool = False, begin: Callable[[], object] = lambda: None,
    store_bytes: int = STORE_BYTES,
) -> Iterator[None]:
    """A Ray that this process starts, and that others can't reach, while the context lasts.

    Args:
        cpus: that Ray may place work by; this machine's, where they are more.
        log_to_driver: whether what its processes print is printed here.
        begin: is called once Ray runs; tried again together with Ray's start.
        store_bytes: of shared memory for what its processes hand on; less on a small machine.

    Raises:
        DependencyError: Ray is not installed.
        PerceptionUnavailableError: Ray can't be started.
    """
    logs = Path(tempfile.mkdtemp(prefix='spatialclaw_ray_'))
    values = {**_BEFORE_IMPORT, 'RAY_AUTH_TOKEN': secrets.token_hex(32)}
    try:
        with _no_orphans(), _environment(values), _started(
                cpus, logs, log_to_driver, begin, store_bytes):
            yield
    finally:
        shutil.rmtree(logs, ignore_errors=True)


def hush() -> None:
    """Let Ray tell of faults alone."""
    for name in ('ray', 'ray.serve'):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextlib.contextmanager
def kept_sigterm() -> Iterator[None]:
    """Leave SIGTERM to who had it, though Ray puts a handler of its own in the place."""
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_term)


@contextlib.contextmanager
def _started(
    cpus: int, folder: Path, log_to_driver: bool, begin: Callable[[], object], store_bytes: int,
) -> Iterator[None]:
    try:
        import ray
    except ImportError as error:
        raise DependencyError(
            f'Ray is needed for this, and is not installed ({error}): pip install "ray[serve]"'
        ) from error
    hush()
    with contextlib.ExitStack() as stack:
        stack.callback(ray.shutdown)
        for tries_left in reversed(range(_TRIES)):
            try:
                with kept_sigterm():
                    ray.init(
                        address='local', include_dashboard=False, log_to_driver=log_to_driver,
                        configure_logging=False, _temp_dir=str(folder),
                        object_store_memory=min(store_bytes, _share_bytes()),
                        num_cpus=max(os.cpu_count() or 1, cpus))
                    begin()
                break
            except Exception as error:  # of Ray: a bare one where a busy machine took too long
                ray.shutdown()
                if not tries_left:
                    raise PerceptionUnavailableError(f'Ray can not be started: {error}') from error
                _log.warning('Ray did not start (%s), once more', error)
        hush()
        yield


def _share_bytes() -> int:
    machine = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return int(machine * _STORE_SHARE)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The process' environment with these values; Ray's processes take it over."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _no_orphans() -> Iterator[None]:
    """Kill, at the end, every process that was started in the meantime, by whomever of them.

    Children of a child that ends become this process' own (Linux, prctl(2)). For a process that
    starts no others at the same time.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = _children()
    try:
        yield
    finally:
        end_s = time.monotonic() + _ORPHANS_S
        while (left := _children() - before) and time.monotonic() < end_s:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(_ORPHANS_POLL_S)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path('/proc/self/task').iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            found |= {int(pid) for pid in (task / 'children').read_text().split()}
    return found
