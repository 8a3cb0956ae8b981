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


"""The scene of the tools' rows, and what its tools answer, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from analytic_scene import AnalyticScene, make_scene
from bench_cells import HEIGHT, WIDTH

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.calls import ToolCall

_NOISE_M, _HOLES = 0.003, 0.05


def bench_scene(frames: int) -> AnalyticScene:
    """A table with a box and a ball, seen while passing by: depth with 3 mm of noise and holes."""
    way = np.linspace(0.0, 1.0, frames)
    eyes = [(0.1 * at, 0.3 - 0.65 * at, 1.3 + 0.05 * np.sin(3 * at)) for at in way]
    camera = PinholeCamera(
        WIDTH, HEIGHT, 700.0, 700.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    return make_scene(eyes, noise_m=_NOISE_M, camera=camera, holes=_HOLES)


def indices_of(scene: AnalyticScene) -> list[int]:
    """Absolute indices of a scene's frames."""
    return [frame.index for frame in scene.observation.frames]


def arrays_of(scene: AnalyticScene, name: str) -> list[np.ndarray]:
    """One array of the reconstruction per frame: 'points', 'depth' or 'confidence'."""
    found = scene(ToolCall('reconstruct', {'frame_indices': indices_of(scene)}))
    return [found.arrays[f'{name}_{index}'] for index in indices_of(scene)]


def masks_of(scene: AnalyticScene, labels: Sequence[str]) -> dict[int, np.ndarray]:
    """(N, H, W) bool masks of N labels by frame index."""
    found = scene(ToolCall('segment', {
        'mode': 'text', 'prompts': list(labels), 'frame_indices': indices_of(scene)}))
    return {index: found.arrays[f'masks_{index}'] for index in indices_of(scene)}
