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


"""Our side of the agent's benchmark: whole queries against a model of zero latency."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import numpy as np
from bench_photos import photos

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

QUESTION = 'How far is the mug from the table?'
PLAN = 'Find the mug and the table, then measure the distance between their closest points.'
_LOOKING_FORWARD = np.array(
    [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float)
_MAX_STEPS = 40
_TIMEOUT_S = 60.0
_DEPTH_M = 2.0


def reply(code: str) -> str:
    """A reply in the format that the system prompt asks for."""
    return ('Purpose: measure\nReasoning: nothing is known yet\nNext goal: answer\n\n'
            f'```python\n{code}\n```\n')


def script(cells: Sequence[str]) -> list[str]:
    """What the model says through one query of ours."""
    return [PLAN, *map(reply, [*cells, 'ReturnAnswer(1.0, unit="m")'])]


class Queries:
    """Asks as the node does, defaults everywhere.

    Args:
        kernel: a started one, with a spare worker.
        url: of the model.
        frames: how many a query looks at; 0 for a single one of a few pixels.
        ahead: whether likely tool calls run while the model writes.
    """

    def __init__(self, kernel: Kernel, url: str, frames: int, *, ahead: bool = True) -> None:
        self._images = photos(frames) if frames else np.zeros((1, 6, 8, 3), np.uint8)
        self._depth_m = np.full(self._images.shape[1:3], _DEPTH_M, np.float32)
        height, width = self._depth_m.shape
        self._camera = PinholeCamera(
            width, height, width * 0.8, width * 0.8, (width - 1) / 2, (height - 1) / 2)
        self._backbone = make_backbone('vllm', base_url=url, model='ready')
        self._session = Session(
            backbone=self._backbone, kernel=kernel, perception=make_perception(ocr='none'),
            limits=AgentLimits(max_steps=_MAX_STEPS), ahead_of_model=ahead)
        self._numbers = itertools.count()

    def ask(self, question: str = QUESTION) -> float:
        """One query, to its answer; when it began, on the monotonic clock.

        Raises:
            AssertionError: it did not answer.
        """
        observation = Observation(tuple(
            Frame(i, 'front', i * 100_000_000, 'front_optical', image, self._depth_m,
                  self._camera, _LOOKING_FORWARD)
            for i, image in enumerate(self._images)), world_frame='odom', base_frame='base_link')
        began_s = time.monotonic()
        *_, end = self._session.run(
            observation, Question(question), Deadline(_TIMEOUT_S), f'q{next(self._numbers)}')
        assert isinstance(end, Answered), end
        return began_s

    @property
    def tools_s(self) -> float:
        """How long the last query's cells waited for tools."""
        return self._session.timings['tools']

    def close(self) -> None:
        """Let go of the model."""
        self._backbone.close()
