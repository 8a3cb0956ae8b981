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


"""What a query brings along in the benchmark: 32 frames, and tools that answer at once."""

from __future__ import annotations

import numpy as np
from bench_cells import FRAMES, HEIGHT, WIDTH

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

# depth, points and confidence of 32 frames at this size are 196.6 MB
_RESULT_HEIGHT, _RESULT_WIDTH = 480, 640


def observation() -> Observation:
    """32 frames of noise, RGB, 42 MB."""
    camera = PinholeCamera(WIDTH, HEIGHT, 500.0, 500.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    generator = np.random.default_rng(0)
    frames = tuple(
        Frame(index, 'front', index * 100_000_000, 'front_optical',
              generator.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), None, camera, np.eye(4))
        for index in range(FRAMES))
    return Observation(frames, world_frame='odom', base_frame='base_link')


class Tools:
    """The host's tools: results that lie ready, so that nothing but their way is measured."""

    def __init__(self) -> None:
        generator = np.random.default_rng(1)
        size = (_RESULT_HEIGHT, _RESULT_WIDTH)
        self.large: dict[str, np.ndarray] = {}
        for index in range(FRAMES):
            self.large[f'depth_{index}'] = generator.random(size, np.float32)
            self.large[f'points_{index}'] = generator.random((*size, 3), np.float32)
            self.large[f'confidence_{index}'] = generator.random(size, np.float32)
        self._small = {
            'extrinsics': np.tile(np.eye(4), (FRAMES, 1, 1)),
            'intrinsics': np.tile([500.0, 500.0, 319.5, 239.5], (FRAMES, 1))}

    def __call__(self, call: ToolCall) -> ToolResult:
        """Answer a cell."""
        if call.tool == 'reconstruct':
            values = {'metric_scale': 1.0, 'scale_source': 'sensor_depth', 'notes': []}
            return ToolResult(values, {**self.large, **self._small})
        if call.tool == 'ocr':
            box = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]
            return ToolResult({'lines': [{'text': 'EXIT', 'box': box, 'score': 0.9}]})
        return ToolResult(error=f'no such tool: {call.tool}')
