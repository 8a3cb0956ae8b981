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


"""One real vLLM for all checks, and a table of what was seen with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from real_vllm import KEY_FRAMES, VllmServer

from spatialclaw_ros.backbone.protocol import Brief
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

SIZE = (576, 768)
WALL_M = 2.0
ROWS = pytest.StashKey[dict[str, str]]()


class Table:
    """Takes what a check saw, for the table at the end.

    Args:
        rows: what was seen so far, by name.
    """

    def __init__(self, rows: dict[str, str]) -> None:
        self._rows = rows

    def __call__(self, name: str, seen: str) -> None:
        self._rows[name] = seen


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = terminalreporter.config.stash[ROWS]
    if rows:
        terminalreporter.section('seen with the real vLLM')
        width = max(map(len, rows))
        for name, seen in rows.items():
            terminalreporter.write_line(f'{name:<{width}}  {seen}')


@pytest.fixture(scope='session')
def table(pytestconfig: pytest.Config) -> Table:
    return Table(pytestconfig.stash[ROWS])


@pytest.fixture(scope='session')
def server(tmp_path_factory: pytest.TempPathFactory, table: Table) -> Iterator[VllmServer]:
    log = tmp_path_factory.mktemp('vllm') / 'server.log'
    made = VllmServer(log)
    table('server', f'vLLM {made.version}, healthy after {made.start_s:.0f} s')
    yield made
    made.stop()


@pytest.fixture(scope='session')
def observation() -> Observation:
    """32 pictures of a wall two metres away, each with patterns of its own."""
    T_world_camera = np.array(
        [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 1], [0, 0, 0, 1]], dtype=float)
    camera = PinholeCamera(SIZE[1], SIZE[0], 700, 700, SIZE[1] / 2, SIZE[0] / 2)
    chance = np.random.default_rng(0)
    frames = []
    for index in range(KEY_FRAMES):
        coarse = chance.integers(0, 256, (12, 16, 3), np.uint8)
        image = coarse.repeat(SIZE[0] // 12, axis=0).repeat(SIZE[1] // 16, axis=1)
        frames.append(Frame(
            index, 'front', 1_000_000_000 + index * 100_000_000, 'front_optical', image,
            np.full(SIZE, WALL_M, np.float32), camera, T_world_camera))
    return Observation(tuple(frames), world_frame='odom')


def brief_of(observation: Observation, *, text: str = 'How far is the wall?', images: int = 2,
             system: str = 'You write one Python cell at a time. ' * 40) -> Brief:
    """A brief whose constant part is long enough to fill blocks of the prefix cache."""
    return Brief(
        Question(text), system=system, planner_system='You plan. ' * 60,
        opening=f'# Question\n{text}', key_frames=observation.frames[:images])
