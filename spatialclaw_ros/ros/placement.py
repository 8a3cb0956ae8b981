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

"""Which TF frame an answer and its drawings are given in, and the transform that takes them there.

World points become points of a named frame at the stamp of the newest image that was used. Where
TF names no frame, the optical frame of that image is used, through the reconstruction's pose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.agent.events import Evidence
from spatialclaw_ros.errors import InvalidRequestError, TransformError
from spatialclaw_ros.geometry.se3 import invert, transform_points
from spatialclaw_ros.ros.tf_topics import PLAIN, TfTopics
from spatialclaw_ros.workspace.observation import Frame, Observation

MAX_NAME_CHARS = 60


@dataclass(frozen=True, eq=False)
class Placement:
    """A frame to give world points in.

    Args:
        frame_id: TF name; '' when nothing is known that a point could be given in.
        stamp_ns: stamp of the newest image used.
        T_frame_world: (4, 4) float64; all NaN with an empty `frame_id`.
        note: why it is not the frame that was wanted, '' when it is.
    """

    frame_id: str
    stamp_ns: int
    T_frame_world: np.ndarray
    note: str = ''

    def points(self, points_world: np.ndarray) -> np.ndarray:
        """(..., 3) world points in this frame; NaN when there is none."""
        return transform_points(self.T_frame_world, points_world)


def only_placed(observation: Observation) -> Observation:
    """The observation without images that TF could not place, where it could place others.

    TF often lags behind the newest image, and one image without a pose can't be put together with
    those that have one. `missing` tells how many have none.
    """
    placed = [frame.index for frame in observation.frames if frame.T_world_camera is not None]
    return _only(observation, placed, 'images without a pose are left out')


def only_deep(observation: Observation) -> Observation:
    """The observation without images that have no depth, where others have it.

    For who measures with sensor depth alone: a camera whose depth stopped must not spoil what the
    others see.
    """
    deep = [frame.index for frame in observation.frames if frame.depth_m is not None]
    return _only(observation, deep, 'images without depth are left out')


def _only(observation: Observation, kept: list[int], note: str) -> Observation:
    """The observation of some images and the note, or as it is where that is none or all."""
    if not kept or len(kept) == len(observation.frames):
        return observation
    return replace(
        observation,
        frames=tuple(replace(observation.frames[index], index=position)
                     for position, index in enumerate(kept)),
        transforms={name: poses[kept] for name, poses in observation.transforms.items()},
        missing=(*observation.missing, note))


def newest_frame(observation: Observation, evidence: Evidence) -> Frame:
    """The newest image that the evidence rests on; of all images where it names none."""
    used = [i for i in evidence.frame_indices if 0 <= i < len(observation.frames)]
    return observation.frames[max(used, default=len(observation.frames) - 1)]


def known_frames(observation: Observation) -> tuple[str, ...]:
    """Names of the TF frames that an answer may be given in."""
    names = [observation.world_frame, *observation.transforms]
    names += [frame.frame_id for frame in observation.frames]
    return tuple(sorted({name for name in names if name}))


def check_frame(
    observation: Observation, frame_id: str, published: bool, tf: TfTopics = PLAIN,
) -> None:
    """Make sure that an answer can be given in a frame that a request names; '' always can.

    Args:
        observation: what the cameras saw.
        frame_id: the frame.
        published: whether TF ever had it.
        tf: for the commands in messages.

    Raises:
        InvalidRequestError: TF has no such frame; the message names those it has.
        TransformError: TF has it, but not at the time of the images.
    """
    known = known_frames(observation)
    if not frame_id or frame_id in known:
        return
    name = frame_id[:MAX_NAME_CHARS]
    if published:
        raise TransformError(
            f'TF does not connect {name!r} at the time of the images; known there are '
            f'{", ".join(known) or "none"}; see '
            f'{tf.echo(known[0] if known else "base_link", name)}')
    raise InvalidRequestError(
        f'frame_id {name!r} is not in TF; known are {", ".join(known) or "none"}; see '
        f'{tf.tree}')


def T_world_frame(observation: Observation, evidence: Evidence, name: str) -> np.ndarray:
    """(4, 4) pose of a TF frame in the world, at the stamp of the newest image used.

    Args:
        observation: what the cameras saw.
        evidence: what the answer rests on.
        name: TF name; '' is the world.

    Raises:
        TransformError: it is not known there.
    """
    newest = newest_frame(observation, evidence)
    if name in ('', observation.world_frame):
        return np.eye(4)
    poses = observation.transforms.get(name)
    if poses is not None and np.isfinite(poses[newest.index]).all():
        return np.asarray(poses[newest.index], dtype=np.float64)
    for frame in reversed(observation.frames[:newest.index + 1]):
        pose = _camera_pose(frame, evidence)
        if frame.frame_id == name and pose is not None:
            return pose
    raise TransformError(
        f'no transform from {observation.world_frame or "the world"} to {name} at the stamp of '
        f'image {newest.index}; known are {", ".join(known_frames(observation)) or "none"}')


def place(observation: Observation, evidence: Evidence, wanted: tuple[str, ...]) -> Placement:
    """Choose the frame to give world points in.

    Args:
        observation: what the cameras saw.
        evidence: what the answer rests on.
        wanted: TF frames, best first; empty names are passed over. After them come the world
            frame and the optical frame of the newest image used.
    """
    stamp_ns = newest_frame(observation, evidence).stamp_ns
    fault = ''
    for name in _candidates(observation, evidence, wanted):
        try:
            pose = T_world_frame(observation, evidence, name)
        except TransformError as error:
            fault = fault or str(error)
            continue
        frame = name or "the camera's own frame, which has no name"
        note = f'{fault}; points are given in {frame}' if fault else ''
        return Placement(name, stamp_ns, invert(pose), note)
    unknown = np.full((4, 4), np.nan)
    return Placement('', stamp_ns, unknown, fault or 'no pose of any frame is known')


def _candidates(
    observation: Observation, evidence: Evidence, wanted: tuple[str, ...],
) -> Iterator[str]:
    yield from filter(None, wanted)
    if observation.world_frame:
        yield observation.world_frame
    yield newest_frame(observation, evidence).frame_id


def _camera_pose(frame: Frame, evidence: Evidence) -> np.ndarray | None:
    pose = evidence.extrinsics.get(frame.index)
    if pose is None:
        pose = frame.T_world_camera
    return None if pose is None else np.asarray(pose, dtype=np.float64)
