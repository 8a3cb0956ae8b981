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


"""The tools of a cell, one a file, each with its prompt text beside it."""

from __future__ import annotations

from spatialclaw_ros.workspace.scope import Scope
from spatialclaw_ros.workspace.teaching import Teaching
from spatialclaw_ros.workspace.tools.draw import Draw
from spatialclaw_ros.workspace.tools.geometry import Geometry
from spatialclaw_ros.workspace.tools.graph import Graph
from spatialclaw_ros.workspace.tools.mask import Mask
from spatialclaw_ros.workspace.tools.ocr import OCR
from spatialclaw_ros.workspace.tools.reconstruct import Reconstruct
from spatialclaw_ros.workspace.tools.sam3 import SAM3
from spatialclaw_ros.workspace.tools.tf import TF
from spatialclaw_ros.workspace.tools.time import Time


class Tools(Teaching):
    """`tools` in a cell."""

    def __init__(self, scope: Scope) -> None:
        self.Reconstruct = Reconstruct(scope)
        self.SAM3 = SAM3(scope)
        self.Geometry = Geometry()
        self.Mask = Mask()
        self.Time = Time(scope)
        self.Graph = Graph()
        self.Draw = Draw()
        self.OCR = OCR(scope)
        self.TF = TF(scope.observation)

    def __repr__(self) -> str:
        return f'<tools: {", ".join(vars(self))}>'
