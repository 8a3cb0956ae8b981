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


"""What `spatialclaw serve` starts, checked before anything is started."""

from __future__ import annotations

import errno
import importlib.util
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.perception import registry
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.config_file import DEFAULT, read_serve_config
from spatialclaw_ros.perception.served.serving import PORT
from spatialclaw_ros.perception.served.token import check_exposure, read_token

_ANY = {'0.0.0.0': '127.0.0.1', '::': '::1'}
_BACKLOG = 256


@dataclass(frozen=True)
class ServerPlan:
    """A server that can be started.

    Args:
        config: what it serves.
        host: address to listen at.
        port: likewise; 0 takes a free one.
        engine: 'ray' or 'plain'.
        token: that every request must bear, '' for none.
        token_told: where it comes from, in words.
    """

    config: ServeConfig
    host: str
    port: int
    engine: str
    token: str
    token_told: str

    @classmethod
    def make(
        cls, config: str = DEFAULT, *, address: str = f'127.0.0.1:{PORT}', engine: str = 'auto',
        token_file: str = '', replicas: int | None = None,
    ) -> ServerPlan:
        """Check what a command line asks for.

        Args:
            config: name or path of a configuration.
            address: `HOST:PORT`.
            engine: 'ray', 'plain' or 'auto'.
            token_file: path; '' for the environment's variable.
            replicas: of each model, instead of the configuration's.

        Raises:
            InvalidRequestError: something of it can't be used.
            PerceptionError: a model that no family knows.
            DependencyError: a package is missing.
        """
        host, port = parse_address(address)
        token = read_token(token_file)
        check_exposure(host, token)
        found = with_replicas(read_serve_config(config), replicas)
        for role in found.roles:
            registry.source(role, found.model(role).model)
        many = any(found.role_serving(role).most > 1 for role in found.roles)
        chosen = engine if engine != 'auto' else 'ray' if many else 'plain'
        if chosen == 'plain' and replicas is not None and replicas > 1:
            raise InvalidRequestError(
                f'--engine plain is one process, and --replicas asks for {replicas}; take '
                '--engine ray')
        _check_installed(chosen)
        told = 'no token' if not token else f'token of {token_file or "the environment"}'
        return cls(found, host, port, chosen, token, told)

    @property
    def summary(self) -> str:
        """Models, replicas and engine in a few words."""
        parts = []
        for role in self.config.roles:
            serving, times = self.config.role_serving(role), ''
            if self.engine == 'ray' and serving.autoscaling is not None:
                scaling = serving.autoscaling
                times = f' x{scaling.min_replicas}-{scaling.max_replicas}'
            elif self.engine == 'ray':
                times = f' x{serving.replicas}'
            parts.append(f'{role} {self.config.model(role).model}{times}')
        return f'{", ".join(parts)}; {"Ray Serve" if self.engine == "ray" else "one process"}'

    def url(self, port: int) -> str:
        """What robots are told; `port` is the one that was taken."""
        host = socket.gethostname() if self.host in _ANY else self.host
        return f'http://{_shown(host)}:{port}'

    @property
    def local_host(self) -> str:
        """An address at which this machine itself reaches the server."""
        return _ANY.get(self.host, self.host)

    def listen(self) -> socket.socket:
        """The socket that listens.

        Raises:
            InvalidRequestError: the address can't be had.
        """
        family = socket.AF_INET6 if ':' in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            where = f'{_shown(self.host)}:{self.port}'
            if error.errno == errno.EADDRINUSE:
                raise InvalidRequestError(
                    f'{where} is taken, maybe by another server; stop it, or choose another port '
                    'with --address') from error
            raise InvalidRequestError(
                f"can't listen at {where}: {error.strerror or error}") from error
        return listener

    def app(self, *, verbose: bool = False) -> AbstractContextManager[Any]:
        """The app (ASGI), while the context lasts; models are loaded in the background.

        Args:
            verbose: whether what replicas print is printed.
        """
        if self.engine == 'ray':
            from spatialclaw_ros.perception.served.ray_server import ray_replicas
            return ray_replicas(self.config, token=self.token, log_to_driver=verbose)
        return _plain_app(self.config, self.token)


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[HOST]:PORT` or `HOST`.

    Raises:
        InvalidRequestError: it is none of them.
    """
    host, colon, port = address.rpartition(':')
    if not colon or address.endswith(']'):
        host, port = address, str(PORT)
    if host.startswith('[') and host.endswith(']'):
        host = host[1:-1]
    elif ':' in host:
        host = ''
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InvalidRequestError(
            f'--address must be HOST:PORT, as in 127.0.0.1:{PORT} or [::1]:{PORT}, '
            f'got {address!r}')
    return host, int(port)


def with_replicas(config: ServeConfig, replicas: int | None) -> ServeConfig:
    """A configuration with so many replicas of each model, and no autoscaling.

    Raises:
        InvalidRequestError: fewer than one.
    """
    if replicas is None:
        return config
    if replicas < 1:
        raise InvalidRequestError(f'--replicas must be 1 or more, got {replicas}')
    changed = {role: msgspec.structs.replace(
        config.role_serving(role), replicas=replicas, autoscaling=None)
        for role in ('depth', 'masks')}
    return msgspec.structs.replace(
        config, serving=msgspec.structs.replace(config.serving, **changed))


@contextmanager
def _plain_app(config: ServeConfig, token: str) -> Iterator[Any]:
    from spatialclaw_ros.perception.hosting import HostedModels
    from spatialclaw_ros.perception.served.app import AT_ONCE, make_app
    from spatialclaw_ros.perception.served.joining import JoinedModels
    from spatialclaw_ros.perception.served.replica import end_process
    models = JoinedModels(
        HostedModels(config.perception(), on_fatal=end_process), config.batching)
    try:
        calls = sum(config.role_serving(role).ongoing for role in config.roles)
        yield make_app(
            models, token=token or None, limits=config.limits, at_once=max(AT_ONCE, calls))
    finally:
        models.close()


def _check_installed(engine: str) -> None:
    for package in ('starlette', 'uvicorn', 'httptools'):
        if importlib.util.find_spec(package) is None:
            raise DependencyError(
                f'serving needs {package}, which is not installed: '
                'pip install ".[serve]" in the folder of this package')
    if engine == 'ray' and importlib.util.find_spec('ray') is None:
        raise DependencyError(
            'more than one replica needs Ray, which is not installed: pip install '
            '".[serve,ray]" in the folder of this package; or serve from one process with --engine '
            'plain')


def _shown(host: str) -> str:
    return f'[{host}]' if ':' in host else host
