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


"""A Ray of our own, on loopback: started, served from, and ended without a rest."""

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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spatialclaw_ros.errors import DependencyError, PerceptionUnavailableError
from spatialclaw_ros.perception.served.config import ServeConfig

_TRIES = 2
_STORE_BYTES = 4 << 30
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
def ray_replicas(
    config: ServeConfig, *, token: str = '', log_to_driver: bool = False,
) -> Iterator[Any]:
    """Replicas on a Ray of this process; the front's app (ASGI) while the context lasts.

    No proxy of Ray's is started: the app is served from this process.

    Args:
        config: of the server.
        token: that every request must bear; '' lets loopback in alone.
        log_to_driver: whether what replicas print is printed here.

    Raises:
        DependencyError: Ray is not installed.
        InvalidRequestError: more GPUs are asked for than there are.
        PerceptionUnavailableError: Ray can't be started, or a replica not.
    """
    logs = Path(tempfile.mkdtemp(prefix='spatialclaw_ray_'))
    values = {**_BEFORE_IMPORT, 'RAY_AUTH_TOKEN': secrets.token_hex(32)}
    try:
        with _no_orphans(), _environment(values), _ray(config, logs, log_to_driver):
            yield _deployed(config, token)
    finally:
        shutil.rmtree(logs, ignore_errors=True)


@contextlib.contextmanager
def _ray(config: ServeConfig, folder: Path, log_to_driver: bool) -> Iterator[None]:
    try:
        import ray
        from ray import serve
    except ImportError as error:
        raise DependencyError(
            f'replicas need Ray, and it is not installed ({error}): pip install "ray[serve]", or '
            'serve from one process with --engine plain') from error
    needed = sum(config.role_serving(role).cpus_per_replica * config.role_serving(role).most
                 for role in config.roles)
    _hush()
    with contextlib.ExitStack() as stack:
        stack.callback(ray.shutdown)
        on_term = signal.getsignal(signal.SIGTERM)
        for tries_left in reversed(range(_TRIES)):
            try:
                ray.init(
                    address='local', include_dashboard=False, log_to_driver=log_to_driver,
                    configure_logging=False, _temp_dir=str(folder),
                    object_store_memory=_store_bytes(),
                    # replicas are placed by GPUs; none waits for a core of its own
                    num_cpus=int(max(os.cpu_count() or 1, needed + 1)))
                serve.start(proxy_location='Disabled', logging_config={'log_level': 'WARNING'})
                break
            except Exception as error:  # of Ray: a bare one where a busy machine took too long
                ray.shutdown()
                if not tries_left:
                    raise PerceptionUnavailableError(f'Ray can not be started: {error}') from error
                _log.warning('Ray did not start (%s), once more', error)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_term)  # Ray has put its own in the place
        stack.callback(_end_replicas)
        _hush()
        yield


def _end_replicas() -> None:
    from ray import serve
    # not serve.shutdown(), which lets Ray complain of the controller that it kills
    for name in serve.status().applications:
        serve.delete(name)


def _deployed(config: ServeConfig, token: str) -> Any:
    from ray import serve

    from spatialclaw_ros.perception.served import ray_app
    bound = ray_app.replicas_of(config)
    try:
        handles = serve.run_many([
            serve.RunTarget(each, name=f'{ray_app.APP}_{role}', route_prefix=None)
            for role, each in bound.items()])
    except (RuntimeError, TimeoutError) as error:
        raise PerceptionUnavailableError(f'replicas do not start: {error}') from error
    return ray_app.front(config, dict(zip(bound, handles)), token)


def _hush() -> None:
    for name in ('ray', 'ray.serve'):
        logging.getLogger(name).setLevel(logging.WARNING)


def _store_bytes() -> int:
    machine = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return min(_STORE_BYTES, int(machine * _STORE_SHARE))


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
