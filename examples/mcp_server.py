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

"""An MCP server: language agents ask the robot metric questions about what its cameras see.

    python examples/mcp_server.py                      # stdio, as MCP hosts start it
    python examples/mcp_server.py --http 8765          # streamable HTTP, for this machine alone
    SPATIALCLAW_MCP_TOKEN=... python examples/mcp_server.py --http 8765 --host 0.0.0.0

Two tools: `ask_spatial_question`, whose answer is typed, with progress and cancellation passed on,
and `list_cameras`. Beyond the loopback interface a token is required of every request.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import math
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import numpy as np
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import BaseModel, Field

from spatialclaw_ros.client import Answer, AnswerType, Progress, RefusedError, SpatialClient
from spatialclaw_ros.client.watcher import Watcher
from spatialclaw_ros.errors import SpatialClawError

Kind = Literal['any', 'number', 'boolean', 'choice', 'text', 'point']
TOKEN_VARIABLE = 'SPATIALCLAW_MCP_TOKEN'
LOOPBACK = ('127.0.0.1', 'localhost', '::1')
DIAGNOSTICS_WAIT_S = 5.0
FRESH_S = 3.0
INSTRUCTIONS = (
    'Measures in the real world with the cameras of a robot. Ask one concrete metric question at a '
    'time, and name things as they look ("the red mug"). Say with tolerance_m how well you must '
    'know a length: 0.02 to grasp, 0.1 to drive. Mind sigma and frame_id of an answer. A refusal '
    'is an answer too: it says what can\'t be told, and why.')


class SpatialAnswer(BaseModel):
    """What the robot measured; SI units."""

    answered: bool = Field(description='false: the robot looked, and refuses to tell; see text')
    text: str = Field(description='the answer, or the refusal, for a person')
    number: float | None = Field(None, description='in `unit`')
    boolean: bool | None = None
    point: tuple[float, float, float] | None = Field(None, description='metres, in frame_id')
    unit: str = ''
    sigma: float | None = Field(None, description='one standard deviation, in `unit`')
    frame_id: str = Field('', description='TF frame of `point` and `evidence`')
    evidence: list[tuple[float, float, float]] = Field(
        default_factory=list, description='points that it rests on: two for a distance')
    stamp_s: float | None = Field(None, description='ROS time of the newest image used')
    cameras: list[str] = Field(default_factory=list)
    scale_source: str = Field('', description='where metres come from')
    notes: list[str] = Field(default_factory=list, description='what was missing or assumed')

    @classmethod
    def of(cls, answer: Answer) -> SpatialAnswer:
        """Read the client's."""
        value = answer.value
        return cls(
            answered=True, text=answer.text, unit=answer.unit, frame_id=answer.frame_id,
            number=value if isinstance(value, float) else None,
            boolean=value if isinstance(value, bool) else None,
            point=_triple(value) if isinstance(value, np.ndarray) else None,
            sigma=None if math.isnan(answer.sigma) else answer.sigma,
            evidence=[_triple(point) for point in answer.points],
            stamp_s=answer.stamp_ns * 1e-9, cameras=list(answer.cameras),
            scale_source=answer.scale_source, notes=list(answer.missing_priors))


class Camera(BaseModel):
    """A camera of the robot."""

    name: str
    state: str = Field(description='ok, warn, error, stale')
    message: str
    details: dict[str, str] = Field(description='topic, rate, age and what else the node tells')


class Robot:
    """The ROS side: a client, and what the node says of itself."""

    def __init__(self, node_name: str) -> None:
        self._watcher = Watcher(node_name)
        try:
            self.client = SpatialClient(node_name)
        except BaseException:
            self._watcher.close()
            raise

    def close(self) -> None:
        """Leave the ROS graph; queries that run are cancelled."""
        self._watcher.close()
        self.client.close()

    async def cameras(self) -> list[Camera]:
        """What the node says now of its cameras; waits for a first word, [] where it is silent."""
        await asyncio.to_thread(self._watcher.wait, DIAGNOSTICS_WAIT_S)
        try:
            view = self._watcher.view()
        except SpatialClawError as error:
            raise ToolError(str(error)) from error
        if view.age_s > FRESH_S:
            return []
        return [Camera(
            name=part.name.removeprefix('camera '), state=part.level, message=part.message,
            details=dict(part.values)) for part in view.cameras]


def make_server(robot: Robot) -> MCPServer:
    """The server with its tools."""
    server = MCPServer(
        'spatialclaw', title='Robot cameras, in metres', instructions=INSTRUCTIONS,
        log_level='WARNING')

    @server.tool()
    async def ask_spatial_question(
        ctx: Context,
        question: Annotated[str, Field(
            description='one question: "How far is the red mug from the edge of the table?"')],
        answer_type: Annotated[Kind, Field(description='what the answer must be')] = 'any',
        choices: Annotated[list[str] | None, Field(
            description='for answer_type "choice": the texts to choose from')] = None,
        cameras: Annotated[list[str] | None, Field(
            description='names of the cameras to look through; all when left out')] = None,
        frame_id: Annotated[str, Field(
            description='TF frame for a point: "base_link", "map"')] = '',
        tolerance_m: Annotated[float, Field(
            ge=0, description='how well a length or a place must be known, metres (two standard '
            'deviations); what is known less well is refused; 0: as the robot has it')] = 0.0,
        timeout_s: Annotated[float, Field(gt=0, le=600)] = 60.0,
    ) -> SpatialAnswer:
        """Measure something in view of the robot's cameras: distances, sizes, positions, counts."""
        told: list[asyncio.Task[None]] = []

        def tell(progress: Progress) -> None:
            step = f' {progress.step} of {progress.max_steps}' if progress.step else ''
            told.append(asyncio.ensure_future(ctx.report_progress(
                len(told) + 1, None, f'{progress.stage}{step}: {progress.text}')))

        try:
            # a cancelled call cancels the query
            answer = await robot.client.ask_async(
                question, answer_type=AnswerType[answer_type.upper()], choices=choices or (),
                cameras=cameras or (), frame_id=frame_id, tolerance_m=tolerance_m,
                timeout_s=timeout_s, on_progress=tell)
            await asyncio.gather(*told, return_exceptions=True)  # the answer counts
        except RefusedError as error:
            return SpatialAnswer(answered=False, text=str(error))
        except SpatialClawError as error:
            raise ToolError(f'{type(error).__name__}: {error}') from error
        return SpatialAnswer.of(answer)

    @server.tool()
    async def list_cameras() -> list[Camera]:
        """List the robot's cameras, whether they deliver images now, and what is wrong if not."""
        cameras = await robot.cameras()
        if not cameras:
            raise ToolError(
                f'{robot.client.node_name} says nothing of cameras on /diagnostics; is it running?')
        return cameras

    return server


def guarded(app: Any, token: str) -> Callable[..., Awaitable[None]]:
    """The ASGI application, for requests that bring the token alone."""
    expected = f'Bearer {token}'.encode()

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        given = dict(scope.get('headers', ())).get(b'authorization', b'')
        if scope['type'] == 'lifespan' or hmac.compare_digest(given, expected):
            await app(scope, receive, send)
            return
        await send({'type': 'http.response.start', 'status': 401,
                    'headers': [(b'www-authenticate', b'Bearer')]})
        await send({'type': 'http.response.body', 'body': b'a bearer token is required\n'})

    return guard


def serve_http(server: MCPServer, host: str, port: int, token: str) -> None:
    """Serve on `/mcp` until interrupted."""
    local = host in LOOPBACK
    # without a token, a page in this machine's browser must not reach it by a name of its own
    app: Any = server.streamable_http_app(
        host=host, transport_security=None if local else TransportSecuritySettings(
            enable_dns_rebinding_protection=False))
    uvicorn.run(guarded(app, token) if token else app, host=host, port=port, log_level='warning')


def _triple(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(c) for c in point)
    return x, y, z


def main() -> int:
    """Serve; exit status 2 when the command line would leave the robot open to the network."""
    parser = argparse.ArgumentParser(description='Expose a spatialclaw node to language agents.')
    parser.add_argument('--node', default='/spatialclaw', help='name of the spatialclaw node')
    parser.add_argument('--http', type=int, metavar='PORT', help='streamable HTTP instead of stdio')
    parser.add_argument('--host', default='127.0.0.1',
                        help=f'where to listen; beyond loopback {TOKEN_VARIABLE} must be set')
    options = parser.parse_args()
    token = os.environ.get(TOKEN_VARIABLE, '')
    if options.http is not None and options.host not in LOOPBACK and not token:
        print(f'mcp_server: {options.host} is reached from other machines: set {TOKEN_VARIABLE} to '
              'a secret that clients send as a bearer token', file=sys.stderr)
        return 2
    robot = Robot(options.node)
    try:
        server = make_server(robot)
        if options.http is None:
            server.run('stdio')
        else:
            serve_http(server, options.host, options.http, token)
    finally:
        robot.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())
