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

"""Question text to `Intent`: tokens, the lark grammar, and one builder for each of its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from lark import Lark, Token
from lark.exceptions import LarkError
from lark.lexer import Lexer

from spatialclaw_ros.backbone.rules import words
from spatialclaw_ros.backbone.rules.build import CRITERIA, DIMENSIONS, RELATIONS, Builder
from spatialclaw_ros.backbone.rules.intents import (
    Between,
    BetweenWhat,
    Compare,
    Distance,
    HeightAbove,
    Intent,
    Relation,
    Side,
    Size,
    Thing,
    things,
)
from spatialclaw_ros.backbone.rules.nouns import head_of, thing_of

# Families in the order they are tried, each with the kinds of which it needs at least one.
_FAMILIES: tuple[tuple[str, frozenset[str]], ...] = (
    ('threshold', frozenset({'QUANTITY', 'NUMBER'})),
    ('compare', frozenset({'THAN'})),
    ('row', frozenset({'IN_ROW'})),
    ('motion', frozenset({'MOVE', 'MOVING', 'TURN', 'DISPLACEMENT', 'SPEED', 'FAST'})),
    ('facing', frozenset({'FACING', 'ANGLE', 'DIRECTION'})),
    ('height', frozenset({'HIGH', 'ABOVE', 'BELOW', 'HEIGHT'})),
    ('extreme', CRITERIA),
    ('distance', frozenset({'DISTANCE', 'FAR', 'CLOSE', 'UNIT', 'APART'})),
    ('count', frozenset({'MANY', 'MUCH', 'COUNT'})),
    ('relation', frozenset(RELATIONS) | {'SIDE'}),
    ('between', frozenset({'BETWEEN'})),
    ('size', frozenset(DIMENSIONS)),
    ('exists', frozenset({'THERE', 'VISIBLE', 'YOU_SEE'})),
    ('position', frozenset({'WHERE', 'POSITION', 'LOCATE'})),
)
MAX_PHRASE = 120
_PRONOUNS = frozenset({
    'it', 'they', 'them', 'this', 'that', 'these', 'those', 'he', 'she', 'him', 'her', 'each other',
    'one', 'two', 'both', 'what', 'which', 'something', 'anything', 'everything', 'there',
})
# What nobody sees: a length of it is that of no thing in the pictures.
_UNSEEN = frozenset({'movement', 'motion', 'distance', 'difference'})
_WAY_WENT = re.compile(
    r'\b(?:path|trajectory|route|way|journey|trip|course)\s+(?:of|that|which|taken|it|the)\b',
    re.IGNORECASE)
"""A way that something went: it is not seen as a thing, other than the path of a garden."""


class _TokenLexer(Lexer):
    """Hands ready-made tokens to lark; `start_pos` is the token's place in the list."""

    def __init__(self, lexer_conf: object) -> None:
        del lexer_conf

    def lex(self, data: list[words.Token]) -> Iterator[Token]:  # type: ignore[override]
        for place, token in enumerate(data):
            yield Token(token.kind, token.text, start_pos=place)


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    source = files(__package__).joinpath('questions.lark').read_text(encoding='utf-8')
    return Lark(
        source, parser='earley', lexer=_TokenLexer, ambiguity='resolve',
        start=[f'ask_{family}' for family, _ in _FAMILIES])


def warm_up() -> None:
    """Read the grammar now, so that no question waits for it."""
    _grammar()


@lru_cache(maxsize=64)
def parse(text: str) -> Intent | None:
    """What a question asks for.

    Args:
        text: the question as it was asked, at most 4000 characters.

    Returns:
        The intent, its things not yet bound to TF frames; None when no sentence of the text fits
        the grammar, or two sentences ask for different things.
    """
    text = words.clean(text)
    intents = {
        intent for start, end in words.sentences(text)[:16]
        if (intent := _parse_sentence(text, start, end)) is not None}
    return intents.pop() if len(intents) == 1 else None


def parse_things(choices: tuple[str, ...]) -> tuple[Thing, ...]:
    """Things that the texts of a CHOICE question name."""
    found = []
    for choice in choices:
        text = words.clean(choice)
        tokens = words.tokenize(text)
        found.append(thing_of(text, tokens) if tokens else Thing(text.strip()))
    return tuple(found)


def _parse_sentence(text: str, start: int, end: int) -> Intent | None:
    tokens = words.tokenize(text, start, end)
    if len(tokens) < 2:
        return None
    kinds = {token.kind for token in tokens}
    for family, needed in _FAMILIES:
        if kinds & needed:
            try:
                tree = _grammar().parse(tokens, start=f'ask_{family}')  # type: ignore[arg-type]
            except LarkError:
                continue
            intent = Builder(text, tokens).build(tree)
            return intent if intent is not None and _nameable(intent) else None
    return None


def _nameable(intent: Intent) -> bool:
    """Whether every thing has a usable name: no pronoun or way, nothing endless, none twice."""
    named = things(intent)
    if len(getattr(intent, 'category', '')) > MAX_PHRASE:
        return False
    if (isinstance(intent, Between) and len(named) < 3) or (
            isinstance(intent, BetweenWhat) and intent.b == intent.c):
        return False
    if isinstance(intent, Distance | HeightAbove | Relation | Side | Compare) and (
            intent_pair(intent)[0] == intent_pair(intent)[1]):
        return False
    return all(
        len(thing.text) <= MAX_PHRASE and thing.text.lower() not in _PRONOUNS
        and not _UNSEEN.intersection(head_of(thing.text).split()[-1:])
        and not (isinstance(intent, Size) and _WAY_WENT.search(thing.text))
        for thing in named)


def intent_pair(intent: Distance | HeightAbove | Relation | Side | Compare) -> tuple[Thing, Thing]:
    """The two things that are put side by side."""
    return intent.a, intent.surface if isinstance(intent, HeightAbove) else intent.b
