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

"""Checks a request and fills in its defaults; an action goal has the same fields as the service."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.query import QueryRequest
from spatialclaw_ros.workspace.question import AnswerType, Question
from spatialclaw_ros.workspace.tolerance import Tolerance

MAX_FRAMES = 512
MAX_TIMEOUT_S = 3600
MAX_CLIENT_CHARS = 200


def request_of(message: Any, settings: Settings) -> QueryRequest:
    """Read a request message.

    Args:
        message: `SpatialQuery.Request` or anything with the same fields.
        settings: defaults for what the request leaves empty.

    Raises:
        InvalidRequestError: a field can't be used; the message names it, what came and what may
            be. Cameras and frames are checked where they are looked up.
    """
    try:
        answer_type = AnswerType(message.answer_type)
    except ValueError as error:
        known = ', '.join(f'{kind.value} {kind.name}' for kind in AnswerType)
        raise InvalidRequestError(
            f'answer_type {message.answer_type} is none of {known}') from error
    if len(message.client) > MAX_CLIENT_CHARS:
        raise InvalidRequestError(
            f'client has {len(message.client)} characters, at most {MAX_CLIENT_CHARS} can be told '
            'apart')
    if message.max_frames > MAX_FRAMES:
        raise InvalidRequestError(
            f'max_frames is {message.max_frames}, at most {MAX_FRAMES} can be looked at')
    stamp_ns = message.stamp.sec * 1_000_000_000 + message.stamp.nanosec
    if stamp_ns < 0:
        raise InvalidRequestError(
            f'stamp is {stamp_ns * 1e-9:g} s, before the clock began; zero means the newest image')
    timeout_s = _duration_s(message.timeout, 'timeout', settings.timeout_s)
    if timeout_s > MAX_TIMEOUT_S:
        raise InvalidRequestError(
            f'timeout is {timeout_s:g} s, at most {MAX_TIMEOUT_S} s are waited for an answer')
    question = Question(
        message.question, answer_type, tuple(message.choices), message.frame_id.lstrip('/'),
        _tolerance(message.tolerance, settings.tolerance))
    return QueryRequest(
        question=question, cameras=tuple(dict.fromkeys(message.cameras)), stamp_ns=stamp_ns or None,
        window_s=_duration_s(message.window, 'window', settings.window_s),
        max_frames=message.max_frames or settings.max_frames,
        timeout_s=timeout_s, settings=settings)


def _tolerance(length_m: float, usual: Tolerance) -> Tolerance:
    """The tolerance of a request, which has no share beside it; the usual one for zero."""
    if length_m == 0:
        return usual
    if not 0 < length_m < math.inf:
        raise InvalidRequestError(
            f'tolerance is {length_m:g} m; give metres above zero, 0.02 to grasp or 0.1 to drive, '
            f"or zero for the node's default of {usual.length_m:g} m or {100 * usual.share:g} %")
    return replace(usual, length_m=length_m, share=0.0)


def _duration_s(duration: Any, name: str, default_s: float) -> float:
    """Seconds of a duration message; the default for zero."""
    seconds = duration.sec + duration.nanosec * 1e-9
    if not math.isfinite(seconds) or seconds < 0:
        raise InvalidRequestError(
            f'{name} is {seconds:g} s; give a positive duration, or zero for the node\'s '
            f'default of {default_s:g} s')
    return seconds or default_s
