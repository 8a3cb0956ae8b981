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


"""`vlm`: questions to a vision-language model in a separate session."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatialclaw_ros.workspace.calls import JSON
from spatialclaw_ros.workspace.frames import InputImages
from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`vlm.locate(images, question)`: text with points or boxes in 0..1000 coordinates; turn them to
  pixels with `tools.Geometry.normalized_to_pixel(coordinates, image)`.
`vlm.ask_with_thinking(images, question)`: text. Both see only these images and this question."""


class Vlm(Teaching):
    """Two kinds of question; each answer is text."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def locate(self, images: Any, question: str) -> str:
        """Where something is, as text with 0..1000 coordinates."""
        return self._ask('locate', images, question)

    def ask_with_thinking(self, images: Any, question: str) -> str:
        """Anything else, as text."""
        return self._ask('think', images, question)

    def _ask(self, kind: str, images: Any, question: str) -> str:
        self._scope.require('vlm', 'vlm')
        if isinstance(images, str) and not isinstance(question, str):
            images, question = question, images
        if not isinstance(question, str) or not question.strip():
            raise ValueError('question must be a text; call vlm.locate(images, question)')
        several = isinstance(images, (InputImages, list, tuple))
        frames: list[JSON] = []
        arrays: dict[str, np.ndarray] = {}
        for place, image in enumerate(images if several else [images]):
            frame, picture = self._scope.frame_or_picture(image)
            if picture is None:
                frames.append(frame)
            else:
                # frames take the places that are left: "the second picture" means the same there
                arrays[f'image_{place}'] = np.ascontiguousarray(picture)
        if not frames and not arrays:
            raise ValueError('no images came; give a frame or a list of them')
        args = {'kind': kind, 'question': question, 'frame_indices': frames}
        return str(self._scope.call('vlm', args, arrays).values['text'])

    def __repr__(self) -> str:
        return '<vlm: locate(images, question), ask_with_thinking(images, question)>'

