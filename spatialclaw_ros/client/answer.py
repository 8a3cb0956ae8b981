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

"""An answer as plain values: what `msg/SpatialAnswer` says, typed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from builtin_interfaces.msg import Time

from spatialclaw_ros.client.errors import NodeFaultError, error_of
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.workspace.question import AnswerType, Value


@dataclass(frozen=True)
class AnswerFrame:
    """One image that an answer rests on.

    Args:
        index: frame index within the query.
        camera: name from the node's `cameras` parameter.
        frame_id: its optical frame (z forward, x right, y down).
        stamp_ns: when it was taken, nanoseconds.
        has_depth: whether sensor depth was paired with it.
        has_intrinsics: whether a CameraInfo was paired with it.
        has_pose: whether TF placed it in the world at its stamp.
    """

    index: int
    camera: str
    frame_id: str
    stamp_ns: int
    has_depth: bool
    has_intrinsics: bool
    has_pose: bool


@dataclass(frozen=True, eq=False)
class Answer:
    """A typed, metric answer, and what it rests on. SI units.

    Args:
        value: float, bool, str (a text, or the choice), or a (3,) float64 point in `frame_id`.
        answer_type: which of these it is.
        unit: of a number or a point: 'm', 'rad', 'm^2'; '' for none.
        sigma: one standard deviation, in `unit`; NaN when unknown.
        text: the answer for a person, unit included: '0.412 m'.
        choice: index into the choices that were given; -1 without any.
        frame_id: TF frame of a point and of `points`; '' where there is none.
        stamp_ns: stamp of the newest image used, nanoseconds; 0 without images.
        points: (K, 3) float64 in `frame_id`, metres: the evidence, two points for a distance.
        cameras: names of the cameras that it rests on.
        frames: images that were looked at.
        scale_source: where metres come from: 'sensor_depth', 'tf_baseline', 'model', 'unknown' (no
            length is told); '' where nothing was measured.
        missing_priors: what was not there, or was assumed, a line each.
        steps: cells that ran.
        timings: part to seconds; has 'total'.
        question: as it was asked.
        query_id: the node's id of the query.
        trace_path: folder on the node's machine with the whole story; '' when traces are off.
        message: all of it as it came.
    """

    value: Value
    answer_type: AnswerType
    unit: str
    sigma: float
    text: str
    choice: int
    frame_id: str
    stamp_ns: int
    points: np.ndarray
    cameras: tuple[str, ...]
    frames: tuple[AnswerFrame, ...]
    scale_source: str
    missing_priors: tuple[str, ...]
    steps: int
    timings: Mapping[str, float]
    question: str
    query_id: str
    trace_path: str
    message: SpatialAnswer = field(repr=False)

    @classmethod
    def of(cls, message: SpatialAnswer) -> Answer:
        """Read a message.

        Raises:
            QueryError: its status is not OK; the class says which one it is.
            NodeFaultError: an answer of a kind that is not known here.
        """
        if message.status != SpatialAnswer.STATUS_OK:
            raise error_of(message)
        kind = _kind(message)
        return cls(
            value=_value(message, kind), answer_type=kind, unit=message.unit,
            sigma=float(message.sigma), text=message.text, choice=int(message.choice),
            frame_id=message.header.frame_id, stamp_ns=_nanoseconds(message.header.stamp),
            points=_points(message), cameras=tuple(message.cameras),
            frames=tuple(AnswerFrame(
                index=int(frame.index), camera=frame.camera, frame_id=frame.header.frame_id,
                stamp_ns=_nanoseconds(frame.header.stamp), has_depth=frame.has_depth,
                has_intrinsics=frame.has_intrinsics, has_pose=frame.has_pose,
            ) for frame in message.frames),
            scale_source=message.scale_source, missing_priors=tuple(message.missing_priors),
            steps=int(message.steps),
            timings=MappingProxyType({
                timing.name: float(timing.duration_s) for timing in message.timings}),
            question=message.question, query_id=message.query_id, trace_path=message.trace_path,
            message=message)


def _kind(message: SpatialAnswer) -> AnswerType:
    try:
        return AnswerType(message.answer_type)
    except ValueError:
        fault = copy.copy(message)
        fault.message = (
            f'the answer {message.text!r} has type {message.answer_type}, which is not known here; '
            'is the node of a newer version?')
        raise NodeFaultError(fault) from None


def _value(message: SpatialAnswer, kind: AnswerType) -> Value:
    if kind == AnswerType.NUMBER:
        return float(message.number)
    if kind == AnswerType.BOOLEAN:
        return bool(message.boolean)
    if kind == AnswerType.POINT:
        return _fixed(np.array([message.point.x, message.point.y, message.point.z]))
    return str(message.text)


def _points(message: SpatialAnswer) -> np.ndarray:
    return _fixed(np.array([[p.x, p.y, p.z] for p in message.points], float).reshape(-1, 3))


def _fixed(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def _nanoseconds(stamp: Time) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
