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


"""A worker's checked messages as the values that the rooms above know."""

from __future__ import annotations

import numpy as np

from spatialclaw_ros.kernel.messages import Answer, Shown, Variable
from spatialclaw_ros.workspace.cell import ShownImage, VariableSummary
from spatialclaw_ros.workspace.question import CellAnswer


def image_of(message: Shown) -> ShownImage:
    """A shown picture; its pixels are read-only."""
    pixels = np.frombuffer(message.data, np.uint8)
    return ShownImage(message.label, pixels.reshape(message.height, message.width, 3))


def answer_of(answer: Answer | None) -> CellAnswer | None:
    """What a cell handed to `ReturnAnswer`, if it did."""
    if answer is None:
        return None
    value: str | float | bool | np.ndarray | None
    if isinstance(answer.value, list):
        value = np.array(answer.value, dtype=np.float64)
    else:
        value = answer.value
    points = None if answer.points is None else (
        np.frombuffer(answer.points, '<f8').reshape(-1, 3))
    return CellAnswer(
        value=value, unit=answer.unit, points=points, frame=answer.frame, sigma=answer.sigma,
        reason=answer.reason)


def summary_of(variable: Variable) -> VariableSummary:
    """One line about a variable."""
    return VariableSummary(variable.name, variable.type, variable.text, variable.nbytes)
