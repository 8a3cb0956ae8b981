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

"""A data set of what the analytic scene shows, and questions of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analytic_scene import BLUE_BALL, RED_BOX, make_scene

from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Said, Score, Simulated
from spatialclaw_ros.eval.scoring import score_typed
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Observation

SEEN = make_scene().observation
CENTRES_M = math.dist(RED_BOX.center, BLUE_BALL.center)


def question(text: str = 'How far?', **fields: object) -> Question:
    """A question for metres, unless fields say otherwise."""
    return Question(**{'id': 'q', 'media': (Simulated(seed=0),), 'text': text,  # type: ignore[arg-type]
                       'answer': 'number', 'unit': 'm', **fields})


class Scene:
    """A data set of what the analytic scene shows."""

    sheet = Sheet('scene', '', '', '', 0, 'simulated', '', typed=True)

    def questions(self) -> Sequence[Question]:
        """None are listed."""
        return []

    def observe(self, question: Question) -> Observation:
        """The scene, whatever is asked."""
        return SEEN

    def score(self, question: Question, said: Said) -> Score:
        """By type."""
        return score_typed(question, said)

    def perception(self, question: Question) -> Perception | None:
        """What is configured."""
        return None
