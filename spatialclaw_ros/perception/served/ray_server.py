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


"""Replicas on a Ray of our own, on loopback: started, served from, and ended without a rest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from spatialclaw_ros.errors import PerceptionUnavailableError
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.own_ray import own_ray


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
    needed = sum(config.role_serving(role).cpus_per_replica * config.role_serving(role).most
                 for role in config.roles)
    # replicas are placed by GPUs; none waits for a core of its own
    with own_ray(int(needed + 1), log_to_driver=log_to_driver, begin=_begin):
        try:
            yield _deployed(config, token)
        finally:
            _end_replicas()


def _begin() -> None:
    from ray import serve
    serve.start(proxy_location='Disabled', logging_config={'log_level': 'WARNING'})


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
