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



"""The pictures of the tools as they are drawn plainly with Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

Colour = tuple[int, int, int]
DPI = 100
PT_PER_PX = 72 / DPI
ALPHA = 0.45
_AXES = {'r': (200 / 255, 40 / 255, 40 / 255), 'g': (30 / 255, 140 / 255, 60 / 255)}


@dataclass(frozen=True)
class Extent:
    """Which part of the world a map shows, and how large; x goes up, y to the left.

    Args:
        top_x: metres at the upper edge.
        left_y: metres at the left edge.
        pixels_per_m: scale.
        width: of the map in pixels, without the legend.
        height: pixels.
        whole_width: pixels, with the legend.
    """

    top_x: float
    left_y: float
    pixels_per_m: float
    width: int
    height: int
    whole_width: int


def masks_over_picture(
    picture: np.ndarray, masks: np.ndarray, labels: Sequence[str], scores: Sequence[float],
    colours: Sequence[Colour],
) -> np.ndarray:
    """Masks coloured, outlined and named over their picture.

    Args:
        picture: (H, W, 3) uint8.
        masks: (N, H, W) bool.
        labels: N names.
        scores: N scores.
        colours: N colours, RGB.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = picture.shape[:2]
    figure, axes = _blank(width, height)
    axes.imshow(picture, interpolation='nearest')
    size_px = max(11, min(18, width // 45))
    for number, mask in enumerate(masks):
        colour = np.array(colours[number]) / 255
        overlay = np.zeros((height, width, 4))
        overlay[mask] = (*colour, ALPHA)
        axes.imshow(overlay, interpolation='nearest')
        axes.contour(mask, [0.5], colors=[colour], linewidths=3 * PT_PER_PX)
        rows, columns = np.nonzero(mask)
        if len(rows):
            axes.text(
                columns.min() + 4, rows.min() - 6,
                f'{number} {labels[number]} {scores[number]:.2f}', color='white',
                fontsize=size_px * PT_PER_PX,
                bbox={'facecolor': colour, 'edgecolor': 'none', 'pad': 3 * PT_PER_PX})
    return _pixels(figure)


def map_from_above(
    extent: Extent, scene: np.ndarray, scene_colours: np.ndarray,
    objects: Sequence[tuple[str, np.ndarray]], colours: Sequence[Colour], cameras: np.ndarray,
    view: np.ndarray, path_name: str, path_colour: Colour, grid_m: float, bar_m: float,
) -> np.ndarray:
    """The scene and its objects from above, the cameras' path, a grid, a scale and a legend.

    Args:
        extent: what the map shows.
        scene: (N, 3) world points.
        scene_colours: (N, 3) uint8.
        objects: names and (K, 3) world points.
        colours: of the objects, RGB.
        cameras: (F, 3) places.
        view: (3, 2) corners x, y of the triangle that one camera sees.
        path_name: of the path, for the legend.
        path_colour: RGB.
        grid_m: width of the grid's cells.
        bar_m: length of the scale bar.

    Returns:
        (H, W, 3) uint8.
    """
    figure, axes = _blank(
        extent.whole_width, extent.height, extent.width / extent.whole_width)
    scale = extent.pixels_per_m
    axes.set_xlim(extent.left_y, extent.left_y - extent.width / scale)
    axes.set_ylim(extent.top_x - extent.height / scale, extent.top_x)
    figure.patch.set_facecolor('white')
    axes.axvspan(*axes.get_xlim(), color=(250 / 255,) * 3, linewidth=0, zorder=0)
    for line in _multiples(*axes.get_xlim(), grid_m):
        axes.axvline(line, color=(226 / 255,) * 3, linewidth=PT_PER_PX, zorder=0.5)
    for line in _multiples(*axes.get_ylim(), grid_m):
        axes.axhline(line, color=(226 / 255,) * 3, linewidth=PT_PER_PX, zorder=0.5)
    _dots(axes, scene, scene_colours / 255)
    areas = [float(np.prod(np.ptp(points[:, :2], axis=0))) for _, points in objects]
    for number in np.argsort(areas)[::-1]:  # the small ones on top
        _dots(axes, objects[number][1], np.array(colours[number])[None] / 255)
    red = np.array(path_colour) / 255
    axes.plot(cameras[:, 1], cameras[:, 0], color=red, linewidth=3 * PT_PER_PX, marker='o',
              markersize=6 * PT_PER_PX)
    axes.fill(view[:, 1], view[:, 0], fill=False, edgecolor=red, linewidth=3 * PT_PER_PX)
    for number, (name, points) in enumerate(objects):
        x, y, _ = np.median(points, axis=0)
        axes.plot(y, x, 'o', color=np.array(colours[number]) / 255, markersize=10 * PT_PER_PX,
                  markeredgecolor='white', markeredgewidth=PT_PER_PX)
        axes.annotate(
            name, (y, x), xytext=(14 * PT_PER_PX, 8 * PT_PER_PX), textcoords='offset points',
            color='white', fontsize=12 * PT_PER_PX,
            bbox={'facecolor': (40 / 255,) * 3, 'edgecolor': 'none', 'pad': 3 * PT_PER_PX})
    _scale_and_axes(axes, extent, bar_m)
    entries = [*zip([name for name, _ in objects], colours), (path_name, path_colour)]
    handles = [Line2D([], [], marker='s', linestyle='', color=np.array(colour) / 255, label=name,
                      markersize=13 * PT_PER_PX, markeredgewidth=0) for name, colour in entries]
    figure.legend(
        handles=handles, loc='upper left', frameon=False, fontsize=13 * PT_PER_PX,
        bbox_to_anchor=((extent.width + 12) / extent.whole_width, 1 - 10 / extent.height),
        borderpad=0, borderaxespad=0, handlelength=1.0, handletextpad=0.4, labelspacing=0.5)
    return _pixels(figure)


def _scale_and_axes(axes: Axes, extent: Extent, bar_m: float) -> None:
    scale = extent.pixels_per_m

    def at(x_px: float, y_px: float) -> tuple[float, float]:
        return extent.left_y - x_px / scale, extent.top_x - y_px / scale

    width, height = extent.width, extent.height
    for x, y, wide, high in ((8, height - 44, bar_m * scale + 20, 38),
                             (width - 138, height - 92, 130, 82)):
        axes.add_patch(Rectangle(at(x, y), -wide / scale, -high / scale, color='white', zorder=3))
    ends = np.array([at(16, height - 18), at(16 + bar_m * scale, height - 18)])
    axes.plot(*ends.T, color='0.1', linewidth=3 * PT_PER_PX, marker='|',
              markersize=11 * PT_PER_PX, markeredgewidth=3 * PT_PER_PX, zorder=4)
    text = f'{bar_m:g} m' if bar_m >= 1 else f'{100 * bar_m:g} cm'
    axes.text(*at(16 + bar_m * scale / 2, height - 26), text, ha='center',
              fontsize=14 * PT_PER_PX, zorder=4)
    start = at(width - 30, height - 24)
    for tip, place, text, colour, align in (
            ((width - 30, height - 76), (width - 26, height - 78), 'x forward', 'r', 'right'),
            ((width - 82, height - 24), (width - 84, height - 20), 'y left', 'g', 'right')):
        axes.annotate('', at(*tip), start, zorder=4, arrowprops={
            'arrowstyle': '-|>', 'color': _AXES[colour], 'linewidth': 3 * PT_PER_PX,
            'shrinkA': 0, 'shrinkB': 0})
        axes.text(*at(*place), text, ha=align, color=_AXES[colour], fontsize=12 * PT_PER_PX,
                  zorder=4)


def _blank(width: int, height: int, share: float = 1.0) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, share, 1.0))
    axes.set_axis_off()
    return figure, axes


def _pixels(figure: Figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def _multiples(low: float, high: float, step: float) -> np.ndarray:
    low, high = min(low, high), max(low, high)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


def _dots(axes: Axes, points: np.ndarray, colours: np.ndarray) -> None:
    """Squares of two pixels, the highest on top."""
    order = np.argsort(points[:, 2], kind='stable')
    if len(colours) > 1:
        colours = colours[order]
    axes.scatter(points[order, 1], points[order, 0], s=(2 * PT_PER_PX)**2, c=colours, marker='s',
                 linewidths=0)
