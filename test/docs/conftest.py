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



"""A DDS domain of their own for tests with nodes: those of other tests may have their names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dds_domain import free_domain


@pytest.fixture(scope='module')
def own_domain() -> Iterator[None]:
    """What starts meanwhile, here or as a process, meets nothing that runs already."""
    other, taken = free_domain()
    with taken, pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_DOMAIN_ID', str(other))
        yield
