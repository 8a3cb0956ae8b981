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

"""The perception process with one laboratory model, as tests start it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
from lab_models import lab_config

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

IMAGE = np.zeros((24, 32, 3), np.uint8)
IMAGE[:12] = (255, 0, 0)
SEEN = Observation((Frame(0, 'c', 0, 'c_optical', IMAGE),))
FIND = ToolCall('segment', {'mode': 'text', 'frame_indices': [0], 'prompts': ['red']})
WAIT_S = 60.0
QUICK = Patience(heartbeat_s=0.1, first_pause_s=0.05, longest_pause_s=0.2)

Start = Callable[..., PerceptionProcess]


@contextlib.contextmanager
def starting() -> Iterator[Start]:
    """Give a function that starts perception whose one model has these knobs; all end with it."""
    opened: list[PerceptionProcess] = []
    others = children()

    def make(patience: Patience = QUICK, knobs: dict[str, Any] | None = None,
             **fields: Any) -> PerceptionProcess:
        opened.append(PerceptionProcess(
            lab_config(masks=knobs, **{'reconstruct': 'none', 'preload': False, **fields}),
            patience))
        return opened[-1]
    yield make
    for perception in opened:
        perception.close()
    assert children() <= others


def children() -> set[int]:
    """Process numbers of what this process started and has not buried."""
    return {child.pid for child in psutil.Process().children()}


def find(perception: PerceptionProcess, timeout_s: float = WAIT_S) -> int:
    """How many pixels are red."""
    result = perception.handle(SEEN, FIND, Deadline(timeout_s))
    assert result.error is None, result.error
    return int(result.arrays['masks_0'].sum())


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = Deadline(WAIT_S)
    while not condition():
        deadline.check('waiting in a test')
        time.sleep(0.01)
