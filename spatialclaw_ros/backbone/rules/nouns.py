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

"""Noun phrases: the thing that one names, and its singular."""

from __future__ import annotations

import re

from spatialclaw_ros.backbone.rules import words
from spatialclaw_ros.backbone.rules.intents import CAMERA, Thing

_PARTS = {'CENTER': 'center', 'EDGE': 'edge', 'TOP': 'top', 'BOTTOM': 'bottom'}
_CAMERA_NAMES = frozenset({
    'camera', 'you', 'me', 'i', 'us', 'your camera', 'my camera', 'sensor', 'viewer', 'lens',
    "robot's camera", 'robot camera', "camera's", 'observer', 'camera lens', 'my',
    'your', 'depth camera', 'rgb-d camera', 'camera position', 'camera center',
    'your position', 'my position', 'where you are', "viewer's", 'current camera',
})
_ROBOT_NAMES = frozenset({
    'robot', 'robot base', 'base', 'your base', "robot's base", 'yourself', 'robot itself',
    "robot's", 'robot body', 'base of robot', 'robot arm base', 'this robot', 'myself',
})
_GENERIC_WORDS = frozenset({
    'object', 'objects', 'thing', 'things', 'item', 'items', 'one', 'ones', 'them', 'these',
    'those', 'all', 'of', 'two', 'three', 'visible', 'your', 'any',
})


def thing_of(text: str, tokens: list[words.Token]) -> Thing:
    """The thing that the tokens of a noun phrase name."""
    if tokens[0].kind == 'CLOSEST_POINTS' and len(tokens) > 1:
        tokens = tokens[1:]
    while len(tokens) > 1 and tokens[0].kind in {'COMMA', 'OF', 'AT'}:
        tokens = tokens[1:]
    part = ''
    if len(tokens) > 2 and tokens[0].kind in _PARTS and tokens[1].kind == 'OF':
        part, tokens = _PARTS[tokens[0].kind], tokens[2:]
    elif len(tokens) > 1 and tokens[-1].kind in _PARTS:
        part, tokens = _PARTS[tokens[-1].kind], tokens[:-1]
        if len(tokens) > 1 and tokens[-1].kind == 'POSS':
            tokens = tokens[:-1]
    if tokens[-1].kind == 'POSS' and len(tokens) > 1:
        tokens = tokens[:-1]
    phrase = ' '.join(text[tokens[0].start:tokens[-1].end].split())
    plain = ' '.join(token.text for token in tokens).replace(" 's", "'s")
    if plain in {'tabletop', 'countertop', 'table surface', 'surface of table'}:
        part = part or 'top'
    if plain in _CAMERA_NAMES:
        return CAMERA
    if plain in _ROBOT_NAMES:
        return Thing(phrase, kind='robot')
    return Thing(phrase, part)


_IRREGULAR = {
    'people': 'person', 'men': 'man', 'women': 'woman', 'children': 'child', 'knives': 'knife',
    'shelves': 'shelf', 'leaves': 'leaf', 'loaves': 'loaf', 'dice': 'die', 'mice': 'mouse',
    'glasses': 'glass', 'boxes': 'box', 'dishes': 'dish', 'brushes': 'brush', 'buses': 'bus',
    'watches': 'watch', 'matches': 'match', 'benches': 'bench', 'couches': 'couch',
}
_PREPOSITIONS = re.compile(
    r'\s(?:on|in|of|with|at|by|near|next|beside|left|right|behind|above|below|under|to|inside|'
    r'that|from)\s')


def singular(phrase: str) -> str:
    """A noun phrase with its head noun in the singular: 'red blocks on the table'."""
    match = _PREPOSITIONS.search(phrase)
    head, rest = (phrase[:match.start()], phrase[match.start():]) if match else (phrase, '')
    before, _, noun = head.rpartition(' ')
    lower = noun.lower()
    if lower in _IRREGULAR:
        noun = _IRREGULAR[lower]
    elif len(lower) > 3 and lower.endswith('ies'):
        noun = noun[:-3] + 'y'
    elif len(lower) > 3 and lower.endswith('s') and not lower.endswith(('ss', 'us', 'is')):
        noun = noun[:-1]
    return f'{before} {noun}{rest}' if before else noun + rest


_PLURALS = {one: many for many, one in _IRREGULAR.items()}


def plural(phrase: str) -> str:
    """A noun phrase with its head noun, a singular, in the plural: 'red block on the table'."""
    match = _PREPOSITIONS.search(phrase)
    head, rest = (phrase[:match.start()], phrase[match.start():]) if match else (phrase, '')
    before, _, noun = head.rpartition(' ')
    lower = noun.lower()
    if lower in _PLURALS:
        noun = _PLURALS[lower]
    elif lower.endswith('y') and lower[-2:-1] not in 'aeiou':
        noun = noun[:-1] + 'ies'
    else:
        noun += 'es' if lower.endswith(('s', 'x', 'ch', 'sh')) else 's'
    return f'{before} {noun}{rest}' if before else noun + rest


def head_of(phrase: str) -> str:
    """Words of a noun phrase before its first preposition, in lower case."""
    match = _PREPOSITIONS.search(phrase)
    return (phrase[:match.start()] if match else phrase).strip().lower()


def place_of(phrase: str) -> str:
    """What stands after the head, "on the table" say; '' when nothing does."""
    match = _PREPOSITIONS.search(phrase)
    return phrase[match.start():].strip() if match else ''


def is_generic(phrase: str) -> bool:
    """Whether a phrase says no more than "object"."""
    return all(word in _GENERIC_WORDS for word in phrase.lower().split())
