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



"""What was drawn of the last few worlds, kept within a bound of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.sim.worlds.look import look
from spatialclaw_ros.sim.worlds.make import make_world
from spatialclaw_ros.sim.worlds.settings import SETTINGS
from spatialclaw_ros.sim.worlds.world import World
from spatialclaw_ros.workspace.observation import Observation

MAX_BYTES = 400_000_000


class PackedMasks(Sequence[Mapping[str, np.ndarray]]):
    """True masks of each frame, a bit for each pixel.

    Args:
        masks: of each frame, name to (H, W) bool.
    """

    def __init__(self, masks: Sequence[Mapping[str, np.ndarray]]) -> None:
        self._shape = next(mask.shape for frame in masks for mask in frame.values())
        self._packed = [{name: np.packbits(mask) for name, mask in frame.items()}
                        for frame in masks]

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """Masks of one frame."""
        count = self._shape[0] * self._shape[1]
        return {name: np.unpackbits(packed, count=count).reshape(self._shape).astype(bool)
                for name, packed in self._packed[index].items()}

    def __len__(self) -> int:
        return len(self._packed)

    @property
    def nbytes(self) -> int:
        """Bytes that they take."""
        return sum(packed.nbytes for frame in self._packed for packed in frame.values())


@dataclass(frozen=True, eq=False)
class Render:
    """A world, and what was seen of it.

    Args:
        world: what there is.
        observation: what the robot is told.
        masks: where things truly are.
    """

    world: World
    observation: Observation
    masks: PackedMasks

    @property
    def nbytes(self) -> int:
        """Bytes of pictures, depth and masks."""
        return self.masks.nbytes + sum(
            frame.image.nbytes + (0 if frame.depth_m is None else frame.depth_m.nbytes)
            for frame in self.observation.frames)


class Renders:
    """Renders of the last worlds; any thread may ask, one draws at a time.

    Args:
        max_bytes: older ones are forgotten beyond it; the newest is always kept.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[int, str], Render] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, seed: int, setting: str) -> Render:
        """The world of a seed as it is seen in a setting.

        Raises:
            DependencyError: nothing draws here; the message says what to install.
        """
        key = seed, setting
        with self._lock:
            if key not in self._kept:
                world = make_world(seed)
                seen = look(world, SETTINGS[setting])
                self._kept[key] = Render(world, seen.observation, PackedMasks(seen.masks))
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self.nbytes > self._max_bytes:
                self._kept.popitem(last=False)
            return self._kept[key]

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return sum(render.nbytes for render in self._kept.values())


RENDERS = Renders()
"""Those of this process."""
