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

"""What is counted and chosen on the simulated table, with real perception and a real kernel."""

from __future__ import annotations

import pytest

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.events import Answered
from spatialclaw_ros.backbone.rules import RulesBackbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.sim.observation import observe_tabletop
from spatialclaw_ros.sim.scene import make_scene
from spatialclaw_ros.sim.truth import Truth
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


@pytest.fixture(scope='module')
def tabletop() -> Observation:
    return observe_tabletop(8, step_ns=280_000_000)


def ask(kernel: Kernel, observation: Observation, text: str) -> float | str:
    session = Session(backbone=RulesBackbone(), kernel=kernel, perception=make_perception())
    *_, end = session.run(observation, Question(text), Deadline(60.0), 'q')
    assert isinstance(end, Answered), end
    return end.value


@pytest.mark.parametrize(('text', 'count'), [
    ('How many objects are on the table?', 9),
    ('How many orange balls are there?', 3),
    ('How many blue balls are on the table?', 0),
])
def test_counts(kernel: Kernel, tabletop: Observation, text: str, count: int) -> None:
    assert ask(kernel, tabletop, text) == count


@pytest.mark.parametrize(('a', 'b'), [
    ('white plate', 'purple book'), ('yellow bottle', 'blue box'), ('red mug', 'green ball')])
def test_distances(kernel: Kernel, tabletop: Observation, a: str, b: str) -> None:
    truth_m = Truth(make_scene()).distance(a, b).distance
    answer_m = ask(kernel, tabletop, f'How far is the {a} from the {b}?')
    assert answer_m == pytest.approx(truth_m, abs=max(0.02, 0.03 * truth_m))
