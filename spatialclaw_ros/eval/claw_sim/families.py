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



"""All families by name, and which of them a setting leaves something to ask."""

from __future__ import annotations

from collections.abc import Mapping

from spatialclaw_ros.eval.claw_sim import choosing, metric, moving, refusing, relations
from spatialclaw_ros.eval.claw_sim.asked import Family
from spatialclaw_ros.sim.worlds.sensors import Exact
from spatialclaw_ros.sim.worlds.settings import Setting

FAMILIES: Mapping[str, Family] = {
    'closest distance': metric.closest_distance,
    'centre distance': metric.center_distance,
    'distance to the edge': metric.edge_distance,
    'distance to a frame': metric.frame_distance,
    'distance to the camera': metric.camera_distance,
    'position': metric.position,
    'size': metric.size,
    'height': metric.height,
    'count': choosing.count,
    'existence': choosing.existence,
    'which is nearer': choosing.nearest,
    'which is larger': choosing.extreme,
    'comparison': choosing.comparison,
    'limit': choosing.limit,
    'relation': relations.relation,
    'side': relations.which_side,
    'row order': relations.row_order,
    'between': relations.between,
    'viewpoint': relations.viewpoint,
    'hidden count': relations.hidden_count,
    'fit': relations.fits,
    'distance moved': moving.moved_distance,
    'path length': moving.path_length,
    'moved or not': moving.did_it_move,
    'direction': moving.direction,
    'bearing': moving.bearing,
    'absent': refusing.absent,
    'ambiguous': refusing.ambiguous,
    'cut off': refusing.cut_off,
    'borderline': refusing.borderline,
    'unknown frame': refusing.unknown_frame,
}
_IN_PICTURES = frozenset({'count', 'existence', 'side', 'row order', 'absent'})
_IN_ONE_WORLD = frozenset({'distance moved', 'path length', 'direction', 'viewpoint'})


def families_for(setting: Setting) -> Mapping[str, Family]:
    """Families of which a setting leaves a fair judge something to answer, or to refuse."""
    if setting.without_depth or setting.without_camera_info:
        plain = {name: FAMILIES[name] for name in FAMILIES if name in _IN_PICTURES}
        # several pictures of known places tell metres without depth, too
        return {**plain, 'no metres': refusing.without_metres} if (
            setting.without_tf or setting.without_camera_info) else plain
    left_out = _IN_ONE_WORLD if setting.without_tf else frozenset[str]()
    if isinstance(setting.depth, Exact):
        left_out = left_out | {'borderline'}  # exact depth may tell
    families = {name: family for name, family in FAMILIES.items() if name not in left_out}
    return {**families, 'no TF': refusing.without_tf} if setting.without_tf else families
