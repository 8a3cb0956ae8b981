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


"""The pictures of a trace: small JPEGs to look at, masks to lay over them, points to turn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spatialclaw_ros.agent.events import Evidence
from spatialclaw_ros.agent.trace_lines import EvidenceLine, ObjectLine
from spatialclaw_ros.agent.trace_plain import plain

LONG_EDGE = 768
CLOUD_FILE = 'evidence.npz'
_QUALITY = 82
_MAX_MASKS = 128
_OBJECT_POINTS = 1500
_SCENE_POINTS = 12_000
# the R2 sequence: shares of a step that spread evenly, however many there are
_TURNS = (0.7548776662466927, 0.5698402909980532)
# RGB; as `--object-N` in the page's style
PALETTE = ((255, 138, 61), (56, 163, 245), (115, 201, 80), (214, 107, 227), (245, 197, 24),
           (38, 198, 180), (242, 92, 110), (150, 137, 255))

Sample = tuple[np.ndarray, np.ndarray]


def write_jpeg(path: Path, image: np.ndarray) -> None:
    """Write an RGB image, made smaller when it is large.

    Raises:
        OSError: it could not be written.
    """
    small = _shrunk(image, cv2.INTER_AREA)
    done, data = cv2.imencode(
        '.jpg', cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OSError(f'{path.name} could not be encoded')
    path.write_bytes(data.tobytes())


def mask_files(evidence: Evidence) -> list[dict[str, str]]:
    """For each object, frame index to the name of its mask's file; not all when there are many."""
    names: list[dict[str, str]] = []
    room = _MAX_MASKS
    for number, item in enumerate(evidence.objects):
        frames = sorted(item.masks)[:max(room, 0)]
        room -= len(frames)
        names.append({str(f): f'mask_{number:02d}_{f:03d}.png' for f in frames})
    return names


def evidence_line(evidence: Evidence) -> EvidenceLine:
    """What a line says about evidence."""
    masks = mask_files(evidence)
    return EvidenceLine(
        frame_indices=[int(f) for f in evidence.frame_indices], points=plain(evidence.points),
        extrinsics={str(f): plain(pose) for f, pose in evidence.extrinsics.items()},
        scale_source=evidence.scale_source, notes=[str(note) for note in evidence.notes],
        objects=[ObjectLine(
            label=item.label, points=len(item.points), box_center=plain(item.box_center),
            box_size=plain(item.box_size), box_rotation=plain(item.box_rotation),
            score=plain(item.score),
            frames=sorted(int(f) for f in item.masks), masks=masks[number],
        ) for number, item in enumerate(evidence.objects)], cloud=CLOUD_FILE)


def sample_scene(arrays: Mapping[str, np.ndarray], images: Mapping[int, np.ndarray]) -> Sample:
    """Some points of a reconstruction with their colours.

    Args:
        arrays: a `reconstruct` result's.
        images: frames by index, RGB.

    Returns:
        (K, 3) float32 world points and (K, 3) uint8 colours.
    """
    frames = [f for f in images if f'points_{f}' in arrays]
    points, colours = [], []
    for number, f in enumerate(frames):
        world, image = arrays[f'points_{f}'], images[f]
        step = max(1, int(np.sqrt(world.shape[0] * world.shape[1] * len(frames) / _SCENE_POINTS)))
        # other pixels of each frame, or those of a camera at rest would be the same points
        row, column = (int(step * ((0.5 + number * turn) % 1.0)) for turn in _TURNS)
        some = world[row::step, column::step]
        if image.shape[:2] != world.shape[:2]:
            image = cv2.resize(image, (world.shape[1], world.shape[0]))
        seen = image[row::step, column::step]
        good = np.isfinite(some).all(axis=-1)
        points.append(some[good].astype(np.float32))
        colours.append(seen[good])
    if not points:
        return np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8)
    return np.concatenate(points), np.concatenate(colours)


def write_evidence(folder: Path, evidence: Evidence, scene: Sample | None) -> None:
    """Write masks and points.

    Raises:
        OSError: they could not be written.
    """
    arrays: dict[str, Any] = {}
    for number, (item, files) in enumerate(zip(evidence.objects, mask_files(evidence))):
        step = -(-len(item.points) // _OBJECT_POINTS) or 1
        arrays[f'object_{number}'] = item.points[::step].astype(np.float32)
        colour = PALETTE[number % len(PALETTE)]
        for frame, name in files.items():
            _write_mask(folder / name, item.masks[int(frame)], colour)
    if scene is not None:
        arrays['scene_points'], arrays['scene_colours'] = scene
    with (folder / CLOUD_FILE).open('wb') as file:
        np.savez_compressed(file, **arrays)


def _write_mask(path: Path, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
    small = _shrunk(mask.astype(np.uint8) * 255, cv2.INTER_AREA) > 127
    inner = cv2.erode(small.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    picture = np.zeros((*small.shape, 4), np.uint8)
    picture[..., :3] = colour[::-1]
    picture[..., 3] = np.where(inner, 96, np.where(small, 255, 0))
    done, data = cv2.imencode('.png', picture)
    if not done:
        raise OSError(f'{path.name} could not be encoded')
    path.write_bytes(data.tobytes())


def _shrunk(image: np.ndarray, how: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = LONG_EDGE / max(height, width)
    if scale >= 1.0:
        return np.ascontiguousarray(image)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=how)
