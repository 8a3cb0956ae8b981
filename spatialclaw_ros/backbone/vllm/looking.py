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

"""A cell's `vlm` call as a conversation of its own; nothing in the call is trusted."""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.backbone.vllm.images import ImageParts
from spatialclaw_ros.backbone.vllm.messages import text_message, text_part, user_message
from spatialclaw_ros.backbone.vllm.prompts import look_prompt
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.workspace.calls import ToolCall
from spatialclaw_ros.workspace.observation import Frame, Observation

MAX_QUESTION_CHARS = 20_000


def look_role(call: ToolCall) -> str:
    """Role that serves a call: 'locate' or 'think'."""
    return 'locate' if call.args.get('kind') == 'locate' else 'think'


def look_messages(
    call: ToolCall, observation: Observation, images: ImageParts, max_images: int,
) -> bytes:
    """Messages as JSON, separated by commas; the pictures come before the question.

    Raises:
        BackboneError: no question, no pictures, too many, frames that aren't there, or arrays
            that are no picture.
    """
    question = call.args.get('question')
    if not isinstance(question, str) or not question.strip():
        raise BackboneError('the question must be a text')
    if len(question) > MAX_QUESTION_CHARS:
        raise BackboneError(
            f'the question has {len(question)} characters, at most {MAX_QUESTION_CHARS} are sent')
    pictures = _pictures(call, observation, max_images)
    parts: list[bytes] = []
    for number, picture in enumerate(pictures, start=1):
        if len(pictures) > 1:
            parts.append(text_part(f'Picture {number}'))
        parts.append(images.of(picture) if isinstance(picture, Frame)
                     else images.of_array(picture))
    parts.append(text_part(question))
    return text_message('system', look_prompt(look_role(call))) + b',' + user_message(parts)


def _pictures(
    call: ToolCall, observation: Observation, max_images: int,
) -> list[Frame | np.ndarray]:
    """What a cell wants to be looked at, in its order.

    An array `image_2` is the third picture; frames fill the places that no array takes.
    """
    indices = call.args.get('frame_indices') or []
    last = len(observation.frames) - 1
    if not isinstance(indices, list) or not all(
            type(index) is int and 0 <= index <= last for index in indices):
        raise BackboneError(f'frame_indices must be a list of frame indices in [0, {last}]')
    count = len(indices) + len(call.arrays)
    if not 1 <= count <= max_images:
        raise BackboneError(f'{count} pictures came, give 1 to {max_images}')
    arrays = dict(call.arrays)
    if any(a.ndim != 3 or a.shape[2] != 3 or a.dtype != np.uint8 or 0 in a.shape
           for a in arrays.values()):
        raise BackboneError('each picture must be (H, W, 3) uint8')
    frames = iter(indices)
    pictures = [
        arrays.pop(f'image_{place}') if f'image_{place}' in arrays
        else observation.frames[next(frames, last)] for place in range(count)]
    if arrays:
        raise BackboneError(
            f'arrays must be named image_0 to image_{count - 1}, got {sorted(arrays)[0][:40]!r}')
    return pictures
