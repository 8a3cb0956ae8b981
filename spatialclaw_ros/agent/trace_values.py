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


"""A trace's lines and files as the values that they were written from, as far as they are there.

Pictures of a trace are smaller than what they show and its points are a selection; what that, or
what was removed to save room, takes from the values is told beside them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Event,
    Evidence,
    EvidenceObject,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.agent.trace_keep import RAW
from spatialclaw_ros.agent.trace_lines import (
    AnsweredLine,
    CellRanLine,
    EndLine,
    FailedLine,
    FrameLine,
    ObjectLine,
    RefusedLine,
)
from spatialclaw_ros.agent.trace_reader import Trace, did_run
from spatialclaw_ros.agent.trace_store import load_arrays, load_observation
from spatialclaw_ros.errors import BrokenTraceError, InvalidRequestError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.cell import CellError, CellResult, ShownImage
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType, Question, Status
from spatialclaw_ros.workspace.tolerance import Tolerance

Notes = tuple[str, ...]

_UNREADABLE = (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError)


def question_of(trace: Trace) -> Question:
    """What was asked.

    Raises:
        BrokenTraceError: no node would have taken it.
    """
    asked = trace.started.question
    try:
        tolerance = Tolerance() if asked.tolerance is None else Tolerance(
            **msgspec.structs.asdict(asked.tolerance))
        return Question(
            asked.text, AnswerType[asked.answer_type], tuple(asked.choices), asked.frame_id,
            tolerance)
    except (InvalidRequestError, KeyError) as error:
        raise BrokenTraceError(f'{trace.path}: the question is broken: {error}') from error


def observation_of(trace: Trace) -> tuple[Observation, Notes]:
    """What the cameras saw.

    Returns:
        The observation as it was or, where its arrays are gone, from the pictures; and what it
        lacks then.

    Raises:
        BrokenTraceError: a picture can't be read, or there is none.
    """
    try:
        return load_observation(trace.path / RAW), ()
    except _UNREADABLE as error:
        gone = str(getattr(error, 'strerror', None) or error)
    started = trace.started
    if not started.frames:
        raise BrokenTraceError(f'{trace.path} names no image')
    notes = [f'the arrays of the trace are not there ({gone}): images are its JPEGs, enlarged '
             'where they were made smaller, and TF is that of the cameras alone']
    if any(line.has_depth for line in started.frames):
        notes.append('depth is not in the trace any more')
    frames = tuple(_frame_of(trace.path, line) for line in started.frames)
    return Observation(
        frames, started.world_frame, {}, tuple(started.missing), started.base_frame), tuple(notes)


def _frame_of(folder: Path, line: FrameLine) -> Frame:
    pose = None if line.T_world_camera is None else np.array(line.T_world_camera, np.float64)
    image = _picture(folder, line.image)
    size = (line.width or image.shape[1], line.height or image.shape[0])
    if image.shape[1::-1] != size:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))
    try:
        camera = None if line.intrinsics is None else PinholeCamera(
            **{**line.intrinsics, 'distortion': tuple(line.intrinsics.get('distortion', ()))})
        return Frame(
            line.index, line.camera, line.stamp_ns, line.frame_id, image, None, camera, pose)
    except (TypeError, ValueError) as error:
        raise BrokenTraceError(f'{folder}: image {line.index} is broken: {error}') from error


def _picture(folder: Path, name: str) -> np.ndarray:
    """A JPEG of a trace as RGB."""
    path = folder / name
    if len(Path(name).parts) != 1:
        raise BrokenTraceError(f'{folder}: {name!r} is no file of this trace')
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise BrokenTraceError(f'{path} can\'t be read as a picture')
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def evidence_of(trace: Trace, observation: Observation) -> tuple[Evidence, Notes]:
    """What the answer rests on.

    Returns:
        The evidence, and what the trace does not hold of it.

    Raises:
        BrokenTraceError: a file of it can't be read.
    """
    line = trace.evidence
    if not line.cloud:
        return Evidence(), ()
    try:
        clouds = load_arrays(trace.path / Path(line.cloud).name)
    except _UNREADABLE as error:
        raise BrokenTraceError(f'{trace.path / line.cloud} can\'t be read: {error}') from error
    notes = []
    left_out = sum(len(item.frames) - len(item.masks) for item in line.objects)
    if left_out:
        notes.append(f'{left_out} masks are not in the trace, which keeps the first ones')
    held = sum(len(clouds.get(f'object_{n}', ())) for n in range(len(line.objects)))
    found = sum(item.points for item in line.objects)
    if held < found:
        notes.append(f'{held} of {found} points of the objects are in the trace')
    shapes = {frame.index: frame.image.shape[:2] for frame in observation.frames}
    return Evidence(
        tuple(line.frame_indices),
        tuple(_object_of(trace.path, item, clouds.get(f'object_{number}'), shapes)
              for number, item in enumerate(line.objects)),
        _floats(line.points).reshape(-1, 3),
        {int(index): _floats(pose) for index, pose in line.extrinsics.items()},
        line.scale_source, tuple(line.notes)), tuple(notes)


def _object_of(
    folder: Path, line: ObjectLine, points: np.ndarray | None,
    shapes: dict[int, tuple[int, ...]],
) -> EvidenceObject:
    masks = {}
    for key, name in line.masks.items():
        shape = shapes.get(int(key))
        picture = cv2.imread(str(folder / Path(name).name), cv2.IMREAD_UNCHANGED)
        if shape is None or picture is None or picture.ndim != 3 or picture.shape[2] != 4:
            raise BrokenTraceError(f'{folder / name} can\'t be read as the mask of an image')
        inside = cv2.resize(
            (picture[..., 3] > 0).astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
        masks[int(key)] = inside.astype(bool)
    return EvidenceObject(
        line.label, np.empty((0, 3), np.float32) if points is None else points, masks,
        _floats(line.box_center), _floats(line.box_size), _floats(line.box_rotation),
        np.nan if line.score is None else line.score)


def events_of(trace: Trace, evidence: Evidence) -> Iterator[tuple[float, Event]]:
    """The query's events with their times, seconds since the trace began.

    Args:
        trace: of the query.
        evidence: as `evidence_of` gave it, for the event that ends the query.

    Raises:
        BrokenTraceError: a picture that a cell showed can't be read, or the end is of a kind
            that no query has.
    """
    if trace.plan is not None:
        yield trace.plan_s, Planned(trace.plan)
    for step in trace.steps:
        written, ran = step.written, step.ran
        if written is not None:
            yield written.at_s, CellWritten(
                written.step, written.purpose, written.reasoning, written.next_goal, written.code)
        if ran is not None:
            result = _result_of(trace.path, ran) if did_run(ran) else None
            yield ran.at_s, CellRan(ran.step, result, ran.feedback, ran.reply)
    end = None if trace.end is None else _end_of(trace.path, trace.end, evidence)
    if trace.end is not None and end is not None:
        yield trace.end.at_s, end


def _end_of(
    folder: Path, line: EndLine, evidence: Evidence,
) -> Answered | Refused | Failed | None:
    try:
        if isinstance(line, AnsweredLine):
            return Answered(
                _value_of(line.value), AnswerType[line.answer_type], line.text, line.unit,
                np.nan if line.sigma is None else line.sigma, line.frame, line.choice, evidence,
                line.steps)
        if isinstance(line, FailedLine):
            return Failed(Status[line.status], line.message, line.stage, line.steps)
    except KeyError as error:
        raise BrokenTraceError(f'{folder}: no answer has type or status {error}') from error
    return Refused(line.reason, evidence, line.steps) if isinstance(line, RefusedLine) else None


def _result_of(folder: Path, line: CellRanLine) -> CellResult:
    error = None if line.error is None else CellError(
        line.error.kind, line.error.message, line.error.line, line.error.traceback)
    return CellResult(
        stdout=line.stdout, error=error, duration_s=line.duration_s, tool_calls=line.tool_calls,
        images=tuple(ShownImage(image.label, _picture(folder, image.file))
                     for image in line.images), restarted=line.restarted)


def _value_of(value: Any) -> Any:
    """A value as `Answered` has it."""
    if isinstance(value, list):
        return np.array(value, dtype=np.float64)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _floats(values: Any) -> np.ndarray:
    """Numbers of a line; what is not finite is null there."""
    return np.array(values, dtype=np.float64)
