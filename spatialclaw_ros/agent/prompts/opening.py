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



"""What a model reads first of a query: the question, what an answer must be, this query's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spatialclaw_ros.agent.answers import choice_letters
from spatialclaw_ros.workspace.observation import Frame
from spatialclaw_ros.workspace.question import AnswerType, Question
from spatialclaw_ros.workspace.tolerance import Tolerance

MAX_LISTED = 24

_ANSWER_WORDS = {
    AnswerType.ANY: 'whatever fits the question: a number with its SI unit, True or False, a '
                    'point of three numbers, or a short text',
    AnswerType.NUMBER: 'one number in SI units, with its unit (a count has none)',
    AnswerType.BOOLEAN: 'True or False',
    AnswerType.CHOICE: 'one of the choices: its letter, or its text word for word',
    AnswerType.TEXT: 'a short text',
    AnswerType.POINT: 'one point: a vector of three numbers x, y, z in metres, and its frame',
}


_MEASURED = {AnswerType.ANY, AnswerType.NUMBER, AnswerType.POINT}


def opening_text(
    question: Question, metadata: Mapping[str, Any], key_frames: Sequence[Frame], left: str,
) -> str:
    """The opening of a query.

    Args:
        question: what is asked.
        metadata: as `workspace.metadata.metadata_of` makes it; the query's own facts are taken.
        key_frames: frames whose pictures follow.
        left: the line about the budget.
    """
    wanted = question.answer_type
    if wanted == AnswerType.ANY and question.choices:
        wanted = AnswerType.CHOICE
    lines = [f'Question: {question.text}', f'The answer must be {_ANSWER_WORDS[wanted]}.']
    if wanted in _MEASURED:
        lines.append(_tolerance(question.tolerance))
    letters = choice_letters(len(question.choices))
    lines += [f'{letter}) {choice}' for letter, choice in zip(letters, question.choices)]
    if question.frame_id:
        lines.append(
            f'A point in the answer is turned into the frame {question.frame_id} for you: name the '
            'frame that your numbers are in, none for the world.')
    return '\n'.join([*lines, '', *_facts(metadata), '', *_pictures(key_frames), '', left])


def _tolerance(wanted: Tolerance) -> str:
    """To which tolerance numbers are wanted, and what becomes of those that are known less well."""
    share = f' or {100 * wanted.share:.3g} % of them, whichever is larger' if wanted.share else ''
    return (f'Lengths and places are wanted to {wanted.length_m:.3g} m{share}, angles to '
            f'{wanted.angle_deg:.3g} degrees: that is two standard deviations. Refuse what can not '
            'be known to that, and say about what it is.')


def _facts(metadata: Mapping[str, Any]) -> list[str]:
    count = metadata.get('total_frames')
    fps, duration_s = metadata.get('fps'), metadata.get('duration_sec')
    span = f' over {duration_s:g} s' if duration_s else ''
    rate = f', about {fps:g} a second' if fps else ''
    lines = [f'This query: {count} {"frame" if count == 1 else "frames"}{span}{rate}.']
    cameras: Mapping[str, Mapping[str, Any]] = metadata.get('cameras', {})
    lines += [f'- camera {name}: frames {_listed(facts.get("frame_indices", ()))}; '
              f'{_has(facts, "depth")}, {_has(facts, "pose")}' for name, facts in cameras.items()]
    lines += [f'- not there: {each}' for each in metadata.get('missing', ())]
    return lines


def _has(facts: Mapping[str, Any], what: str) -> str:
    return f'{"with" if facts.get(f"has_{what}") else "without"} {what}'


def _pictures(key_frames: Sequence[Frame]) -> list[str]:
    """Which variable holds each picture, in order."""
    start_ns = key_frames[0].stamp_ns if key_frames else 0
    return ['Key frames and the variables that hold them:', *(
        f'- InputImages[{frame.index}]: {frame.camera}, '
        f'{(frame.stamp_ns - start_ns) * 1e-9:.2f} s' for frame in key_frames)]


def _listed(indices: Sequence[int]) -> str:
    """Indices, those in a row as a range; the middle of a long list is left out."""
    ranges: list[list[int]] = []
    for index in indices:
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    texts = [f'{first}' if first == last else f'{first}..{last}' for first, last in ranges]
    if len(texts) > MAX_LISTED:
        texts = [*texts[:MAX_LISTED // 2], '...', *texts[-MAX_LISTED // 2:]]
    return ', '.join(texts)
