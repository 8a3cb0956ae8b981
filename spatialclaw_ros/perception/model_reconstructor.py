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


"""Reconstruct from colour images alone, by any depth model, in the robot's metres and world."""

from __future__ import annotations

from collections.abc import Sequence

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.alignment import align
from spatialclaw_ros.perception.prediction import DepthModel
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.perception.views import ask_model
from spatialclaw_ros.workspace.observation import Observation


class ModelReconstructor:
    """A depth model, aligned to what the robot knows of itself: depth, CameraInfo, TF.

    Args:
        model: multi-view; a monocular one where TF places every frame.
    """

    def __init__(self, model: DepthModel) -> None:
        self._model = model
        self.name = model.name

    def reconstruct(
        self, observation: Observation, frame_indices: Sequence[int], deadline: Deadline,
    ) -> SceneGeometry:
        """Reconstruct frames; see `protocols.Reconstructor`."""
        frames = observation.select(frame_indices)
        if not frames:
            raise PerceptionError('no frame was asked for; give at least one frame index')
        return align(frames, ask_model(self._model, frames, deadline), deadline)
