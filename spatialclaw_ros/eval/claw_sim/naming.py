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



"""What things are called, and which of them words could mean."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from spatialclaw_ros.backbone.rules.nouns import plural
from spatialclaw_ros.sim.worlds.choose import SAME_FORM

COLOURS = ('red', 'green', 'blue', 'yellow', 'orange', 'purple', 'pink', 'cyan')
"""Colours that no fixture has, so that nobody argues about what is not there."""
ABSENT_NOUNS = ('mug', 'bottle', 'ball', 'box', 'book', 'plate', 'bowl', 'can')
ALIKE = ({'box', 'block', 'crate', 'suitcase', 'book'}, {'mug', 'cup', 'can', 'bin'},
         {'plate', 'bowl'}, {'chair', 'stool'})
"""Nouns that one person may say where another says the other."""
_LIKE_COLOURS = ({'red', 'orange', 'pink'}, {'orange', 'yellow'}, {'pink', 'purple'},
                 {'purple', 'blue', 'cyan'}, {'cyan', 'green'})
"""Neighbours on the colour circle, and paler ones: light makes one look like the other."""


@dataclass(frozen=True)
class Item:
    """A thing as it is spoken of.

    Args:
        name: in the world.
        phrase: what a question calls it, for nothing else.
        colour: word.
        noun: word.
        on: plain noun of the support that it stands on; '' when on another thing.
        moves: whether it does.
    """

    name: str
    phrase: str
    colour: str
    noun: str
    on: str
    moves: bool

    @property
    def round(self) -> bool:
        """Whether it has a diameter."""
        return self.noun in ('ball', 'plate', 'can', 'cup', 'bowl', 'bin', 'stool')

    @property
    def cornered(self) -> bool:
        """Whether it has a length and a width."""
        return self.noun in ('box', 'book', 'crate', 'block', 'suitcase')

    @property
    def lies(self) -> bool:
        """Whether people would sooner say how thick it is than how tall."""
        return self.noun in ('book', 'plate')

    @property
    def speaks(self) -> bool:
        """Whether it looks like its noun: a suitcase without a handle may be any box."""
        return self.noun != 'suitcase'

    @property
    def centred(self) -> bool:
        """Whether the middle of the box round it is its own: of a mug it is off to the handle."""
        return self.noun not in ('mug', 'chair')


class Spoken:
    """Things and the words for them.

    Args:
        items: every thing; several may share a phrase.
    """

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items

    def plural(self, words: str) -> str:
        """'red balls' of 'red ball'."""
        return plural(words)

    def article(self, text: str) -> str:
        """'an orange ball', where a template has 'a orange ball'."""
        words = text.split(' ')
        for at, word in enumerate(words[:-1]):
            if word == 'a' and words[at + 1][0] in 'aeio':
                words[at] = 'an'
        return ' '.join(words)

    def sorts(self) -> list[tuple[str, tuple[Item, ...]]]:
        """Words for a sort of things ('red ball', 'ball', 'red thing'), and those of it."""
        words: dict[str, tuple[Item, ...]] = {}
        for item in self.items:
            for text in (item.phrase, item.noun, f'{item.colour} thing'):
                words.setdefault(text, tuple(
                    other for other in self.items
                    if text in (other.phrase, other.noun, f'{other.colour} thing')))
        return sorted(words.items())

    def alike(self, item: Item) -> list[Item]:
        """Things that a person could mean by its phrase, it included."""
        return [other for other in self.items
                if other.colour == item.colour and said_alike(other.noun, item.noun)]

    def absent(self, rng: random.Random, seen: Sequence[Item]) -> list[str]:
        """Phrases that fit nothing there, in any order.

        As often as not something else has the colour, so that neither colours nor nouns alone tell.

        Args:
            rng: the order.
            seen: things that pictures show well; what else has a colour may be anything.
        """
        there = {item.colour for item in self.items}
        shown = there - {item.colour for item in self.items if item not in seen}
        new, taken = (
            [f'{colour} {noun}' for colour in COLOURS if colour in colours
             for noun in ABSENT_NOUNS if not self._may_be(colour, noun)]
            for colours in (set(COLOURS) - there, shown))
        rng.shuffle(new)
        rng.shuffle(taken)
        count = min(len(new), len(taken)) or None
        found = new[:count] + taken[:count]
        rng.shuffle(found)
        return found

    def _may_be(self, colour: str, noun: str) -> bool:
        """Whether somebody could take a thing there for one of a colour and noun."""
        near = {colour}.union(*(group for group in _LIKE_COLOURS if colour in group))
        return any(item.colour in near and (
            said_alike(item.noun, noun) or any(
                item.noun in form and noun in form for form in SAME_FORM))
            for item in self.items)

    def shuffled(self, rng: random.Random, items: Iterable[Item]) -> list[Item]:
        """Things in any order."""
        mixed = list(items)
        rng.shuffle(mixed)
        return mixed

    def pairs(self, rng: random.Random, items: Sequence[Item]) -> list[tuple[Item, Item]]:
        """All pairs of things, in any order."""
        mixed = list(combinations(self.shuffled(rng, items), 2))
        rng.shuffle(mixed)
        return mixed

    def triples(
        self, rng: random.Random, items: Sequence[Item], most: int = 60,
    ) -> list[tuple[Item, Item, Item]]:
        """Some triples of things, in any order."""
        mixed = list(permutations(self.shuffled(rng, items), 3))
        rng.shuffle(mixed)
        return mixed[:most]

    def agreed(self, those: Sequence[Item], words: str) -> bool:
        """Whether nobody would argue about which things the words fit."""
        if words.endswith(' thing'):
            if those[0].colour not in COLOURS:
                return False
            same = [each for each in self.items if each.colour == those[0].colour]
        elif ' ' in words:
            same = self.alike(those[0])
        else:
            same = [each for each in self.items if said_alike(each.noun, words)]
        return {each.name for each in same} == {each.name for each in those}


def said_alike(noun: str, other: str) -> bool:
    """Whether one person may say one where another says the other."""
    return noun == other or any(noun in group and other in group for group in ALIKE)
