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
from spatialclaw_ros.errors import NoFramesError
from spatialclaw_ros.ros.inputs import Inputs
from spatialclaw_ros.ros.observe import MAX_TF_FRAMES, select_observation
from spatialclaw_ros.ros.outcome import QueryRequest
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.placement import check_frame, only_deep, only_placed
from spatialclaw_ros.ros.tilt import TiltWatch
from spatialclaw_ros.workspace.observation import Observation

FIRST_INPUT_WAIT_S = 5.0
FIRST_INPUT_POLL_S = 0.1


class Lookout:
    """Makes observations; any thread.

    Args:
        inputs: cameras and TF, just opened: their first messages are waited for.
        settings: of this moment.
        tf_is_published: whether somebody publishes `/tf`.
    """

    def __init__(
        self, inputs: Inputs, settings: Callable[[], Settings],
        tf_is_published: Callable[[], bool],
    ) -> None:
        self._inputs = inputs
        self._settings = settings
        self._tf_is_published = tf_is_published
        self._tilts = TiltWatch()
        self._patient_until_s = time.monotonic() + FIRST_INPUT_WAIT_S

    def observe(self, request: QueryRequest, deadline: Deadline) -> Observation:
        """Make the observation; inputs that have just begun have a few seconds until all is there.

        Raises:
            NoFramesError: no usable image; the message names the topics.
            InvalidRequestError: a camera or frame that is not there.
            TransformError: TF lacks the frame of the answer at the time of the images.
            CanceledError: the query was cancelled.
            DeadlineExceededError: its time is up.
        """
        while True:
            deadline.check('waiting for images')
            patience_s = min(self._patient_until_s - time.monotonic(), deadline.remaining_s)
            may_wait = patience_s >= 2 * FIRST_INPUT_POLL_S
            try:
                observation = self._select(request, deadline)
            except NoFramesError:
                if not may_wait:
                    raise
            else:
                if not may_wait or self._is_whole(observation):
                    observation = self._usable(observation)
                    frame_id = request.question.frame_id
                    check_frame(observation, frame_id, self._inputs.transforms.has_frame(frame_id))
                    return observation
            time.sleep(FIRST_INPUT_POLL_S)

    def _is_whole(self, observation: Observation) -> bool:
        """Whether TF and depth have come, too, where there shall be any."""
        configs = self._inputs.cameras.configs
        return bool(observation.world_frame or not self._tf_is_published()) and all(
            frame.depth_m is not None or not configs[frame.camera].depth_topic
            for frame in observation.frames)

    def _select(self, request: QueryRequest, deadline: Deadline) -> Observation:
        settings = self._settings()
        return select_observation(
            self._inputs.cameras, self._inputs.transforms, cameras=request.cameras,
            stamp_ns=request.stamp_ns, window_s=request.window_s,
            max_frames=request.max_frames, world_frame=settings.world_frame,
            base_frame=settings.base_frame, tf_frames=self._tf_frames(request, settings),
            deadline=deadline)

    def _usable(self, seen: Observation) -> Observation:
        seen = only_placed(seen)
        settings = self._settings()
        # a model sees by images without depth, too, or makes depth for them
        if settings.backbone == 'rules' and settings.perception.reconstruct == 'rgbd':
            seen = only_deep(seen)
        doubt = self._tilts.doubt(seen)
        return replace(seen, missing=(*seen.missing, doubt)) if doubt else seen

    def _tf_frames(self, request: QueryRequest, settings: Settings) -> tuple[str, ...]:
        """TF frames to look up: () for all, or those named first when TF has too many."""
        known = self._inputs.transforms.frames()
        if len(known) <= MAX_TF_FRAMES:
            return ()
        named = (request.question.frame_id, settings.answer_frame, settings.base_frame)
        chosen = dict.fromkeys(name for name in (*named, *known) if name in known)
        return tuple(chosen)[:MAX_TF_FRAMES]
