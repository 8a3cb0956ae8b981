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


"""How much of each thing a view shows, by casting rays at the geometry: no picture is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.sim.engine import mujoco
from spatialclaw_ros.sim.worlds.model import WorldModel
from spatialclaw_ros.sim.worlds.outlines import outline

RAYS = 100


@dataclass(frozen=True)
class Sight:
    """How one view shows one thing.

    Args:
        inside: share of its outline that is inside the picture, 0 to 1.
        visible: share of its outline that is inside the picture and not hidden.
        pixels: of the part that is visible, about.
        hidden_by: other things and fixtures to the share of its outline that they hide.
    """

    inside: float
    visible: float
    pixels: int
    hidden_by: Mapping[str, float]

    @property
    def cut(self) -> bool:
        """Whether the picture's edge cuts it, or it is outside."""
        return self.inside < 1.0


def view_sights(
    compiled: WorldModel, index: int, names: Iterable[str],
) -> Mapping[str, Sight]:
    """How one view shows some things, by their names."""
    compiled.move_to(compiled.world.views[index].stamp_ns)
    owners, owner = compiled.owners()
    return {name: _sight(compiled, index, name, owners, owner) for name in names}


def _sight(
    compiled: WorldModel, index: int, name: str, names: list[str], owner: np.ndarray,
) -> Sight:
    """Cast rays through the outline of a thing; the model is where it is at the view's stamp."""
    world = compiled.world
    whole = outline(world, index, name)
    inside = whole.inside
    if not len(inside):
        return Sight(0.0, 0.0, 0, {})
    # every n-th pixel in reading order: a net over the outline, the same each time
    sample = inside[len(inside) % RAYS // 2::max(1, len(inside) // RAYS)]
    camera = world.camera(world.views[index].camera).intrinsics
    pose = world.T_world_view(index)
    rays = camera.rays_at(sample) @ pose[:3, :3].T
    hit = np.zeros(1, np.int32)
    met: Counter[str] = Counter()
    for ray in rays:
        mujoco.mj_ray(compiled.model, compiled.data, pose[:3, 3], ray, None, 1, -1, hit)
        first = names[owner[hit[0]]] if hit[0] >= 0 else ''
        # the outline is a hair too wide: what only passes the thing doesn't hide it
        if first == name or _meets(compiled, name, pose[:3, 3], ray):
            met[first] += 1
    share = whole.share_inside / max(1, met.total())
    visible = share * met.pop(name, 0)
    return Sight(whole.share_inside, visible, round(visible * whole.pixels),
                 {other: share * count for other, count in met.items()})


def _meets(compiled: WorldModel, name: str, start: np.ndarray, ray: np.ndarray) -> bool:
    """Whether a ray would meet a thing if nothing else were there."""
    model, data = compiled.model, compiled.data
    return any(
        mujoco.mju_rayGeom(data.geom_xpos[geom], data.geom_xmat[geom], model.geom_size[geom],
                           start, ray, model.geom_type[geom]) >= 0
        for geom in compiled.geoms[name])
