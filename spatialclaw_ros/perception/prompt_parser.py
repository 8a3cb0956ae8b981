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

"""Open text to what can be looked for: colours, shape, size, surface, support, place.

A noun that is not in the tables names nothing that colour and depth could tell from other things:
with a colour the colour decides then, without one `ObjectQuery.tellable` is False.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spatialclaw_ros.perception import colour

SHAPES: dict[str, str] = {
    **dict.fromkeys(('box', 'cube', 'block', 'brick', 'carton', 'package', 'parcel', 'case',
                     'container', 'crate', 'lunchbox', 'toolbox', 'suitcase'), 'box'),
    **dict.fromkeys(('ball', 'sphere', 'orange', 'apple', 'globe', 'marble'), 'ball'),
    **dict.fromkeys(('cylinder', 'can', 'tin', 'jar', 'tube', 'pot', 'vase', 'candle', 'roll',
                     'bucket', 'bin'), 'cylinder'),
    **dict.fromkeys(('mug', 'cup', 'glass', 'tumbler', 'beaker'), 'mug'),
    **dict.fromkeys(('bottle', 'flask', 'thermos', 'carafe'), 'bottle'),
    **dict.fromkeys(('magazine', 'paper', 'sheet', 'sticker', 'card', 'mat', 'envelope',
                     'letter', 'note', 'leaflet', 'brochure', 'flyer', 'newspaper', 'placemat',
                     'coaster', 'cloth', 'napkin', 'towel', 'rug', 'carpet'), 'sheet'),
    **dict.fromkeys(('book', 'notebook', 'tablet', 'laptop', 'folder', 'binder', 'tray',
                     'phone', 'smartphone'), 'slab'),
    **dict.fromkeys(('plate', 'dish', 'saucer', 'lid', 'disc', 'disk'), 'plate'),
    **dict.fromkeys(('bowl', 'basin'), 'bowl'),
    **dict.fromkeys(('pen', 'pencil', 'stick', 'rod', 'knife', 'fork', 'spoon', 'screwdriver',
                     'marker', 'cable', 'ruler'), 'rod'),
    **dict.fromkeys(('chair', 'stool', 'sofa', 'couch', 'armchair', 'person', 'man', 'woman',
                     'cabinet', 'cupboard', 'refrigerator', 'fridge', 'bed', 'shelving', 'robot',
                     'wardrobe', 'dishwasher', 'oven', 'door'), 'furniture'),
}
PLAIN_SHAPES = frozenset((
    'box', 'cube', 'block', 'brick', 'carton', 'package', 'parcel', 'container', 'crate',
    'ball', 'sphere', 'globe', 'cylinder', 'tube', 'can', 'tin', 'jar', 'mug', 'cup', 'tumbler',
    'beaker', 'bottle', 'flask', 'magazine', 'paper', 'sheet', 'card', 'mat', 'leaflet',
    'brochure', 'flyer', 'newspaper', 'placemat', 'book', 'notebook', 'plate', 'dish', 'saucer',
    'disc', 'disk'))
"""Nouns of `SHAPES` that mean little more than the shape, so that a shape is enough to tell.

An apple is a ball too, but not every ball is an apple; a chair is large, and so is a person.
"""
SURFACES: dict[str, str] = {
    **dict.fromkeys(('table', 'tabletop', 'desk', 'desktop', 'workbench', 'bench'), 'table'),
    **dict.fromkeys(('counter', 'countertop', 'worktop'), 'counter'),
    **dict.fromkeys(('shelf', 'ledge', 'rack'), 'shelf'),
    **dict.fromkeys(('floor', 'ground'), 'floor'),
    'wall': 'wall',
    'surface': 'surface',
}
_PART_NOUNS = frozenset(('top', 'edge', 'surface', 'corner', 'side', 'border', 'rim', 'center',
                         'centre', 'middle'))
GENERIC = frozenset(('object', 'thing', 'item', 'obstacle', 'stuff', 'one', 'something',
                     'anything', 'everything'))
SIZES: dict[str, str] = {
    **dict.fromkeys(('small', 'little', 'tiny', 'mini'), 'small'),
    **dict.fromkeys(('big', 'large', 'huge', 'giant'), 'large'),
    **dict.fromkeys(('tall', 'high'), 'tall'),
    **dict.fromkeys(('short', 'low'), 'short'),
}
RANKS: dict[str, str] = {
    **dict.fromkeys(('largest', 'biggest'), 'largest'),
    **dict.fromkeys(('smallest', 'tiniest', 'littlest'), 'smallest'),
    **dict.fromkeys(('tallest', 'highest'), 'highest'),
    **dict.fromkeys(('shortest', 'lowest'), 'lowest'),
    **dict.fromkeys(('nearest', 'closest'), 'nearest'),
    **dict.fromkeys(('farthest', 'furthest'), 'farthest'),
    **dict.fromkeys(('leftmost', 'left'), 'left'),
    **dict.fromkeys(('rightmost', 'right'), 'right'),
}
_IRREGULAR = {
    'shelves': 'shelf', 'knives': 'knife', 'boxes': 'box', 'dishes': 'dish', 'glasses': 'glass',
    'benches': 'bench', 'people': 'person', 'men': 'man', 'women': 'woman', 'couches': 'couch',
    'brushes': 'brush', 'torches': 'torch', 'watches': 'watch', 'scissors': 'scissors',
    'pliers': 'pliers', 'headphones': 'headphones', 'stuff': 'stuff', 'series': 'series'}
_SUPPORT = re.compile(
    r'\b(?:lying |standing |sitting |placed |resting |that is |which is |that are )*'
    r'(on top of|on|upon|atop|onto)\s+(?:the |a |an |this |that )?(.+)$')
_SPLIT = re.compile(
    r'\b(?:next to|beside|near|close to|in front of|behind|under|below|above|over|between|'
    r'from|with|without|to the left of|to the right of|left of|right of|inside|in|at)\b')
_STOP = frozenset(('the', 'a', 'an', 'this', 'that', 'these', 'those', 'of', 'all', 'any', 'every',
                   'each', 'my', 'your', 'our', 'some', 'and', 'very', 'its', 'his', 'her', 'is',
                   'are', 'there', 'colored', 'coloured', 'color', 'colour'))
_QUALITIES = frozenset(('light', 'dark', 'bright', 'pale', 'deep', 'shiny', 'plastic', 'metal',
                        'paper'))  # before a noun; alone each is a noun itself


@dataclass(frozen=True)
class ObjectQuery:
    """What a prompt asks for.

    Args:
        text: the prompt, as given.
        colours: canonical colour names, any of which may show.
        shape: a value of `SHAPES`, or None.
        size: 'small', 'large', 'tall', 'short', or None.
        surface: a value of `SURFACES` when a surface itself is asked for.
        support: surface that the object lies on, or None.
        rank: superlative that picks one ('largest', 'left', ...), or None.
        noun: last word that names the thing, singular; '' for none.
        plural: whether all instances are wanted.
        generic: whether the noun says nothing ("object").
        unread: words that nothing was made of.
    """

    text: str
    colours: tuple[str, ...] = ()
    shape: str | None = None
    size: str | None = None
    surface: str | None = None
    support: str | None = None
    rank: str | None = None
    noun: str = ''
    plural: bool = False
    generic: bool = False
    unread: tuple[str, ...] = ()

    @property
    def tellable(self) -> bool:
        """Whether colour, shape or being a surface can tell the thing from other things."""
        named = self.noun in GENERIC or self.noun in PLAIN_SHAPES
        described = not self.noun and (self.size or self.rank or self.support)
        return bool(named or described or self.colours or self.surface)


def parse(text: str) -> ObjectQuery:
    """Read a prompt; never fails, see `ObjectQuery.tellable` for what can't be told."""
    low = ' '.join(re.findall(r"[a-z0-9']+", text.lower().replace('-', ' ')))
    head, support = _split_support(low)
    head = _SPLIT.split(head, maxsplit=1)[0].strip() or head
    words = [word for word in head.split() if word]
    colours, unread = [], []
    shape = size = rank = None
    noun, plural = '', False
    content = [word for word in words if word not in _STOP]
    content = [word for word in content[:-1] if word not in _QUALITIES] + content[-1:]
    for position, word in enumerate(content):
        last = position == len(content) - 1
        single, many = singular(word)
        named = colour.canonical(word)
        if named and not (last and position > 0 and single in SHAPES):
            colours.append(named)
        elif word in RANKS:
            rank = RANKS[word]
        elif word in SIZES:
            size = SIZES[word]
        else:
            noun, plural = single, many
            if single in SHAPES:
                shape = SHAPES[single]
            elif single not in GENERIC and single not in SURFACES and single not in _PART_NOUNS:
                unread.append(single)
    if not noun and len(colours) == 1 and content and content[-1] == 'orange':
        noun, shape = 'orange', 'ball'  # "the orange" is a fruit
    surface = _surface_of(content, shape)
    return ObjectQuery(
        text=text, colours=tuple(dict.fromkeys(colours)), shape=shape, size=size, surface=surface,
        support=support, rank=rank, noun=noun, plural=plural,
        generic=noun in GENERIC or not noun, unread=tuple(unread))


def singular(word: str) -> tuple[str, bool]:
    """A noun's singular, and whether the word was a plural."""
    if word in _IRREGULAR:
        return _IRREGULAR[word], _IRREGULAR[word] != word
    if len(word) > 3 and word.endswith('s') and not word.endswith(('ss', 'us', 'is')):
        if word.endswith('ies'):
            return word[:-3] + 'y', True
        if word.endswith(('ches', 'shes', 'xes', 'sses')):
            return word[:-2], True
        return word[:-1], True
    return word, False


def _split_support(low: str) -> tuple[str, str | None]:
    found = _SUPPORT.search(low)
    if found is None:
        return low, None
    for word in found.group(2).split():
        single = singular(word)[0]
        if single in SURFACES:
            return low[:found.start()].strip(), SURFACES[single]
    return low[:found.start()].strip() or low, None


def _surface_of(content: list[str], shape: str | None) -> str | None:
    """Surface that the phrase's head noun names ("table", "table top", "edge of the table")."""
    nouns = [singular(word)[0] for word in content if colour.canonical(word) is None]
    while nouns and nouns[-1] in _PART_NOUNS and len(nouns) > 1:
        nouns.pop()
    if nouns and nouns[-1] in SURFACES:
        return SURFACES[nouns[-1]]
    kept = [noun for noun in nouns if noun not in _PART_NOUNS]
    if len(kept) == 1 and kept[0] in SURFACES and shape is None:
        return SURFACES[kept[0]]
    return None
