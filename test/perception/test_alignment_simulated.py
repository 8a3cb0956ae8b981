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


"""The simulated robot's cameras: textured, moving with an arm, at full size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from depth_models import DistortedModel, shrunk

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.perception.depth import clean_depth
from spatialclaw_ros.perception.fusion import FusedReconstructor
from spatialclaw_ros.perception.model_reconstructor import ModelReconstructor
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.sim.observation import observe_tabletop
from spatialclaw_ros.workspace.observation import Observation

COUNT = 5


@pytest.fixture(scope='module')
def tabletop() -> Observation:
    return observe_tabletop(COUNT, step_ns=400_000_000)


def bias(scene: SceneGeometry, observation: Observation) -> float:
    """Greatest over the frames of the median relative error, signed ones averaged out."""
    worst = 0.0
    for frame in observation.frames:
        ratio = scene.depth_m[frame.index] / clean_depth(frame.depth_m)
        worst = max(worst, abs(float(np.nanmedian(ratio[np.abs(ratio - 1) < 0.05])) - 1))
    return worst


@pytest.mark.parametrize(('lacks', 'source', 'distortion'), [
    ((), 'sensor_depth', {'shift': 0.1}),
    ((), 'sensor_depth', {'shift': 0.1, 'inverse': True}),
    (('depth_m',), 'tf_baseline', {}),
    (('depth_m', 'T_world_camera'), 'model', {'scale': 1.0, 'is_metric': True}),
])
def test_within_one_percent(
    tabletop: Observation, lacks: tuple[str, ...], source: str, distortion: dict,
) -> None:
    model = DistortedModel(
        tabletop.frames, [shrunk(frame.depth_m, 504, 378) for frame in tabletop.frames],
        **{'scale': 0.4, 'noise': 0.02, 'outliers': 0.3, 'turn_deg': 0.3, 'away': 0.001,
           **distortion})
    frames = tuple(replace(frame, **dict.fromkeys(lacks)) for frame in tabletop.frames)
    scene = ModelReconstructor(model).reconstruct(
        Observation(frames, 'odom'), range(COUNT), Deadline())
    assert scene.scale_source == source
    assert bias(scene, tabletop) < 0.01
    true = np.stack([frame.T_world_camera for frame in tabletop.frames])
    between = np.linalg.inv(scene.extrinsics[0]) @ scene.extrinsics
    assert between == pytest.approx(np.linalg.inv(true[0]) @ true, abs=0.03)


def test_an_object_without_depth_is_filled(tabletop: Observation) -> None:
    """A glass block: no reading on it, nor on a margin round it."""
    frames = []
    for frame in tabletop.frames:
        depth = clean_depth(frame.depth_m).copy()
        depth[150:330, 220:420] = np.nan
        frames.append(replace(frame, depth_m=depth))
    model = DistortedModel(
        frames, [shrunk(frame.depth_m, 504, 378) for frame in tabletop.frames], scale=0.4,
        noise=0.01, shift=0.05, inverse=True)
    scene = FusedReconstructor(model).reconstruct(
        Observation(tuple(frames), 'odom'), range(COUNT), Deadline())
    for true in tabletop.frames:
        error = np.abs(scene.depth_m[true.index] / true.depth_m - 1)[150:330, 220:420]
        assert np.nanmedian(error) < 0.012
        assert np.isfinite(error).mean() > 0.95
