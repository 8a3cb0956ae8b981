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


"""Serves models from one process, by uvicorn; for many replicas there is Ray Serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spatialclaw_ros.errors import DependencyError
from spatialclaw_ros.perception.models import Models
from spatialclaw_ros.perception.served.app import make_app
from spatialclaw_ros.perception.served.token import check_exposure

if TYPE_CHECKING:
    import uvicorn

PORT = 8450
_KEEP_ALIVE_S = 75
GRACE_S = 5
CONNECTIONS = 512


def make_server(
    models: Models, host: str = '127.0.0.1', port: int = PORT, token: str | None = None,
    **options: Any,
) -> uvicorn.Server:
    """A server of models, by one process; `run()` it in any thread.

    Args:
        models: what is served; closed by who made them.
        host: address to listen at.
        port: likewise.
        token: that every request must bear; needed unless `host` is loopback.
        options: of `app.make_app`.

    Raises:
        InvalidRequestError: others could reach the server, and there is no token.
        DependencyError: starlette or uvicorn are not installed.
    """
    check_exposure(host, token)
    return server_of(lambda: make_app(models, token=token, **options), host, port)


def server_of(app: Callable[[], Any], host: str, port: int) -> uvicorn.Server:
    """The server of any app of ours.

    Args:
        app: makes it.
        host: address to listen at.
        port: likewise.

    Raises:
        DependencyError: starlette or uvicorn are not installed.
    """
    try:
        import uvicorn

        from spatialclaw_ros.perception.served.protocol import PerceptionProtocol
        made = app()
    except ImportError as error:
        raise DependencyError(
            f'serving perception needs {error.name}: pip install ".[serve]" in the folder of '
            'this package'
        ) from error
    return uvicorn.Server(uvicorn.Config(
        made, host=host, port=port, log_level='warning', access_log=False, ws='none',
        lifespan='on', http=PerceptionProtocol, loop='asyncio', timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S, limit_concurrency=CONNECTIONS,
        server_header=False, date_header=False))
