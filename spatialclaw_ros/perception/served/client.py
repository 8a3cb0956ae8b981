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


"""The models of a perception server, as a robot uses them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob, SegmentModel
from spatialclaw_ros.perception.served import codec
from spatialclaw_ros.perception.served.codec import Sending
from spatialclaw_ros.perception.served.framing import Message
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import ServerStatus
from spatialclaw_ros.perception.served.polling import Poll
from spatialclaw_ros.perception.served.servers import Encode, Servers
from spatialclaw_ros.perception.served.token import read_token
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus, PerceptionStatus

_CODEC_THREADS = 4
_CLOSE_S = 5.0


def open_remote(config: PerceptionConfig) -> RemoteModels:
    """The models of the server that a configuration names; does not wait for it.

    Raises:
        InvalidRequestError: `url` or the token can't be used.
    """
    return RemoteModels(
        config.url, token=read_token(config.token_file), compression=config.compression,
        depth=config.depth if config.needs_depth else None,
        masks=config.masks if config.needs_masks else None)


class RemoteModels:
    """`models.Models` on a server, or on one of several.

    Args:
        url: of the server; several are separated by commas and tried in turn.
        token: that it asks for; '' for none.
        compression: 'none', 'jpeg', or 'auto': none on loopback, else jpeg.
        depth: of the robot's configuration, None where it needs no depth model.
        masks: likewise.
        limits: of what is read.
        patience_s: how long a server may be away, within the deadline, before a call fails.

    Raises:
        InvalidRequestError: the URL can't be used.
    """

    def __init__(
        self, url: str, *, token: str = '', compression: str = 'auto',
        depth: ModelConfig | None = None, masks: ModelConfig | None = None,
        limits: WireLimits = WireLimits(), patience_s: float = 10.0,  # noqa: B008
    ) -> None:
        self._compression = compression
        self._codec = ThreadPoolExecutor(_CODEC_THREADS, thread_name_prefix='perception_codec')
        self._servers = Servers(
            url, token, limits, patience_s, self._codec.map, self._meet)
        self._idle = threading.Condition()
        self._running: set[Deadline] = set()
        self._open = Deadline()
        self._poll = Poll(self._servers, self._open)
        self._configured = {
            role: config for role, config in (('depth', depth), ('masks', masks)) if config}
        self.depth: DepthModel | None = None if depth is None else _RemoteDepth(self, depth)
        self.masks: SegmentModel | None = None if masks is None else _RemoteMasks(self, masks)

    @property
    def url(self) -> str:
        """Of the server that was used last."""
        return str(self._servers.current)

    @property
    def problem(self) -> str:
        """Why no server answered the last time; '' if one did, or nobody asked yet."""
        return self._poll.problem

    @property
    def round_trip_s(self) -> float:
        """Of the last sign of life, NaN before it."""
        return self._poll.round_trip_s

    def status(self) -> tuple[tuple[ModelStatus, ...], tuple[DeviceMemory, ...]]:
        """As the server told a few seconds ago; while none answers, its models are failed."""
        self._poll.start()
        last, problem = self._poll.last, self._poll.problem
        if last is not None and not problem:
            models = tuple(each for each in last.models if each.role in self._configured)
            return models, last.devices
        return tuple(
            ModelStatus(role=role, name=config.model, state='failed' if problem else 'unloaded',
                        message=problem)
            for role, config in self._configured.items()), ()

    def reached(self) -> PerceptionStatus:
        """Where the server is, whether it answers, and how it is; returns at once."""
        models, devices = self.status()
        return PerceptionStatus(
            where=self.url, alive=not self.problem, message=self.problem, models=models,
            devices=devices, round_trip_s=self.round_trip_s)

    def close(self) -> None:
        """Cancel what runs, close all connections. May be called twice."""
        self._open.cancel()
        with self._idle:
            for each in self._running:
                each.cancel()
            self._idle.wait_for(lambda: not self._running, _CLOSE_S)
        self._poll.close()
        self._codec.shutdown()
        self._servers.close()

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """See `DepthModel.predict`."""
        def encode(near: bool, remaining_s: float) -> Message:
            return codec.encode_depth_call(
                images, intrinsics, extrinsics, remaining_s, self._sending(near), self._codec.map)
        found = self._call('depth', encode, deadline)
        assert isinstance(found, Prediction)
        if len(found) != len(images):
            raise PerceptionError(
                f'the perception server {self.url} gave depth of {len(found)} images for '
                f'{len(images)}')
        return found

    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """See `SegmentModel.segment`."""
        def encode(near: bool, remaining_s: float) -> Message:
            return codec.encode_masks_call(
                job, remaining_s, self._sending(near), self._codec.map)
        found = self._call('masks', encode, deadline)
        assert isinstance(found, ObjectMasks)
        if found.sizes != tuple(image.shape[:2] for image in job.images):
            raise PerceptionError(
                f'the perception server {self.url} gave masks of the sizes {found.sizes[:4]} for '
                f'images of {[image.shape[:2] for image in job.images[:4]]}')
        problem = _misfit(job, found)
        if problem:
            raise PerceptionError(f'the perception server {self.url} gave masks with {problem}')
        return found

    def _call(
        self, role: str, encode: Encode, deadline: Deadline,
    ) -> Prediction | ObjectMasks:
        own = deadline.branch()
        with self._idle:
            self._running.add(own)
            if self._open.canceled:
                own.cancel()
        self._poll.start()
        try:
            return self._servers.call(role, encode, own)
        finally:
            with self._idle:
                self._running.discard(own)
                self._idle.notify_all()

    def _meet(self, status: ServerStatus) -> None:
        """Take fewer images at once, if the server does."""
        for served in status.serves:
            config = self._configured.get(served.role)
            model = self.depth if served.role == 'depth' else self.masks
            if config is not None and model is not None:
                model.max_views = max(1, min(config.max_views, served.max_views))

    def _sending(self, near: bool) -> Sending:
        raw = self._compression == 'none' or (self._compression == 'auto' and near)
        return Sending.plain() if raw else Sending.small()


def _misfit(job: SegmentJob, found: ObjectMasks) -> str:
    """What of the masks can't be an answer to the job; '' for nothing."""
    boxes = 0 if job.boxes is None else len(job.boxes)
    prompts = {'text': len(job.prompts), 'points': 1, 'box': boxes}[job.mode]
    if ((found.prompt_of < 0) | (found.prompt_of >= prompts)).any():
        return f'the prompts {found.prompt_of[:4].tolist()}, and {prompts} were asked for'
    if found.presence is not None and found.presence.shape[1] != prompts:
        return f'the presence of {found.presence.shape[1]} prompts, and {prompts} were asked for'
    for values in (found.scores, found.presence):
        if values is not None and not ((values >= 0) & (values <= 1)).all():
            return f'scores that are not in [0, 1]: {values.ravel()[:4].tolist()}'
    return ''


class _Remote:
    """Takes as many images as it is configured to, or fewer once the server has said so."""

    def __init__(self, models: RemoteModels, config: ModelConfig) -> None:
        self._models = models
        self.max_views = config.max_views
        self.name = config.model


class _RemoteDepth(_Remote):
    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """See `DepthModel`."""
        return self._models.predict(images, intrinsics, extrinsics, deadline)


class _RemoteMasks(_Remote):
    def segment(self, job: SegmentJob, deadline: Deadline) -> ObjectMasks:
        """See `SegmentModel`."""
        return self._models.segment(job, deadline)
