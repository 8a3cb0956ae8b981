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

"""Evidence is read off whatever calls a worker made, odd ones included."""

from __future__ import annotations

import numpy as np
import pytest

from spatialclaw_ros.agent.evidence import MAX_POINTS, LateObjects, gather_evidence
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, ToolCall, ToolResult
from spatialclaw_ros.workspace.question import CellAnswer

SHAPE = (6, 8)


def reconstruction(
    points: np.ndarray, source: str = 'sensor_depth',
) -> tuple[ToolCall, ToolResult]:
    call = ToolCall('reconstruct', {'frame_indices': [0]})
    return call, ToolResult(
        {'metric_scale': 1.0, 'scale_source': source, 'notes': ['a note']},
        {'points_0': points.astype(np.float32), 'confidence_0': np.ones(SHAPE, np.float32),
         'extrinsics': np.eye(4)[None]})


def segmentation(mask: np.ndarray, labels: list[str]) -> tuple[ToolCall, ToolResult]:
    call = ToolCall('segment', {'mode': 'text', 'frame_indices': [0]})
    return call, ToolResult(
        {'labels': labels}, {'masks_0': np.tile(mask, (len(labels), 1, 1)),
                             'scores': np.ones((1, len(labels)), np.float32)})


@pytest.mark.parametrize(('points', 'finite_box'), [
    (np.ones((*SHAPE, 3)), True),  # all one point
    (np.stack([*np.meshgrid(np.arange(8.0), np.arange(6.0)), np.zeros(SHAPE)], axis=2), True),
    (np.stack([np.tile(np.arange(8.0), (6, 1))] * 3, axis=2), True),  # a line
    (np.full((*SHAPE, 3), np.nan), False),
])
def test_a_box_round_degenerate_points(points: np.ndarray, finite_box: bool) -> None:
    found = gather_evidence(
        [reconstruction(points), segmentation(np.ones(SHAPE, bool), ['thing'])], None)
    (item,) = found.objects
    assert np.isfinite(item.box_center).all() == finite_box
    assert np.isfinite(item.box_size).all() == finite_box
    assert (np.nan_to_num(item.box_size) >= 0).all()


def test_calls_that_are_about_no_frame_are_left_out() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    log = [
        (ToolCall('segment', {'frame_indices': [0]}, {'image': picture}),
         ToolResult({'labels': ['crop']}, {
             'scores': np.ones((0, 1), np.float32), 'masks_0': np.ones((1, 4, 4), bool)})),
        (ToolCall('ocr', {'frame_index': 2, 'frame_indices': 'no list'}),
         ToolResult({'lines': []})),
        (ToolCall('ocr', {'frame_index': None}, {'image': picture}), ToolResult({'lines': []})),
        (ToolCall('reconstruct', {'frame_indices': [9]}), ToolResult(error='no such frame')),
        segmentation(np.zeros(SHAPE, bool), ['nothing seen']),
        reconstruction(np.ones((*SHAPE, 3)))]
    answer = CellAnswer(1.0, 'm', points=np.zeros((2, 3)))
    found = gather_evidence(log, answer)
    assert found.frame_indices == (0, 2)
    assert not found.objects
    assert (found.scale_source, found.notes) == ('sensor_depth', ('a note',))
    assert found.points.shape == (2, 3)


def test_equal_labels_are_numbered() -> None:
    mask = np.ones(SHAPE, bool)
    found = gather_evidence([segmentation(mask, ['mug', 'mug'])], None)
    assert [item.label for item in found.objects] == ['mug 1', 'mug 2']


def test_objects_are_made_once_and_only_when_somebody_looks() -> None:
    made = []
    objects = LateObjects(
        lambda: made.append(0) or ('seen',), lambda seen: made.append(seen) or ('mug', 'cup'))
    assert made == []
    assert (objects.seen, objects.seen, made) == (('seen',), ('seen',), [0])
    assert (len(objects), objects[1], objects[:1], list(objects)) == (
        2, 'cup', ('mug',), ['mug', 'cup'])
    assert made == [0, ('seen',)]


def test_evidence_holds_no_memory_of_tool_results() -> None:
    rows, columns = np.mgrid[0:SHAPE[0], 0:SHAPE[1]]
    mask = (columns > 1) & (rows < 5)
    log = [reconstruction(np.stack([columns, rows, rows], axis=2)), segmentation(mask, ['mug'])]
    theirs = [array for _, result in log for array in result.arrays.values()]
    found = gather_evidence(log, None)
    (item,) = found.objects
    np.testing.assert_array_equal(item.masks[0], mask)
    assert (item.masks[0].dtype, list(item.masks), 1 in item.masks) == (bool, [0], False)
    np.testing.assert_array_equal(found.extrinsics[0], np.eye(4))
    for own in (item.masks[0], item.points, found.extrinsics[0]):
        assert not any(np.shares_memory(own, array) for array in theirs)


@pytest.mark.parametrize(('source', 'shown'), [('model', 1), (UNKNOWN_SCALE, 0)])
def test_places_in_no_unit_are_not_told(source: str, shown: int) -> None:
    log = [reconstruction(np.ones((*SHAPE, 3)), source),
           segmentation(np.ones(SHAPE, bool), ['mug'])]
    found = gather_evidence(log, CellAnswer(True, points=np.ones((1, 3))))
    assert (found.scale_source, found.notes) == (source, ('a note',))
    assert (len(found.points), len(found.extrinsics)) == (shown, shown)
    (item,) = found.objects
    assert item.masks
    assert (len(item.points) > 0) == bool(shown)


def test_masks_of_another_size_pick_no_points() -> None:
    log = [reconstruction(np.ones((*SHAPE, 3))), segmentation(np.ones((3, 4), bool), ['mug'])]
    (item,) = gather_evidence(log, None).objects
    assert len(item.points) == 0


def test_points_of_a_large_object_are_sampled_where_it_was_measured() -> None:
    rows, columns = np.mgrid[0:200, 0:300]
    points = np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.float32)
    call, result = reconstruction(points)
    confidence = np.ones(points.shape[:2], np.float32)
    confidence[:, :150] = 0.0
    points[::2] = np.nan
    result.arrays.update(points_0=points, confidence_0=confidence)
    (item,) = gather_evidence(
        [(call, result), segmentation(np.ones(points.shape[:2], bool), ['wall'])], None).objects
    assert MAX_POINTS / 2 < len(item.points) <= MAX_POINTS
    assert item.points[:, 0].min() >= 150
    assert np.isfinite(item.points).all()
    np.testing.assert_allclose(item.box_size[:2], (200, 150), atol=8)
