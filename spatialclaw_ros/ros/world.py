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

"""Where cameras and other TF frames were in the world at each image's stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.transforms import TransformSource, WaitBudget
from spatialclaw_ros.workspace.observation import Frame

MAX_TF_FRAMES = 64


@dataclass(frozen=True)
class _Placed:
    world: str
    poses: list[np.ndarray | None]
    fault: str


def place_frames(
    frames: list[Frame], transforms: TransformSource, world_frame: str, base_frame: str,
    budget: WaitBudget, missing: Missing,
) -> tuple[str, list[Frame]]:
    """Give frames their pose in the first world that TF can tell it in.

    Args:
        frames: decoded, without poses.
        transforms: TF.
        world_frame: the world that is wanted.
        base_frame: the world where TF lacks that; it is taken to stand still, and told.
        budget: how long may still be waited for TF.
        missing: takes a line for what TF does not have.

    Returns:
        Name of the world ('' for none), and the frames with what poses there are.
    """
    faults: list[str] = []
    for world in dict.fromkeys(name for name in (world_frame, base_frame) if name):
        if not transforms.has_frame(world):
            faults.append(f'TF has no frame {world!r}')
            continue
        placed = _poses(frames, transforms, world, budget)
        if all(pose is None for pose in placed.poses):
            faults.append(placed.fault)
            continue
        if world != world_frame:
            missing.add(
                ('world', world),
                f'{"; ".join(faults)}: {world!r} is the world, taken to stand still')
        unplaced = sum(pose is None for pose in placed.poses)
        if unplaced:
            missing.add(
                ('pose', world),
                f'no pose for {unplaced} of {len(frames)} images: {placed.fault}; check `ros2 '
                'topic hz /tf`')
        for name in dict.fromkeys(frame.frame_id for frame in frames):
            doubt = transforms.doubt(world, name)
            if doubt:
                missing.add(('doubt', doubt), doubt)
        return world, [
            replace(frame, T_world_camera=pose) for frame, pose in zip(frames, placed.poses)]
    if not transforms.frames():
        faults = ['nothing came on /tf or /tf_static']
    if not (world_frame or base_frame):
        missing.add(('world', ''), 'no camera pose: world_frame and base_frame name no TF frame')
        return '', frames
    optical = next((frame.frame_id for frame in frames if frame.frame_id), 'OPTICAL_FRAME')
    missing.add(('world', ''), (
        f'no camera pose: {"; ".join(faults)}; check `ros2 run tf2_ros tf2_echo '
        f'{world_frame or base_frame} {optical}`'))
    return '', frames


def _poses(
    frames: list[Frame], transforms: TransformSource, world: str, budget: WaitBudget,
) -> _Placed:
    poses: list[np.ndarray | None] = [None] * len(frames)
    tree = _Tree(transforms, world)
    faults = _Faults(frames, transforms, world)
    fault = ''
    for frame in reversed(frames):
        if not frame.frame_id:
            fault = fault or f'images of camera {frame.camera} have an empty frame_id'
            continue
        broken = faults.of(frame)
        if broken:
            fault = fault or broken
            continue
        try:
            poses[frame.index] = tree.pose(frame.frame_id, frame.stamp_ns, budget.left_s)
        except TransformError as error:
            fault = fault or str(error)
    return _Placed(world, poses, fault)


class _Tree:
    """Poses in one world, where what is fixed to one another is looked up once.

    A robot has many frames and few that move: a lookup for each frame and image would take longer
    than decoding the images.
    """

    def __init__(self, transforms: TransformSource, world: str) -> None:
        self._transforms = transforms
        self._world = world
        self._fixed: dict[str, tuple[str, np.ndarray]] = {}
        self._moving: dict[tuple[str, int], np.ndarray] = {}

    def pose(self, name: str, stamp_ns: int, wait_s: float) -> np.ndarray:
        """(4, 4) `T_world_name` at a time.

        Raises:
            TransformError: as `TransformSource.lookup` raises it.
        """
        if name not in self._fixed:
            anchor = self._transforms.anchor(name, self._world)
            self._fixed[name] = anchor, self._transforms.lookup(anchor, name, stamp_ns, 0.0)
        anchor, T_anchor_name = self._fixed[name]
        key = anchor, stamp_ns
        if key not in self._moving:
            try:
                self._moving[key] = self._transforms.lookup(
                    self._world, anchor, stamp_ns, wait_s)
            except TransformError:
                # the same again, in words about the frame that was asked for
                return self._transforms.lookup(self._world, name, stamp_ns, 0.0)
        return np.asarray(self._moving[key] @ T_anchor_name)


class _Faults:
    """Why TF's poses of some images can't be relied on though it gives them."""

    def __init__(self, frames: list[Frame], transforms: TransformSource, world: str) -> None:
        names = {frame.frame_id for frame in frames if frame.frame_id}
        self._quarrels = {name: transforms.quarrel(world, name) for name in names}
        found = [one for name in names for one in transforms.breaks(world, name)]
        first_ns, last_ns = frames[0].stamp_ns, frames[-1].stamp_ns
        self._gaps = [one for one in found if one.kind == 'gap']
        # all images share one world: what came before it jumped is of another one
        self._jump = max(
            (one for one in found if one.kind == 'jump' and first_ns < one.to_ns <= last_ns),
            key=lambda one: one.to_ns, default=None)

    def of(self, frame: Frame) -> str:
        """One line, '' for nothing."""
        if self._quarrels[frame.frame_id]:
            return self._quarrels[frame.frame_id]
        if self._jump is not None and frame.stamp_ns < self._jump.to_ns:
            return f'{self._jump.text}; images from before that are of another place'
        return next(
            (one.text for one in self._gaps if one.from_ns < frame.stamp_ns < one.to_ns), '')


def other_frames(
    frames: list[Frame], transforms: TransformSource, world: str, base_frame: str,
    tf_frames: Sequence[str], missing: Missing,
) -> dict[str, np.ndarray]:
    """Poses of further TF frames, one per image stamp.

    Args:
        frames: decoded.
        transforms: TF.
        world: as `place_frames` found it.
        base_frame: always among them, where TF has it.
        tf_frames: which; empty for all that TF knows, up to `MAX_TF_FRAMES`.
        missing: takes a line for what TF does not have.

    Returns:
        Name to (F, 4, 4) float64 T_world_frame, NaN where TF has none.
    """
    if not world:
        return {}
    known = transforms.frames()
    wanted = [name for name in (tf_frames or known) if name not in (world, base_frame)]
    if base_frame != world:
        wanted.insert(0, base_frame)
    for name in wanted[MAX_TF_FRAMES:][:1]:
        missing.add(
            ('tf', ''),
            f'TF has {len(wanted)} frames, the first {MAX_TF_FRAMES} are given (not {name!r}, …)')
    tree = _Tree(transforms, world)
    found: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(wanted[:MAX_TF_FRAMES]):
        if name not in known:
            if tf_frames:
                missing.add(('tf', name), f'TF has no frame {name[:60]!r}')
            continue
        poses = np.full((len(frames), 4, 4), np.nan)
        for frame in frames:
            try:
                poses[frame.index] = tree.pose(name, frame.stamp_ns, 0.0)
            except TransformError as error:
                if tf_frames:
                    missing.add(('tf', name), str(error))
        if np.isfinite(poses).any():
            found[name] = poses
    return found
