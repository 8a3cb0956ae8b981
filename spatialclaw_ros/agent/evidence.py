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

"""What an answer rests on, read off the tool results that the session remembers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import overload

import numpy as np

from spatialclaw_ros.agent.events import Evidence, EvidenceObject
from spatialclaw_ros.agent.seen import PackedMasks, Seen
from spatialclaw_ros.geometry.box import oriented_box
from spatialclaw_ros.geometry.cloud import remove_outliers
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, ToolCall, ToolResult
from spatialclaw_ros.workspace.question import CellAnswer

MAX_POINTS = 4000
MAX_OBJECTS = 64
MIN_POINTS = 8
MIN_CONFIDENCE = 0.3

_FRAME_TOOLS = ('reconstruct', 'segment', 'exists', 'ocr', 'vlm')

ToolLog = Iterable[tuple[ToolCall, ToolResult]]


class LateObjects(Sequence[EvidenceObject]):
    """Objects that are made when somebody first looks at them; safe from any thread.

    Until then the tool results that they are made of are held, afterwards nothing of them.

    Args:
        see: reads off what was seen of them, which takes little time; called once.
        make: makes them of that; called once.
    """

    def __init__(
        self, see: Callable[[], Sequence[Seen]],
        make: Callable[[Sequence[Seen]], Sequence[EvidenceObject]],
    ) -> None:
        self._see: Callable[[], Sequence[Seen]] | None = see
        self._make: Callable[[Sequence[Seen]], Sequence[EvidenceObject]] | None = make
        self._seen: Sequence[Seen] = ()
        self._made: Sequence[EvidenceObject] = ()
        self._lock = threading.RLock()

    @property
    def seen(self) -> Sequence[Seen]:
        """What was seen of each of them, without waiting for points and boxes."""
        with self._lock:
            if self._see is not None:
                self._seen, self._see = self._see(), None
            return self._seen

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> EvidenceObject: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[EvidenceObject]: ...

    def __getitem__(self, index: int | slice) -> EvidenceObject | Sequence[EvidenceObject]:
        return self._all()[index]

    def _all(self) -> Sequence[EvidenceObject]:
        with self._lock:
            if self._make is not None:
                self._made, self._make = self._make(self.seen), None
            return self._made


def gather_evidence(log: ToolLog, answer: CellAnswer | None) -> Evidence:
    """Build the evidence of a query; its objects follow when somebody looks at them.

    The last segmentation of each label that found something counts; its points come from the
    reconstructions of the same frames. Of those whose scale is unknown no place is told: it would
    be taken for metres.

    Args:
        log: tool calls and results in order.
        answer: the cell's answer; its points are kept.
    """
    reconstructed: list[tuple[list[int], ToolResult]] = []
    segmented: list[tuple[list[int], ToolResult]] = []
    extrinsics: dict[int, np.ndarray] = {}
    frames: set[int] = set()
    notes: dict[str, None] = {}
    scale_source = ''
    for call, result in log:
        if result.error is not None:
            continue
        notes.update(dict.fromkeys(str(note) for note in result.values.get('notes', ())))
        indices = _frames_of(call)
        frames.update(indices)
        if call.tool == 'reconstruct':
            scale_source = str(result.values['scale_source'])
            if scale_source == UNKNOWN_SCALE:
                continue
            # copies: a view would hold the memory of the whole result
            extrinsics.update(zip(indices, map(np.array, result.arrays['extrinsics'])))
            reconstructed.append((indices, result))
        elif call.tool == 'segment':
            segmented.append((indices, result))
    shown = np.empty((0, 3))
    if answer is not None and answer.points is not None and scale_source != UNKNOWN_SCALE:
        shown = answer.points
    return Evidence(
        tuple(sorted(frames)),
        LateObjects(partial(_seen, segmented), partial(_objects, reconstructed)),
        shown, extrinsics, scale_source, tuple(notes))


def seen_objects(evidence: Evidence) -> Sequence[Seen]:
    """What was seen of the objects of an evidence; waits for no points and boxes."""
    objects = evidence.objects
    if isinstance(objects, LateObjects):
        return objects.seen
    return [Seen(each.label, each.masks, each.score) for each in objects]


def _seen(segmented: Iterable[tuple[list[int], ToolResult]]) -> list[Seen]:
    found: dict[str, list[Seen]] = {}
    for indices, result in segmented:
        found.update(_by_label(result, indices))
    seen: list[Seen] = []
    for label, instances in found.items():
        for number, each in enumerate(instances, start=1):
            if each.masks and len(seen) < MAX_OBJECTS:
                name = label if len(instances) == 1 else f'{label} {number}'
                seen.append(each._replace(label=name))
    return seen


def _objects(
    reconstructed: Iterable[tuple[list[int], ToolResult]], seen: Sequence[Seen],
) -> list[EvidenceObject]:
    points: dict[int, np.ndarray] = {}
    confidence: dict[int, np.ndarray] = {}
    for indices, result in reconstructed:
        for f in indices:
            points[f] = result.arrays[f'points_{f}']
            confidence[f] = result.arrays[f'confidence_{f}']
    return [_evidence_object(each, points, confidence) for each in seen]


def _frames_of(call: ToolCall) -> list[int]:
    """Frames that a call was about; none when it brought a picture of its own."""
    given = [] if 'image' in call.arrays else call.args.get('frame_indices')
    if call.tool == 'ocr' and 'image' not in call.arrays:
        given = [call.args.get('frame_index')]
    if call.tool not in _FRAME_TOOLS or not isinstance(given, (list, tuple)):
        return []
    return [f for f in given if isinstance(f, int)]


def _by_label(result: ToolResult, indices: list[int]) -> Mapping[str, list[Seen]]:
    labels = [str(label) for label in result.values['labels']]
    scores = result.arrays['scores']
    by_label: dict[str, list[Seen]] = {name: [] for name in Counter(labels)}
    for column, label in enumerate(labels):
        masks = {f: result.arrays[f'masks_{f}'][column] for f in indices}
        score = float(scores[:, column].max(initial=0.0))
        by_label[label].append(
            Seen(label, PackedMasks({f: mask for f, mask in masks.items() if mask.any()}), score))
    return by_label


def _evidence_object(
    seen: Seen, points: Mapping[int, np.ndarray], confidence: Mapping[int, np.ndarray],
) -> EvidenceObject:
    label, masks, score = seen
    cloud = _cloud(masks, points, confidence)
    if len(cloud) >= MIN_POINTS:
        cleaned = remove_outliers(cloud)
        cloud = cleaned if len(cleaned) >= MIN_POINTS else cloud
        box = oriented_box(cloud)
        return EvidenceObject(
            label, cloud.astype(np.float32), masks, box.center, box.size, box.rotation, score)
    nowhere = np.full(3, np.nan)
    return EvidenceObject(
        label, cloud.astype(np.float32), masks, nowhere, nowhere, np.eye(3), score)


def _cloud(
    masks: Mapping[int, np.ndarray], points: Mapping[int, np.ndarray],
    confidence: Mapping[int, np.ndarray],
) -> np.ndarray:
    """(K, 3) float32 points under masks, at most `MAX_POINTS`, evenly from all of them."""
    seen = []
    for f, mask in masks.items():
        # of a picture of another size, pixels would be others
        if f in points and points[f].shape[:2] == mask.shape:
            at = np.flatnonzero(mask)
            seen.append((points[f], at[confidence[f].reshape(-1)[at] >= MIN_CONFIDENCE]))
    # a few more, for some may be nowhere
    picked = _even(sum(len(at) for _, at in seen), 2 * MAX_POINTS)
    clouds = [np.empty((0, 3), np.float32)]
    start = 0
    for cloud, at in seen:
        first, last = np.searchsorted(picked, (start, start + len(at)))
        clouds.append(cloud.reshape(-1, 3)[at[picked[first:last] - start]])
        start += len(at)
    found = np.concatenate(clouds)
    found = found[np.isfinite(found).all(axis=1)]
    return np.asarray(found[_even(len(found), MAX_POINTS)])


def _even(count: int, most: int) -> np.ndarray:
    """Indices of at most `most` of `count` things, evenly chosen."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(int)
