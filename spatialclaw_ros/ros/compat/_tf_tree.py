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

"""A time-bounded tree of coordinate frames with tf2's rules and messages; knows no ROS type.

The rules (which sample answers for a time, how far a walk goes, what each error
says) are those of tf2's BufferCore, so that either buffer can stand behind the same caller.
"""

from __future__ import annotations

import bisect
import math
import threading
from dataclasses import dataclass, field

from spatialclaw_ros.ros.compat._tf_pose import IDENTITY, Pose, between, inverse, multiply

DEFAULT_CACHE_NS = 10 * 10**9
_UNIT_TOLERANCE = 1e-2


class TransformException(Exception):  # noqa: N818 (tf2's own name)
    """Root of what a lookup raises."""


class LookupException(TransformException):
    """A frame that nobody has published, or a loop in the tree."""


class ConnectivityException(TransformException):
    """Both frames are known, but no path joins them."""


class ExtrapolationException(TransformException):
    """The path is known, but not at the time asked for."""


class InvalidArgumentException(TransformException):
    """A frame name that can't be one."""


class TimeoutException(TransformException):
    """The transform did not come in the time given."""


def seconds_text(stamp_ns: int) -> str:
    """Time as tf2 prints it."""
    sign = '-' if stamp_ns < 0 else ''
    whole, rest = divmod(abs(stamp_ns), 10**9)
    return f'{sign}{whole}.{rest // 1000:06d}'


@dataclass
class _Track:
    """Where one frame was in its parent: one sample for ever, or samples in order of time."""

    static: bool
    stamps_ns: list[int] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)

    def insert(self, stamp_ns: int, parent: str, pose: Pose, cache_ns: int) -> bool:
        """Add a sample; whether it was young enough to be kept."""
        if self.static:
            self.stamps_ns, self.parents, self.poses = [0], [parent], [pose]
            return True
        stamps = self.stamps_ns
        if stamps and stamp_ns < stamps[-1] - cache_ns:
            return False
        at = len(stamps) if not stamps or stamp_ns > stamps[-1] else (
            bisect.bisect_left(stamps, stamp_ns))
        if at < len(stamps) and stamps[at] == stamp_ns:
            self.parents[at], self.poses[at] = parent, pose
        else:
            stamps.insert(at, stamp_ns)
            self.parents.insert(at, parent)
            self.poses.insert(at, pose)
        expired = bisect.bisect_left(stamps, stamps[-1] - cache_ns)
        if expired:
            del stamps[:expired], self.parents[:expired], self.poses[:expired]
        return True

    def at(self, stamp_ns: int | None) -> tuple[str, Pose]:
        """Parent and pose at a time; None for the newest.

        Raises:
            ExtrapolationException: the time is outside what is stored.
        """
        if self.static or stamp_ns is None:
            return self.parents[-1], self.poses[-1]
        stamps = self.stamps_ns
        after = bisect.bisect_left(stamps, stamp_ns)
        if after < len(stamps) and stamps[after] == stamp_ns:
            return self.parents[after], self.poses[after]
        if 0 < after < len(stamps):
            before = after - 1
            if self.parents[before] != self.parents[after]:
                return self.parents[before], self.poses[before]
            alpha = (stamp_ns - stamps[before]) / (stamps[after] - stamps[before])
            return self.parents[before], between(self.poses[before], self.poses[after], alpha)
        asked = seconds_text(stamp_ns)
        if len(stamps) == 1:
            raise ExtrapolationException(
                f'Lookup would require extrapolation at time {asked}, but only time '
                f'{seconds_text(stamps[0])} is in the buffer')
        if after:
            raise ExtrapolationException(
                'Lookup would require extrapolation into the future.  Requested time '
                f'{asked} but the latest data is at time {seconds_text(stamps[-1])}')
        raise ExtrapolationException(
            'Lookup would require extrapolation into the past.  Requested time '
            f'{asked} but the earliest data is at time {seconds_text(stamps[0])}')


class TransformTree:
    """All frames and where they were; safe from any thread.

    Args:
        cache_ns: how long samples are kept, counted back from each frame's newest one.
    """

    def __init__(self, cache_ns: int = DEFAULT_CACHE_NS) -> None:
        self._cache_ns = cache_ns
        self._tracks: dict[str, _Track] = {}
        self._names: dict[str, None] = {}
        self._changed = threading.Condition()

    def insert(
        self, parent: str, child: str, stamp_ns: int, pose: Pose, static: bool = False,
    ) -> str:
        """Store a sample.

        Returns:
            Why it was refused, '' when it was taken.
        """
        parent, child = parent.lstrip('/'), child.lstrip('/')
        if not parent or not child:
            return f'parent {parent!r} and child {child!r} must both have a name'
        if parent == child:
            return f'frame {child!r} can\'t be its own parent'
        if not all(map(math.isfinite, pose)):
            return f'pose of {child!r} in {parent!r} holds NaN or infinity: {pose}'
        norm = math.sqrt(sum(value * value for value in pose[3:]))
        if abs(norm - 1.0) > _UNIT_TOLERANCE:
            return f'quaternion of {child!r} in {parent!r} has length {norm:.3f}, it must be 1'
        unit: Pose = (
            pose[0], pose[1], pose[2],
            pose[3] / norm, pose[4] / norm, pose[5] / norm, pose[6] / norm)
        with self._changed:
            track = self._tracks.get(child)
            if track is None or track.static != static:
                track = self._tracks[child] = _Track(static)
            taken = track.insert(stamp_ns, parent, unit, self._cache_ns)
            self._names.setdefault(child)
            self._names.setdefault(parent)
            self._changed.notify_all()
        return '' if taken else (
            f'sample of {child!r} at {seconds_text(stamp_ns)} is older than the cache of '
            f'{self._cache_ns * 1e-9:g} s')

    def clear(self) -> None:
        """Forget all samples but the static ones."""
        with self._changed:
            for name in [name for name, track in self._tracks.items() if not track.static]:
                del self._tracks[name]

    def lookup(self, target: str, source: str, stamp_ns: int) -> tuple[Pose, int]:
        """Pose of `source` in `target`.

        Args:
            target: frame that points are mapped into.
            source: frame that they come from.
            stamp_ns: time; 0 for the newest that the whole path has.

        Returns:
            The pose, and the time that it is of.

        Raises:
            TransformException: one of its kinds, with tf2's words.
        """
        with self._changed:
            return self._lookup(target, source, stamp_ns)

    def wait(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> None:
        """Return when a lookup would succeed, at the latest after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._fault(target, source, stamp_ns), timeout=timeout_s)

    def fault(self, target: str, source: str, stamp_ns: int) -> str:
        """Why a lookup would fail, '' when it would not."""
        with self._changed:
            return self._fault(target, source, stamp_ns)

    def latest_common_ns(self, target: str, source: str) -> int:
        """Newest time that the whole path has; 0 for a static one."""
        with self._changed:
            self._check_names(target, source)
            return self._latest_common(target, source)

    def parents(self) -> dict[str, tuple[str, int, int, int, bool]]:
        """Each child: parent now, oldest and newest stamp, samples, static."""
        with self._changed:
            return {
                name: (track.parents[-1], track.stamps_ns[0], track.stamps_ns[-1],
                       len(track.stamps_ns), track.static)
                for name, track in self._tracks.items()}

    def _fault(self, target: str, source: str, stamp_ns: int) -> str:
        try:
            self._lookup(target, source, stamp_ns)
        except TransformException as error:
            return str(error)
        return ''

    def _check_names(self, target: str, source: str) -> None:
        for argument, name in (('target_frame', target), ('source_frame', source)):
            where = f'lookupTransform argument {argument}'
            if not name:
                raise InvalidArgumentException(
                    f'Invalid argument passed to {where} in tf2 frame_ids cannot be empty')
            if name.startswith('/'):
                raise InvalidArgumentException(
                    f'Invalid argument "{name}" passed to {where} in tf2 frame_ids cannot start '
                    "with a '/'")
            if name not in self._names:
                raise LookupException(f'"{name}" passed to {where} does not exist. ')

    def _lookup(self, target: str, source: str, stamp_ns: int) -> tuple[Pose, int]:
        self._check_names(target, source)
        if target == source:
            return IDENTITY, stamp_ns
        if stamp_ns == 0:
            stamp_ns = self._latest_common(target, source)
        up_source, up_target = self._paths(target, source, stamp_ns)
        pose = IDENTITY
        for step in up_source:
            pose = multiply(step, pose)
        down = IDENTITY
        for step in up_target:
            down = multiply(step, down)
        return multiply(inverse(down), pose), stamp_ns

    def _latest_common(self, target: str, source: str) -> int:
        stamps: list[int] = []
        self._paths(target, source, None, stamps)
        return min(stamps, default=0)

    def _paths(
        self, target: str, source: str, stamp_ns: int | None, newest: list[int] | None = None,
    ) -> tuple[list[Pose], list[Pose]]:
        """Steps from source and from target up to the first frame that both have above them."""
        source_names, source_steps, source_error = self._climb(source, target, stamp_ns)
        if source_names[-1] == target:
            meet_source, meet_target = len(source_steps), 0
            target_names, target_steps = [target], list[Pose]()
        else:
            target_names, target_steps, target_error = self._climb(
                target, source, stamp_ns, frozenset(source_names))
            if target_names[-1] not in source_names:
                error = source_error or target_error
                if error is not None:
                    raise ExtrapolationException(
                        f'{error}, when looking up transform from frame [{source}] to frame '
                        f'[{target}]')
                raise ConnectivityException(
                    f"Could not find a connection between '{target}' and '{source}' because they "
                    'are not part of the same tree.Tf has two or more unconnected trees.')
            meet_source, meet_target = source_names.index(target_names[-1]), len(target_steps)
        if newest is not None:
            for name in (*source_names[:meet_source], *target_names[:meet_target]):
                track = self._tracks[name]
                if not track.static:
                    newest.append(track.stamps_ns[-1])
        return source_steps[:meet_source], target_steps[:meet_target]

    def _climb(
        self, start: str, goal: str, stamp_ns: int | None, stops: frozenset[str] = frozenset(),
    ) -> tuple[list[str], list[Pose], ExtrapolationException | None]:
        names, seen = [start], {start}
        steps: list[Pose] = []
        frame = start
        while frame != goal and frame not in stops:
            track = self._tracks.get(frame)
            if track is None:
                break
            try:
                parent, pose = track.at(stamp_ns)
            except ExtrapolationException as error:
                return names, steps, error
            if parent in seen:
                loop = ' -> '.join([*names[names.index(parent):], parent])
                raise LookupException(
                    f'The tf tree is invalid because it contains a loop: {loop}')
            names.append(parent)
            steps.append(pose)
            seen.add(parent)
            frame = parent
        return names, steps, None
