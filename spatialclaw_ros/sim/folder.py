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

"""Reads a folder of registered RGB-D frames with poses, and the questions of its README.

Layout: `frame-NNNNNN.color.jpg`, `frame-NNNNNN.depth.png` (16 bit, 0 and 65535 invalid),
`poses.json` (intrinsics, depth unit, frame rate, `T_world_camera` of every frame) and a README.md
with a table question | answer | tolerance.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.geometry.camera import PinholeCamera

NUMBER = re.compile(r'(-?\d+(?:\.\d+)?)\s*(m|cm|mm)?\b')
METRES = {'m': 1.0, 'cm': 0.01, 'mm': 0.001}
HEADINGS = ('question', 'answer', 'tolerance')


@dataclass(frozen=True, eq=False)
class FolderFrame:
    """One frame on disk.

    Args:
        name: such as '000300'.
        stamp_ns: from the recording's own frame rate, nanoseconds from its beginning.
        color: path of the colour image.
        depth: path of the depth image.
        T_world_camera: (4, 4), optical frame.
    """

    name: str
    stamp_ns: int
    color: Path
    depth: Path
    T_world_camera: np.ndarray


@dataclass(frozen=True)
class Reference:
    """A question with its reference.

    Args:
        text: the question.
        value: the reference in metres, None when it is a text.
        answer: the reference as the README has it.
        tolerance_m: metres; None when the README states none.
    """

    text: str
    value: float | None
    answer: str
    tolerance_m: float | None


@dataclass(frozen=True, eq=False)
class FrameFolder:
    """A folder of frames.

    Args:
        path: the folder.
        camera: intrinsics.
        depth_unit_m: metres of one step of the depth images.
        frames: in time order.
        references: from the README; empty without one.
    """

    path: Path
    camera: PinholeCamera
    depth_unit_m: float
    frames: tuple[FolderFrame, ...]
    references: tuple[Reference, ...]


def read_folder(path: Path | str) -> FrameFolder:
    """Read a folder of frames; images stay on disk.

    Raises:
        InvalidRequestError: the folder, its poses.json or a frame is missing or malformed.
    """
    path = Path(path)
    poses_path = path / 'poses.json'
    try:
        content = json.loads(poses_path.read_text(encoding='utf-8'))
        numbers = content['camera']
        camera = PinholeCamera(
            int(numbers['width']), int(numbers['height']), numbers['fx'], numbers['fy'],
            numbers['cx'], numbers['cy'], tuple(numbers.get('distortion', ())))
        rate_hz = float(content['frame_rate_hz'])
        unit_m = float(content.get('depth_unit_m', 0.001))
        poses = {
            name: np.array(pose, dtype=np.float64).reshape(4, 4)
            for name, pose in sorted(content['T_world_camera'].items())}
    except OSError as error:
        raise InvalidRequestError(
            f'{path} is no folder of frames: {error.strerror or error} ({poses_path})') from error
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRequestError(
            f'{poses_path} must hold camera (width, height, fx, fy, cx, cy), frame_rate_hz and '
            f'T_world_camera (frame number to 4x4); {type(error).__name__}: {error}') from error
    frames = tuple(
        FolderFrame(
            name, round(int(name) / rate_hz * 1e9), path / f'frame-{name}.color.jpg',
            path / f'frame-{name}.depth.png', pose)
        for name, pose in poses.items())
    absent = [
        str(file) for frame in frames for file in (frame.color, frame.depth) if not file.is_file()]
    if absent or not frames:
        raise InvalidRequestError(
            f'{poses_path} names frames whose images are not there: {", ".join(absent[:3])}'
            if absent else f'{poses_path} has no frames')
    readme = path / 'README.md'
    references = (
        parse_references(readme.read_text(encoding='utf-8')) if readme.is_file() else ())
    return FrameFolder(path, camera, unit_m, frames, references)


def parse_references(markdown: str) -> tuple[Reference, ...]:
    """Questions of a table question | answer | tolerance; a note in brackets is not asked."""
    references = []
    columns: list[str] = []
    for line in markdown.splitlines():
        if not line.strip().startswith('|'):
            columns = []
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if not columns:
            columns = [cell.lower() for cell in cells]
            continue
        if columns[:2] != list(HEADINGS[:2]) or set(''.join(cells)) <= set('-: '):
            continue
        cells += [''] * (len(HEADINGS) - len(cells))
        question = cells[0].split('?')[0].strip() + '?'
        references.append(Reference(
            question, metres(cells[1]) if starts_with_number(cells[1]) else None, cells[1],
            metres(cells[2])))
    return tuple(references)


def starts_with_number(text: str) -> bool:
    """Whether an answer is a number rather than a text that holds one."""
    return NUMBER.match(text) is not None


def metres(text: str) -> float | None:
    """First length in a text, in metres; a bare number is metres; None without one."""
    found = NUMBER.search(text)
    return float(found[1]) * METRES[found[2] or 'm'] if found else None
