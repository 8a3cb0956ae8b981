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

"""The frames of one request together: what they share, and what is found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spatialclaw_ros.perception.candidates import depth_is_registered
from spatialclaw_ros.perception.kinds import SurfaceGroup, group_surfaces
from spatialclaw_ros.perception.pieces import Piece
from spatialclaw_ros.perception.view import FrameView


@dataclass(frozen=True, eq=False)
class Scene:
    """The frames of one request.

    Args:
        views: frame index to view, in time order.
        shared_world: whether all poses are in one world.
        notes: what was assumed.
    """

    views: Mapping[int, FrameView]
    shared_world: bool
    notes: tuple[str, ...] = ()

    @cached_property
    def pieces(self) -> dict[int, list[Piece]]:
        """Things on surfaces of each view, by `id`, filled in by who needs them."""
        return {}

    @cached_property
    def groups(self) -> list[SurfaceGroup]:
        """Named surfaces through the frames."""
        return group_surfaces(self.views, self.shared_world)

    @cached_property
    def registered(self) -> bool:
        """Whether depth is registered to colour to about two pixels, by most of a few frames."""
        solid = [view for view in self.views.values() if view.geometry is not None]
        votes = [depth_is_registered(view) for view in solid[:: max(1, len(solid) // 4)]]
        return bool(votes) and sum(votes) * 2 > len(votes)

    @cached_property
    def floors(self) -> frozenset[tuple[int, int]]:
        """(frame, surface index) of every surface that is the floor; empty when all are."""
        floors = {member for group in self.groups if group.kinds['floor'] > 0.5
                  for member in group.members}
        total = {member for group in self.groups for member in group.members}
        return frozenset(floors) if floors != total else frozenset()

    @property
    def has_depth(self) -> bool:
        """Whether any frame has usable depth."""
        return any(view.geometry is not None for view in self.views.values())


@dataclass(frozen=True, eq=False)
class Found:
    """One thing found.

    Args:
        label: what to call it.
        masks: frame index to (H, W) bool, only where it is seen.
        scores: frame index to score in [0, 1].
        score: of the thing as a whole.
    """

    label: str
    masks: Mapping[int, np.ndarray]
    scores: Mapping[int, float]
    score: float
