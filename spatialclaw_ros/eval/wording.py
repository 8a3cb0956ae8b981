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


"""A data set's question as the agent is asked it, and the agent's end as what was said."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from spatialclaw_ros.agent.answers import point_text
from spatialclaw_ros.agent.events import Answered, Event, Failed, Refused
from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.eval.records import Question, Said
from spatialclaw_ros.geometry.se3 import transform_points
from spatialclaw_ros.ros.placement import T_world_frame, place
from spatialclaw_ros.workspace import question as asked
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import AnswerType

_TYPES = {'number': AnswerType.NUMBER, 'count': AnswerType.NUMBER, 'yes_no': AnswerType.BOOLEAN,
          'point': AnswerType.POINT, 'text': AnswerType.TEXT}


def to_ask(question: Question, *, typed: bool) -> asked.Question:
    """The question as the agent gets it.

    Args:
        question: of a data set.
        typed: whether its answer must be of the question's kind, as `Sheet.typed` has it.

    Raises:
        InvalidRequestError: it is too long, or its options can't be used.
    """
    if not typed:  # a number or a letter, in the form that the hint asks for
        return asked.Question(plain_text(question), AnswerType.TEXT)
    text = '\n\n'.join(filter(None, (question.text, question.hint)))
    if question.options:
        return asked.Question(text, AnswerType.CHOICE, question.options)
    return asked.Question(
        text, _TYPES.get(question.answer, AnswerType.ANY), frame_id=question.frame)


def plain_text(question: Question) -> str:
    """Question, hint and lettered options, as the SpatialClaw paper's evaluation puts them."""
    options = '\n'.join(
        f'{letter}. {option}' for letter, option in zip(string.ascii_uppercase, question.options)
        if option)  # one that a data set leaves blank keeps its letter
    return '\n\n'.join(filter(None, (question.text, question.hint, options)))


def said_of(end: Event, question: Question, observation: Observation) -> Said:
    """What came back.

    Args:
        end: the last event of a session.
        question: what was asked; its letters stand for its options, its frame is a point's.
        observation: what was seen.
    """
    if isinstance(end, Refused):
        return Said(status='REFUSED', message=end.reason, **_basis(end, observation))
    if isinstance(end, Failed):
        return Said(status=end.status.name, message=end.message)
    assert isinstance(end, Answered), f'a session ended with {end}'
    given: dict[str, Any] = {
        'unit': end.unit, 'sigma': None if math.isnan(end.sigma) else end.sigma,
        **_basis(end, observation)}
    if isinstance(end.value, np.ndarray):
        return _point_said(end, question, observation, given)
    value: str | float | bool = end.value
    if question.answer == 'letter' and 0 <= end.choice < len(string.ascii_uppercase):
        value = string.ascii_uppercase[end.choice]
    return Said(status='OK', text=end.text, value=value, **given)


def _point_said(
    end: Answered, question: Question, observation: Observation, given: dict[str, Any],
) -> Said:
    """A point in the frame that was asked for, else in the robot's own, as the node gives it.

    One that can't be given there is refused, as the node refuses it: a robot never gets it.
    """
    wanted = (question.frame,) if question.frame else (end.frame, observation.base_frame)
    try:
        pose = T_world_frame(observation, end.evidence, end.frame)
        placement = place(observation, end.evidence, wanted)
        if not placement.frame_id or (question.frame and placement.frame_id != question.frame):
            raise TransformError(placement.note)
    except TransformError as error:
        return Said(status='REFUSED', message=str(error), **_basis(end, observation))
    point = placement.points(transform_points(pose, np.asarray(end.value)))
    return Said(
        status='OK', text=point_text(point, placement.frame_id),
        value=tuple(float(number) for number in point), frame=placement.frame_id, **given)


def _basis(end: Answered | Refused, observation: Observation) -> dict[str, Any]:
    notes = (*observation.missing, *end.evidence.notes)
    return {'scale_source': end.evidence.scale_source, 'notes': tuple(dict.fromkeys(notes))}
