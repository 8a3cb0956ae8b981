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

"""Draws what an answer rests on over the image that shows it: masks, names, the measured line."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from spatialclaw_ros.agent.events import Answered, Evidence, Refused
from spatialclaw_ros.agent.evidence import seen_objects
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.ros.markers import is_length
from spatialclaw_ros.ros.palette import MEASURE_COLOUR, object_colour
from spatialclaw_ros.ros.placement import T_world_frame, newest_frame
from spatialclaw_ros.ros.plain import clean, time_message
from spatialclaw_ros.workspace.observation import Frame, Observation
from spatialclaw_ros.workspace.question import AnswerType

MASK_ALPHA = 0.25
EDGE_PX = 2
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
SHADE = (0, 0, 0, 160)
WHITE = (255, 255, 255)

RGB = tuple[int, int, int]


def overlay_message(
    end: Answered | Refused, observation: Observation, question: str = '',
) -> Image:
    """The overlay as an rgb8 message with the stamp and frame of its image."""
    frame = overlay_frame(observation, end.evidence)
    picture = draw_overlay(end, observation, question)
    height, width = picture.shape[:2]
    message = Image(
        header=Header(stamp=time_message(frame.stamp_ns), frame_id=clean(frame.frame_id)),
        height=height, width=width, encoding='rgb8', is_bigendian=0, step=3 * width)
    message.data.frombytes(picture.tobytes())
    return message


def overlay_frame(observation: Observation, evidence: Evidence) -> Frame:
    """The image that shows most of the objects, the newest of several; newest without objects."""
    best = frames_by_objects(observation.frames, evidence)[-1]
    return best if objects_on(best, evidence) else newest_frame(observation, evidence)


def frames_by_objects(frames: Sequence[Frame], evidence: Evidence) -> list[Frame]:
    """Frames by how many of the objects they show, then by age: the newest of the fullest last."""
    return sorted(frames, key=lambda frame: (len(objects_on(frame, evidence)), frame.index))


def draw_overlay(
    end: Answered | Refused, observation: Observation, question: str = '',
) -> np.ndarray:
    """Draw the picture.

    Args:
        end: the answer or refusal.
        observation: what the cameras saw.
        question: stands after the answer in the caption.

    Returns:
        (H, W, 3) uint8 RGB, as large as the image.
    """
    frame = overlay_frame(observation, end.evidence)
    objects = objects_on(frame, end.evidence)
    blended = frame.image.copy()
    for index, _, mask in objects:
        tint(blended, mask, object_colour(index))
    picture = PilImage.fromarray(blended)
    draw = ImageDraw.Draw(picture, 'RGBA')
    size = max(11, round(frame.image.shape[0] / 30))
    for index, label, mask in objects:
        x, y, _, _ = cv2.boundingRect(mask.view(np.uint8))
        _label(draw, (x, y - size - 6), label, object_colour(index), size)
    _draw_measure(draw, end, observation, frame, size)
    caption = end.text if isinstance(end, Answered) else f'refused: {end.reason}'
    _label(draw, (6, frame.image.shape[0] - size - 12), ' · '.join(
        filter(None, (caption, question))), WHITE, size)
    return np.asarray(picture)


def objects_on(frame: Frame, evidence: Evidence) -> list[tuple[int, str, np.ndarray]]:
    """Position, label and (H, W) bool mask of the objects that an image shows."""
    return [(index, found.label, mask) for index, found in enumerate(seen_objects(evidence))
            if (mask := found.masks.get(frame.index)) is not None and mask.any()
            and mask.shape == frame.image.shape[:2]]


def tint(image: np.ndarray, mask: np.ndarray, colour: RGB) -> None:
    """Colour what a mask covers of an (H, W, 3) uint8 image, in place, its edge fully."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    window = np.s_[y:y + height, x:x + width]
    part, inside = image[window], mask[window]
    if not part.size:
        return
    inner = cv2.erode(np.ascontiguousarray(inside).view(np.uint8), CROSS, iterations=EDGE_PX,
                      borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    flat = np.full_like(part, colour)
    np.copyto(part, flat, where=(inside & ~inner)[..., None])
    tinted = cv2.addWeighted(part, 1 - MASK_ALPHA, flat, MASK_ALPHA, 0)
    np.copyto(part, tinted, where=inner[..., None])


def _draw_measure(
    draw: ImageDraw.ImageDraw, end: Answered | Refused, observation: Observation, frame: Frame,
    size: int,
) -> None:
    points = np.asarray(end.evidence.points, dtype=np.float64).reshape(-1, 3)
    text = ''
    if isinstance(end, Answered) and is_length(end):
        text = end.text
    elif isinstance(end, Answered) and end.answer_type == AnswerType.POINT:
        text = end.text
        pose = T_world_frame(observation, end.evidence, end.frame)
        points = np.vstack([points, transform_points(pose, np.asarray(end.value))])
    pixels = _project(points, frame, end.evidence)
    if pixels is None:
        return
    near = [tuple(float(c) for c in p) for p in pixels if np.isfinite(p).all()]
    radius = max(2, size // (4 if len(near) <= 2 else 7))
    if text and end.evidence.points.shape[0] == len(near) == 2:
        draw.line(near, fill=(0, 0, 0), width=5)
        draw.line(near, fill=MEASURE_COLOUR, width=3)
    for x, y in near:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=MEASURE_COLOUR,
                     outline=(0, 0, 0))
    if near and len(near) <= 2 and text:
        x, y = np.mean(near, axis=0)
        _label(draw, (int(x), int(y) - size - radius - 8), text, MEASURE_COLOUR, size,
               centered=True)


def _project(points: np.ndarray, frame: Frame, evidence: Evidence) -> np.ndarray | None:
    pose = evidence.extrinsics.get(frame.index)
    if pose is None:
        pose = frame.T_world_camera
    if pose is None or frame.intrinsics is None or not len(points):
        return None
    return frame.intrinsics.project(transform_points(invert(np.asarray(pose)), points))


def _label(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, colour: RGB, size: int, *,
    centered: bool = False,
) -> None:
    font = _font(size)
    room_x, room_y = draw.im.size
    text = _fitted(draw, ' '.join(text.split()), font, room_x - 12)
    width = draw.textlength(text, font=font)
    left = corner[0] - width / 2 if centered else corner[0]
    x = min(max(left, 2), max(2, room_x - width - 8))
    y = min(max(corner[1], 2), max(2, room_y - size - 8))
    draw.rectangle((x, y, x + width + 6, y + size + 5), fill=SHADE)
    draw.text((x + 3, y + 1), text, fill=colour, font=font)


@functools.lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
    return ImageFont.truetype(str(path), size)


def _fitted(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, room: float,
) -> str:
    """A text cut to a width in pixels."""
    fits = len(text)
    while fits and draw.textlength(text[:fits], font=font) > room:
        fits = min(fits - 1, int(fits * room / draw.textlength(text[:fits], font=font)))
    return text if fits == len(text) else f'{text[:max(0, fits - 1)]}…'
