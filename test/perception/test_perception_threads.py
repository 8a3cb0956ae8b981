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


"""Perception of one observation from two threads at once, and of one where nothing is level."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest
from analytic_scene import make_scene

from spatialclaw_ros.agent.guesses import likely_calls
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception import PerceptionTools
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

T_WORLD_CAMERA = np.array(
    [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float)


def afresh(observation: Observation) -> Observation:
    """The same frames, of which nobody remembers anything."""
    return dataclasses.replace(
        observation, frames=tuple(dataclasses.replace(f) for f in observation.frames))


def said(result: ToolResult) -> tuple[object, ...]:
    return (result.error, dict(result.values),
            {name: (a.shape, a.tobytes()) for name, a in result.arrays.items()})


def test_two_threads_at_once_give_what_one_gives(tools: PerceptionTools) -> None:
    observation = make_scene().observation
    calls = likely_calls(
        'How far is the red box from the ball?', observation, tools.capabilities)
    alone = [said(tools.handle(observation, call, Deadline())) for call in calls]
    shared = afresh(observation)
    found: dict[int, list[tuple[object, ...]]] = {}

    def ask(number: int, asked: list[ToolCall]) -> None:
        found[number] = [said(tools.handle(shared, call, Deadline())) for call in asked]

    threads = [threading.Thread(target=ask, args=(0, calls)),
               threading.Thread(target=ask, args=(1, calls[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == alone
    assert found[1] == alone[::-1]


@pytest.fixture
def ramp() -> Observation:
    """A wall that leans over a steep ramp, 32 times: large, and nothing in it is level."""
    depth_m = np.full((576, 768), 2.0, np.float32)
    depth_m[300:] = np.linspace(2.0, 1.0, 276, dtype=np.float32)[:, None]
    camera = PinholeCamera(768, 576, 600.0, 600.0, 384.0, 288.0)
    image = np.random.default_rng(0).integers(0, 256, (576, 768, 3), np.uint8)
    return Observation(tuple(
        Frame(i, 'front', i, 'front_optical', image, depth_m, camera, T_WORLD_CAMERA)
        for i in range(32)), world_frame='odom')


def test_nothing_level_is_no_error(tools: PerceptionTools, ramp: Observation) -> None:
    call = ToolCall('segment', {
        'mode': 'text', 'prompts': ['mug'], 'labels': ['mug'], 'frame_indices': [0],
        'prompt_frame': 0})
    result = tools.handle(ramp, call, Deadline())
    assert result.error is None
    assert result.arrays['masks_0'].shape[1:] == (576, 768)


@pytest.mark.parametrize('after_s', [0.05, 0.4, 0.8])
def test_a_long_call_lets_go_soon(
    tools: PerceptionTools, ramp: Observation, after_s: float,
) -> None:
    call = likely_calls('How far is the mug from the table?', ramp, tools.capabilities)[-1]
    deadline, used_s = Deadline(), []
    timer = threading.Timer(
        after_s, lambda: (used_s.append(time.process_time()), deadline.cancel()))
    timer.start()
    with pytest.raises(CanceledError):
        tools.handle(ramp, call, deadline)
    assert time.process_time() - used_s[0] < 1.5
    timer.join()
