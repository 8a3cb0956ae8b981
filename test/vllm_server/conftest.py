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

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from real_vllm import VllmServer

from spatialclaw_ros.workspace.observation import Observation

if TYPE_CHECKING:
    from real_vllm_queries import Client

Table = Callable[[str, str], None]
ROWS = pytest.StashKey[dict[str, str]]()


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
    """Takes a name and what a check saw, for the table at the end."""
    return pytestconfig.stash[ROWS].__setitem__


@pytest.fixture(scope='session')
def server(tmp_path_factory: pytest.TempPathFactory, table: Table) -> Iterator[VllmServer]:
    made = VllmServer(tmp_path_factory.mktemp('vllm'))
    table('server', f'vLLM {made.version}, healthy after {made.start_s:.0f} s')
    yield made
    start_s = time.monotonic()
    status, left = made.stop()
    table('its end', f'status {status} after {time.monotonic() - start_s:.1f} s')
    assert (status, left) == (0, [])


@pytest.fixture
def client(server: VllmServer, tmp_path: Path) -> Iterator[Client]:
    """Makes backbones of this server, and closes them."""
    # it needs openai, which is looked for when a check is run, not when it is collected
    from real_vllm_queries import Client

    made = Client(server, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope='session')
def observation() -> Observation:
    from real_vllm_queries import observed

    return observed()
