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


"""Poses over time: what moves, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.geometry.se3 import interpolate


@dataclass(frozen=True, eq=False)
class Path:
    """Poses at some stamps; straight and steady between them, still before and after.

    Args:
        stamps_ns: (K,) int64, rising.
        poses: (K, 4, 4) float64.

    Raises:
        ValueError: shapes don't fit, or stamps don't rise.
    """

    stamps_ns: np.ndarray
    poses: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.stamps_ns)
        if count < 1 or self.poses.shape != (count, 4, 4):
            raise ValueError(
                f'a path needs a (4, 4) pose for each of its stamps, got {self.poses.shape} '
                f'for {count}')
        if not (np.diff(self.stamps_ns) > 0).all():
            raise ValueError(f'the stamps of a path must rise, got {self.stamps_ns}')

    @classmethod
    def still(cls, pose: np.ndarray) -> Path:
        """One pose for all time."""
        return cls(np.zeros(1, np.int64), np.asarray(pose, np.float64)[None])

    @classmethod
    def through(cls, stamps_ns: Sequence[int] | np.ndarray, poses: Sequence[np.ndarray]) -> Path:
        """Poses one after the other."""
        return cls(np.asarray(stamps_ns, np.int64), np.stack(poses))

    @property
    def moves(self) -> bool:
        """Whether it has more than one pose."""
        return len(self.stamps_ns) > 1

    def at(self, stamp_ns: int) -> np.ndarray:
        """Pose at a stamp, (4, 4)."""
        after = int(np.searchsorted(self.stamps_ns, stamp_ns, side='right'))
        if after == 0 or after == len(self.stamps_ns):
            return self.poses[max(0, after - 1)]
        start, stop = self.stamps_ns[after - 1:after + 1]
        share = (stamp_ns - int(start)) / (int(stop) - int(start))
        if share == 0.0:
            return self.poses[after - 1]
        return interpolate(self.poses[after - 1], self.poses[after], share)

    def length_m(self, start_ns: int, stop_ns: int) -> float:
        """Length of the way between two stamps, metres."""
        inside = (self.stamps_ns > start_ns) & (self.stamps_ns < stop_ns)
        points = [self.at(start_ns)[:3, 3], *self.poses[inside, :3, 3], self.at(stop_ns)[:3, 3]]
        return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
