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



"""The data set: questions about simulated worlds, what is seen of them, scores, true masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.claw_sim.version import VERSION
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Said, Score, Simulated
from spatialclaw_ros.eval.scoring import score_typed
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Observation

if TYPE_CHECKING:
    from spatialclaw_ros.eval.claw_sim.renders import Render

SPLITS = ('public', 'slice')


class ClawSim:
    """Simulated tabletops and rooms whose truth is known from their geometry.

    Args:
        split: 'public' for the 500 questions, 'slice' for 100 of them that cover all families
            and settings evenly.
        seeds: of other worlds, instead of the split.
        setting: what all cameras and TF are like; '' for each world's own. A split leaves out what
            it makes another question of.
        truth_masks: whether the simulator tells where things are.

    Raises:
        InvalidRequestError: there is no such split or setting, or the split can't be asked in it.
    """

    sheet = Sheet(
        name='claw-sim', title='claw-sim, simulated tabletops and rooms',
        home='made by spatialclaw_ros', licence='Apache-2.0', count=500, media='simulated',
        score='metres within 2 cm or 3 %, angles within 5 degrees, all else exact; where there is '
              'nothing to tell, a refusal', typed=True, version=str(VERSION))

    def __init__(
        self, split: str = 'public', seeds: Sequence[int] = (), setting: str = '', *,
        truth_masks: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise InvalidRequestError(
                f'claw-sim has no split {split!r}; it has: {", ".join(SPLITS)}')
        self._split, self._seeds = split, tuple(seeds)
        self._setting, self._truth_masks = setting, truth_masks
        if setting:
            from spatialclaw_ros.sim.worlds.settings import SETTINGS
            if setting not in SETTINGS:
                raise InvalidRequestError(
                    f'claw-sim has no setting {setting!r}; it has: {", ".join(SETTINGS)}')

    def questions(self) -> Sequence[Question]:
        """All of them; see `dataset.DataSet`."""
        from spatialclaw_ros.eval.claw_sim import split
        if self._seeds:
            return split.from_seeds(self._seeds, self._setting)
        public: Sequence[Question] = split.public_split()
        if self._split == 'slice':
            public = split.even_slice(public, split.PUBLIC_SLICE)
        return split.in_setting(public, self._setting) if self._setting else public

    def observe(self, question: Question) -> Observation:
        """Draw what is seen; the last worlds are kept."""
        return self.render(question).observation

    def score(self, question: Question, said: Said) -> Score:
        """Metres within 2 cm or 3 %, all else exact."""
        return score_typed(question, said)

    def perception(self, question: Question) -> Perception | None:
        """True masks, where they are wanted."""
        if not self._truth_masks:
            return None
        from spatialclaw_ros.eval.claw_sim.true_masks import true_perception
        render = self.render(question)
        return true_perception(render.world, render.masks)

    def render(self, question: Question) -> Render:
        """What was drawn for a question, with the truth."""
        from spatialclaw_ros.eval.claw_sim.renders import RENDERS
        simulated = question.media[0]
        if not isinstance(simulated, Simulated):
            raise InvalidRequestError(f'question {question.id} is not about a simulated world')
        return RENDERS.get(simulated.seed, simulated.setting)
