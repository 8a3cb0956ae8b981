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

"""A server double and a client of it, shared by the tests of a file."""

from __future__ import annotations

import pytest
from query_double import QueryDouble

from spatialclaw_ros.client import SpatialClient


@pytest.fixture(scope='module')
def double():
    server = QueryDouble('answering')
    yield server
    server.close()


@pytest.fixture(scope='module')
def client(double):
    with SpatialClient('/answering') as made:
        made.wait(60.0)
        yield made
