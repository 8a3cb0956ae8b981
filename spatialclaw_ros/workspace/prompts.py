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


"""The documentation of what a cell sees, assembled from the texts beside the tools."""

from __future__ import annotations

from collections.abc import Set

from spatialclaw_ros.workspace import answer, frames, metadata, showing
from spatialclaw_ros.workspace.tools import (
    draw,
    geometry,
    graph,
    mask,
    ocr,
    reconstruct,
    sam3,
    tf,
    time,
    vlm,
)

_HEAD = """\
# What a cell sees
Variables stay from cell to cell. In scope: `np`, `scipy` (spatial, ndimage, signal, optimize),
`math`, `plt`, `collections`, `itertools`, `functools`, and:"""

_CALLS_HEAD = """\
# What a call reaches
Calls are written here as Python writes them, with the names of their arguments; what they give
stays bound from step to step."""


def tool_docs(capabilities: Set[str], *, python: bool = True) -> str:
    """Documentation for the model, of loaded tools alone.

    Args:
        capabilities: some of 'reconstruct', 'segment', 'ocr', 'vlm'.
        python: False for a model that calls tools and writes no Python.
    """
    if python:
        parts = [_HEAD, frames.PROMPT, metadata.PROMPT]
    else:
        parts = [_CALLS_HEAD, frames.CALLS_PROMPT, metadata.CALLS_PROMPT]
    for capability, text in (
            ('reconstruct', reconstruct.PROMPT), ('segment', sam3.PROMPT), ('ocr', ocr.PROMPT),
            ('vlm', vlm.PROMPT)):
        if capability in capabilities:
            parts.append(text)
    parts += [
        geometry.PROMPT, mask.PROMPT, time.PROMPT, tf.PROMPT, draw.PROMPT, graph.PROMPT,
        showing.PROMPT if python else showing.CALLS_PROMPT, answer.PROMPT]
    return '\n\n'.join(parts)
