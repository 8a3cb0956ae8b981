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

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from spatialclaw_ros.errors import TransformError
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.tf_links import Break
from spatialclaw_ros.ros.transforms import TransformSource, WaitBudget
from spatialclaw_ros.workspace.observation import Frame

MAX_TF_FRAMES = 64


@dataclass(frozen=True)
class _Placed:
    poses: list[np.ndarray | None]
    fault: str


def place_frames(
    frames: list[Frame], transforms: TransformSource, world_frame: str, base_frame: str,
    budget: WaitBudget, missing: Missing, likely: Tree | None = None,
) -> tuple[Tree | None, list[Frame]]:
    """Give frames their pose in the first world that TF can tell it in.

    Args:
        frames: decoded, without poses.
        transforms: TF.
        world_frame: the world that is wanted.
        base_frame: the world where TF lacks that; it is taken to stand still, and told.
        budget: how long may still be waited for TF.
        missing: takes a line for what TF does not have.
        likely: what was looked up before.

    Returns:
        Poses in that world (None without one), and the frames with what poses there are.
    """
    faults: list[str] = []
    optical = next((frame.frame_id for frame in frames if frame.frame_id), '')
    see = transforms.topics.echo(world_frame or base_frame, optical) if optical else (
        '`ros2 topic echo --once --field header IMAGE_TOPIC`, and name one to its driver')
    for world in _worlds(world_frame, base_frame):
        if not transforms.has_frame(world):
            faults.append(f'TF has no frame {world!r}')
            continue
        tree = likely if likely is not None and likely.world == world else Tree(transforms, world)
        placed = _poses(frames, transforms, tree, budget)
        if all(pose is None for pose in placed.poses):
            faults.append(placed.fault)
            continue
        if world != world_frame:
            missing.add(
                ('world', world),
                f'{"; ".join(faults)}: {world!r} is the world, taken to stand still; see {see}')
        unplaced = sum(pose is None for pose in placed.poses)
        if unplaced:
            missing.add(
                ('pose', world),
                f'no pose for {unplaced} of {len(frames)} images: {placed.fault}; check '
                f'{transforms.topics.rate}')
        for name in dict.fromkeys(frame.frame_id for frame in frames):
            doubt = transforms.doubt(world, name)
            if doubt:
                missing.add(('doubt', doubt), doubt)
            cameras = sorted({frame.camera for frame in frames if frame.frame_id == name})
            if name and len(cameras) > 1:
                missing.add(('shared', name), (
                    f'images of cameras {" and ".join(cameras)} have one frame_id, {name!r}: they '
                    'are taken to stand at one place; if they do not, name frames of its own to '
                    'each driver (a RealSense: camera_name), and see '
                    '`ros2 topic echo --once --field header IMAGE_TOPIC`'))
        return tree, [
            replace(frame, T_world_camera=pose) for frame, pose in zip(frames, placed.poses)]
    if not transforms.frames():
        faults = [f'nothing came on {transforms.topics.moving} or {transforms.topics.static}']
    if not (world_frame or base_frame):
        missing.add(('world', ''), 'no camera pose: world_frame and base_frame name no TF frame')
        return None, frames
    missing.add(
        ('world', ''), f'no camera pose: {"; ".join(dict.fromkeys(faults))}; check {see}')
    return None, frames


def likely_tree(transforms: TransformSource, world_frame: str, base_frame: str) -> Tree | None:
    """The tree that `place_frames` tries first; None where TF has neither world."""
    return next((Tree(transforms, world) for world in _worlds(world_frame, base_frame)
                 if transforms.has_frame(world)), None)


def _worlds(world_frame: str, base_frame: str) -> Iterable[str]:
    return dict.fromkeys(name for name in (world_frame, base_frame) if name)


def _poses(
    frames: list[Frame], transforms: TransformSource, tree: Tree, budget: WaitBudget,
) -> _Placed:
    poses: list[np.ndarray | None] = [None] * len(frames)
    faults = _Faults(transforms, tree.world, {
        frame.frame_id: frame.stamp_ns for frame in frames if frame.frame_id})
    fault = ''
    for frame in reversed(frames):
        if not frame.frame_id:
            fault = fault or f'images of camera {frame.camera} have an empty frame_id'
            continue
        broken = faults.of(frame.frame_id, frame.stamp_ns)
        if broken:
            fault = fault or broken
            continue
        try:
            poses[frame.index] = tree.pose(frame.frame_id, frame.stamp_ns, budget.left_s)
        except TransformError as error:
            fault = fault or str(error)
    return _Placed(poses, fault)


class Tree:
    """Poses in one world, where what is fixed to one another is looked up once.

    A robot has many frames and few that move: a lookup for each frame and image would take longer
    than decoding the images.
    """

    def __init__(self, transforms: TransformSource, world: str) -> None:
        self._transforms = transforms
        self.world = world
        self._moving: dict[tuple[str, int], np.ndarray] = {}
        self._stacks: dict[tuple[str, tuple[int, ...]], np.ndarray] = {}

    def pose(self, name: str, stamp_ns: int, wait_s: float) -> np.ndarray:
        """(4, 4) `T_world_name` at a time.

        Raises:
            TransformError: as `TransformSource.lookup` raises it.
        """
        anchor, T_anchor_name = self._transforms.fixed(name, self.world, stamp_ns)
        key = anchor, stamp_ns
        if key not in self._moving:
            try:
                self._moving[key] = self._transforms.lookup(
                    self.world, anchor, stamp_ns, wait_s)
            except TransformError:
                # the same again, in words about the frame that was asked for
                return self._transforms.lookup(self.world, name, stamp_ns, 0.0)
        return np.asarray(self._moving[key] @ T_anchor_name)

    def foresee(self, views: Iterable[tuple[str, int]]) -> None:
        """Look up what is there of frames at times, so that nobody has to later; never waits."""
        for name, stamp_ns in views:
            with suppress(TransformError):
                self.pose(name, stamp_ns, 0.0)

    def poses(self, name: str, stamps_ns: Sequence[int]) -> np.ndarray:
        """(F, 4, 4) `T_world_name` at each time, NaN where TF has none; never waits."""
        try:
            anchor, T_anchor_name = self._transforms.fixed(name, self.world, stamps_ns[-1])
        except TransformError:
            return np.full((len(stamps_ns), 4, 4), np.nan)
        return np.asarray(self._stack(anchor, tuple(stamps_ns)) @ T_anchor_name)

    def _stack(self, anchor: str, stamps_ns: tuple[int, ...]) -> np.ndarray:
        """(F, 4, 4) poses of what moves; frames that hang on it all have the same."""
        stack = self._stacks.get((anchor, stamps_ns))
        if stack is None:
            stack = np.full((len(stamps_ns), 4, 4), np.nan)
            for at, stamp_ns in enumerate(stamps_ns):
                with suppress(TransformError):
                    key = anchor, stamp_ns
                    if key not in self._moving:
                        self._moving[key] = self._transforms.lookup(
                            self.world, anchor, stamp_ns, 0.0)
                    stack[at] = self._moving[key]
            self._stacks[anchor, stamps_ns] = stack
        return stack


class _Faults:
    """Why TF's poses of some frames can't be relied on though it gives them.

    Args:
        transforms: TF.
        world: that poses are in.
        newest_ns: of each frame, the newest stamp that its pose is wanted at.
        kinds: of breaks that are faults.
    """

    def __init__(
        self, transforms: TransformSource, world: str, newest_ns: Mapping[str, int],
        kinds: Sequence[str] = ('gap', 'jump', 'parent'),
    ) -> None:
        # what breaks one camera's way is no fault of another's
        self._breaks = {
            name: [one for one in transforms.breaks(world, name) if one.kind in kinds]
            for name in newest_ns}
        self._quarrels = {
            name: transforms.quarrel(world, name) for name, breaks in self._breaks.items()
            if any(one.kind != 'gap' for one in breaks)}
        self._newest_ns: dict[Break, int] = {}
        for name, stamp_ns in newest_ns.items():
            for one in self._breaks[name]:
                self._newest_ns[one] = max(stamp_ns, self._newest_ns.get(one, stamp_ns))

    def has(self, name: str) -> bool:
        """Whether there is a fault at any time."""
        return bool(self._breaks[name])

    def of(self, name: str, stamp_ns: int) -> str:
        """One line, '' for nothing."""
        if self._quarrels.get(name):
            return self._quarrels[name]
        for one in reversed(self._breaks[name]):
            # a camera whose images are all from before a jump sees one place, if it jumped alone
            if one.kind != 'gap' and stamp_ns < one.to_ns <= self._newest_ns[one]:
                return f'{one.text}; poses from before that are of another place'
            if one.kind == 'gap' and one.from_ns < stamp_ns < one.to_ns:
                return one.text
        return ''


def other_frames(
    frames: list[Frame], transforms: TransformSource, tree: Tree, base_frame: str,
    prefer: Sequence[str], missing: Missing,
) -> dict[str, np.ndarray]:
    """Poses of further TF frames, one per image stamp: of at most `MAX_TF_FRAMES`.

    Args:
        frames: decoded.
        transforms: TF.
        tree: as `place_frames` left it: what it looked up is not looked up again.
        base_frame: always among them, where TF has it.
        prefer: these come before all others.
        missing: takes a line for those that TF does not have, and where it has too many.

    Returns:
        Name to (F, 4, 4) float64 T_world_frame, NaN where TF has none that can be relied on.
    """
    known = transforms.frames()
    for name in prefer:
        if name not in known:
            missing.add(
                ('tf', name), f'TF has no frame {name[:60]!r}; see {transforms.topics.tree}')
    first = [name for name in (base_frame, *prefer) if name in known]
    wanted = [name for name in dict.fromkeys((*first, *known)) if name != tree.world]
    for name in wanted[MAX_TF_FRAMES:][:1]:
        missing.add(
            ('tf', ''),
            f'TF has {len(wanted)} frames, {MAX_TF_FRAMES} of them are given (not {name!r}, …): '
            'name one in the question, or as its frame_id')
    stamps_ns = [frame.stamp_ns for frame in frames]
    del wanted[MAX_TF_FRAMES:]
    # what is handed over, or seen by two trackers in turn, gets another parent for good reason
    faults = _Faults(
        transforms, tree.world, dict.fromkeys(wanted, stamps_ns[-1]), ('gap', 'jump'))
    found: dict[str, np.ndarray] = {}
    for name in wanted:
        poses = tree.poses(name, stamps_ns)
        known_at = np.isfinite(poses[:, 3, 3])
        if known_at.all() and not faults.has(name):  # nearly always, of a thousand poses
            found[name] = poses
            continue
        for at in np.flatnonzero(~known_at) if name in prefer else ():
            try:
                poses[at] = tree.pose(name, stamps_ns[at], 0.0)  # it may have come meanwhile
            except TransformError as error:
                missing.add(('tf', name), f'{error}; see {transforms.topics.tree}')
        known_at = np.isfinite(poses[:, 3, 3])
        for at in np.flatnonzero(known_at) if faults.has(name) else ():
            fault = faults.of(name, stamps_ns[at])
            if fault:
                poses[at] = np.nan
                if name in prefer:
                    missing.add(('tf', name), f'no pose of frame {name!r}: {fault}')
        if np.isfinite(poses[:, 3, 3]).any():
            found[name] = poses
    return found
