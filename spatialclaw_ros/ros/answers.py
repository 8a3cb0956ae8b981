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

"""Turns a query's outcome into `msg/SpatialAnswer`, in the frame that was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import Header

from spatialclaw_ros.agent.answers import point_text
from spatialclaw_ros.agent.events import Answered, Evidence, Failed, Refused
from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.geometry.se3 import transform_points
from spatialclaw_ros.msg import SpatialAnswer, SpatialFrame, SpatialTiming
from spatialclaw_ros.ros.advice import NO_REASON
from spatialclaw_ros.ros.placement import Placement, T_world_frame, newest_frame, place
from spatialclaw_ros.ros.plain import clean, point_message, shown_line, shown_text, time_message
from spatialclaw_ros.ros.query import Outcome
from spatialclaw_ros.ros.tf_topics import PLAIN, TfTopics
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import MAX_QUESTION_CHARS, AnswerType


def evidence_of(outcome: Outcome) -> Evidence:
    """What an outcome rests on; empty where it failed."""
    return Evidence() if isinstance(outcome.end, Failed) else outcome.end.evidence


def in_asked_frame(outcome: Outcome, tf: TfTopics = PLAIN) -> Outcome:
    """The same outcome, or a refusal where its point can't be given in the frame asked for.

    Args:
        outcome: how a query ended.
        tf: for the commands in messages.
    """
    end, observation, request = outcome.end, outcome.observation, outcome.request
    if not isinstance(end, Answered) or end.answer_type != AnswerType.POINT:
        return outcome
    if observation is None or request is None:
        return outcome
    fault = ''
    for name in (request.question.frame_id, end.frame):
        try:
            T_world_frame(observation, end.evidence, name)
        except TransformError as error:
            seen_from = observation.world_frame or newest_frame(observation, end.evidence).frame_id
            fault = fault or f'{error}; check {tf.echo(seen_from, name)}'
    if not fault and not place(observation, end.evidence, ()).frame_id:
        fault = (
            f'the point {end.text} has no frame to be given in: no pose of a camera is known; '
            f'check {tf.rate}')
    return replace(outcome, end=Refused(fault, end.evidence, end.steps)) if fault else outcome


def answer_message(outcome: Outcome, *, default_frames: tuple[str, ...] = ()) -> SpatialAnswer:
    """Build the message.

    Args:
        outcome: how the query ended; passed through `in_asked_frame` before.
        default_frames: TF frames for points when the request names none, best first.
    """
    end, observation = outcome.end, outcome.observation
    answer = SpatialAnswer(
        query_id=outcome.query_id, question=shown_text(outcome.text[:MAX_QUESTION_CHARS]),
        status=int(outcome.status), number=math.nan, choice=-1, sigma=math.nan,
        point=Point(x=math.nan, y=math.nan, z=math.nan), steps=end.steps,
        trace_path=clean(outcome.trace_path),
        timings=[SpatialTiming(name=name, duration_s=float(duration_s))
                 for name, duration_s in outcome.timings.items()])
    if isinstance(end, Failed):
        answer.message = shown_line(end.message)
    elif isinstance(end, Refused):
        answer.message = shown_line(_reason(end, observation))
    if observation is None:
        return answer

    evidence = evidence_of(outcome)
    placement = place(observation, evidence, _wanted_frames(outcome, default_frames))
    answer.header = Header(
        stamp=time_message(placement.stamp_ns), frame_id=clean(placement.frame_id))
    answer.points = [point_message(p) for p in placement.points(evidence.points)]
    _fill_basis(answer, observation, evidence, placement)
    if isinstance(end, Answered):
        _fill_value(answer, end, observation, placement)
    return answer


def _wanted_frames(outcome: Outcome, default_frames: tuple[str, ...]) -> tuple[str, ...]:
    """The request's frame; else the one that the question itself names for its point."""
    asked = outcome.request.question.frame_id if outcome.request else ''
    if asked:
        return (asked,)
    end = outcome.end
    if isinstance(end, Answered) and end.answer_type == AnswerType.POINT:
        return (end.frame, *default_frames)
    return default_frames


def _reason(end: Refused, observation: Observation | None) -> str:
    """Why it was refused; where nothing could be measured at all, with what is missing for it."""
    reason = end.reason or NO_REASON
    if observation is None or not observation.missing or any(
            frame.depth_m is not None and frame.intrinsics is not None
            for frame in observation.frames):
        return reason
    return f'{reason}. Missing: {"; ".join(observation.missing)}'


def _fill_basis(
    answer: SpatialAnswer, observation: Observation, evidence: Evidence, placement: Placement,
) -> None:
    used = set(evidence.frame_indices)
    looked_at: tuple[Frame, ...] = tuple(
        frame for frame in observation.frames if frame.index in used)
    looked_at = looked_at or observation.frames
    answer.frames = [frame_message(frame) for frame in looked_at]
    answer.cameras = list(dict.fromkeys(frame.camera for frame in looked_at))
    answer.scale_source = shown_line(evidence.scale_source)
    notes: Iterable[str] = (*observation.missing, *evidence.notes)
    if placement.note and len(evidence.points):
        notes = (*notes, placement.note)
    answer.missing_priors = [shown_line(note) for note in dict.fromkeys(notes)]


def _fill_value(
    answer: SpatialAnswer, end: Answered, observation: Observation, placement: Placement,
) -> None:
    value = end.value
    answer.answer_type = int(end.answer_type)
    answer.text = shown_text(end.text)
    answer.unit = shown_line(end.unit)
    answer.sigma = float(end.sigma)
    answer.choice = int(end.choice)
    if isinstance(value, np.ndarray):
        pose = T_world_frame(observation, end.evidence, end.frame)
        point = placement.points(transform_points(pose, value))
        answer.point = point_message(point)
        answer.text = shown_text(point_text(point, placement.frame_id))
    elif isinstance(value, bool):
        answer.boolean = value
    elif isinstance(value, float):
        answer.number = value


def frame_message(frame: Frame) -> SpatialFrame:
    """One image that an answer rests on."""
    # a header that is given is made beside the message's own: twice the time
    message = SpatialFrame(
        index=frame.index, camera=frame.camera,
        has_depth=frame.depth_m is not None, has_intrinsics=frame.intrinsics is not None,
        has_pose=frame.T_world_camera is not None)
    header = message.header
    header.frame_id = clean(frame.frame_id)
    header.stamp.sec, header.stamp.nanosec = divmod(frame.stamp_ns, 1_000_000_000)
    return message
