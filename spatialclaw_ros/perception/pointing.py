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

"""Objects by points and boxes: on the frame that they are on, then by space in the others."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import cKDTree

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.candidates import surface_pieces
from spatialclaw_ros.perception.outline import refined
from spatialclaw_ros.perception.pieces import Piece, components_of, piece_of, square
from spatialclaw_ros.perception.protocols import SegmentRequest
from spatialclaw_ros.perception.scene import Found, Scene
from spatialclaw_ros.perception.view import FrameView

_REACH_M = 0.02
_LIKE = 0.075  # OKLab distance of pixels that grow from a point
_GRABCUT_SIDE = 240
_SURE, _GROWN, _CUT, _PROJECTED = 0.9, 0.7, 0.75, 0.6


def point_at(
    scene: Scene, request: SegmentRequest, label: str, deadline: Deadline,
) -> tuple[list[Found], list[str]]:
    """One thing that holds the points labelled 1 and none labelled 0."""
    if request.points is None or request.point_labels is None:
        raise PerceptionError('mode "points" needs points')
    index, view = _prompt_view(scene, request)
    pixels = np.clip(np.round(request.points).astype(int), 0,
                     (view.image.shape[1] - 1, view.image.shape[0] - 1))
    inside = pixels[request.point_labels == 1]
    outside = pixels[request.point_labels == 0]
    piece, score = _by_points(scene, view, inside, outside)
    if piece is None:
        return [], ['Nothing could be told apart at these points.']
    return [_through(scene, index, piece, score, label, deadline)], _notes(scene)


def box_in(
    scene: Scene, request: SegmentRequest, labels: tuple[str, ...], deadline: Deadline,
) -> tuple[list[Found], list[str]]:
    """One thing for each box."""
    if request.boxes is None:
        raise PerceptionError('mode "box" needs boxes')
    index, view = _prompt_view(scene, request)
    found, notes = [], _notes(scene)
    for number, box in enumerate(request.boxes):
        deadline.check(f'segmentation of box {number}')
        piece, score = _by_box(scene, view, box)
        if piece is None:
            notes.append(f'Nothing stands out in box {box.round(1).tolist()}.')
            continue
        label = labels[number] if len(labels) > 1 else labels[0]
        found.append(_through(scene, index, piece, score, label, deadline))
    return found, notes


def _prompt_view(scene: Scene, request: SegmentRequest) -> tuple[int, FrameView]:
    index = 0 if request.image is not None else request.prompt_frame
    if index is None or index not in scene.views:
        raise PerceptionError(
            f'prompt_frame {index} must be among the frames to segment, {list(scene.views)}')
    return index, scene.views[index]


def _notes(scene: Scene) -> list[str]:
    if len(scene.views) > 1 and not scene.shared_world:
        return ['Things are not followed to other frames: that needs depth and TF.']
    return []


def _pieces(scene: Scene, view: FrameView) -> list[Piece]:
    key = id(view)
    if key not in scene.pieces:
        scene.pieces[key] = [
            refined(view, piece, scene.registered) for index in range(min(3, len(view.surfaces)))
            for piece, _ in surface_pieces(view, index, scene.registered)]
    return scene.pieces[key]


def _by_points(
    scene: Scene, view: FrameView, inside: np.ndarray, outside: np.ndarray,
) -> tuple[Piece | None, float]:
    fitting = [piece for piece in _pieces(scene, view) if all(
        _holds(piece, x, y) for x, y in inside) and not any(
        _holds(piece, x, y) for x, y in outside)]
    if fitting:
        return min(fitting, key=lambda piece: piece.area), _SURE
    grown = np.zeros(view.image.shape[:2], dtype=np.uint8)
    for x, y in inside:
        grown |= _grow(view, int(x), int(y))
    for x, y in outside:
        grown &= ~_grow(view, int(x), int(y))
    grown = np.asarray(cv2.morphologyEx(grown, cv2.MORPH_CLOSE, square(2)), dtype=np.uint8)
    if np.count_nonzero(grown) < 10:
        return None, 0.0
    piece = piece_of(grown > 0).filled()
    if any(_holds(piece, x, y) for x, y in outside):
        piece = piece_of(grown > 0)
    return piece, _GROWN


def _holds(piece: Piece, x: int, y: int) -> bool:
    row, column = y - piece.top, x - piece.left
    height, width = piece.mask.shape
    return bool(0 <= row < height and 0 <= column < width and piece.mask[row, column])


def _grow(view: FrameView, x: int, y: int) -> np.ndarray:
    """(H, W) uint8: pixels like this one that hang together with it, up to depth edges."""
    low_x, low_y = max(0, x - 2), max(0, y - 2)
    seed = np.median(view.lab[low_y:y + 3, low_x:x + 3].reshape(-1, 3), axis=0)
    alike = np.linalg.norm(view.lab - seed.astype(np.float32), axis=2) < _LIKE
    if view.geometry is not None:
        alike &= ~view.geometry.features.edges
        depth = view.geometry.features.depth_m[y, x]
        if np.isfinite(depth):
            away = np.abs(view.geometry.features.depth_m - depth)
            with np.errstate(invalid='ignore'):
                alike &= ~(away > 0.5 * max(0.4, float(depth)))
    alike[low_y:y + 3, low_x:x + 3] = True
    _, label = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    return np.asarray((label == label[y, x]).astype(np.uint8))


def _by_box(scene: Scene, view: FrameView, box: np.ndarray) -> tuple[Piece | None, float]:
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    height, width = view.image.shape[:2]
    x1, y1 = min(width, max(x1, x0 + 2)), min(height, max(y1, y0 + 2))
    best, best_fit = None, 0.0
    for piece in _pieces(scene, view):
        rows, columns = piece.box
        both = max(0, min(x1, columns.stop) - max(x0, columns.start)) * max(
            0, min(y1, rows.stop) - max(y0, rows.start))
        union = (x1 - x0) * (y1 - y0) + piece.mask.size - both
        fit = both / union
        if fit > best_fit:
            best, best_fit = piece, fit
    if best is not None and best_fit > 0.6:
        return best, _SURE
    cut = _grab(view, x0, y0, x1, y1)
    if cut is not None:
        return components_of(refined(view, cut, scene.registered)), _CUT
    return (best, _GROWN) if best_fit > 0.3 else (None, 0.0)


def _grab(view: FrameView, x0: int, y0: int, x1: int, y1: int) -> Piece | None:
    """GrabCut (Rother et al. 2004) in a box, the bare ground inside it taken as background."""
    height, width = view.image.shape[:2]
    pad = max(8, (x1 - x0) // 4, (y1 - y0) // 4)
    left, top = max(0, x0 - pad), max(0, y0 - pad)
    right, bottom = min(width, x1 + pad), min(height, y1 + pad)
    scale = min(1.0, _GRABCUT_SIDE / max(right - left, bottom - top))
    size = (max(8, round((right - left) * scale)), max(8, round((bottom - top) * scale)))
    crop = cv2.resize(view.smooth[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    hint = np.full((bottom - top, right - left), cv2.GC_BGD, dtype=np.uint8)
    hint[y0 - top:y1 - top, x0 - left:x1 - left] = cv2.GC_PR_FGD
    bare = view.ground.copy()
    for index in range(min(3, len(view.surfaces))):
        bare &= ~view.figure(index)
    if bare[y0:y1, x0:x1].mean() < 0.9:
        hint[(hint == cv2.GC_PR_FGD) & bare[top:bottom, left:right]] = cv2.GC_PR_BGD
    small = cv2.resize(hint, size, interpolation=cv2.INTER_NEAREST)
    if not (small == cv2.GC_PR_FGD).any() or not (small == cv2.GC_BGD).any():
        small[1:-1, 1:-1] = cv2.GC_PR_FGD
        small[0], small[-1], small[:, 0], small[:, -1] = (cv2.GC_BGD,) * 4
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(
        crop, small, (0, 0, 1, 1), background, foreground, 3, cv2.GC_INIT_WITH_MASK)
    chosen = ((small == cv2.GC_FGD) | (small == cv2.GC_PR_FGD)).astype(np.uint8)
    full = cv2.resize(chosen, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    mask = np.zeros((height, width), dtype=bool)
    mask[top:bottom, left:right] = full > 0
    piece = components_of(piece_of(mask))
    return piece.filled() if piece.area >= 20 else None


def _through(
    scene: Scene, index: int, piece: Piece, score: float, label: str, deadline: Deadline,
) -> Found:
    """Follow a piece of one frame to the others by the space that it fills."""
    masks, scores = {index: piece.full()}, {index: score}
    view = scene.views[index]
    if view.geometry is not None and scene.shared_world:
        rows, columns = piece.indices(view.clean)
        step = max(1, len(rows) // 3000)
        points = view.geometry.points[rows[::step], columns[::step]]
        if len(points) >= 10:
            tree = cKDTree(points)
            for other, seen in scene.views.items():
                deadline.check(f'following into frame {other}')
                if other == index or seen.geometry is None:
                    continue
                hit = _same_space(scene, seen, points, tree)
                if hit is not None:
                    masks[other], scores[other] = hit[0].full(), min(score, hit[1])
    return Found(label, dict(sorted(masks.items())), scores, score)


def _same_space(
    scene: Scene, view: FrameView, points: np.ndarray, tree: cKDTree,
) -> tuple[Piece, float] | None:
    """What in a view fills the space of some points: a piece of its own, or just those pixels."""
    if view.geometry is None:
        return None
    low, high = points.min(axis=0) - _REACH_M, points.max(axis=0) + _REACH_M
    seen = view.geometry.points
    with np.errstate(invalid='ignore'):
        near = ((seen > low) & (seen < high)).all(axis=2)
    rows, columns = np.nonzero(near)
    if len(rows) < 20:
        return None
    away, _ = tree.query(seen[rows, columns], distance_upper_bound=_REACH_M)
    mask = np.zeros(near.shape, dtype=np.uint8)
    mask[rows[np.isfinite(away)], columns[np.isfinite(away)]] = 1
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, square(2)), dtype=np.uint8)
    if np.count_nonzero(mask) < 20:
        return None
    shadow = components_of(piece_of(mask > 0))
    best = max(_pieces(scene, view), key=lambda piece: piece.overlap(shadow), default=None)
    if best is not None and best.overlap(shadow) > 0.45:
        return best, _SURE
    return refined(view, shadow, scene.registered), _PROJECTED
