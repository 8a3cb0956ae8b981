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

"""Draws the 3D evidence of an answer for a person: the scene's points, boxes, the measured line."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

from spatialclaw_ros.cli.evidence import Box, Drawing
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, look_at, transform_points

WIDTH, HEIGHT = 960, 720
FOCAL_PX = 1100.0
FINE = 2
PAPER = (250, 250, 248)
INK, GREY = (32, 34, 38), (120, 124, 130)
MEASURE = (255, 200, 0)
GOOD, BAD = (20, 110, 60), (176, 36, 30)
FADE = 0.62
MARGIN_PX = (40, 60)
FARTHEST_M = 12.0
TINT = 0.2
ROOM_RADIUS_M = 1.6
SPLAT_M = 0.0021
ASIDE = np.array([-1.0, 0.0, 0.8])
# Room beside the evidence, so that things round it show.
AROUND = 0.22 * np.array([(-1, -1, 0), (-1, 1, 0), (1, -1, 0), (1, 1, 0)])
EDGES = ((0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (0, 4), (1, 5), (2, 6),
         (3, 7))

RGB = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Coloured points of the scene.

    Args:
        points: (N, 3) in the drawing's frame, metres.
        colors: (N, 3) uint8 RGB.
    """

    points: np.ndarray
    colors: np.ndarray


def has_depth(drawing: Drawing) -> bool:
    """Whether a drawing has anything in 3D."""
    return bool(
        drawing.boxes or len(drawing.points) or len(drawing.marks) or drawing.line is not None)


def evidence_picture(
    drawing: Drawing, scene: Cloud | None, answer: str = '',
) -> Image.Image:
    """Draw the evidence of one answer, seen from beside the robot's camera.

    Args:
        drawing: what the node drew.
        scene: the whole scene around it; None to draw the evidence alone.
        answer: for the name of a lone object, whose size it may be.

    Returns:
        An RGB picture of 960x720.

    Raises:
        ValueError: there is nothing in it to look at; see `has_depth`.
    """
    if not has_depth(drawing):
        raise ValueError('the drawing has no points, boxes or lines')
    view = _View.of(drawing)
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = PAPER
    nearest = np.full((HEIGHT, WIDTH), np.inf)
    if scene is not None:
        _paint(canvas, nearest, view, *_staged(scene, drawing, view.focus))
    if len(drawing.points):
        _tint(canvas, nearest, view, drawing)
    picture = Image.fromarray(canvas).resize((WIDTH * FINE, HEIGHT * FINE), Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture, 'RGBA')
    _draw_cameras(pen, view, drawing.frusta)
    for box in drawing.boxes:
        _lines(pen, view, _corners(box)[np.array(EDGES)], _rgb(box), 2.4)
    if drawing.line is not None:
        _lines(pen, view, drawing.line[None], INK, 6.5)
        _lines(pen, view, drawing.line[None], MEASURE, 4.0)
    for point in drawing.marks:
        _dot(pen, view, point, 6.0 if len(drawing.marks) <= 2 else 3.0)
    labels = _Labels(pen)
    if drawing.text and (drawing.line is not None or len(drawing.marks)):
        ends = drawing.line if drawing.line is not None else drawing.marks[-1:]
        middle = view.pixels(ends.mean(axis=0)[None])[0]
        labels.put(middle + np.array([0.0, 34.0]), drawing.text, INK, 24, back=MEASURE)
    for box in drawing.boxes:
        top = view.pixels(_corners(box))
        alone = len(drawing.boxes) == 1 and drawing.line is None and answer
        text = f'{box.label}: {answer}' if alone else box.label
        labels.put(np.array([top[:, 0].mean(), top[:, 1].min() - 14]), text, _rgb(box), 18)
    if drawing.frusta:
        at = view.pixels(drawing.frusta[-1])
        labels.put(np.array([at[:, 0].mean(), at[:, 1].min() - 16]), 'camera', GREY, 16)
    return picture.resize((WIDTH, HEIGHT), Resampling.LANCZOS)


@dataclass(frozen=True, eq=False)
class _View:
    """A virtual camera."""

    camera: PinholeCamera
    T_camera_world: np.ndarray
    focus: np.ndarray

    @classmethod
    def of(cls, drawing: Drawing) -> _View:
        """Look at the evidence from the robot's side, turned and raised, with all of it in view."""
        parts = [_corners(box) for box in drawing.boxes]
        parts += [drawing.marks] + ([drawing.line] if drawing.line is not None else [])
        parts += [drawing.points] if len(drawing.points) else []
        shown = np.vstack(parts)
        focus = (shown.min(axis=0) + shown.max(axis=0)) / 2
        eyes = np.array([frustum[0] for frustum in drawing.frusta])
        toward = (eyes.mean(axis=0) if len(eyes) else focus + ASIDE) - focus
        turn = math.atan2(toward[1], toward[0]) - math.radians(38.0)
        lift = math.radians(30.0)
        direction = np.array([
            math.cos(lift) * math.cos(turn), math.cos(lift) * math.sin(turn), math.sin(lift)])
        shown = np.vstack([shown, focus + AROUND])
        if len(eyes):
            focus = 0.72 * focus + 0.28 * eyes[-1]
            shown = np.vstack([shown, drawing.frusta[-1]])
        room = np.array([WIDTH - 2 * MARGIN_PX[0], HEIGHT - 2 * MARGIN_PX[1]])
        camera = PinholeCamera(WIDTH, HEIGHT, FOCAL_PX, FOCAL_PX, 0.0, 0.0)
        distance = 0.8
        while True:
            pose = invert(look_at(focus + distance * direction, focus))
            pixels = camera.project(transform_points(pose, shown))
            low, high = pixels.min(axis=0), pixels.max(axis=0)
            if distance > FARTHEST_M or (high - low < room).all():
                break
            distance *= 1.05
        cx, cy = np.array([WIDTH, HEIGHT]) / 2 - np.nan_to_num((low + high) / 2)
        return cls(replace(camera, cx=float(cx), cy=float(cy)), pose, focus)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) pixels of the final picture; NaN behind the view."""
        return self.camera.project(transform_points(self.T_camera_world, points))


def _staged(scene: Cloud, drawing: Drawing, focus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scene near the evidence; what is not evidence is faded."""
    near = np.linalg.norm(scene.points - focus, axis=1) < ROOM_RADIUS_M
    points, colors = scene.points[near], scene.colors[near].astype(np.float32)
    evident = np.zeros(len(points), bool)
    for box in drawing.boxes:
        inside = np.abs(transform_points(invert(box.pose), points)) < box.size / 2 + 0.003
        evident |= inside.all(axis=1)
    grey = colors.mean(axis=1, keepdims=True)
    faded = 0.6 * colors + 0.4 * grey
    faded = FADE * np.array(PAPER, np.float32) + (1 - FADE) * faded
    colors[~evident] = faded[~evident]
    return points, colors.astype(np.uint8)


def _paint(canvas: np.ndarray, nearest: np.ndarray, view: _View, points: np.ndarray,
           colors: np.ndarray) -> None:
    """Paint points as little squares, the near ones over the far ones."""
    local = transform_points(view.T_camera_world, points.astype(np.float64))
    order = np.argsort(-local[:, 2])
    order = order[local[order, 2] > 0.05]
    pixels = np.rint(view.camera.project(local[order])).astype(int)
    depth, shade = local[order, 2], colors[order]
    reach = max(2, round(FOCAL_PX * SPLAT_M / max(float(np.median(depth)), 0.1)))
    for dy in range(-(reach // 2), reach - reach // 2 + 1):
        for dx in range(-(reach // 2), reach - reach // 2 + 1):
            x, y = pixels[:, 0] + dx, pixels[:, 1] + dy
            seen = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
            rows, columns, z = y[seen], x[seen], depth[seen]
            better = z <= nearest[rows, columns] + 1e-9
            rows, columns = rows[better], columns[better]
            canvas[rows, columns] = shade[seen][better]
            nearest[rows, columns] = z[better]


def _tint(canvas: np.ndarray, nearest: np.ndarray, view: _View, drawing: Drawing) -> None:
    """Tint the pixels where the evidence's own points are seen."""
    local = transform_points(view.T_camera_world, drawing.points.astype(np.float64))
    pixels = np.rint(view.camera.project(local))
    good = np.isfinite(pixels).all(axis=1) & (local[:, 2] > 0.05)
    pixels, depth, colors = pixels[good].astype(int), local[good, 2], drawing.colors[good]
    mark = np.zeros((HEIGHT, WIDTH), np.int32)
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            x, y = pixels[:, 0] + dx, pixels[:, 1] + dy
            seen = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
            rows, columns = y[seen], x[seen]
            front = depth[seen] < nearest[rows, columns] + 0.012
            mark[rows[front], columns[front]] = np.flatnonzero(seen)[front] + 1
    rows, columns = np.nonzero(mark)
    color = colors[mark[rows, columns] - 1].astype(np.float32)
    empty = np.isinf(nearest[rows, columns])[:, None]
    share = np.where(empty, 1.0, TINT)
    canvas[rows, columns] = ((1 - share) * canvas[rows, columns] + share * color).astype(np.uint8)


def _corners(box: Box) -> np.ndarray:
    """(8, 3) corners."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    return transform_points(box.pose, signs * box.size / 2)


def _rgb(box: Box) -> RGB:
    red, green, blue = (round(255 * channel) for channel in box.color)
    return red, green, blue


def _lines(pen: ImageDraw.ImageDraw, view: _View, segments: np.ndarray, color: RGB,
           width: float) -> None:
    """Draw (N, 2, 3) segments."""
    ends = view.pixels(segments.reshape(-1, 3)).reshape(-1, 2, 2) * FINE
    for start, end in ends:
        if np.isfinite(start).all() and np.isfinite(end).all():
            pen.line([*map(float, start), *map(float, end)], fill=color,
                     width=round(width * FINE))


def _draw_cameras(pen: ImageDraw.ImageDraw, view: _View, frusta: Sequence[np.ndarray]) -> None:
    """Draw the first and the last view, and the way of the camera between them."""
    if not frusta:
        return
    apexes = np.array([frustum[0] for frustum in frusta])
    _lines(pen, view, np.stack([apexes[:-1], apexes[1:]], axis=1), GREY, 2.4)
    for frustum, width in ((frusta[0], 1.2), (frusta[-1], 2.0)):
        _lines(pen, view, frustum.reshape(-1, 2, 3), GREY, width)


def _dot(pen: ImageDraw.ImageDraw, view: _View, point: np.ndarray, radius: float) -> None:
    at = view.pixels(point[None])[0] * FINE
    if np.isfinite(at).all():
        (x, y), r = at, radius * FINE
        pen.ellipse((x - r, y - r, x + r, y + r), fill=MEASURE, outline=INK, width=2 * FINE)


class _Labels:
    """Writes labels so that none covers another."""

    def __init__(self, pen: ImageDraw.ImageDraw) -> None:
        self._pen = pen
        self._taken: list[tuple[float, float, float, float]] = []

    def put(self, at: np.ndarray, text: str, color: RGB, size: int,
            back: RGB = (255, 255, 255)) -> None:
        """Write centred at pixels of the final picture, or a little above when that is taken."""
        if not np.isfinite(at).all():
            return
        lettering = font(size * FINE)
        width = self._pen.textlength(text, font=lettering) + 14 * FINE
        height = (size + 10) * FINE
        x = min(max(at[0] * FINE - width / 2, 4), WIDTH * FINE - width - 4)
        y = min(max(at[1] * FINE - height / 2, 4), HEIGHT * FINE - height - 4)
        while any(x < right and x + width > left and y < bottom and y + height > top
                  for left, top, right, bottom in self._taken) and y > 4:
            y -= 4 * FINE
        self._taken.append((x, y, x + width, y + height))
        self._pen.rounded_rectangle(
            (x, y, x + width, y + height), radius=5 * FINE, fill=(*back, 235),
            outline=(*color, 255), width=FINE)
        self._pen.text((x + 7 * FINE, y + 3 * FINE), text, fill=color, font=lettering)


@functools.lru_cache(maxsize=16)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with Matplotlib."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / name), size)


def sheet(heading: str, subheading: str, right: bool,
          pictures: Sequence[tuple[Image.Image, str]], height: int = 520) -> Image.Image:
    """Pictures side by side, each with a caption, below a heading."""
    margin, top, caption = 20, 104, 34
    scaled = [
        (picture.resize(
            (round(picture.width * height / picture.height), height), Resampling.LANCZOS), text)
        for picture, text in pictures]
    width = sum(picture.width + margin for picture, _ in scaled) + margin
    page = Image.new('RGB', (width, top + height + caption + margin // 2), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((margin, 16), heading, fill=INK, font=_fitting(pen, heading, width - 2 * margin, 30))
    pen.text((margin, 60), subheading, fill=GOOD if right else BAD,
             font=_fitting(pen, subheading, width - 2 * margin, 26))
    x = margin
    for picture, text in scaled:
        page.paste(picture, (x, top))
        pen.rectangle((x - 1, top - 1, x + picture.width, top + height), outline=(205, 205, 205))
        pen.text((x + 2, top + height + 7), text, fill=GREY, font=font(17))
        x += picture.width + margin
    return page


def _fitting(pen: ImageDraw.ImageDraw, text: str, width: int,
             size: int) -> ImageFont.FreeTypeFont:
    """The largest bold lettering, up to `size`, that fits."""
    while size > 12 and pen.textlength(text, font=font(size, True)) > width:
        size -= 1
    return font(size, True)
