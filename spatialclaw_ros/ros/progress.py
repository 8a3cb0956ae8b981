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

"""Progress of a query for a person: its events as messages, with a small picture of each.

Service, action and topics read the same events; what each stage is called is written down here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from spatialclaw_ros.agent.doing import Working
from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Event,
    Evidence,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.msg import SpatialEvent
from spatialclaw_ros.ros.overlay import objects_on, overlay_frame, tint
from spatialclaw_ros.ros.palette import object_colour
from spatialclaw_ros.ros.plain import clean, shown_line, time_message
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType

MAX_EVENT_CHARS = 2000
THUMBNAIL_WIDTH = 320
JPEG_QUALITY = 80


@dataclass(frozen=True)
class Queued:
    """A query waits for its turn.

    Args:
        ahead: queries that will run before it, those that run now included.
    """

    ahead: int


@dataclass(frozen=True)
class Starting:
    """A query waits until the node has started."""


Progress = Starting | Queued | Observation | Event | Working
"""Everything that a caller may hear of a query: a step that takes long before its end, too."""


def event_message(query_id: str, event: Progress, max_steps: int, stamp: Time) -> SpatialEvent:
    """One thing that happened, as a message.

    Args:
        query_id: the query's.
        event: what happened.
        max_steps: cells that may be written for this query.
        stamp: when, ROS clock.
    """
    stage, step, text = describe(event)
    text = text if len(text) <= MAX_EVENT_CHARS else text[:MAX_EVENT_CHARS - 1] + '…'
    return SpatialEvent(
        query_id=query_id, stage=stage, step=step, max_steps=max_steps, text=shown_line(text),
        stamp=stamp)


@functools.singledispatch
def describe(event: object) -> tuple[str, int, str]:
    """Stage, step and one line for a person of a step of a query."""
    raise TypeError(f'expected an event of a query, got {type(event).__name__}')


@describe.register
def _(event: Queued) -> tuple[str, int, str]:
    return 'queued', 0, f'waits for {event.ahead} other quer{"y" if event.ahead == 1 else "ies"}'


@describe.register
def _(event: Starting) -> tuple[str, int, str]:
    return 'queued', 0, 'waits until the node has started'


@describe.register
def _(event: Working) -> tuple[str, int, str]:
    return event.stage, event.step, f'{event.text} …'


@describe.register
def _(event: Observation) -> tuple[str, int, str]:
    return 'frames', 0, (
        f'{len(event.frames)} images of {", ".join(event.cameras)} over {event.duration_s:.2f} s')


@describe.register
def _(event: Planned) -> tuple[str, int, str]:
    return 'plan', 0, ' '.join(event.text.split())


@describe.register
def _(event: CellWritten) -> tuple[str, int, str]:
    return 'write', event.step, event.purpose


@describe.register
def _(event: CellRan) -> tuple[str, int, str]:
    if event.result is None:
        return 'run', event.step, 'the reply could not be read; asked again'
    error = event.result.error
    ending = f'{error.kind}: {error.message}' if error else 'ran'
    again = ', in a new worker' if event.result.restarted else ''
    return 'run', event.step, f'{ending} ({event.result.duration_s:.2f} s{again})'


@describe.register
def _(event: Answered) -> tuple[str, int, str]:
    in_world = event.answer_type == AnswerType.POINT and not event.frame
    return 'answer', event.steps, event.text + (' in the world frame' if in_world else '')


@describe.register
def _(event: Refused) -> tuple[str, int, str]:
    return 'answer', event.steps, f'refused: {event.reason}'


@describe.register
def _(event: Failed) -> tuple[str, int, str]:
    return 'answer', event.steps, f'{event.status.name}: {event.message}'


def thumbnail(event: Progress, observation: Observation | None) -> CompressedImage:
    """A small JPEG of what an event is about; make it only when somebody listens.

    The newest image when the images are there; the last picture that a cell showed; at an answer
    or refusal the image that shows most of the objects it rests on, with their masks.

    Args:
        event: what happened.
        observation: what the cameras saw; None before it is there.

    Returns:
        At most `THUMBNAIL_WIDTH` pixels wide, with stamp and frame of its image (a picture that a
        cell showed belongs to no frame); without data when there is nothing to see.
    """
    if isinstance(event, Observation):
        newest = event.frames[-1]
        return _jpeg(_shrunk(newest.image), newest)
    if isinstance(event, CellRan):
        pictures = event.result.images if event.result is not None else ()
        return _jpeg(_shrunk(pictures[-1].array)) if pictures else CompressedImage()
    if isinstance(event, Answered | Refused) and observation is not None:
        frame = overlay_frame(observation, event.evidence)
        return _jpeg(_masked(frame, event.evidence), frame)
    return CompressedImage()


def _masked(frame: Frame, evidence: Evidence) -> np.ndarray:
    picture = _shrunk(frame.image)
    size = (picture.shape[1], picture.shape[0])
    for index, _, mask in objects_on(frame, evidence):
        small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        tint(picture, small.astype(bool), object_colour(index))
    return picture


def _shrunk(image: np.ndarray) -> np.ndarray:
    """A copy of an RGB image, not wider than a thumbnail."""
    height, width = image.shape[:2]
    if width <= THUMBNAIL_WIDTH:
        return image.copy()
    size = (THUMBNAIL_WIDTH, max(1, round(height * THUMBNAIL_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _jpeg(picture: np.ndarray, frame: Frame | None = None) -> CompressedImage:
    done, data = cv2.imencode(
        '.jpg', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    message = CompressedImage(format='jpeg')
    if frame is not None:
        message.header = Header(stamp=time_message(frame.stamp_ns), frame_id=clean(frame.frame_id))
    if done:
        message.data.frombytes(data.tobytes())
    return message
