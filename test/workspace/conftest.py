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


"""A cell scope over the exact scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from analytic_scene import AnalyticScene, make_scene

from spatialclaw_ros.workspace.cell import ShownImage
from spatialclaw_ros.workspace.namespace import ALL_CAPABILITIES, make_namespace
from spatialclaw_ros.workspace.question import CellAnswer


@dataclass
class Cell:
    """A scope and what came out of it."""

    scene: AnalyticScene
    scope: dict[str, Any]
    shown: list[ShownImage]
    answers: list[CellAnswer]

    def run(self, code: str) -> Any:
        """Run code in the scope; the value of its variable `out`, if it has one."""
        exec(compile(code, '<cell>', 'exec'), self.scope)
        return self.scope.get('out')


def open_cell(scene: AnalyticScene | None = None, **options: Any) -> Cell:
    """A fresh scope."""
    scene = scene or make_scene()
    shown: list[ShownImage] = []
    answers: list[CellAnswer] = []
    options.setdefault('capabilities', ALL_CAPABILITIES)
    scope = make_namespace(
        scene.observation, scene, show=shown.append, answer=answers.append, **options)
    return Cell(scene, scope, shown, answers)


@pytest.fixture
def cell() -> Cell:
    """A scope over four frames of one camera."""
    return open_cell()


@pytest.fixture
def new_cell() -> Any:
    """`open_cell`, for tests that need another scene."""
    return open_cell
