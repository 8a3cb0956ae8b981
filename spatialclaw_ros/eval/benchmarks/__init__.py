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


"""The twenty public benchmarks of the SpatialClaw paper, each from its published files.

`BENCHMARKS` has them by name. Nothing is downloaded, unpacked or unpickled here; what is missing is
said, with where to get it and where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spatialclaw_ros.eval.benchmarks.base import Benchmark
from spatialclaw_ros.eval.benchmarks.blink import Blink
from spatialclaw_ros.eval.benchmarks.cross_video import CrossVideo
from spatialclaw_ros.eval.benchmarks.dsi import Dsi
from spatialclaw_ros.eval.benchmarks.erqa import Erqa
from spatialclaw_ros.eval.benchmarks.mindcube import MindCube
from spatialclaw_ros.eval.benchmarks.mmsi import Mmsi
from spatialclaw_ros.eval.benchmarks.mmsi_video import MmsiVideo
from spatialclaw_ros.eval.benchmarks.omni3d import Omni3d
from spatialclaw_ros.eval.benchmarks.omnispatial import OmniSpatial
from spatialclaw_ros.eval.benchmarks.osi import Osi
from spatialclaw_ros.eval.benchmarks.pai import Pai
from spatialclaw_ros.eval.benchmarks.perceptcomp import PerceptComp
from spatialclaw_ros.eval.benchmarks.spar import Spar
from spatialclaw_ros.eval.benchmarks.spatialtree import SpatialTree
from spatialclaw_ros.eval.benchmarks.spbench import SpBench
from spatialclaw_ros.eval.benchmarks.video_mme import VideoMme, VideoMmeV2
from spatialclaw_ros.eval.benchmarks.viewspatial import ViewSpatial
from spatialclaw_ros.eval.benchmarks.vsi import VsiU
from spatialclaw_ros.eval.benchmarks.vsti import Vsti

BENCHMARKS: Mapping[str, type[Benchmark]] = MappingProxyType({each.sheet.name: each for each in (
    Erqa, Omni3d, OmniSpatial, SpBench, MindCube, Mmsi, Spar, Blink, SpatialTree, ViewSpatial,
    MmsiVideo, Osi, Pai, VsiU, Vsti, Dsi, CrossVideo, PerceptComp, VideoMme, VideoMmeV2)})

__all__ = ['BENCHMARKS', 'Benchmark']
