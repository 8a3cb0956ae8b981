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


"""Chooses which things a world has: kinds, colours, how many of one, and which stand in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spatialclaw_ros.sim.objects import SceneObject
from spatialclaw_ros.sim.worlds.things import PALETTE, Model, named

SAME_FORM = ({'box', 'block', 'crate', 'suitcase'}, {'mug', 'cup', 'can', 'bin', 'bottle'},
             {'plate', 'bowl'}, {'ball'}, {'book'}, {'chair', 'stool'})
TWIN_SHARE = 0.25
"""How often a colour that is taken is given to a thing of another form."""


@dataclass
class Chooser:
    """Draws kinds so that colour and noun name each of them.

    Args:
        models: what there is, by noun.
        avoid: colours that the surroundings have.
        random: what is drawn comes from it.
    """

    models: Mapping[str, Model]
    avoid: Sequence[str]
    random: np.random.Generator
    taken: list[tuple[str, str]] = field(default_factory=list)

    def kind(self, nouns: Sequence[str] = ()) -> tuple[str, str] | None:
        """A colour and a noun that nothing has yet; None when there are none left."""
        noun = str(self.random.choice(list(nouns or self.models)))
        form = next(one for one in SAME_FORM if noun in one)
        colours = [colour for colour in PALETTE if colour not in self.avoid]
        used = [colour for colour, _ in self.taken]
        fresh = [colour for colour in colours if colour not in used]
        twins = [
            colour for colour in colours if used.count(colour) == 1
            and not any(one == colour and other in form for one, other in self.taken)]
        if twins and (not fresh or self.random.random() < TWIN_SHARE):
            fresh = twins
        if not fresh:
            return None
        colour = str(self.random.choice(fresh))
        self.taken.append((colour, noun))
        return colour, noun

    def single(self, nouns: Sequence[str] = ()) -> list[SceneObject]:
        """One thing that is alone of its kind; none when there are no colours left."""
        return self.group(1, nouns)

    def group(self, count: int, nouns: Sequence[str] = ()) -> list[SceneObject]:
        """Some things of one kind and size."""
        drawn = self.kind(nouns)
        if drawn is None:
            return []
        colour, noun = drawn
        kind, model = f'{colour} {noun}', self.models[noun]
        sizes = model.draw(self.random)
        names = [kind] if count == 1 else [f'{kind} {number}' for number in range(1, count + 1)]
        return [named(model, name, kind, PALETTE[colour], sizes) for name in names]

    def mixed(self, count: int, nouns: Sequence[str]) -> list[SceneObject]:
        """Some things of one noun, each of a colour of its own."""
        noun = str(self.random.choice(list(nouns)))
        return [thing for _ in range(count) for thing in self.single([noun])]
