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

"""Prompts that ask for less than a noun phrase of the question, for what nothing was found for."""

from __future__ import annotations

import re

SHAPE_WORDS = frozenset({
    'round', 'square', 'rectangular', 'cylindrical', 'spherical', 'flat', 'tall', 'short', 'small',
    'big', 'large', 'little', 'tiny', 'long', 'thin', 'thick', 'wide', 'narrow', 'huge', 'empty',
    'full', 'plastic', 'metal', 'wooden', 'glass', 'ceramic', 'paper', 'cardboard', 'game',
    'coffee', 'tea', 'toy', 'video', 'kitchen', 'dining', 'two', 'three',
})
SYNONYMS: dict[str, tuple[str, ...]] = {
    'mug': ('cup',), 'cup': ('mug',), 'magazine': ('book', 'paper'), 'book': ('magazine',),
    'controller': ('gamepad', 'object'), 'gamepad': ('controller', 'object'),
    'cube': ('block', 'box'),
    'block': ('cube', 'box'), 'box': ('container', 'block'), 'container': ('box',),
    'couch': ('sofa',), 'sofa': ('couch',), 'desk': ('table',), 'tabletop': ('table',),
    'ground': ('floor',), 'countertop': ('counter',), 'worktop': ('counter',), 'sphere': ('ball',),
    'monitor': ('screen',), 'screen': ('monitor',), 'tin': ('can',), 'can': ('tin',),
    'plate': ('dish',), 'dish': ('plate',), 'notebook': ('book',), 'stool': ('chair',),
}
_SUPPORT = re.compile(
    r'\s+(?:on|in|at|lying|standing|sitting|resting|next to|beside|near|under|behind|'
    r'in front of|above|below|left of|right of|to the left of|to the right of)\b.*$',
    re.IGNORECASE)


def looser_prompts(label: str) -> tuple[str, ...]:
    """Prompts that ask for less, in the order to try; a part of a thing is never dropped.

    First without words of shape and make, then without the place, then with another noun.
    """
    words = label.split()
    if ' of ' in f' {label.lower()} ' or any(word.lower().endswith("'s") for word in words):
        return ()
    place = _SUPPORT.search(label)
    head, tail = (label[:place.start()], place.group()) if place else (label, '')
    found: list[str] = []
    plain = [word for word in head.split()[:-1] if word.lower() not in SHAPE_WORDS]
    plain += head.split()[-1:]
    without_shape = ' '.join(plain)
    found.append(without_shape + tail)
    found.append(without_shape)
    noun = plain[-1].lower() if plain else ''
    for other in SYNONYMS.get(noun, ()):
        swapped = ' '.join([*plain[:-1], other])
        # "object" alone would be anything
        if other != 'object' or len(plain) > 1:
            found += [swapped + tail, swapped]
    return tuple(text for text in dict.fromkeys(found) if text and text != label)
