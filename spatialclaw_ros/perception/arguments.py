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

"""Checks of a tool call's arguments: they come from a worker that nobody trusts.

Each function gives the checked value or raises `PerceptionError` with a sentence for the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.protocols import SegmentRequest
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Observation

MAX_PROMPTS = 16
MAX_TEXT_CHARS = 200
MAX_POINTS = 64
MAX_BOXES = 32
MAX_IMAGE_SIDE = 8192
MODES = ('text', 'points', 'box')


def text(args: Mapping[str, Any], name: str) -> str:
    """A short, non-empty text."""
    value = args.get(name)
    if not isinstance(value, str) or not value.strip():
        raise PerceptionError(f'{name} must be a text such as "red mug", got {_short(value)}')
    if len(value) > MAX_TEXT_CHARS:
        raise PerceptionError(
            f'{name} has {len(value)} characters, at most {MAX_TEXT_CHARS} are read; '
            'name one thing in a few words')
    return value.strip()


def texts(args: Mapping[str, Any], name: str, required: bool) -> tuple[str, ...]:
    """A list of short texts."""
    value = args.get(name)
    if value is None and not required:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)) or (required and not value):
        raise PerceptionError(f'{name} must be a list of texts, got {_short(value)}')
    if len(value) > MAX_PROMPTS:
        raise PerceptionError(f'{name} has {len(value)} texts, at most {MAX_PROMPTS} are read')
    return tuple(text({name: item}, name) for item in value)


def frame_index(value: object, observation: Observation, name: str = 'frame_index') -> int:
    """One index of a frame that exists."""
    last = len(observation.frames) - 1
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise PerceptionError(f'{name} must be a whole number in [0, {last}], got {_short(value)}')
    if not 0 <= value <= last:
        raise PerceptionError(
            f'frame {_short(value)} is not in [0, {last}]; '
            f'did you mean {0 if value < 0 else last}?')
    return int(value)


def frame_indices(
    args: Mapping[str, Any], observation: Observation, required: bool = True,
) -> tuple[int, ...]:
    """Indices of frames that exist, each once."""
    value = args.get('frame_indices')
    if (value is None or (isinstance(value, (list, tuple)) and not value)) and not required:
        return ()
    if not isinstance(value, (list, tuple)) or not value:
        raise PerceptionError(f'frame_indices must be a list such as [0, 3], got {_short(value)}')
    if len(value) > len(observation.frames):
        raise PerceptionError(
            f'frame_indices has {len(value)} entries, there are {len(observation.frames)} frames')
    found = tuple(frame_index(item, observation, 'frame_indices') for item in value)
    if len(set(found)) < len(found):
        twice = sorted({index for index in found if found.count(index) > 1})
        raise PerceptionError(f'frame_indices names frames {twice} more than once; once is enough')
    return found


def image(arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """An RGB image that is not one of the frames, or None."""
    value = arrays.get('image')
    if value is None:
        return None
    shape = getattr(value, 'shape', None)
    if (not isinstance(value, np.ndarray) or value.ndim != 3 or value.shape[2] != 3
            or value.dtype != np.uint8 or 0 in value.shape):
        raise PerceptionError(
            f'image must be (H, W, 3) uint8 RGB, got {shape} {getattr(value, "dtype", "")}')
    if max(value.shape[:2]) > MAX_IMAGE_SIDE:
        raise PerceptionError(
            f'image is {value.shape[1]}x{value.shape[0]}, at most {MAX_IMAGE_SIDE} a side')
    return np.ascontiguousarray(value)


def segment_request(call: ToolCall, observation: Observation) -> SegmentRequest:
    """Everything a `segment` call may carry."""
    args = call.args
    mode = args.get('mode')
    if not isinstance(mode, str) or mode not in MODES:
        raise PerceptionError(f'mode must be one of {", ".join(MODES)}, got {_short(mode)}')
    picture = image(call.arrays)
    indices = frame_indices(args, observation, required=picture is None)
    if picture is not None:
        indices = ()
    prompts = texts(args, 'prompts', required=mode == 'text')
    labels = texts(args, 'labels', required=False)
    if mode == 'text':
        if labels and len(labels) not in (1, len(prompts)):
            raise PerceptionError(
                f'{len(labels)} labels came for {len(prompts)} prompts; give one for each')
        return SegmentRequest(
            mode=mode, frame_indices=indices, prompts=prompts, labels=labels, image=picture)
    prompt_frame, size = None, (0, 0)
    if picture is not None:
        size = picture.shape[:2]
    else:
        chosen = args.get('prompt_frame')
        prompt_frame = (
            indices[0] if chosen is None else frame_index(chosen, observation, 'prompt_frame'))
        size = observation.frames[prompt_frame].image.shape[:2]
    points = point_labels = boxes = None
    if mode == 'points':
        points, point_labels = _points(call.arrays, size)
    else:
        boxes = _boxes(call.arrays, size)
        if labels and len(labels) not in (1, len(boxes)):
            raise PerceptionError(f'{len(labels)} labels came for {len(boxes)} boxes')
    return SegmentRequest(
        mode=mode, frame_indices=indices, prompts=prompts, labels=labels, points=points,
        point_labels=point_labels, boxes=boxes, prompt_frame=prompt_frame, image=picture)


def _points(
    arrays: Mapping[str, np.ndarray], size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    points = _numbers(arrays.get('points'), 'points', 2, MAX_POINTS, '(K, 2) pixels x, y')
    outside = (points < -0.5).any(axis=1) | (points > (size[1] - 0.5, size[0] - 0.5)).any(axis=1)
    if outside.any():
        raise PerceptionError(
            f'point {points[outside][0].round(1).tolist()} is outside the {size[1]}x{size[0]} '
            'image; points are pixels (x, y), so turn normalised ones with '
            'tools.Geometry.normalized_to_pixel')
    labels = arrays.get('point_labels')
    if labels is None:
        return points, np.ones(len(points), dtype=np.int64)
    if not isinstance(labels, np.ndarray) or labels.shape != (len(points),) or (
            labels.dtype.kind not in 'iufb') or not np.isin(labels, (0, 1)).all():
        raise PerceptionError(
            f'point_labels must be {len(points)} values, 1 for inside and 0 for outside, '
            f'got {_short(labels)}')
    if not (labels == 1).any():
        raise PerceptionError('at least one point must be inside the object (label 1)')
    return points, labels.astype(np.int64)


def _boxes(arrays: Mapping[str, np.ndarray], size: tuple[int, int]) -> np.ndarray:
    boxes = _numbers(arrays.get('boxes'), 'boxes', 4, MAX_BOXES, '(N, 4) pixels x0, y0, x1, y1')
    for box in boxes:
        if not (box[2] > box[0] and box[3] > box[1]):
            raise PerceptionError(
                f'box {box.round(1).tolist()} has no area; give x0, y0, x1, y1 with x0 < x1 and '
                'y0 < y1')
    top = np.array([size[1], size[0], size[1], size[0]], dtype=np.float64)
    clipped = np.clip(boxes, 0.0, top)
    empty = (clipped[:, 2] - clipped[:, 0] < 2) | (clipped[:, 3] - clipped[:, 1] < 2)
    if empty.any():
        raise PerceptionError(
            f'box {boxes[empty][0].round(1).tolist()} covers less than 2 pixels of the '
            f'{size[1]}x{size[0]} image; boxes are pixels, so turn normalised ones with '
            'tools.Geometry.normalized_to_pixel')
    return clipped


def _numbers(value: object, name: str, width: int, most: int, wanted: str) -> np.ndarray:
    shape = getattr(value, 'shape', None)
    if (not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] != width
            or not 1 <= len(value) <= most or value.dtype.kind not in 'iuf'):
        raise PerceptionError(
            f'{name} must be {wanted}, 1 to {most} of them, got {shape or _short(value)}')
    numbers = value.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise PerceptionError(f'{name} must be finite, got {numbers.tolist()}')
    return numbers


def _short(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > 10**12:
        return 'a very large number'
    shown = repr(value)
    return shown if len(shown) <= 60 else f'{shown[:57]}...'
