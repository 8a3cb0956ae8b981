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


"""Objects and materials as MJCF text, MuJoCo's own format."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import numpy as np

from spatialclaw_ros.geometry.se3 import matrix_to_quat_xyzw
from spatialclaw_ros.sim import textures
from spatialclaw_ros.sim.objects import Geom, SceneObject

MATERIALS = '''<texture name="wood" type="2d" file="wood.png"/>
    <texture name="tiles" type="2d" file="tiles.png"/>
    <material name="wood" texture="wood" texrepeat="1 1.5" specular="0.15" shininess="0.3"/>
    <material name="tiles" texture="tiles" texrepeat="12 12" specular="0.1" shininess="0.2"/>
    <material name="plaster" rgba="0.80 0.788 0.76 1" specular="0"/>
    <material name="gloss" specular="0.35" shininess="0.6"/>
    <material name="matt" specular="0.08" shininess="0.2"/>'''
"""Inside of `<asset>`: what `Geom.material` names."""


@functools.lru_cache(maxsize=1)
def assets() -> dict[str, bytes]:
    """Files that `MATERIALS` names, by name."""
    return {'wood.png': textures.wood(), 'tiles.png': textures.tiles()}


def object_xml(thing: SceneObject) -> str:
    """Body of one object; its geoms are called `NAME/0`, `NAME/1`, ..."""
    return (f'<body name={quoteattr(thing.name)} pos="{numbers(thing.position)}" '
            f'euler="0 0 {thing.yaw_rad:.9f}">{geoms_xml(thing)}</body>')


def geoms_xml(thing: SceneObject) -> str:
    """Geoms of one object."""
    return ''.join(
        geom_xml(f'{thing.name}/{number}', geom) for number, geom in enumerate(thing.geoms))


def geom_xml(name: str, geom: Geom) -> str:
    """One geom in its body's frame; '' for no name."""
    x, y, z, w = matrix_to_quat_xyzw(geom.T_object_geom[:3, :3])
    label = f'name={quoteattr(name)} ' if name else ''
    material = f'material="{geom.material}" ' if geom.material else ''
    return (f'<geom {label}type="{geom.type}" size="{numbers(geom.size)}" {material}'
            f'pos="{numbers(geom.T_object_geom[:3, 3])}" quat="{numbers((w, x, y, z))}" '
            f'rgba="{numbers(geom.rgba)}"/>')


def numbers(values: Sequence[float] | np.ndarray) -> str:
    """Values as MJCF has them, to nine digits."""
    return ' '.join(f'{value:.9g}' for value in values)
