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


"""Looks for a query: what the cameras saw, placed by TF; inputs that just began are waited for.

They begin when the node opens them, and anew where stamps jump, a driver was restarted, or a camera
changed: then the first image is there before its depth, and before TF tells its pose. Metres that
are guessed for want of that depth would be worse than an answer a moment later.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError, NoFramesError, TransformError
from spatialclaw_ros.ros.frames import frame_id_of
from spatialclaw_ros.ros.inputs import Inputs
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.observe import PAIRED_LAG_NS, newest_images, select_observation
from spatialclaw_ros.ros.outcome import QueryRequest
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.placement import check_frame, only_deep, only_placed
from spatialclaw_ros.ros.streams import Sample
from spatialclaw_ros.ros.tilt import TiltWatch
from spatialclaw_ros.workspace.observation import Observation

FIRST_INPUT_WAIT_S = 5.0
DISCOVERY_WAIT_S = 1.0
"""So long who publishes may not be known yet: then all that is configured is waited for."""
FIRST_INPUT_POLL_S = 0.1
ANEW_S = 0.5
"""So long after a camera's images begin anew, what belongs to them may still be on its way."""
ANEW_WAIT_S = 1.0
"""So long a query waits for that in all, whatever begins again and again."""
PACE_S = 10.0
"""So far back it is looked how often images come."""


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
        anew_until_s = time.monotonic() + ANEW_WAIT_S

        def has_time(until_s: float) -> bool:
            left_s = min(until_s - time.monotonic(), deadline.remaining_s)
            return left_s >= 2 * FIRST_INPUT_POLL_S

        lacking: Collection[str] = ()
        while True:
            deadline.check('waiting for images')
            first = has_time(self._opened_s + FIRST_INPUT_WAIT_S)
            anew = has_time(anew_until_s)
            waited_for = [name for name in lacking if first or (
                anew and self._began_just_now(request, (name,)))]
            # images that would only be thrown away again are not decoded
            useless = (first and self._is_silent(request)) or (
                waited_for and self._lacks_still(request, settings, first, waited_for))
            if not useless:
                try:
                    seen = self._select(request, settings, deadline, spent)
                    lacking = self._may_become_whole(seen, settings)
                    if not ((first and not self._is_whole(seen, settings))
                            or (anew and self._began_just_now(request, lacking))):
                        return self._usable(seen, request, settings)
                    lacking = lacking or seen.cameras
                except (NoFramesError, InvalidRequestError, TransformError):
                    lacking = ()
                    if self._names_no_camera(request) or not (first or (
                            anew and self._began_just_now(
                                request, request.cameras or self._inputs.cameras.names))):
                        raise
            time.sleep(FIRST_INPUT_POLL_S)

    def settle(self) -> None:
        """Do what the next looks need, and the last one's answer did not wait for."""
        self._tilts.settle()

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

    def _is_whole(self, seen: Observation, settings: Settings) -> bool:
        """Whether TF and depth of the images have come, too, where there shall be any."""
        named = settings.world_frame or settings.base_frame
        placed = seen.world_frame == named or (not self._is_new() and bool(
            seen.world_frame or not self._inputs.transforms.is_published()))
        return placed and not self._incomplete(seen)

    def _may_become_whole(self, seen: Observation, settings: Settings) -> Collection[str]:
        """Cameras that lack something that was heard once, be it the pose in the world."""
        named = settings.world_frame or settings.base_frame
        lost = seen.world_frame != named and self._inputs.transforms.has_frame(named)
        return seen.cameras if lost else self._incomplete(seen)

    def _incomplete(self, seen: Observation) -> set[str]:
        """Cameras with an image without depth or intrinsics, though they sent some once."""
        heard = self._inputs.cameras.has_heard
        return {
            frame.camera for frame in seen.frames
            if (frame.depth_m is None and heard(frame.camera, 'depth'))
            or (frame.intrinsics is None and heard(frame.camera, 'camera_info'))}

    def _lacks_still(
        self, request: QueryRequest, settings: Settings, first: bool, waited_for: Collection[str],
    ) -> bool:
        """Whether a look would find what the last one lacked lacking, as far as headers tell.

        A camera that is not waited for may lack what it lacks for ever.
        """
        heard, transforms = self._inputs.cameras.has_heard, self._inputs.transforms
        worlds = {settings.world_frame or settings.base_frame}
        if first and not self._is_new():  # then another world is as good, or none
            worlds = {settings.world_frame, settings.base_frame} if (
                transforms.is_published()) else set()
        lost = any(worlds)
        for name in request.cameras or self._inputs.cameras.names:
            snapshot, images = newest_images(
                self._inputs.cameras, name, request.stamp_ns, request.window_s, Missing())
            if not images:
                continue
            depth_ns = snapshot.depths[-1].stamp_ns if snapshot.depths else -math.inf
            if name in waited_for and (
                    (heard(name, 'depth') and images[-1].stamp_ns - depth_ns > PAIRED_LAG_NS)
                    or (heard(name, 'camera_info') and not snapshot.infos)):
                return True
            lost = lost and not any(
                self._is_known(world, image) for world in filter(None, worlds)
                for image in (images[0], images[-1]))
        return lost

    def _is_known(self, world: str, image: Sample) -> bool:
        """Whether TF has the pose of an image in a world by now."""
        try:
            self._inputs.transforms.lookup(
                world, frame_id_of(image.message), image.stamp_ns, wait_s=0.0)
        except TransformError:
            return False
        return True

    def _began_just_now(self, request: QueryRequest, names: Collection[str]) -> bool:
        """Whether what is seen of one of these cameras began, or began anew, a moment ago."""
        begin_s = -math.inf
        for name in names:
            snapshot, images = newest_images(
                self._inputs.cameras, name, request.stamp_ns, max(request.window_s, PACE_S),
                Missing())
            begin_s = max(
                begin_s, snapshot.emptied_s, begun_s(images, max(request.window_s, 2 * ANEW_S)))
        return time.monotonic() - begin_s < ANEW_S

    def _select(
        self, request: QueryRequest, settings: Settings, deadline: Deadline,
        spent: dict[str, float] | None,
    ) -> Observation:
        transforms, question = self._inputs.transforms, request.question
        named = (name for name in transforms.frames() if names_frame(question.text, name))
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
        lines = [*self._unheard(seen), self._tilts.doubt(seen)]
        return replace(seen, missing=(*seen.missing, *filter(None, lines)))

    def _unheard(self, seen: Observation) -> list[str]:
        """What is likely wrong with topics that these images lack and nothing ever came on."""
        cameras = self._inputs.cameras
        lacking = {
            (frame.camera, role) for frame in seen.frames
            for role, part, topic in (
                ('depth', frame.depth_m, cameras.configs[frame.camera].depth_topic),
                ('camera_info', frame.intrinsics, cameras.configs[frame.camera].info_topic))
            if part is None and topic and not cameras.has_heard(frame.camera, role)}
        return [
            f'{stream.topic}: {stream.hint}' for camera in (cameras.status() if lacking else ())
            for stream in camera.streams if (camera.name, stream.role) in lacking and stream.hint]


def begun_s(images: Sequence[Sample], pause_s: float) -> float:
    """When the newest of these images began to come one after the other, monotonic clock.

    What parts them is a pause, of stamps or arrivals, longer than `pause_s` and twice the usual: a
    camera that sends an image every other second does not begin anew with each.

    Args:
        images: in order of stamps.
        pause_s: seconds.
    """
    pauses_s = [
        max(later.arrived_s - earlier.arrived_s, (later.stamp_ns - earlier.stamp_ns) * 1e-9)
        for earlier, later in itertools.pairwise(images)]
    longest_s = max(pause_s, 2 * statistics.median_low(pauses_s)) if pauses_s else pause_s
    begin = len(images) - 1
    while begin > 0 and pauses_s[begin - 1] <= longest_s:
        begin -= 1
    return images[begin].arrived_s if images else -math.inf


def names_frame(text: str, frame_id: str) -> bool:
    """Whether a text names a TF frame: 'map' stands in "/map", not in "mapped" or "robot/map"."""
    # of a thousand frames few get as far as the search
    return frame_id in text and bool(
        re.search(rf'(?<!\w)(?<!\w/){re.escape(frame_id)}(?!/?\w)', text))
