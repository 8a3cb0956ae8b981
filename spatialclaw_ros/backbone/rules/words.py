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

"""Normalises question text: case, punctuation, articles, courtesies, synonyms, units.

The result is a list of tokens that the grammar reads. A token that carries structure has an
upper-case kind ('BETWEEN'); any other word is a 'WORD'. Every token remembers which characters of
the question it came from, so that noun phrases go into the cells verbatim.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from spatialclaw_ros.backbone.rules.lexicon import (
    ARTICLES,
    COLOURS,
    CONTRACTIONS,
    FILLERS,
    KEEP_AFTER_PREAMBLE,
    LEXICON,
    NUMBER_WORDS,
    PREAMBLES,
    UNIT_ABBREVIATIONS,
    UNITS_M,
    UNITS_RAD,
)

MAX_WORDS = 64

_WORD = re.compile(r"\d+[.,]\d+[^\W\d]*|[^\W_][\w\-./]*(?:'\w+)?|°|[,;:&]")


@dataclass(frozen=True)
class Token:
    """One token of the normalised question.

    Args:
        kind: terminal of the grammar.
        text: the normalised words.
        start: first character in the question.
        end: character after the last one.
        value: number in SI units, of a QUANTITY or NUMBER.
        unit: 'm' or 'rad' of a QUANTITY, else ''.
    """

    kind: str
    text: str
    start: int
    end: int
    value: float = 0.0
    unit: str = ''


def clean(text: str) -> str:
    """Question text with plain quotes and spaces, of the same meaning and readable length."""
    text = unicodedata.normalize('NFKC', text)
    return text.translate({
        ord('\u2019'): "'", ord('\u2018'): "'", ord('\u201c'): '"', ord('\u201d'): '"',
        ord('\u2013'): '-', ord('\u2014'): ',',
    })


def sentences(text: str) -> list[tuple[int, int]]:
    """Character ranges of the sentences of a cleaned text."""
    spans, start = [], 0
    for match in re.finditer(r'[.?!]+(?=\s|$)|\n{2,}', text):
        if text[start:match.start()].strip():
            spans.append((start, match.start()))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Tokens of one sentence of a cleaned text.

    Args:
        text: cleaned question.
        start: first character of the sentence.
        end: character after its last; None for the end of the text.

    Returns:
        Tokens in order, at most `MAX_WORDS`; an empty list when there are more words than that.
    """
    words: list[tuple[str, int, int]] = []
    for match in _WORD.finditer(text, start, len(text) if end is None else end):
        word = match.group().lower().rstrip('-./')
        words.extend(_split(word, match.start(), match.start() + len(word)))
        if len(words) > 2 * MAX_WORDS:
            return []
    words = _merge_colours([w for w in words if w[0] not in ARTICLES])
    tokens = _tokens(_without_preamble(_without_fillers(words)))
    return tokens if len(tokens) <= MAX_WORDS else []


def _split(word: str, start: int, end: int) -> list[tuple[str, int, int]]:
    if word in CONTRACTIONS:
        return [(part, start, end) for part in CONTRACTIONS[word]]
    if word.endswith("'s") and len(word) > 2:
        return [(word[:-2], start, end - 2), ("'s", end - 2, end)]
    glued = re.fullmatch(r'(\d+(?:[.,]\d+)?)([a-z°]+)', word)
    if glued and glued.group(2) in UNIT_ABBREVIATIONS:
        middle = start + len(glued.group(1))
        return [(glued.group(1), start, middle), (glued.group(2), middle, end)]
    return [(word, start, end)]


def _merge_colours(words: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    merged: list[tuple[str, int, int]] = []
    i = 0
    while i < len(words):
        if (i + 2 < len(words) and words[i][0] in COLOURS and words[i + 1][0] == 'and'
                and words[i + 2][0] in COLOURS):
            merged.append((f'{words[i][0]} and {words[i + 2][0]}', words[i][1], words[i + 2][2]))
            i += 3
        else:
            merged.append(words[i])
            i += 1
    return merged


def _phrases(table: dict[str, tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    return {tuple(phrase.split()): kind for kind, group in table.items() for phrase in group}


_LEXICON = _phrases(LEXICON)
_LONGEST = max(map(len, _LEXICON))
_FILLERS = {tuple(phrase.split()) for phrase in FILLERS}
_PREAMBLES = {tuple(phrase.split()) for phrase in PREAMBLES}
_KEEP_BEFORE = frozenset({'seen', 'expressed', 'given'})
_UNIT_NAMES = frozenset(UNITS_M) | frozenset(UNITS_RAD)


def _match(words: list[tuple[str, int, int]], at: int, phrases: object, longest: int) -> int:
    """Length of the longest phrase that starts at a word; 0 for none."""
    for length in range(min(longest, len(words) - at), 0, -1):
        if tuple(w[0] for w in words[at:at + length]) in phrases:  # type: ignore[operator]
            return length
    return 0


def _without_fillers(words: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    kept: list[tuple[str, int, int]] = []
    i = 0
    while i < len(words):
        if words[i][0] == 'in' and i + 1 < len(words) and words[i + 1][0] in _UNIT_NAMES and (
                i + 2 == len(words) or words[i + 2][0] != 'of'):
            i += 2  # "in centimetres": answers are in SI units whatever is asked
            continue
        length = _match(words, i, _FILLERS, 5)
        follows = words[i + length][0] if i + length < len(words) else ''
        if length and follows != 'of' and not (
                kept and kept[-1][0] in _KEEP_BEFORE) and not (
                length == 2 and words[i + 1][0] == 'frame' and follows and follows != ','):
            i += length
        else:
            kept.append(words[i])
            i += 1
    return kept


def _without_preamble(words: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    while words:
        if words[0][0] in {',', ';', ':'}:
            words = words[1:]
            continue
        if _match(words, 0, _LEXICON, _LONGEST) > 1 and _kind(words, 0) == 'YOU_SEE':
            break
        length = _match(words, 0, _PREAMBLES, 5)
        if not length:
            break
        phrase = ' '.join(w[0] for w in words[:length])
        words = words[length - 1:] if phrase in KEEP_AFTER_PREAMBLE else words[length:]
    while words and words[-1][0] in {',', ';', ':'}:
        words = words[:-1]
    return words


def _kind(words: list[tuple[str, int, int]], at: int) -> str:
    length = _match(words, at, _LEXICON, _LONGEST)
    return _LEXICON[tuple(w[0] for w in words[at:at + length])] if length else ''


def _number(word: str) -> float | None:
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    if re.fullmatch(r'\d+(?:[.,]\d+)?', word):
        return float(word.replace(',', '.'))
    return None


def _tokens(words: list[tuple[str, int, int]]) -> list[Token]:
    tokens: list[Token] = []
    i = 0
    while i < len(words):
        word, start, end = words[i]
        quantity = _quantity(words, i)
        if quantity is not None:
            length, token = quantity
            tokens.append(token)
            i += length
            continue
        length = _match(words, i, _LEXICON, _LONGEST)
        if length:
            group = words[i:i + length]
            tokens.append(Token(
                _LEXICON[tuple(w[0] for w in group)], ' '.join(w[0] for w in group),
                start, group[-1][2]))
            i += length
            continue
        if word == "'s":
            kind = 'POSS'
        elif word in {',', ';', ':'}:
            kind = 'COMMA'
        elif (word in _UNIT_NAMES and word not in {'foot', 'feet', 'm', 'yard', 'in.'}) or (
                tokens and tokens[-1].kind == 'MANY' and word in _UNIT_NAMES):
            kind = 'UNIT'
        else:
            kind = 'WORD'
        tokens.append(Token(kind, word, start, end))
        i += 1
    return tokens


def _quantity(words: list[tuple[str, int, int]], at: int) -> tuple[int, Token] | None:
    """A number with or without its unit at a word: ("10 cm", "two")."""
    word, start, _ = words[at]
    number = _number(word)
    if number is None:
        return None
    unit = words[at + 1][0] if at + 1 < len(words) else ''
    for table, name in ((UNITS_M, 'm'), (UNITS_RAD, 'rad')):
        if unit in table:
            end = words[at + 1][2]
            return 2, Token('QUANTITY', f'{word} {unit}', start, end, number * table[unit], name)
    if word in {'one', 'half'} or (word not in NUMBER_WORDS and not word.isdigit()):
        return None
    return 1, Token('NUMBER', word, start, words[at][2], number)
