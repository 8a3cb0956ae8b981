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


"""The two calls of `Models`, and what comes back, as messages; see `framing` for their form."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.served.arrays import ArrayReader, Mapping, can_zstd, put, put_all
from spatialclaw_ros.perception.served.framing import Message, Packer, unpack
from spatialclaw_ros.perception.served.images import QUALITY, put_images, take_images
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import (
    MOST_NOTES,
    NOTE_LENGTH,
    DepthReply,
    DepthRequest,
    Fault,
    MasksReply,
    MasksRequest,
    ServerStatus,
    Skill,
    remaining,
)

_depth_request = msgspec.msgpack.Decoder(DepthRequest)
_masks_request = msgspec.msgpack.Decoder(MasksRequest)
_reply: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    DepthReply | MasksReply | Fault | ServerStatus)


@dataclass(frozen=True)
class Sending:
    """How a robot sends, and what it reads.

    Args:
        quality: of JPEG; None sends images raw.
        accepts: what the reply may use.
    """

    quality: int | None = None
    accepts: tuple[Skill, ...] = ()

    @classmethod
    def plain(cls) -> Sending:
        """Nothing is compressed: for loopback, where copying is cheaper than anything else."""
        return cls()

    @classmethod
    def small(cls, quality: int = QUALITY) -> Sending:
        """As few bytes as pay on a network."""
        return cls(quality, ('float16', 'zstd') if can_zstd() else ('float16',))


@dataclass(frozen=True, eq=False)
class DepthCall:
    """What a server reads of `DepthModel.predict`; see there."""

    images: tuple[np.ndarray, ...]
    intrinsics: np.ndarray | None
    extrinsics: np.ndarray | None
    remaining_s: float
    accepts: tuple[Skill, ...]


@dataclass(frozen=True, eq=False)
class MasksCall:
    """What a server reads of `SegmentModel.segment`; see there."""

    job: SegmentJob
    remaining_s: float
    accepts: tuple[Skill, ...]


def encode_depth_call(
    images: Sequence[np.ndarray], intrinsics: np.ndarray | None, extrinsics: np.ndarray | None,
    remaining_s: float, sending: Sending, mapping: Mapping = map,
) -> Message:
    """The request of `DepthModel.predict`.

    Args:
        images: see there, as the two that follow.
        intrinsics: likewise.
        extrinsics: likewise.
        remaining_s: of the deadline.
        sending: how.
        mapping: encodes several images at once.
    """
    packer = Packer()
    return packer.finish(DepthRequest(
        images=put_images(packer, images, quality=sending.quality, mapping=mapping),
        intrinsics=_put_maybe(packer, intrinsics, np.float64),
        extrinsics=_put_maybe(packer, extrinsics, np.float64),
        remaining_s=remaining(remaining_s), accepts=sending.accepts))


def decode_depth_call(
    body: np.ndarray, limits: WireLimits, mapping: Mapping = map,
) -> DepthCall:
    """Read what `encode_depth_call` made.

    Raises:
        PerceptionMessageError: it is malformed, or larger than the limits.
    """
    header, blobs = unpack(body, _depth_request, limits)
    reader = ArrayReader(blobs, limits)
    images = take_images(reader, header.images, limits, mapping)
    intrinsics = reader.read_maybe(
        header.intrinsics, 'intrinsics', 'f8', (len(images), 3, 3))
    extrinsics = reader.read_maybe(
        header.extrinsics, 'extrinsics', 'f8', (len(images), 4, 4))
    reader.finish()
    return DepthCall(images, intrinsics, extrinsics, _seconds(header.remaining_s), header.accepts)


def encode_masks_call(
    job: SegmentJob, remaining_s: float, sending: Sending, mapping: Mapping = map,
) -> Message:
    """The request of `SegmentModel.segment`; arguments as of `encode_depth_call`."""
    packer = Packer()
    return packer.finish(MasksRequest(
        mode=job.mode,  # type: ignore[arg-type]  # checked where the job was made
        images=put_images(packer, job.images, quality=sending.quality, mapping=mapping),
        prompts=tuple(job.prompts), points=_put_maybe(packer, job.points, np.float64),
        point_labels=_put_maybe(packer, job.point_labels, np.int64),
        boxes=_put_maybe(packer, job.boxes, np.float64), prompt_image=job.prompt_image,
        is_video=job.is_video, threshold=float(job.threshold),
        remaining_s=remaining(remaining_s), accepts=sending.accepts))


def decode_masks_call(
    body: np.ndarray, limits: WireLimits, mapping: Mapping = map,
) -> MasksCall:
    """Read what `encode_masks_call` made.

    Raises:
        PerceptionMessageError: it is malformed, or larger than the limits.
    """
    header, blobs = unpack(body, _masks_request, limits)
    if len(header.prompts) > limits.prompts or any(
            len(text) > limits.prompt_chars for text in header.prompts):
        raise PerceptionMessageError(
            f'a request may have {limits.prompts} texts of {limits.prompt_chars} characters each')
    reader = ArrayReader(blobs, limits)
    images = take_images(reader, header.images, limits, mapping)
    for name, blob in (('points', header.points), ('boxes', header.boxes)):
        if blob is not None and blob.shape[:1] > (limits.points,):
            raise PerceptionMessageError(
                f'a request may have {limits.points} {name}, got {blob.shape[0]}')
    points = reader.read_maybe(header.points, 'points', 'f8', (None, 2))
    labels = reader.read_maybe(
        header.point_labels, 'point_labels', 'i8', (0 if points is None else len(points),))
    boxes = reader.read_maybe(header.boxes, 'boxes', 'f8', (None, 4))
    reader.finish()
    try:
        job = SegmentJob(
            header.mode, images, header.prompts, points, labels, boxes, header.prompt_image,
            header.is_video, header.threshold)
    except ValueError as error:
        raise PerceptionMessageError(f'a segmentation job is not usable: {error}') from error
    return MasksCall(job, _seconds(header.remaining_s), header.accepts)


def encode_prediction(
    prediction: Prediction, accepts: Collection[Skill] = (), mapping: Mapping = map,
) -> Message:
    """The reply to a depth call, in a form that the robot said it reads."""
    packer = Packer()
    depth = put_all(packer, prediction.depth, accepts, mapping)
    confidence = None if prediction.confidence is None else put_all(
        packer, prediction.confidence, accepts, mapping)
    return packer.finish(DepthReply(
        depth=depth, confidence=confidence,
        T_camera_model=_put_maybe(packer, prediction.T_camera_model, np.float64),
        intrinsics=_put_maybe(packer, prediction.intrinsics, np.float64),
        is_metric=prediction.is_metric, is_affine=prediction.is_affine,
        confidence_kind=prediction.confidence_kind,  # type: ignore[arg-type]  # checked there
        notes=tuple(each[:NOTE_LENGTH] for each in prediction.notes[:MOST_NOTES])))


def encode_masks(
    found: ObjectMasks, accepts: Collection[Skill] = (), mapping: Mapping = map,
) -> Message:
    """The reply to a masks call; bits stay packed."""
    packer = Packer()
    packed = put_all(packer, found.packed, accepts, mapping)
    scores = put(packer, np.asarray(found.scores, np.float32))
    prompt_of = put(packer, np.asarray(found.prompt_of, np.int64))
    return packer.finish(MasksReply(
        packed=packed, sizes=found.sizes, scores=scores, prompt_of=prompt_of,
        presence=_put_maybe(packer, found.presence, np.float32)))


def encode_plain(header: Fault | ServerStatus) -> Message:
    """A reply that has no arrays."""
    return Packer().finish(header)


def decode_reply(
    body: np.ndarray, limits: WireLimits, mapping: Mapping = map,
) -> Prediction | ObjectMasks | Fault | ServerStatus:
    """Read any reply.

    Raises:
        PerceptionMessageError: it is malformed, or larger than the limits.
    """
    header, blobs = unpack(body, _reply, limits)
    reader = ArrayReader(blobs, limits)
    try:
        if isinstance(header, DepthReply):
            return _prediction(header, reader, limits, mapping)
        if isinstance(header, MasksReply):
            return _masks(header, reader, limits, mapping)
    except ValueError as error:
        raise PerceptionMessageError(f'a reply is not usable: {error}') from error
    reader.finish()
    known: Fault | ServerStatus = header
    return known


def _prediction(
    header: DepthReply, reader: ArrayReader, limits: WireLimits, mapping: Mapping,
) -> Prediction:
    count = len(header.depth)
    _check_count(count, limits)
    maps = [*header.depth, *(header.confidence or ())]
    for blob in maps:
        if max(blob.shape, default=0) > limits.side:
            raise PerceptionMessageError(
                f'a map may have {limits.side} pixels a side, got {blob.shape}')
    depth = reader.read_all(header.depth, 'depth', 'f4', (None, None), mapping)
    confidence = None if header.confidence is None else reader.read_all(
        header.confidence, 'confidence', 'f4', (None, None), mapping)
    poses = reader.read_maybe(header.T_camera_model, 'T_camera_model', 'f8', (count, 4, 4))
    intrinsics = reader.read_maybe(header.intrinsics, 'intrinsics', 'f8', (count, 3, 3))
    reader.finish()
    return Prediction(
        depth=depth, confidence=confidence, T_camera_model=poses, intrinsics=intrinsics,
        is_metric=header.is_metric, is_affine=header.is_affine,
        confidence_kind=header.confidence_kind, notes=header.notes)


def _masks(
    header: MasksReply, reader: ArrayReader, limits: WireLimits, mapping: Mapping,
) -> ObjectMasks:
    count = len(header.packed)
    _check_count(count, limits)
    objects = math.prod(header.prompt_of.shape[:1])
    if objects > limits.objects or any(max(size) > limits.side for size in header.sizes):
        raise PerceptionMessageError(
            f'a reply may have {limits.objects} objects of {limits.side} pixels a side, got '
            f'{objects}')
    packed = reader.read_all(header.packed, 'packed masks', 'u1', (None, None, None), mapping)
    scores = reader.read(header.scores, 'scores', 'f4', (count, objects))
    prompt_of = reader.read(header.prompt_of, 'prompt_of', 'i8', (objects,))
    presence = reader.read_maybe(header.presence, 'presence', 'f4', (count, None))
    reader.finish()
    return ObjectMasks(packed, header.sizes, scores, prompt_of, presence)


def _check_count(count: int, limits: WireLimits) -> None:
    if not 1 <= count <= limits.images:
        raise PerceptionMessageError(
            f'a reply may be of 1 to {limits.images} images, got {count}')


def _put_maybe(packer: Packer, array: np.ndarray | None, dtype: Any) -> Any:
    return None if array is None else put(packer, np.asarray(array, dtype))


def _seconds(remaining_s: float | None) -> float:
    return math.inf if remaining_s is None else remaining_s
