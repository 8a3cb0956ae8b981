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


"""Looks for a query: what the cameras saw, placed by TF; inputs that just began are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError, NoFramesError, TransformError
from spatialclaw_ros.ros.inputs import Inputs
from spatialclaw_ros.ros.observe import select_observation
from spatialclaw_ros.ros.outcome import QueryRequest
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.placement import check_frame, only_deep, only_placed
from spatialclaw_ros.ros.tilt import TiltWatch
from spatialclaw_ros.workspace.observation import Observation

FIRST_INPUT_WAIT_S = 5.0
DISCOVERY_WAIT_S = 1.0
"""So long who publishes may not be known yet: then all that is configured is waited for."""
FIRST_INPUT_POLL_S = 0.1


class Lookout:
    """Makes observations; any thread.

    Args:
        inputs: cameras and TF, just opened: their first messages are waited for.
        settings: of this moment, for requests that bring none.
    """

    def __init__(self, inputs: Inputs, settings: Callable[[], Settings]) -> None:
        self._inputs = inputs
        self._settings = settings
        self._tilts = TiltWatch()
        self._opened_s = time.monotonic()

    def observe(
        self, request: QueryRequest, deadline: Deadline, spent: dict[str, float] | None = None,
    ) -> Observation:
        """Make the observation; inputs that have just begun have a few seconds until all is there.

        Args:
            request: what is asked.
            deadline: the query's.
            spent: takes the seconds that decoding took, as 'decode'.

        Raises:
            NoFramesError: no usable image; the message names the topics.
            InvalidRequestError: a camera or frame that is not there.
            TransformError: TF lacks the frame of the answer at the time of the images.
            CanceledError: the query was cancelled.
            DeadlineExceededError: its time is up.
        """
        settings = request.settings or self._settings()
        while True:
            deadline.check('waiting for images')
            left_s = self._opened_s + FIRST_INPUT_WAIT_S - time.monotonic()
            may_wait = min(left_s, deadline.remaining_s) >= 2 * FIRST_INPUT_POLL_S
            if not (may_wait and self._is_silent(request)):
                try:
                    observation = self._select(request, settings, deadline, spent)
                    if not may_wait or self._is_whole(observation, settings):
                        return self._usable(observation, request, settings)
                except (NoFramesError, InvalidRequestError, TransformError):
                    if not may_wait or self._names_no_camera(request):
                        raise
            time.sleep(FIRST_INPUT_POLL_S)

    def _is_new(self) -> bool:
        return time.monotonic() - self._opened_s < DISCOVERY_WAIT_S

    def _names_no_camera(self, request: QueryRequest) -> bool:
        return any(name not in self._inputs.cameras.configs for name in request.cameras)

    def _is_silent(self, request: QueryRequest) -> bool:
        """Whether a camera that shall be seen, or its depth, has sent nothing yet."""
        if self._names_no_camera(request):
            return False
        cameras = self._inputs.cameras
        return any(
            cameras.awaits(name, may_appear=self._is_new())
            for name in request.cameras or cameras.names)

    def _is_whole(self, observation: Observation, settings: Settings) -> bool:
        """Whether TF and depth of the images have come, too, where there shall be any."""
        named = settings.world_frame or settings.base_frame
        placed = observation.world_frame == named or (not self._is_new() and bool(
            observation.world_frame or not self._inputs.transforms.is_published()))
        return placed and all(
            frame.depth_m is not None or not self._inputs.cameras.snapshot(frame.camera).depths
            for frame in observation.frames)

    def _select(
        self, request: QueryRequest, settings: Settings, deadline: Deadline,
        spent: dict[str, float] | None,
    ) -> Observation:
        transforms, question = self._inputs.transforms, request.question
        named = (name for name in transforms.frames() if name in question.text)
        return select_observation(
            self._inputs.cameras, transforms, cameras=request.cameras,
            stamp_ns=request.stamp_ns, window_s=request.window_s,
            max_frames=request.max_frames, world_frame=settings.world_frame,
            base_frame=settings.base_frame, deadline=deadline, spent=spent,
            prefer=[name for name in (question.frame_id, settings.answer_frame, *named) if name])

    def _usable(
        self, seen: Observation, request: QueryRequest, settings: Settings,
    ) -> Observation:
        seen = only_placed(seen)
        # a model sees by images without depth, too, or makes depth for them
        if settings.backbone == 'rules' and settings.perception.reconstruct == 'rgbd':
            seen = only_deep(seen)
        frame_id, transforms = request.question.frame_id, self._inputs.transforms
        check_frame(seen, frame_id, transforms.has_frame(frame_id), transforms.topics)
        doubt = self._tilts.doubt(seen)
        return replace(seen, missing=(*seen.missing, doubt)) if doubt else seen
