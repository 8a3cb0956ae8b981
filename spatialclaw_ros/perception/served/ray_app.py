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


"""The app under Ray Serve: replicas on shares of GPUs, autoscaling, one front.

`spatialclaw serve` runs it, with a front of its own. On a cluster that runs already:
`serve run spatialclaw_ros.perception.served.ray_app:app config=server_24gb`; there the front is a
deployment, too, behind Ray's proxy.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import ray
from ray import serve
from ray.exceptions import (
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RayServeException,
    ReplicaUnavailableError,
)

from spatialclaw_ros.errors import InvalidRequestError, PerceptionUnavailableError
from spatialclaw_ros.perception.served.config import ServeConfig
from spatialclaw_ros.perception.served.config_file import DEFAULT, read_serve_config
from spatialclaw_ros.perception.served.gateway import make_gateway
from spatialclaw_ros.perception.served.intake import BusyError
from spatialclaw_ros.perception.served.replica import Replica, ReplicaEndsError, ReplicaStatus
from spatialclaw_ros.perception.served.token import read_token

APP = 'perception'
VARIABLE = 'SPATIALCLAW_SERVE_CONFIG'
TRIES = 4
"""Replicas that may be lost below one call: more would let one bad request end all of them."""

# out of memory: what Ray calls a replica that its monitor of the machine's memory has killed
_LOST = (RayActorError, ReplicaUnavailableError, OutOfMemoryError, ObjectLostError,
         WorkerCrashedError)
_PAUSE_S = 0.3  # one that ends would be asked again before it has ended
_STATUS_S = 2.0
_QUIET = {'log_level': 'WARNING', 'enable_access_log': False}
_log = logging.getLogger(__name__)


@serve.deployment(
    health_check_period_s=2.0, health_check_timeout_s=60.0, graceful_shutdown_timeout_s=30.0,
    graceful_shutdown_wait_loop_s=0.2, logging_config=_QUIET)
class RayReplica:
    """A `Replica` as a deployment.

    Args:
        config: of the server, a `ServeConfig` in JSON.
        role: whose model.
    """

    def __init__(self, config: bytes, role: str) -> None:
        keep_ports_on_node()
        self._replica = Replica(msgspec.json.decode(config, type=ServeConfig), (role,))

    async def answer(self, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
        """See `Replica.answer`."""
        return await self._replica.answer(path, body)

    async def status(self) -> bytes:
        """A `ReplicaStatus` in msgpack, which has numbers that are none."""
        return msgspec.msgpack.encode(self._replica.status())

    async def check_health(self) -> None:
        """Called by Ray Serve; what it raises lets the replica be replaced."""
        self._replica.check()

    async def __del__(self) -> None:
        """Called by Ray Serve when the replica is stopped."""
        replica = getattr(self, '_replica', None)
        if replica is not None:
            await asyncio.get_running_loop().run_in_executor(None, replica.close)


@serve.deployment(
    max_ongoing_requests=256, graceful_shutdown_wait_loop_s=0.2, logging_config=_QUIET,
    ray_actor_options={'num_cpus': 0.0})
@serve.ingress()
class RayFront:
    """The front as a deployment, for `serve run`.

    Args:
        config: of the server, a `ServeConfig` in JSON.
        token: that every request must bear; '' lets loopback in alone.
        replicas: handles, by role.
    """

    def __init__(self, config: bytes, token: str, replicas: Mapping[str, Any]) -> None:
        keep_ports_on_node()
        self._config, self._token = msgspec.json.decode(config, type=ServeConfig), token
        self._replicas = replicas

    def __serve_build_asgi_app__(self) -> Any:
        return front(self._config, self._replicas, self._token)


class RayReplicas:
    """The replicas of one role; see `gateway.Replicas`.

    Args:
        role: 'depth' or 'masks'.
        handle: of the deployment.
    """

    def __init__(self, role: str, handle: Any) -> None:
        self._role, self._handle = role, handle

    async def answer(self, path: str, body: np.ndarray) -> tuple[int, list[np.ndarray]]:
        """What a replica answers."""
        lost: Exception | None = None
        for _ in range(TRIES):
            response = self._handle.answer.remote(path, body)
            try:
                status, parts = await response
                return int(status), parts
            except (*_LOST, ReplicaEndsError, TaskCancelledError) as error:
                # the last: it was ended under the call; a robot that goes away is CancelledError
                _log.warning('a replica of %s was lost in a call, another one is asked', self._role)
                lost = error
                await asyncio.sleep(_PAUSE_S)
            except BackPressureError as error:
                raise BusyError(
                    f'all replicas of {self._role} are busy, and as many calls wait as may; '
                    'try again') from error
            except DeploymentUnavailableError as error:
                raise PerceptionUnavailableError(
                    f'no replica of {self._role} can be started; the log of the server has more'
                ) from error
            except asyncio.CancelledError:
                response.cancel()
                raise
        raise PerceptionUnavailableError(
            f'the call was given to {TRIES} replicas of {self._role}, one after the other, and '
            f'each was lost ({type(lost).__name__}); the log of the server has more')

    async def statuses(self) -> Sequence[ReplicaStatus]:
        """How all are."""
        try:
            found = await self._handle.broadcast('status').results_async(
                timeout_s=_STATUS_S, return_exceptions=True)
        except (asyncio.TimeoutError, RuntimeError, RayError, RayServeException, TimeoutError):
            return ()
        return [msgspec.msgpack.decode(each, type=ReplicaStatus)
                for each in found if isinstance(each, bytes)]


def front(config: ServeConfig, handles: Mapping[str, Any], token: str) -> Any:
    """The ASGI app in front of replicas, given their handles by role."""
    return make_gateway(
        config, {role: RayReplicas(role, handle) for role, handle in handles.items()},
        token=token or None)


def replicas_of(config: ServeConfig) -> dict[str, Any]:
    """A bound deployment for each role.

    Args:
        config: of the server.

    Raises:
        InvalidRequestError: it asks for more GPUs than the cluster has.
    """
    text = msgspec.json.encode(config)
    gpus = config.gpus(float(ray.cluster_resources().get('GPU', 0.0)))
    bound = {}
    for role in config.roles:
        serving = config.role_serving(role)
        options: dict[str, Any] = {'num_replicas': serving.replicas}
        if serving.autoscaling is not None:
            scaling = msgspec.to_builtins(serving.autoscaling)
            options = {'num_replicas': 'auto', 'autoscaling_config': scaling}
        bound[role] = RayReplica.options(  # type: ignore[attr-defined]
            name=role, max_ongoing_requests=serving.ongoing, max_queued_requests=serving.waiting,
            ray_actor_options={'num_gpus': gpus[role], 'num_cpus': serving.cpus_per_replica},
            **options).bind(text, role)
    return bound


def app(arguments: dict[str, str]) -> Any:
    """The application for `serve run`.

    Args:
        arguments: `config`, name or path of a configuration (else of the variable
            `SPATIALCLAW_SERVE_CONFIG`, else `default`), and `token_file` (else of the variable
            `SPATIALCLAW_PERCEPTION_TOKEN`). The cluster is that of the variable `RAY_ADDRESS`,
            else a new one.

    Raises:
        InvalidRequestError: an argument that is not known, or can't be used.
    """
    unknown = set(arguments) - {'config', 'token_file'}
    if unknown:
        raise InvalidRequestError(
            f'arguments are config=NAME and token_file=FILE, got {", ".join(sorted(unknown))}')
    config = read_serve_config(arguments.get('config') or os.environ.get(VARIABLE) or DEFAULT)
    token = read_token(arguments.get('token_file', ''))
    if not ray.is_initialized():
        # `serve run` starts or joins the cluster only after this; it must be asked for its GPUs
        ray.init(namespace='serve', include_dashboard=False)
    return RayFront.bind(  # type: ignore[attr-defined]
        msgspec.json.encode(config), token, replicas_of(config))


def keep_ports_on_node() -> None:
    """Let this process, a replica, open its port on its node's address alone.

    Each replica opens a port to be called by other replicas. Ray Serve 2.60 opens it on all
    interfaces, though only the node's address is ever told to anybody; on a node that is on
    loopback it shall be there, too. Such a port asks for Ray's token in any case.
    Called before the replica is initialised. Where a later Ray has no such function any more,
    nothing is changed.
    """
    from ray.serve._private import replica
    given = getattr(replica, 'add_port_to_grpc_server', None)
    if given is None:
        return
    address = ray.util.get_node_ip_address()
    shown = f'[{address}]' if ':' in address else address

    def on_node(server: Any, where: str) -> Any:
        return given(server, where.replace('[::]', shown, 1))

    replica.add_port_to_grpc_server = on_node
