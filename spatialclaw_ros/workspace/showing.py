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


"""`show`: pictures that a cell wants to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from spatialclaw_ros.workspace.cell import ShownImage
from spatialclaw_ros.workspace.frames import FrameImage
from spatialclaw_ros.workspace.masks import PerFrameMask
from spatialclaw_ros.workspace.pictures import to_rgb

MAX_AT_ONCE = 8

PROMPT = """\
`show(images, label=None)`: look at frames, PIL images, arrays (masks, depth: colour-mapped),
  figures, mask sets, or a list of them (at most 8). `plt.show()` does the same."""

CALLS_PROMPT = """\
`show(images, label=None)`: look at frames, pictures, arrays (masks, depth: colour-mapped), mask
  sets, or a list of them (at most 8)."""


class Show:
    """Callable of a cell scope; hands pictures to a sink."""

    def __init__(self, sink: Callable[[ShownImage], None]) -> None:
        self._sink = sink

    def __call__(self, images: Any, label: str | Iterable[str] | None = None) -> None:
        """Show one picture or several.

        Args:
            images: see `pictures.to_rgb`; a mask set shows its frames.
            label: caption, or one for each picture.

        Raises:
            TypeError: something that is no picture.
        """
        pictures = _listed(images)
        labels = list(label) if label is not None and not isinstance(label, str) else None
        for number, picture in enumerate(pictures[:MAX_AT_ONCE]):
            caption = labels[number] if labels and number < len(labels) else (
                label if isinstance(label, str) else '')
            if not labels and len(pictures) > 1 and caption:
                caption = f'{caption} ({number + 1} of {len(pictures)})'
            array = np.ascontiguousarray(to_rgb(picture))
            self._sink(ShownImage(label=str(caption or _caption(picture)), array=array))
        if len(pictures) > MAX_AT_ONCE:
            print(f'show: {len(pictures)} pictures came, the first {MAX_AT_ONCE} are shown')

    def figures(self) -> None:
        """Show and close all open Matplotlib figures; stands in for `plt.show`."""
        import matplotlib.pyplot as plt
        for number in plt.get_fignums():
            figure = plt.figure(number)
            axes = figure.get_axes()
            title = axes[0].get_title() if axes else ''
            self(figure, title or f'figure {number}')
        plt.close('all')

    def __repr__(self) -> str:
        return '<show(images, label=None)>'


def _listed(images: Any) -> list[Any]:
    if isinstance(images, PerFrameMask):
        return [images.visualize(frame) for frame in images.frame_indices]
    if isinstance(images, np.ndarray) and images.ndim == 4:
        return list(images)
    if isinstance(images, (str, bytes)) or not isinstance(images, Iterable) or isinstance(
            images, np.ndarray) or hasattr(images, 'canvas'):
        return [images]
    return [each for part in images for each in (
        _listed(part) if isinstance(part, PerFrameMask) else [part])]


def _caption(picture: Any) -> str:
    if isinstance(picture, FrameImage):
        return f'frame {picture.frame_index}, {picture.camera}'
    return ''
