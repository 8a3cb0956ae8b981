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

"""What TF's messages tell beside their poses: who is joined to whom, by whom, and where it breaks.

tf2 interpolates over any gap, and takes what came last of two publishers that contradict each
other. A measurement that rests on such a pose is wrong without a word, so both are noted here.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from geometry_msgs.msg import TransformStamped

from spatialclaw_ros.ros.tf_topics import PLAIN, TfTopics

JUMP_BACK_NS = 1_000_000_000
GAP_NS = 500_000_000
GAP_PERIODS = 5
MOVED_M, TURNED = 0.01, 0.01
"""Metres, radians: what moved less over a gap stood still."""
JUMP_M, JUMP_M_S = 0.3, 20.0
JUMP_RAD, JUMP_RAD_S = 0.6, 30.0
"""A move that is both farther and faster is a jump: no robot's camera does that."""
FLIPS, RECENT_S = 3, 2.0
BREAKS_KEPT = 32
PERIODS_KEPT = 7
SENDERS_KEPT = 16
LINKS_KEPT = 1024
"""Frames that move: those of a tracker with a name for each person would fill the memory."""


class Break(NamedTuple):
    """A time that a pose can't be followed through.

    Args:
        kind: 'gap', 'jump', or 'parent' where it hangs on another frame since.
        from_ns: stamp before it.
        to_ns: stamp after it.
        seen_s: when it was noticed, monotonic clock.
        text: one line about it.
    """

    kind: str
    from_ns: int
    to_ns: int
    seen_s: float
    text: str


class Back(NamedTuple):
    """Stamps of a frame that jumped back."""

    parent: str
    child: str
    from_ns: int
    to_ns: int

    def __str__(self) -> str:
        from_s, to_s = self.from_ns * 1e-9, self.to_ns * 1e-9
        return (
            f'stamps of {self.child!r} in {self.parent!r} jumped back by {from_s - to_s:.2f} s, '
            f'from {from_s:.3f} s to {to_s:.3f} s')


class _Link:
    """A frame and what it hangs on."""

    def __init__(self, parent: str, static: bool) -> None:
        self.parent = parent
        self.static = static
        self.stamp_ns = 0
        self.pose: tuple[float, ...] = ()
        self.periods_ns: deque[int] = deque(maxlen=PERIODS_KEPT)
        self.heard_s = -math.inf
        self.senders: dict[object, tuple[float, int]] = {}
        self.breaks: deque[Break] = deque(maxlen=BREAKS_KEPT)

    def sent_by(self, sender: object, stamp_ns: int, now_s: float) -> int:
        """The newest stamp that a publisher sent."""
        if sender not in self.senders and len(self.senders) >= SENDERS_KEPT:
            del self.senders[min(self.senders, key=lambda one: self.senders[one][0])]
        _, newest_ns = self.senders.get(sender, (now_s, stamp_ns))
        self.senders[sender] = now_s, max(newest_ns, stamp_ns)
        return newest_ns

    def is_left_to(self, sender: object, since_s: float) -> bool:
        """Whether no other publisher was heard since a time."""
        return all(
            seen_s < since_s for other, (seen_s, _) in self.senders.items() if other != sender)


class Links:
    """Frames, joined; not safe from several threads at once, the owner has the lock.

    Args:
        topics: that they come on, for the commands in messages.

    Attributes:
        frames: all names, in order of their first coming.
        changes: counts up when something may be fixed to something else than before.
    """

    def __init__(self, topics: TfTopics = PLAIN) -> None:
        self.frames: dict[str, None] = {}
        self.changes = 0
        self._topics = topics
        self._links: dict[str, _Link] = {}
        self._backs: dict[str, tuple[float, Back]] = {}
        self._swings: dict[str, tuple[float, Back]] = {}
        self._began_s = -math.inf

    def names(self, now_s: float) -> tuple[str, ...]:
        """All frames in order of their first coming, those no longer published at the end."""
        return tuple(sorted(self.frames, key=lambda name: self._is_silent(name, now_s)))

    def changed(self) -> None:
        """Note that something may be fixed to something else than before."""
        self.changes += 1

    def note(
        self, transform: TransformStamped, *, static: bool, sender: object, now_s: float,
    ) -> Back | None:
        """Take note of a transform.

        Args:
            transform: as it came.
            static: whether it came on the topic of those that don't move.
            sender: who published it, None where the middleware doesn't tell.
            now_s: monotonic clock.

        Returns:
            How its stamp lies more than a second before the newest of this frame and publisher, or
            of this frame where its other publishers fell silent: one that was started again is
            another one. None where it does not, or where stamps of this frame swing to and fro.
        """
        parent = transform.header.frame_id.lstrip('/')
        child = transform.child_frame_id.lstrip('/')
        self.frames.setdefault(parent)
        self.frames.setdefault(child)
        link = self._links.get(child)
        if link is None or link.static != static:
            link = self._links[child] = _Link(parent, static)
            link.heard_s = now_s
            self.changed()
            self._make_room()
        link.heard_s = now_s
        if static:
            self.changed()
            link.parent = parent
            return None
        stamp = transform.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        move, turn = transform.transform.translation, transform.transform.rotation
        pose = (move.x, move.y, move.z, turn.x, turn.y, turn.z, turn.w)
        since_ns = stamp_ns - link.stamp_ns if link.pose else 0
        if link.pose and (pose != link.pose or parent != link.parent):
            _look_for_break(link, parent, child, pose, since_ns, now_s)
        if since_ns > 0:
            link.periods_ns.append(since_ns)
        link.parent, link.pose = parent, pose
        link.stamp_ns = max(link.stamp_ns, stamp_ns)
        newest_ns = link.sent_by(sender, stamp_ns, now_s)
        if link.is_left_to(sender, max(self._began_s, now_s - RECENT_S)):
            newest_ns = link.stamp_ns
        if newest_ns - stamp_ns <= JUMP_BACK_NS:
            return None
        return self._went_back(Back(parent, child, newest_ns, stamp_ns), now_s)

    def may_begin_again(self, now_s: float) -> None:
        """Note that a camera's stamps jumped back: who is heard no more since, may be gone."""
        self._began_s = now_s

    def _went_back(self, back: Back, now_s: float) -> Back | None:
        """The jump, None where that frame swings: then what it did before is no other lap."""
        before_s, _ = self._backs.get(back.child, (-math.inf, None))
        self._backs[back.child] = now_s, back
        if now_s - before_s > RECENT_S:
            return back
        self._swings[back.child] = now_s, back
        return None

    def _is_silent(self, name: str, now_s: float) -> bool:
        link = self._links.get(name)
        return link is not None and not link.static and now_s - link.heard_s > RECENT_S

    def _make_room(self) -> None:
        """Forget the frames that were not heard of for longest, where too many move.

        Those that others hang on come last: a slow localisation, beside what a tracker sees.
        """
        moving = [name for name, link in self._links.items() if not link.static]
        if len(moving) <= LINKS_KEPT:
            return
        parents = {link.parent for link in self._links.values()}
        moving.sort(key=lambda name: (name not in parents, -self._links[name].heard_s))
        for name in moving[LINKS_KEPT // 2:]:
            for each in (self._links, self._backs, self._swings):
                each.pop(name, None)
        kept = {name for child, link in self._links.items() for name in (child, link.parent)}
        self.frames = {name: None for name in self.frames if name in kept}

    def clear(self) -> None:
        """Forget all that moves, but not the names."""
        self.changed()
        self._links = {name: link for name, link in self._links.items() if link.static}

    def older_than(self, stamp_ns: int) -> bool:
        """Whether any frame's newest transform is older than a time."""
        return any(link.stamp_ns < stamp_ns for link in self._links.values() if not link.static)

    def way(self, target: str, source: str) -> tuple[str, ...]:
        """Frames whose transforms a lookup needs, as far as they are known."""
        up_source, up_target = self._up(source), self._up(target)
        # the first that both hang on; in a loop one may hang on the other and the other way round
        meet = target if target in up_source else next(
            (name for name in up_source if name in up_target), None)
        if meet is not None:
            del up_source[up_source.index(meet):], up_target[up_target.index(meet):]
        return tuple(name for name in (*up_source, *up_target) if name in self._links)

    def anchor(self, name: str, world: str) -> str:
        """The frame farthest up, at most `world`, that one is fixed to by static transforms."""
        seen = {name}
        while name != world:
            link = self._links.get(name)
            if link is None or not link.static or link.parent in seen:
                break
            name = link.parent
            seen.add(name)
        return name

    def breaks(self, way: Iterable[str]) -> list[Break]:
        """Gaps and jumps of some frames, the oldest first."""
        return sorted(
            (one for name in way for one in self._links[name].breaks), key=lambda one: one.to_ns)

    def quarrel(self, way: Iterable[str], now_s: float) -> str:
        """A line about a frame that several publishers contradict each other on, '' for none."""
        for name in way:
            link = self._links[name]
            flips = sum(
                one.kind != 'gap' and now_s - one.seen_s < RECENT_S for one in link.breaks)
            if flips >= FLIPS:
                count = _recent_senders(link, now_s)
                who = f'{count} publishers' if count > 1 else (
                    'several publishers, or one that can\'t decide,')
                return (
                    f'TF of {name!r} in {link.parent!r} jumps to and fro, as {who} that contradict '
                    f'each other make it: {self._topics.publishers} names them, stop all but one')
        return ''

    def doubled(self, way: Iterable[str], now_s: float) -> str:
        """A line about a frame that several publishers send, '' for none."""
        for name in way:
            count = _recent_senders(self._links[name], now_s)
            if count > 1:
                return (
                    f'{count} publishers send the transform from {self._links[name].parent!r} to '
                    f'{name!r}: poses may flip between them')
            swung_s, back = self._swings.get(name, (-math.inf, None))
            if now_s - swung_s < RECENT_S:
                return (
                    f'{back} and forth: several publishers send them, or one whose clock does '
                    f'that; {self._topics.publishers} names them')
        return ''

    def loop(self, frame: str) -> str:
        """The frames of a loop above one, as `a -> b -> a`; '' for a tree."""
        names = [frame]
        while names[-1] in self._links:
            parent = self._links[names[-1]].parent
            if parent in names:
                return ' -> '.join([*names[names.index(parent):], parent])
            names.append(parent)
        return ''

    def oldest(self, frame: str) -> tuple[str, str, int] | None:
        """Of the moving frames from one up to the root: name, parent, stamp of the stalest."""
        moving = [
            (name, self._links[name].parent, self._links[name].stamp_ns)
            for name in self._up(frame) if name in self._links and not self._links[name].static]
        return min(moving, key=lambda one: one[2], default=None)

    def _up(self, frame: str) -> list[str]:
        names = [frame]
        while names[-1] in self._links and self._links[names[-1]].parent not in names:
            names.append(self._links[names[-1]].parent)
        return names


def _look_for_break(
    link: _Link, parent: str, child: str, pose: tuple[float, ...], since_ns: int, now_s: float,
) -> None:
    before = link.pose
    moved_m = math.dist(before[:3], pose[:3])
    cosine = min(1.0, abs(sum(a * b for a, b in zip(before[3:], pose[3:]))))
    turned = 2 * math.acos(cosine)
    since_s = abs(since_ns) * 1e-9
    jumped = (moved_m > JUMP_M and moved_m > JUMP_M_S * since_s) or (
        turned > JUMP_RAD and turned > JUMP_RAD_S * since_s)
    first_ns, last_ns = sorted((link.stamp_ns, link.stamp_ns + since_ns))
    if parent != link.parent or jumped:
        kind = 'jump'
        how = f'moves by {moved_m:.2f} m and {math.degrees(turned):.0f} degrees in {since_s:.2f} s'
        if parent != link.parent:
            kind, how = 'parent', f'changes its parent from {link.parent!r}'
        link.breaks.append(Break(
            kind, first_ns, last_ns, now_s, f'TF jumps: {child!r} in {parent!r} {how}'))
    elif since_ns > GAP_NS and (moved_m > MOVED_M or turned > TURNED) and (
            link.periods_ns and since_ns > GAP_PERIODS * statistics.median(link.periods_ns)):
        link.breaks.append(Break(
            'gap', first_ns, last_ns, now_s,
            f'TF has a gap of {since_s:.2f} s: nothing came of {child!r} in {parent!r} from '
            f'{first_ns * 1e-9:.3f} s to {last_ns * 1e-9:.3f} s, and it moved'))


def _recent_senders(link: _Link, now_s: float) -> int:
    return sum(now_s - seen_s < RECENT_S for seen_s, _ in link.senders.values())
