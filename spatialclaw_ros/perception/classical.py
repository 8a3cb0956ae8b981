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

"""Segmentation without learned weights: colour names, depth relief and support surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.pointing import box_in, point_at
from spatialclaw_ros.perception.poses import place_frames
from spatialclaw_ros.perception.protocols import Segmentation, SegmentRequest
from spatialclaw_ros.perception.rgbd import features_of
from spatialclaw_ros.perception.scene import Found, Scene
from spatialclaw_ros.perception.text_search import search, shared_support
from spatialclaw_ros.perception.view import FrameView, view_of
from spatialclaw_ros.workspace.observation import Frame, Observation

MAX_OBJECTS = 40
"""Most objects that one call gives back."""


class ClassicalSegmenter:
    """Text, point and box prompts on images and video, by colour and depth."""

    name = 'classical'

    def segment(
        self, observation: Observation, request: SegmentRequest, deadline: Deadline,
    ) -> Segmentation:
        """Segment; see `protocols.Segmenter`."""
        scene = build_scene(observation, request, deadline)
        found: list[Found] = []
        notes = list(scene.notes)
        if request.mode == 'text':
            beside = shared_support(request.prompts)
            for number, prompt in enumerate(request.prompts):
                label = _label(request.labels, number, prompt)
                things, remarks = search(scene, prompt, label, deadline, beside)
                found += things
                notes += remarks
        else:
            labels = request.labels or ('object',)
            if request.mode == 'points':
                things, remarks = point_at(scene, request, labels[0], deadline)
            else:
                things, remarks = box_in(scene, request, labels, deadline)
            found, notes = things, notes + remarks
        result = assemble(scene, found[:MAX_OBJECTS], notes)
        return _only(result, request.frame_indices) if request.image is None else result


def build_scene(
    observation: Observation, request: SegmentRequest, deadline: Deadline,
) -> Scene:
    """Views of the frames that a request is about, placed in one world where that is possible."""
    if request.image is not None:
        return Scene({0: FrameView(request.image)}, False, (
            'This picture is not one of the frames: colour alone, no depth.',))
    wanted = set(request.frame_indices)
    if request.prompt_frame is not None:
        wanted.add(request.prompt_frame)
    frames = observation.select(sorted(wanted))
    views: dict[int, FrameView] = {}
    notes: list[str] = []
    poses, shared = _poses(frames, notes, deadline)
    for frame in frames:
        deadline.check(f'segmentation of frame {frame.index}')
        views[frame.index] = view_of(frame, poses.get(frame.index))
    blind = [index for index, view in views.items() if view.geometry is None]
    if blind:
        notes.append(
            f'Frames {", ".join(map(str, blind))} have no usable depth and intrinsics: '
            'segmented by colour alone.')
    return Scene(views, shared, tuple(notes))


def assemble(scene: Scene, found: Sequence[Found], notes: Sequence[str]) -> Segmentation:
    """Masks and scores of found things, frame by frame."""
    masks = {}
    scores = np.zeros((len(scene.views), len(found)), dtype=np.float32)
    for row, (index, view) in enumerate(scene.views.items()):
        stack = np.zeros((len(found), *view.image.shape[:2]), dtype=bool)
        for column, thing in enumerate(found):
            mask = thing.masks.get(index)
            if mask is not None and mask.any():
                stack[column] = mask
                scores[row, column] = thing.scores[index]
        masks[index] = stack
    return Segmentation(
        masks, tuple(thing.label for thing in found), scores, tuple(dict.fromkeys(notes)))


def _only(result: Segmentation, frame_indices: Sequence[int]) -> Segmentation:
    """The frames asked for, in the order asked for."""
    known = list(result.masks)
    rows = [known.index(index) for index in frame_indices]
    return Segmentation(
        {index: result.masks[index] for index in frame_indices}, result.labels,
        result.scores[rows], result.notes)


def _label(labels: Sequence[str], number: int, prompt: str) -> str:
    if not labels:
        return prompt
    return labels[number] if len(labels) > 1 else labels[0]


def _poses(
    frames: Sequence[Frame], notes: list[str], deadline: Deadline,
) -> tuple[Mapping[int, np.ndarray], bool]:
    """Poses of the frames with depth, and whether they are all in one world."""
    usable = []
    depths = {}
    for frame in frames:
        deadline.check(f'depth of frame {frame.index}')
        try:
            depths[frame.index] = features_of(frame).depth_m
        except PerceptionError:
            continue
        usable.append(frame)
    if not usable:
        return {}, False
    try:
        poses, remarks = place_frames(usable, depths)
    except PerceptionError:
        return _apart(usable, depths, notes), False
    notes += remarks
    return poses, True


def _apart(
    frames: Sequence[Frame], depths: Mapping[int, np.ndarray], notes: list[str],
) -> dict[int, np.ndarray]:
    notes.append(
        'Not all frames have TF: each one is searched in a world of its own and things are '
        'followed in the image, not in space.')
    poses = {}
    for frame in frames:
        alone, _ = place_frames([frame], depths)
        poses[frame.index] = alone[frame.index]
    return poses
