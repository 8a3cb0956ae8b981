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

"""A vision-language model writes the cells, and looks at pictures for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from spatialclaw_ros.backbone.protocol import Brief, EndpointStatus, Said, Turn
from spatialclaw_ros.backbone.vllm.client import Ask, Client
from spatialclaw_ros.backbone.vllm.config import VllmConfig
from spatialclaw_ros.backbone.vllm.endpoints import Endpoints
from spatialclaw_ros.backbone.vllm.images import ImageParts
from spatialclaw_ros.backbone.vllm.keys import read_key
from spatialclaw_ros.backbone.vllm.looking import look_messages, look_role
from spatialclaw_ros.backbone.vllm.loop import LoopThread
from spatialclaw_ros.backbone.vllm.messages import Conversations, text_message
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation

log = logging.getLogger(__name__)

WAITING = 'waiting for the model'


class VllmBackbone:
    """Writes cells through chat completions; see `protocol.Backbone` and `protocol.SeesImages`.

    Nothing is contacted, and no thread started, before the first request.

    Args:
        config: where the model is; None for a vLLM server on this machine.

    Raises:
        InvalidRequestError: the key can't be read.
    """

    name = 'vllm'

    def __init__(self, config: VllmConfig | None = None) -> None:
        self._config = config or VllmConfig()
        self._key = read_key(self._config)
        self._images = ImageParts(self._config.max_image_edge, self._config.image_quality)
        self._conversations = Conversations(self._images)
        self._endpoints: Endpoints | None = None
        self._client: Client | None = None
        self._loop = LoopThread(self._wind_up)

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        """Plan from the question and the facts; the pictures are made ready meanwhile."""
        deadline.check(WAITING)
        messages = (text_message('system', brief.planner_system) + b','
                    + text_message('user', brief.opening or brief.question.text))
        return self._ask(Ask('planner', messages, _homes(brief)), deadline,
                         lambda: self._images.begin(brief.key_frames))

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        """Next reply, from everything that was said so far."""
        deadline.check(WAITING)
        self._images.begin(brief.key_frames)
        messages = self._conversations.of(brief).messages(brief, plan, turns)
        return self._ask(Ask('agent', messages.json, _homes(brief), brief.language,
                             messages.prefix_share), deadline)

    def look(self, call: ToolCall, observation: Observation, deadline: Deadline) -> Said:
        """Serve `vlm.locate` and `vlm.ask_with_thinking`; see `protocol.SeesImages`."""
        deadline.check(WAITING)
        messages = look_messages(call, observation, self._images, self._config.limits.max_images)
        return self._ask(Ask(look_role(call), messages, observation.frames[:1]), deadline)

    def status(self) -> tuple[EndpointStatus, ...]:
        """How each endpoint does; from any thread."""
        if self._endpoints is None:
            return tuple(map(EndpointStatus, self._config.endpoints))
        return self._endpoints.status()

    def probe(self, deadline: Deadline) -> tuple[EndpointStatus, ...]:
        """Ask each endpoint whether it is there."""
        async def asked() -> None:
            await self._connected()[1].probe()

        self._loop.run(asked(), deadline, WAITING)
        return self.status()

    def close(self) -> None:
        """Let go of connections and threads; what runs ends with a `BackboneError`."""
        self._loop.close()
        self._images.close()

    def _ask(
        self, ask: Ask, deadline: Deadline, meanwhile: Callable[[], object] | None = None,
    ) -> Said:
        async def asked() -> Said:
            return await self._connected()[0].ask(ask, deadline)

        return self._loop.run(asked(), deadline, WAITING, meanwhile)

    def _connected(self) -> tuple[Client, Endpoints]:
        """Clients, made in the loop that their connections belong to."""
        if self._client is None or self._endpoints is None:
            if self._config.api_key_env and not self._key.known:
                log.debug('no key in %s: requests go without', self._config.api_key_env)
            self._endpoints = Endpoints(self._config, self._key)
            self._client = Client(self._config, self._key, self._endpoints)
        return self._client, self._endpoints

    async def _wind_up(self) -> None:
        if self._endpoints is not None:
            await self._endpoints.close()


def _homes(brief: Brief) -> tuple[object, ...]:
    """What stands for a query: its brief, and a frame by which its `look` is known."""
    return (brief, *brief.key_frames[:1])
