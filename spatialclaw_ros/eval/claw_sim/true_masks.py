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



"""Perception that knows from the simulator where things are: the upper bound of all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.prompt_parser import GENERIC, ObjectQuery, parse
from spatialclaw_ros.perception.protocols import Segmentation, SegmentRequest
from spatialclaw_ros.perception.rgbd import RgbdReconstructor
from spatialclaw_ros.perception.tools import PerceptionTools
from spatialclaw_ros.sim.worlds.world import World
from spatialclaw_ros.workspace.observation import Observation

LEAST_PX = 30
_SAME_NOUN = ({'box', 'block', 'cube', 'carton'}, {'mug', 'cup'}, {'ball', 'sphere'},
              {'can', 'cylinder', 'tin'}, {'table', 'desk', 'tabletop', 'worktop'},
              {'floor', 'ground'}, {'plate', 'dish'}, {'cabinet', 'cupboard'})


class TrueSegmenter:
    """Answers prompts from the simulator's masks.

    Args:
        world: what is seen.
        masks: of each frame, name of each thing and fixture to its pixels (H, W) bool.
    """

    name = 'true masks'

    def __init__(self, world: World, masks: Sequence[Mapping[str, np.ndarray]]) -> None:
        self._world = world
        self._masks = masks
        self._size: tuple[int, int] = next(
            mask.shape for frame in masks for mask in frame.values())

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Masks of what prompts name, or of the things under points and in boxes.

        Raises:
            PerceptionError: a picture that is not one of the frames, or a point outside of it.
        """
        deadline.check('true masks')
        if request.image is not None:
            raise PerceptionError('true masks are known of whole frames alone, not of a crop')
        found: list[tuple[str, str]] = []
        notes = []
        if request.mode == 'text':
            for number, prompt in enumerate(request.prompts):
                label = _label(request.labels, number, prompt)
                names = self._named(parse(prompt))
                found += [(label, name) for name in names]
                if not names:
                    notes.append(f'Nothing fits "{prompt}".')
        else:
            found = [(_label(request.labels, number, 'object'), name)
                     for number, name in enumerate(self._pointed(request))]
        return self._assembled(request.frame_indices, found, notes)

    def _named(self, query: ObjectQuery) -> list[str]:
        """Names of what fits, things first."""
        names = []
        noun = query.surface or query.noun  # the top of a table is the table
        for thing in (*self._world.things, *self._world.fixtures):
            words = thing.kind.split()
            fixture = thing in self._world.fixtures
            if noun in GENERIC or not noun:
                if fixture:
                    continue
            elif not _same(noun, words[-1]):
                continue
            if query.colours and not set(query.colours) & set(words[:-1]) and not fixture:
                continue
            if query.support and not fixture and not _same(
                    query.support, self._under(thing.name)):
                continue
            names.append(thing.name)
        return names

    def _under(self, name: str) -> str:
        """The support under a thing, through what it may stand on."""
        on = self._world.stands_on.get(name, '')
        return on if on in self._world.supports or not on else self._under(on)

    def _pointed(self, request: SegmentRequest) -> Iterable[str]:
        """The thing that is under the most points, or that fills each box best."""
        assert request.prompt_frame is not None
        masks = self._masks[request.prompt_frame]
        if request.mode == 'points' and request.points is not None:
            inside = request.points[np.asarray(request.point_labels) > 0] if (
                request.point_labels is not None) else request.points
            columns, rows = np.rint(inside).astype(int).T
            height, width = self._size
            if not ((columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)).all():
                raise PerceptionError(
                    f'points must lie in the picture of {width} x {height} pixels, got '
                    f'{inside.tolist()}')
            hits = {name: int(mask[rows, columns].sum()) for name, mask in masks.items()}
            best = max(hits, key=lambda name: hits[name], default='')
            return [best] if best and hits[best] else []
        found = []
        for x0, y0, x1, y1 in np.rint(request.boxes).astype(int) if (
                request.boxes is not None) else ():
            window = np.s_[max(y0, 0):max(y1 + 1, 0), max(x0, 0):max(x1 + 1, 0)]
            shares = {name: mask[window].sum() / max(1, mask.sum()) * mask[window].mean()
                      for name, mask in masks.items() if mask[window].any()}
            best = max(shares, key=lambda name: float(shares[name]), default='')
            found += [best] if best and shares[best] > 0 else []
        return found

    def _assembled(
        self, frames: Sequence[int], found: Sequence[tuple[str, str]], notes: Sequence[str],
    ) -> Segmentation:
        masks, scores = {}, np.zeros((len(frames), len(found)), np.float32)
        for row, frame in enumerate(frames):
            stack = np.zeros((len(found), *self._size), bool)
            here = self._masks[frame]
            for column, (_, name) in enumerate(found):
                mask = here.get(name)
                if mask is not None and mask.sum() >= LEAST_PX:
                    stack[column], scores[row, column] = mask, 1.0
            masks[frame] = stack
        seen = [int(column) for column in np.flatnonzero(scores.max(axis=0, initial=0.0) > 0)]
        return Segmentation(
            {frame: stack[seen] for frame, stack in masks.items()},
            tuple(found[column][0] for column in seen), scores[:, seen], tuple(notes))


def true_perception(
    world: World, masks: Sequence[Mapping[str, np.ndarray]],
) -> PerceptionTools:
    """True masks, and the depth that was measured."""
    return PerceptionTools(RgbdReconstructor(), TrueSegmenter(world, masks))


def _same(noun: str, other: str) -> bool:
    return noun == other or any(noun in group and other in group for group in _SAME_NOUN)


def _label(labels: Sequence[str], number: int, prompt: str) -> str:
    if not labels:
        return prompt
    return labels[number] if len(labels) > 1 else labels[0]
