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


"""What a query is busy with just now, for whoever waits for it.

Nothing is sent: who wants to tell of a step that takes long looks. A query whose steps are short
costs that nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from spatialclaw_ros.workspace.calls import ToolCall

MAX_CHARS = 80


@dataclass(frozen=True, eq=False)
class Working:
    """A step that has begun.

    Args:
        stage: as its end will be told: 'frames', 'plan', 'write', 'run'.
        step: cell that it is about, from 1; 0 before the first.
        text: one line for a person.
        since_s: when it began, monotonic clock.
    """

    stage: str
    step: int
    text: str
    since_s: float = field(default_factory=time.monotonic)


class Doing:
    """Holds it; one thread at a time writes, any may read.

    Attributes:
        now: the step under way; None between two. It is the same object as long as it lasts.
    """

    def __init__(self) -> None:
        self.now: Working | None = None

    @contextmanager
    def working(self, stage: str, text: str, step: int = 0) -> Iterator[None]:
        """While this is entered, that is what is done."""
        with self._set(Working(stage, step, text)):
            yield

    @contextmanager
    def answering(self, call: ToolCall) -> Iterator[None]:
        """While this is entered, a cell waits for a tool."""
        step = self.now.step if self.now is not None else 0
        with self._set(Working('run', step, call_text(call))):
            yield

    @contextmanager
    def _set(self, working: Working) -> Iterator[None]:
        before, self.now = self.now, working
        try:
            yield
        finally:
            self.now = before


def call_text(call: ToolCall) -> str:
    """One line for a person of what a tool is asked; nothing in a call is trusted."""
    return ' '.join(_TEXTS.get(call.tool, 'calls a tool').format_map(_Told(call.args)).split())


_TEXTS = {
    'reconstruct': 'reconstructs {images}', 'segment': 'looks for {things} in {images}',
    'exists': 'looks for {object_name} in {images}', 'ocr': 'reads the text in an image',
    'vlm': 'asks the model about {images}: {question}'}


class _Told(dict[str, str]):
    """Words for a call's arguments, made as they are asked for."""

    def __init__(self, args: Mapping[str, Any]) -> None:
        super().__init__()
        self._args = args

    def __missing__(self, name: str) -> str:
        given = self._args.get({'images': 'frame_indices', 'things': 'prompts'}.get(name, name))
        several = given if isinstance(given, (list, tuple)) else ()
        if name == 'images':
            return f'{len(several)} images' if len(several) > 1 else 'an image'
        if name == 'things':
            return _short(', '.join(map(_short, several[:4]))) or 'what was pointed at'
        return _short(given)


def _short(value: Any) -> str:
    text = value[:MAX_CHARS + 1] if isinstance(value, str) else ''
    return text if len(text) <= MAX_CHARS else f'{text[:MAX_CHARS - 1]}…'
