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

"""A folder of frames with poses: reading, the questions of its README, what is malformed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.sim.folder import metres, parse_references, read_folder

KITCHEN = Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'redkitchen'
README = '''# Frames

| file | what |
|---|---|
| a | b |

| question | answer | tolerance |
|---|---|---|
| How far is it? (seen twice) | 0.78 m | 0.06 m |
| How thick is it? | 3.5 cm | 5 mm |
| Which is nearer: the box or the can? | the box (0.10 m) | |
'''


def write_frames(folder: Path, numbers: tuple[int, ...] = (0, 20)) -> None:
    """Write a small folder of frames."""
    for number in numbers:
        name = f'frame-{number:06d}'
        cv2.imwrite(str(folder / f'{name}.color.jpg'), np.full((48, 64, 3), 90, np.uint8))
        cv2.imwrite(str(folder / f'{name}.depth.png'), np.full((48, 64), 1500, np.uint16))
    (folder / 'poses.json').write_text(json.dumps({
        'camera': {'width': 64, 'height': 48, 'fx': 58.5, 'fy': 58.5, 'cx': 32.0, 'cy': 24.0},
        'depth_unit_m': 0.001, 'frame_rate_hz': 30.0,
        'T_world_camera': {f'{number:06d}': np.eye(4).tolist() for number in numbers}}))
    (folder / 'README.md').write_text(README)


def test_reads_frames_and_references(tmp_path: Path) -> None:
    write_frames(tmp_path)
    folder = read_folder(tmp_path)
    assert folder.camera.fx == 58.5
    assert [frame.stamp_ns for frame in folder.frames] == [0, 666_666_667]
    assert [(r.text, r.value, r.tolerance_m) for r in folder.references] == [
        ('How far is it?', 0.78, 0.06), ('How thick is it?', 0.035, 0.005),
        ('Which is nearer: the box or the can?', None, None)]


@pytest.mark.parametrize(('text', 'expected'), [
    ('0.78 m', 0.78), ('12 mm', 0.012), ('0.4', 0.4), ('', None), ('the box', None)])
def test_lengths(text: str, expected: float | None) -> None:
    assert metres(text) == pytest.approx(expected) if expected else metres(text) is None


def test_text_without_a_table_has_no_questions() -> None:
    assert parse_references('# nothing\n\nquestion | answer\n') == ()


@pytest.mark.parametrize(('damage', 'says'), [
    (lambda folder: (folder / 'poses.json').unlink(), 'poses.json'),
    (lambda folder: (folder / 'poses.json').write_text('{"camera": {}}'), 'width'),
    (lambda folder: (folder / 'poses.json').write_text('no json'), 'must hold'),
    (lambda folder: (folder / 'frame-000020.depth.png').unlink(), 'frame-000020.depth.png')])
def test_damage_is_named(tmp_path: Path, damage, says: str) -> None:
    write_frames(tmp_path)
    damage(tmp_path)
    with pytest.raises(InvalidRequestError, match=says):
        read_folder(tmp_path)


@pytest.mark.skipif(not KITCHEN.is_dir(), reason='the shared data is not beside the checkout')
def test_the_kitchen() -> None:
    folder = read_folder(KITCHEN)
    assert len(folder.frames) == 24
    assert [r.value for r in folder.references] == [0.78, 0.92, 0.73, None]
    assert folder.references[3].answer.startswith('the gray box')
