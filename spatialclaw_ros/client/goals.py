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

"""What may be asked for beside a question, and the goal that it becomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypedDict

from spatialclaw_ros.action import SpatialQuery
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.plain import clean, duration_message, time_message
from spatialclaw_ros.workspace.question import AnswerType

DEFAULT_WAIT_S = 10.0
MAX_SECONDS = 2**31 - 1
MAX_FRAMES = 2**32 - 1


class QueryOptions(TypedDict, total=False):
    """Options of `SpatialClient.ask`; each left out, empty or zero means the node's default.

    Args:
        cameras: names of cameras; empty for all.
        frame_id: TF frame for points in the answer.
        answer_type: what the answer must be.
        choices: texts to choose from.
        tolerance_m: how well lengths and places must be known to be told: two standard deviations,
            metres; what is known less well is refused.
        timeout_s: time for the whole query, waiting included.
        stamp_ns: newest image time to look at, nanoseconds.
        window_s: how far back to look.
        max_frames: at most this many images.
        wait_s: how long to wait for the node to appear and to become active; default 10 s, 0 for
            one that is there now.
    """

    cameras: Sequence[str]
    frame_id: str
    answer_type: AnswerType | int
    choices: Sequence[str]
    tolerance_m: float
    timeout_s: float
    stamp_ns: int
    window_s: float
    max_frames: int
    wait_s: float


def goal_of(question: str, client: str, options: QueryOptions) -> SpatialQuery.Goal:
    """The goal of a question.

    Args:
        question: plain language.
        client: who asks.
        options: beside it.

    Raises:
        InvalidRequestError: a value that the message can't hold; the node checks the rest.
        TypeError: an option that is not known.
    """
    unknown = sorted(set(options) - set(QueryOptions.__annotations__))
    if unknown:
        raise TypeError(
            f'{unknown[0]!r} is no option of a query; there are '
            f'{", ".join(QueryOptions.__annotations__)}')
    cameras, choices = options.get('cameras', ()), options.get('choices', ())
    if isinstance(cameras, str) or isinstance(choices, str):
        raise InvalidRequestError('cameras and choices are lists of texts, and one text came')
    _seconds('wait_s', options.get('wait_s', DEFAULT_WAIT_S))
    texts = (question, options.get('frame_id', ''), *cameras, *choices)
    if not all(isinstance(text, str) for text in texts):
        raise InvalidRequestError('question, frame_id, cameras and choices must be text')
    return SpatialQuery.Goal(
        question=clean(question), cameras=[clean(name) for name in cameras],
        stamp=time_message(_within('stamp_ns', options.get('stamp_ns', 0), MAX_SECONDS * 10**9)),
        window=duration_message(_seconds('window_s', options.get('window_s', 0.0))),
        max_frames=_within('max_frames', options.get('max_frames', 0), MAX_FRAMES),
        frame_id=clean(options.get('frame_id', '')),
        answer_type=_within(
            'answer_type', options.get('answer_type', AnswerType.ANY), max(AnswerType)),
        choices=[clean(choice) for choice in choices],
        tolerance=_tolerance(options.get('tolerance_m', 0.0)),
        timeout=duration_message(_seconds('timeout_s', options.get('timeout_s', 0.0))),
        client=client)


def _within(name: str, value: int, most: int) -> int:
    if not 0 <= value <= most:
        raise InvalidRequestError(f'{name} must be 0 to {most}, and is {value}')
    return int(value)


def _tolerance(value: float) -> float:
    if not 0 <= value < math.inf:
        raise InvalidRequestError(f'tolerance_m must be 0 or more and finite, and is {value}')
    return float(value)


def _seconds(name: str, value: float) -> float:
    if not (math.isfinite(value) and 0 <= value <= MAX_SECONDS):
        raise InvalidRequestError(f'{name} must be 0 to {MAX_SECONDS} seconds, and is {value}')
    return float(value)
