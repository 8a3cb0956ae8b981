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


"""What every test shares: a DDS domain of its own, images that arrive, and the real frames."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from dds_domain import free_domain

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

# before anything imports rclpy
DOMAIN, _TAKEN = free_domain()
os.environ['ROS_DOMAIN_ID'] = os.environ.get('SPATIALCLAW_TEST_DOMAIN', str(DOMAIN))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
use_fastdds_profile(os.environ)

# a shell that runs the tests in the background has it ignored, and so would all that they start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ('kernel_fixtures', 'optional_modules')

REPOSITORY = Path(__file__).resolve().parent.parent


# What waits most begins first, so that no worker is left alone with it at the end.
LONGEST_FIRST = (
    'test/models/test_ray', 'test/models/test_sizes', 'test/escapes/', 'test/ros/', 'test/sim/',
    'test/test_', 'test/kernel/', 'test/agent/', 'test/perception/', 'test/fuzz/', 'test/cli/')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; the tests of a file stay as they stand in it."""
    def place(item: pytest.Item) -> int:
        matching = (at for at, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(matching, len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.fixture(scope='session')
def repository() -> Path:
    """Return the root of the working tree, for tests that read the sources themselves."""
    return REPOSITORY


@pytest.fixture(scope='session')
def redkitchen() -> Path:
    """Return the folder of real frames with poses; skips where it is not beside the tree."""
    folder = REPOSITORY.parent / 'shared' / 'data' / 'redkitchen'
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there')
    return folder
