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


"""What the real vLLM is asked: pictures, briefs, the client's settings, replies that are forced."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from real_vllm import KEY_FRAMES, NAME, VllmServer

from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.backbone.protocol import Brief, Exchange, Said
from spatialclaw_ros.backbone.vllm import VllmBackbone
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

SIZE = (576, 768)
WALL_M = 2.0
LIMIT_S = 120.0
QUIET = {'chat_template_kwargs': {'enable_thinking': False}}
# some minutes of noise, if nobody stops it
ENDLESS = {**QUIET, 'ignore_eos': True}
ENDLESS_TOKENS = 20_000
ROLES = ('agent', 'planner', 'locate', 'think')


class Client:
    """Makes backbones as a node does, from a configuration file.

    Args:
        server: that is asked.
        folder: for the files.
    """

    def __init__(self, server: VllmServer, folder: Path) -> None:
        self._server = server
        self.path = folder / 'backbone.yaml'
        self._made = ExitStack()

    def make(
        self, *, max_tokens: int, extra: dict[str, Any] | None = None, model: str = NAME,
        key: bool = True, before: tuple[str, ...] = (), **roles: dict[str, Any],
    ) -> VllmBackbone:
        """A backbone.

        Args:
            max_tokens: longest reply.
            extra: options of the server, for each request.
            model: name of the model.
            key: whether it has the server's key.
            before: base URLs of other servers, tried first.
            roles: sampling of single roles, instead.
        """
        sampling = {'max_tokens': max_tokens, 'extra_body': extra or {}}
        self.path.write_text(yaml.safe_dump({
            'endpoints': [*before, self._server.base_url],
            **({'api_key_file': str(self._server.key_file)} if key else {}),
            'roles': {role: roles.get(role, sampling) for role in ROLES}}))
        made = make_backbone('vllm', config=str(self.path), model=model)
        self._made.callback(made.close)
        assert isinstance(made, VllmBackbone)
        return made

    def close(self) -> None:
        """Close all of them."""
        self._made.close()


def observed(images: int = KEY_FRAMES) -> Observation:
    """Pictures of a wall two metres away, each with a pattern of its own."""
    T_world_camera = np.array(
        [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float)
    camera = PinholeCamera(SIZE[1], SIZE[0], 700, 700, SIZE[1] / 2, SIZE[0] / 2)
    depth_m = np.full(SIZE, WALL_M, np.float32)
    chance = np.random.default_rng(0)
    frames = []
    for index in range(images):
        image = chance.integers(0, 256, (12, 16, 3), np.uint8).repeat(48, axis=0).repeat(48, axis=1)
        frames.append(Frame(
            index, 'front', 1_000_000_000 + index * 100_000_000, 'front_optical', image, depth_m,
            camera, T_world_camera))
    return Observation(tuple(frames), world_frame='odom')


def brief_of(
    observation: Observation, *, text: str = 'How far is the wall?', images: int = 2,
    opening: str = '',
) -> Brief:
    """A brief whose constant part fills some blocks of the server's cache."""
    return Brief(
        Question(text), system='You write one Python cell at a time. ' * 100,
        planner_system='You plan in words. ' * 100, opening=opening or f'# Question\n{text}',
        key_frames=observation.frames[:images])


def forced(reply: str, more: str = '') -> dict[str, Any]:
    """Options that leave a model no choice but this reply, and then a pattern's noise."""
    literal = re.sub(r'([][.^$*+?{}()|\\])', r'\\\1', reply).replace('\n', '\\n')
    return {**QUIET, 'structured_outputs': {'regex': literal + more}}


def exchange_of(said: Said) -> Exchange:
    """The request behind what was said."""
    assert said.exchange is not None
    return said.exchange


def started(server: VllmServer, work: Callable[[], object]) -> tuple[threading.Thread, list]:
    """Work in a thread, from when the server is at it; what it raised lands in the list."""
    ends: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Exception as error:
            ends.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    server.until(lambda: server.running > 0, LIMIT_S, 'it works on the request')
    return thread, ends
