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

"""A trace as messages on a timeline, as the node and its cameras sent them.

The timeline is that of the images: what happened after them has the stamp of the newest one plus
the time that had gone by since the query began.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from rcl_interfaces.msg import Log
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.agent.trace_reader import Trace
from spatialclaw_ros.agent.trace_values import events_of, evidence_of, observation_of, question_of
from spatialclaw_ros.ros.answers import answer_message, in_asked_frame
from spatialclaw_ros.ros.drawings import drawing_types, drawings, without
from spatialclaw_ros.ros.outcome import Outcome, QueryRequest
from spatialclaw_ros.ros.plain import clean, time_message
from spatialclaw_ros.ros.progress import Progress, describe, event_message
from spatialclaw_ros.sim.messages import (
    COLOR_FORMAT,
    SECOND_NS,
    Topics,
    camera_info,
    color_data,
    compressed_message,
    depth_metres_data,
    encode_color,
    image_message,
    transform_messages,
)
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import Question

NODE = '/spatialclaw'
LATCHED = frozenset({
    '/tf_static', f'{NODE}/answer', *(f'{NODE}/{name}' for name in drawing_types())})
EVENTS, CELLS, LOG, SHOWN = (f'{NODE}/{name}' for name in ('events', 'cells', 'log', 'shown'))

Stamped = tuple[int, str, Any]
"""Time in nanoseconds, topic, message."""


@dataclass(frozen=True)
class Timeline:
    """A query's messages.

    Args:
        messages: in time order; made one by one as they are asked for, once.
        notes: what could not be put in, one line each.
    """

    messages: Iterator[Stamped]
    notes: tuple[str, ...] = ()


def timeline_of(trace: Trace, *, jpeg: bool = False) -> Timeline:
    """Make the messages of a trace.

    Args:
        trace: of any query, of one that is cut off as far as it goes.
        jpeg: whether images are compressed: small, but not to the bit what the cameras saw.

    Raises:
        BrokenTraceError: a file of it can't be read.
    """
    question = question_of(trace)
    observation, lost = observation_of(trace)
    evidence, missed = evidence_of(trace, observation)
    notes = (*lost, *missed, *_missing(trace, observation))
    happened: list[tuple[float, Progress]] = [(0.0, observation), *events_of(trace, evidence)]
    # of one moment: TF, what the cameras saw, and then what was made of it
    return Timeline(heapq.merge(
        _transforms(observation), _cameras(observation, jpeg),
        _story(trace, question, observation, happened, notes), key=itemgetter(0)), notes)


def _story(
    trace: Trace, question: Question, observation: Observation,
    happened: Iterable[tuple[float, Progress]], notes: Iterable[str],
) -> Iterator[Stamped]:
    """What happened once the images were there."""
    start_ns = observation.frames[-1].stamp_ns
    query_id, base_frame = trace.path.name, trace.started.base_frame
    max_steps = int(trace.started.setup.get('budgets', {}).get('max_steps', 0))
    for note in notes:
        yield start_ns, LOG, _log(start_ns, Log.WARN, note)
    for at_s, event in happened:
        stamp_ns = start_ns + round(at_s * SECOND_NS)
        yield from _progress(query_id, event, max_steps, stamp_ns)
        if isinstance(event, (Answered, Refused, Failed)):
            outcome = Outcome(
                query_id, question.text, event, QueryRequest(
                    question, (), None, 0.0, len(observation.frames), 0.0), observation,
                {'total': trace.end_s})
            yield from _end(in_asked_frame(outcome), base_frame, stamp_ns)


def _missing(trace: Trace, observation: Observation) -> Iterator[str]:
    """What neither the query nor, therefore, its trace had."""
    if not observation.world_frame:
        yield 'no /tf: TF placed no image'
    for name in observation.cameras:
        if all(f.intrinsics is None for f in observation.frames if f.camera == name):
            yield f'no CameraInfo of {name}: none came with its images'
    if trace.status in ('CUT_OFF', 'BROKE_OFF'):
        yield f'no answer: {trace.answer}'
    elif trace.status not in ('OK', 'REFUSED'):
        yield f'no drawings: the query ended {trace.status}'
    elif without():
        yield without()


def _transforms(observation: Observation) -> Iterator[Stamped]:
    """All that is known of TF, each frame a child of the world; static where it never moved."""
    world = observation.world_frame
    if not world:
        return
    poses: dict[str, dict[int, np.ndarray]] = {}
    for name, held in observation.transforms.items():
        if name != world:
            poses[name] = {frame.stamp_ns: pose for frame, pose in zip(observation.frames, held)
                           if np.isfinite(pose).all()}
    for frame in observation.frames:
        if frame.T_world_camera is not None and frame.frame_id not in ('', world):
            poses.setdefault(frame.frame_id, {})[frame.stamp_ns] = frame.T_world_camera
    first_ns = observation.frames[0].stamp_ns
    still = {name: next(iter(held.values())) for name, held in poses.items() if held and all(
        np.allclose(pose, next(iter(held.values())), atol=1e-9) for pose in held.values())}
    if still:
        yield first_ns, '/tf_static', TFMessage(transforms=transform_messages(
            {(world, name): pose for name, pose in still.items()}, first_ns))
    moving = {name: held for name, held in poses.items() if name not in still}
    for stamp_ns in sorted({stamp for held in moving.values() for stamp in held}):
        yield stamp_ns, '/tf', TFMessage(transforms=transform_messages(
            {(world, name): held[stamp_ns] for name, held in moving.items() if stamp_ns in held},
            stamp_ns))


def _cameras(observation: Observation, jpeg: bool) -> Iterator[Stamped]:
    for frame in observation.frames:
        topics = Topics(f'/{re.sub(r"[^A-Za-z0-9_]", "_", frame.camera)}')
        for topic, message in _camera(frame, topics, jpeg):
            yield frame.stamp_ns, topic, message


def _camera(frame: Frame, topics: Topics, jpeg: bool) -> Iterator[tuple[str, Any]]:
    height, width = frame.image.shape[:2]
    stamp_ns, frame_id = frame.stamp_ns, clean(frame.frame_id)
    if frame.intrinsics is not None:
        yield topics.info, camera_info(frame.intrinsics, stamp_ns, frame_id)
    if jpeg:
        yield topics.color_compressed, compressed_message(
            encode_color(frame.image), COLOR_FORMAT, stamp_ns, frame_id)
    else:
        yield topics.color, image_message(
            color_data(frame.image), width, height, 'rgb8', stamp_ns, frame_id)
    if frame.depth_m is not None:
        if frame.intrinsics is not None:
            yield topics.depth_info, camera_info(frame.intrinsics, stamp_ns, frame_id)
        yield topics.depth, image_message(
            depth_metres_data(frame.depth_m), width, height, '32FC1', stamp_ns, frame_id)


def _progress(
    query_id: str, event: Progress, max_steps: int, stamp_ns: int,
) -> Iterator[Stamped]:
    """The event itself, a line of a log, the cell's text, and the pictures that it showed."""
    yield stamp_ns, EVENTS, event_message(query_id, event, max_steps, time_message(stamp_ns))
    stage, step, text = describe(event)
    failed = isinstance(event, Failed) or (
        isinstance(event, CellRan) and (event.result is None or event.result.error is not None))
    yield stamp_ns, LOG, _log(
        stamp_ns, Log.WARN if failed else Log.INFO, f'{stage} {step}: {text}')
    if isinstance(event, (Planned, CellWritten, CellRan)):
        yield stamp_ns, CELLS, String(data=clean(cell_text(event)))
    if isinstance(event, CellRan) and event.result is not None:
        for shown in event.result.images:
            yield stamp_ns, SHOWN, compressed_message(
                encode_color(shown.array), COLOR_FORMAT, stamp_ns, '')


def cell_text(event: Planned | CellWritten | CellRan) -> str:
    """A plan, a cell as it was written, or what came of it: Markdown."""
    if isinstance(event, Planned):
        return f'# Plan\n{event.text}\n'
    if isinstance(event, CellWritten):
        return (f'# Cell {event.step}: {event.purpose}\n{event.reasoning}\n\n'
                f'```python\n{event.code.strip()}\n```\n')
    if event.result is None:
        return f'# Reply {event.step} could not be read\n```\n{event.reply}\n```\n'
    result = event.result
    parts = [f'# Cell {event.step} ran, {result.duration_s:.2f} s\n']
    if result.stdout:
        parts.append(f'```\n{result.stdout.rstrip()}\n```\n')
    if result.error is not None:
        error = result.error
        parts.append(f'```\n{error.traceback}\n{error.kind}: {error.message}\n```\n')
    return ''.join(parts)


def _end(outcome: Outcome, base_frame: str, stamp_ns: int) -> Iterator[Stamped]:
    """The answer, and the drawings of what it rests on."""
    answer = answer_message(outcome, default_frames=(base_frame,))
    yield stamp_ns, f'{NODE}/answer', answer
    if isinstance(outcome.end, Failed) or outcome.observation is None:
        return
    for name, message in drawings(
            outcome.end, outcome.observation, outcome.text, answer.header.frame_id):
        yield stamp_ns, f'{NODE}/{name}', message


def _log(stamp_ns: int, level: Any, text: str) -> Log:
    # Humble has the levels as bytes, later distributions as numbers
    number = level if isinstance(level, int) else int.from_bytes(level, 'little')
    return Log(stamp=time_message(stamp_ns), level=number, name='spatialclaw', msg=clean(text))
