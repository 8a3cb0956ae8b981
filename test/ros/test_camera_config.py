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

"""A robot without the depth that it is to measure with is told so when the node is activated."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from node_process import NodeProcess

from spatialclaw_ros.ros.camera_config import CameraConfig, without_depth

COLOUR = CameraConfig('front', '/front/image')
DEPTH = CameraConfig('wrist', '/wrist/image', depth_topic='/wrist/depth')


@pytest.mark.parametrize(('cameras', 'reconstruct', 'told'), [
    ((COLOUR,), 'rgbd', True), ((COLOUR,), 'fused', True), ((COLOUR,), 'depth_anything', False),
    ((DEPTH,), 'rgbd', False), ((COLOUR, DEPTH), 'fused', False)])
def test_cameras_without_depth_are_told_where_depth_is_needed(
    cameras: tuple[CameraConfig, ...], reconstruct: str, told: bool,
) -> None:
    line = without_depth(cameras, reconstruct)
    assert bool(line) == told
    for word in ('(front)', 'front.depth', f"'{reconstruct}'", "'depth_anything'") if told else ():
        assert word in line


@pytest.mark.parametrize(('parameters', 'told'), [({}, True), ({'camera.depth': '/depth'}, False)])
def test_the_node_says_so_when_it_is_activated(
    tmp_path: Path, parameters: dict[str, str], told: bool,
) -> None:
    with NodeProcess(tmp_path, parameters) as process:
        end_s = time.monotonic() + 60.0
        while 'ready for questions' not in process.log and time.monotonic() < end_s:
            assert process.running, process.log
            time.sleep(0.1)
        assert 'ready for questions' in process.log, 'it was not activated'
        assert ('nothing can be measured: no camera (camera)' in process.log) == told
