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


"""`tools.Graph`: curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from spatialclaw_ros.workspace.pictures import colour_of, to_rgb
from spatialclaw_ros.workspace.teaching import Teaching

PROMPT = """\
`tools.Graph.plot(x, y=None, title='', xlabel='', ylabel='', labels=None, kind='line')`: picture of
  one or more curves; y (N,), (M, N) or dict name -> (N,); kind line, scatter or bar."""

_KINDS = ('line', 'scatter', 'bar')


class Graph(Teaching):
    """Draws with Matplotlib, returns a picture."""

    def plot(
        self, x: Any, y: Any = None, title: str = '', xlabel: str = '', ylabel: str = '',
        labels: str | Sequence[str] | None = None, kind: str = 'line',
    ) -> Image.Image:
        """Plot curves.

        Args:
            x: (N,) positions; the values themselves when `y` is left out.
            y: (N,), (M, N) for M curves, or a dict of them by name.
            title: of the picture.
            xlabel: with its unit.
            ylabel: with its unit.
            labels: names of the curves.
            kind: 'line', 'scatter' or 'bar'.

        Returns:
            A 720x420 RGB picture.

        Raises:
            ValueError: lengths that differ, or another kind.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        if kind not in _KINDS:
            raise ValueError(f'kind must be one of {", ".join(_KINDS)}, got {kind!r}')
        positions, curves, names = _curves(x, y, labels)
        figure = Figure(figsize=(7.2, 4.2), dpi=100, layout='tight')
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for number, curve in enumerate(curves):
            colour = np.array(colour_of(number)) / 255
            name = names[number] if names else None
            if kind == 'bar':
                step = 0.8 / len(curves)
                places = np.arange(len(curve)) + (number - (len(curves) - 1) / 2) * step
                axes.bar(places, curve, width=step, color=colour, label=name)
            elif kind == 'scatter':
                axes.scatter(positions, curve, s=24, color=colour, label=name)
            else:
                axes.plot(positions, curve, marker='o', markersize=4, color=colour, label=name)
        if kind == 'bar':
            axes.set_xticks(np.arange(len(curves[0])), [str(each) for each in positions])
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        axes.grid(color='0.9')
        axes.set_axisbelow(True)
        axes.spines[['top', 'right']].set_visible(False)
        if names:
            axes.legend(frameon=False)
        return Image.fromarray(to_rgb(figure))


def _curves(
    x: Any, y: Any, labels: str | Sequence[str] | None,
) -> tuple[list[Any], list[np.ndarray], list[str]]:
    names = [labels] if isinstance(labels, str) else list(labels or [])
    if y is None:
        x, y = None, x
    if isinstance(y, Mapping):
        names = [str(name) for name in y]
        curves = [np.asarray(curve, dtype=np.float64) for curve in y.values()]
    else:
        array = np.asarray(y, dtype=np.float64)
        curves = [array] if array.ndim == 1 else list(array)
    positions = list(range(len(curves[0]))) if x is None else list(x)
    for curve in curves:
        if curve.ndim != 1 or len(curve) != len(positions):
            raise ValueError(
                f'x has {len(positions)} values, a curve has shape {curve.shape}; they must match')
    if names and len(names) != len(curves):
        raise ValueError(f'{len(names)} labels came for {len(curves)} curves')
    return positions, curves, names
