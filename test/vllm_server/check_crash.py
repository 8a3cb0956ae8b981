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


"""What runs the model dies in the middle of a reply; a server of its own, for it is spent then."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_vllm import VllmServer
from real_vllm_queries import ENDLESS, ENDLESS_TOKENS, LIMIT_S, Client, brief_of, started

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError


@pytest.fixture
def mortal(tmp_path: Path):
    made = VllmServer(tmp_path)
    yield made
    made.stop()


def test_a_model_that_dies_is_an_end_with_a_reason(
    mortal: VllmServer, observation, tmp_path: Path, table,
) -> None:
    client = Client(mortal, tmp_path)
    backbone = client.make(max_tokens=ENDLESS_TOKENS, extra=ENDLESS)
    thread, ends = started(
        mortal, lambda: backbone.write(brief_of(observation), 'PLAN', [], Deadline(LIMIT_S)))
    status = mortal.crash()
    thread.join(LIMIT_S)
    client.close()
    assert status == 1
    assert 'the server ended' in mortal.printed
    assert [type(error) for error in ends] == [BackboneError]
    assert mortal.base_url in str(ends[0])
    table('a model that dies', f'{str(ends[0]).split(": ", 1)[1]}')
