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


"""What went wrong, by kind: so that a hundred failures are a handful of causes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spatialclaw_ros.eval.report.reading import Entry
from spatialclaw_ros.eval.scoring import tolerance

_NUMBER = re.compile(r'\d+(?:\.\d+)?')
# An apostrophe within a word, as in can't, quotes nothing.
_QUOTED = re.compile(
    r'"[^"]*"|(?<!\w)\'(?:[^\']|(?<=\w)\'(?=\w))*\'(?!\w)|`[^`]*`|“[^”]*”')
_MESSAGE_CHARS = 140
_EXAMPLES = 6


@dataclass(frozen=True)
class FailureKind:
    """Failures that are alike.

    Args:
        title: what they have in common.
        count: how many.
        categories: how many in each category, the most frequent first.
        ids: questions, the first few.
    """

    title: str
    count: int
    categories: tuple[tuple[str, int], ...]
    ids: tuple[str, ...]


def kinds(entries: Sequence[Entry]) -> tuple[FailureKind, ...]:
    """Kinds of what was wrong, refused wrongly or failed; the most frequent first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.outcome in ('wrong', 'refused_wrongly', 'failed'):
            groups.setdefault(kind_of(entry), []).append(entry)
    found = [
        FailureKind(
            title, len(group),
            tuple(Counter(entry.question.category for entry in group).most_common()),
            tuple(entry.question.id for entry in group[:_EXAMPLES]))
        for title, group in groups.items()]
    return tuple(sorted(found, key=lambda kind: (-kind.count, kind.title)))


def kind_of(entry: Entry) -> str:
    """What went wrong with a question, in a few words that others share."""
    said, question = entry.result.said, entry.question
    if entry.outcome == 'failed':
        return f'{said.status}: {pattern(said.message)}'
    if entry.outcome == 'refused_wrongly':
        return f'refused: {pattern(said.message)}'
    if question.truth is None:
        return 'answered what can not be told'
    if question.answer in ('number', 'count', 'point'):
        return _kind_of_number(entry)
    if question.answer == 'yes_no':
        return {True: 'yes instead of no', False: 'no instead of yes'}.get(
            entry.result.score.read, 'neither yes nor no')  # type: ignore[arg-type]
    if entry.result.score.read is None:
        return 'nothing was read from the answer'
    return 'another option' if question.options or question.answer == 'letter' else 'another text'


def _kind_of_number(entry: Entry) -> str:
    question, error = entry.question, entry.result.score.error
    if error is None:
        return 'no number of that unit was read'
    if question.answer == 'count':
        return 'counted too many' if error > 0 else 'counted too few'
    limit = tolerance(question)
    if not limit or not question.unit:
        return 'number too large' if error > 0 else 'number too small'
    times = abs(error) / limit
    for most in (2, 5):
        if times <= most:
            return f'off by up to {most} times the tolerance'
    return 'off by more than 5 times the tolerance'


def pattern(message: str) -> str:
    """A message without its numbers and names, so that those of one cause are equal."""
    line = _NUMBER.sub('#', _QUOTED.sub('…', message.strip().split('\n')[0]))
    if not line:
        return 'no message'
    return line if len(line) <= _MESSAGE_CHARS else f'{line[:_MESSAGE_CHARS - 1]}…'
