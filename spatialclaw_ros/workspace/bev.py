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


"""The scene from above, in metres."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw

from spatialclaw_ros.workspace.pictures import colour_of, font, put_label
from spatialclaw_ros.workspace.reconstruction import Reconstruction

_SIDE_PX = 760
MARGIN_PX = 56
_SCENE_POINTS = 100000
_OBJECT_POINTS = 10000
_ABOVE_CAMERA_M = 0.3
_PATH = (235, 60, 60)
_BACKGROUND = 250
_SURROUNDINGS = 0.75
_NAMED_OBJECTS = 12
_LEGEND_ROW_PX = 20
_SCALE_STEPS_M = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


@dataclass(frozen=True)
class View:
    """Where world metres land: x (forward) goes up, y (left) goes left.

    The middle of the upper left pixel is (0, 0).

    Args:
        top_x: metres, `MARGIN_PX` below the upper edge.
        left_y: metres, `MARGIN_PX` from the left edge.
        pixels_per_m: scale.
        width: pixels, without the legend.
        height: pixels.
    """

    top_x: float
    left_y: float
    pixels_per_m: float
    width: int
    height: int

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) float pixels of (N, 2 or 3) world points."""
        pixels = np.empty((len(points), 2))
        np.subtract(self.left_y, points[:, 1], out=pixels[:, 0])
        np.subtract(self.top_x, points[:, 0], out=pixels[:, 1])
        pixels *= self.pixels_per_m
        pixels += MARGIN_PX
        return pixels


@dataclass(frozen=True, eq=False)
class Content:
    """What a map shows.

    Args:
        scene: (N, 3) world points of everything.
        colours: (N, 3) uint8.
        objects: names, and (K, 3) world points of each.
        view: where it lands.
    """

    scene: np.ndarray
    colours: np.ndarray
    objects: tuple[tuple[str, np.ndarray], ...]
    view: View


def render_bev(
    recon: Reconstruction, masks: Any = None, labels: Sequence[str] | None = None,
    ref_frame: int = 0, ego_trajectory: bool = True,
) -> Image.Image:
    """Picture of a reconstruction from above; see `Reconstruction.render_bev`."""
    ref_frame = ref_frame if ref_frame in recon.frame_indices else recon.frame_indices[0]
    content = content_of(recon, masks, labels, ego_trajectory)
    view, objects = content.view, content.objects
    canvas: np.ndarray = np.full((view.height, view.width, 4), _BACKGROUND, dtype=np.uint8)
    _grid(canvas, view)
    _splat(canvas, view, content.scene, content.colours)
    sizes = [float(np.prod(np.subtract(*_bounds(points)))) if len(points) else 0.0
             for _, points in objects]
    for number in np.argsort(sizes)[::-1]:  # the small ones on top
        colour = np.array([colour_of(int(number))], dtype=np.uint8)
        _splat(canvas, view, objects[number][1], colour)
    canvas = np.asarray(cv2.cvtColor(canvas, cv2.COLOR_RGBA2RGB))
    if ego_trajectory:
        _trajectory(canvas, view, recon, ref_frame)
    return _labelled(canvas, view, objects, ego_trajectory, ref_frame)


def content_of(
    recon: Reconstruction, masks: Any = None, labels: Sequence[str] | None = None,
    ego_trajectory: bool = True,
) -> Content:
    """What `render_bev` draws, and where."""
    cameras = recon.extrinsics.camera_poses
    scene, colours = _scene(recon, float(cameras[:, 2, 3].max()) + _ABOVE_CAMERA_M)
    objects = tuple(_objects(recon, masks, labels))
    view = _fit([scene, *(points for _, points in objects)], cameras if ego_trajectory else None)
    return Content(scene, colours, objects, view)


def _scene(recon: Reconstruction, ceiling: float) -> tuple[np.ndarray, np.ndarray]:
    points, colours = [], []
    per_frame = _SCENE_POINTS // recon.num_frames
    for frame in recon.frame_indices:
        flat = np.asarray(recon._points[frame]).reshape(-1, 3)
        step = max(1, len(flat) // per_frame)
        step += 1 - step % 2  # odd, so that columns are not all the same ones
        chosen = np.flatnonzero(flat[::step, 2] < ceiling) * step  # false for NaN
        points.append(flat.take(chosen, axis=0))
        colours.append(recon._images.at(frame).array.reshape(-1, 3).take(chosen, axis=0))
    return np.concatenate(points), np.concatenate(colours)


def _objects(
    recon: Reconstruction, masks: Any, labels: Sequence[str] | None,
) -> Iterator[tuple[str, np.ndarray]]:
    if masks is None:
        return
    sets = masks if isinstance(masks, (list, tuple)) else (
        list(masks.values()) if isinstance(masks, Mapping) else [masks])
    names = [name for each in sets for name in each.labels]
    if isinstance(labels, str):
        labels = [labels]
    chosen = list(labels) if labels else names
    if len(chosen) != len(names):
        raise ValueError(
            f'{len(chosen)} labels came for {len(names)} objects ({", ".join(names)}); give one '
            'each or none')
    position = 0
    for each in sets:
        for number in range(each.num_objects):
            yield chosen[position], each.some_points(recon, number, _OBJECT_POINTS)
            position += 1


def _fit(clouds: Sequence[np.ndarray], cameras: np.ndarray | None) -> View:
    """View that holds all objects and cameras, and what of the scene is not far from them."""
    places = [np.stack(_bounds(cloud)) for cloud in clouds[1:] if len(cloud)]
    if cameras is not None:
        places.append(cameras[:, :2, 3])
    scene = clouds[0][::max(1, len(clouds[0]) // 5000), :2]
    if len(scene):
        low, high = np.percentile(scene, (1, 99), axis=0)
        if any(len(cloud) for cloud in clouds[1:]):
            nearest, farthest = _bounds(np.concatenate(places))
            reach = _SURROUNDINGS * float((farthest - nearest).max())
            low = np.maximum(low, nearest - reach)
            high = np.minimum(high, farthest + reach)
        places.append(np.stack([low, high]))
    low, high = _bounds(np.concatenate(places) if places else np.zeros((1, 2)))
    span = np.maximum(high - low, 0.2)
    middle = (low + high) / 2
    low, high = middle - span / 2, middle + span / 2
    pixels_per_m = (_SIDE_PX - 2 * MARGIN_PX) / float(span.max())
    return View(
        top_x=float(high[0]), left_y=float(high[1]), pixels_per_m=pixels_per_m,
        width=max(int(span[1] * pixels_per_m) + 2 * MARGIN_PX, 420),
        height=max(int(span[0] * pixels_per_m) + 2 * MARGIN_PX, 320))


def _bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2,) least and (2,) greatest x and y of points (N, 2 or 3)."""
    columns = [np.ascontiguousarray(points[:, axis]) for axis in (0, 1)]
    return (np.array([column.min() for column in columns], dtype=np.float64),
            np.array([column.max() for column in columns], dtype=np.float64))


def _grid(canvas: np.ndarray, view: View) -> None:
    step = next(
        (step for step in _SCALE_STEPS_M if step * view.pixels_per_m >= 60), _SCALE_STEPS_M[-1])
    right_y = view.left_y - (view.width - MARGIN_PX) / view.pixels_per_m
    bottom_x = view.top_x - (view.height - MARGIN_PX) / view.pixels_per_m
    top_x = view.top_x + MARGIN_PX / view.pixels_per_m
    left_y = view.left_y + MARGIN_PX / view.pixels_per_m
    for number in range(math.ceil(bottom_x / step), math.floor(top_x / step) + 1):
        row = round(float(view.pixels(np.array([[number * step, 0.0]]))[0, 1]))
        cv2.line(canvas, (0, row), (view.width, row), (226, 226, 226), 1)
    for number in range(math.ceil(right_y / step), math.floor(left_y / step) + 1):
        column = round(float(view.pixels(np.array([[0.0, number * step]]))[0, 0]))
        cv2.line(canvas, (column, 0), (column, view.height), (226, 226, 226), 1)


def _splat(canvas: np.ndarray, view: View, points: np.ndarray, colours: np.ndarray) -> None:
    """Put points down as 2x2 pixels, the highest on top; a whole pixel is one number."""
    height_mm = np.clip(points[:, 2] * 1000 + 2**14, 0, 2**15 - 1).astype(np.int16)
    x, y = np.ascontiguousarray(view.pixels(points).astype(np.int32).T)
    seen = np.flatnonzero((x >= 0) & (x < view.width - 1) & (y >= 0) & (y < view.height - 1))
    seen = seen[np.argsort(height_mm[seen], kind='stable')]  # radix sort for 16 bits
    at = (y * np.intp(view.width) + x)[seen]
    padded = np.zeros((len(colours), 4), dtype=np.uint8)
    padded[:, :3] = colours
    whole = padded.view(np.uint32)[:, 0]
    ink = whole[0] if len(whole) == 1 else whole[seen]
    pixels = canvas.view(np.uint32).reshape(-1)
    for offset in (view.width + 1, view.width, 1, 0):  # a point's own pixel comes last
        pixels[at + offset] = ink


def _trajectory(canvas: np.ndarray, view: View, recon: Reconstruction, ref_frame: int) -> None:
    poses = recon.extrinsics.camera_poses
    path = view.pixels(poses[:, :3, 3])
    cv2.polylines(canvas, [_fixed(path)], False, _PATH, 2, cv2.LINE_AA, _SHIFT)
    for place in path:
        cv2.circle(canvas, tuple(int(v) for v in _fixed(place)), 3 << _SHIFT, _PATH, -1,
                   cv2.LINE_AA, _SHIFT)
    at, frame = recon.frame_indices.index(ref_frame), ref_frame
    camera = recon.intrinsics[frame]
    width = recon._images.at(frame).width
    sides = np.array([
        [(0 - camera['cx']) / camera['fx'], 0.0, 1.0],
        [(width - camera['cx']) / camera['fx'], 0.0, 1.0]])
    rays = sides @ poses[at, :3, :3].T
    rays[:, 2] = 0
    lengths = np.linalg.norm(rays, axis=1, keepdims=True)
    reach = 70 / view.pixels_per_m
    corners = poses[at, :3, 3] + rays / np.maximum(lengths, 1e-6) * reach
    triangle = np.vstack([path[at][None], view.pixels(corners)])
    cv2.polylines(canvas, [_fixed(triangle)], True, _PATH, 2, cv2.LINE_AA, _SHIFT)


_SHIFT = 4


def _fixed(pixels: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV's fixed-point integers, for lines without steps."""
    return np.asarray(np.rint(np.asarray(pixels) * (1 << _SHIFT)).astype(np.int32))


def _labelled(
    canvas: np.ndarray, view: View, objects: Sequence[tuple[str, np.ndarray]],
    ego_trajectory: bool, ref_frame: int,
) -> Image.Image:
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    _scale_bar(draw, view)
    _axes(draw, view)
    entries = [
        (f'{name}' + ('' if len(points) else ' (no depth)'), colour_of(number))
        for number, (name, points) in enumerate(objects)]
    if ego_trajectory:
        entries.append((f'camera path, view of frame {ref_frame}', _PATH))
    for number, (name, points) in enumerate(objects[:_NAMED_OBJECTS]):
        if len(points):
            x, y = np.rint(view.pixels(np.median(points, axis=0)[None])[0])  # Pillow cuts off
            put_label(draw, (x + 10, y - 4), name, (40, 40, 40), 12)
            draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=colour_of(number),
                         outline=(255, 255, 255))
    return _beside_legend(image, entries)


def _beside_legend(
    image: Image.Image, entries: Sequence[tuple[str, tuple[int, int, int]]],
) -> Image.Image:
    if not entries:
        return image
    rows = max(1, (image.height - 20) // _LEGEND_ROW_PX)
    if len(entries) > rows:
        left = len(entries) - rows + 1
        entries = [*entries[:rows - 1], (f'and {left} more', (255, 255, 255))]
    width = int(max(font(13).getlength(text) for text, _ in entries)) + 44
    whole = Image.new('RGB', (image.width + width, image.height), (255, 255, 255))
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    for row, (text, colour) in enumerate(entries):
        x, y = image.width + 12, 10 + row * _LEGEND_ROW_PX
        draw.rectangle((x, y + 1, x + 12, y + 13), fill=colour)
        draw.text((x + 18, y), text, font=font(13), fill=(20, 20, 20))
    return whole


def _scale_bar(draw: ImageDraw.ImageDraw, view: View) -> None:
    length_m = next(
        (step for step in reversed(_SCALE_STEPS_M) if step * view.pixels_per_m <= 170),
        _SCALE_STEPS_M[0])
    length = length_m * view.pixels_per_m
    x, y = 16, view.height - 18
    text = f'{length_m:g} m' if length_m >= 1 else f'{length_m * 100:g} cm'
    draw.rectangle((x - 8, y - 26, x + length + 12, y + 12), fill=(255, 255, 255))
    draw.line((x, y, x + length, y), fill=(20, 20, 20), width=3)
    for end in (x, x + length):
        draw.line((end, y - 5, end, y + 5), fill=(20, 20, 20), width=3)
    draw.text((x + length / 2, y - 8), text, font=font(14), fill=(20, 20, 20), anchor='ms')


def _axes(draw: ImageDraw.ImageDraw, view: View) -> None:
    x, y, length = view.width - 30, view.height - 24, 44
    draw.rectangle((x - length - 64, y - length - 24, x + 22, y + 14), fill=(255, 255, 255))
    for (dx, dy), colour in (((0, -length), (200, 40, 40)), ((-length, 0), (30, 140, 60))):
        tip = (x + dx, y + dy)
        draw.line((x, y, *tip), fill=colour, width=3)
        side = (6, 0) if dx == 0 else (0, 6)
        back = (0, 9) if dx == 0 else (9, 0)
        draw.polygon([
            (tip[0] - back[0], tip[1] - back[1]),
            (tip[0] + side[0], tip[1] + side[1]), (tip[0] - side[0], tip[1] - side[1])],
            fill=colour)
    draw.text((x + 4, y - length - 10), 'x forward', font=font(12), fill=(200, 40, 40),
              anchor='rs')
    draw.text((x - length - 10, y + 4), 'y left', font=font(12), fill=(30, 140, 60), anchor='rs')
