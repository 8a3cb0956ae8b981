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


"""Headers of the messages between a robot and a perception server: what lies in the blobs."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

import spatialclaw_ros
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.status import DeviceMemory, ModelStatus

VERSION = spatialclaw_ros.__version__
FORMAT = 1
"""Counted up when a robot and a server with different ones would misunderstand each other."""

MEDIA_TYPE = 'application/x-spatialclaw-perception'
MAX_FAULT_CHARS = 2000

Size = Annotated[int, Meta(ge=0, le=1 << 40)]
Side = Annotated[int, Meta(ge=1, le=1 << 20)]
Shape = Annotated[tuple[Annotated[int, Meta(ge=0, le=1 << 32)], ...], Meta(max_length=4)]
Text = Annotated[str, Meta(max_length=MAX_FAULT_CHARS)]
Skill = Literal['float16', 'zstd']
FaultKind = Literal[
    'perception', 'unavailable', 'memory', 'weights', 'deadline', 'canceled', 'invalid', 'busy']
DType = Literal['u1', 'i8', 'f2', 'f4', 'f8']


class Blob(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """An array.

    Args:
        offset: where it begins, from the first blob's place.
        size: in bytes, as it lies in the message.
        shape: of the array.
        dtype: as it lies in the message; `f2` is read as float32.
        coding: `zstd` compresses the planes of the values' bytes: all first bytes, all second, ….
        scale: what `f2` values are multiplied by.
    """

    offset: Size
    size: Size
    shape: Shape
    dtype: DType
    coding: Literal['raw', 'zstd'] = 'raw'
    scale: float = 1.0


MOST_NOTES, NOTE_LENGTH = 8, 400
Notes = Annotated[
    tuple[Annotated[str, Meta(max_length=NOTE_LENGTH)], ...], Meta(max_length=MOST_NOTES)]


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """An RGB image of 8 bits; `raw` is (height, width, 3)."""

    offset: Size
    size: Size
    height: Side
    width: Side
    coding: Literal['raw', 'jpeg']


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=True):
    """What is common: nothing but that it is one."""


class DepthRequest(_Header, frozen=True, tag='depth', kw_only=True):
    """`DepthModel.predict`; `remaining_s` is None without a deadline."""

    images: tuple[Picture, ...]
    intrinsics: Blob | None = None
    extrinsics: Blob | None = None
    remaining_s: Annotated[float, Meta(ge=0)] | None = None
    accepts: tuple[Skill, ...] = ()


class MasksRequest(_Header, frozen=True, tag='masks', kw_only=True):
    """`SegmentModel.segment`; see `SegmentJob`."""

    mode: Literal['text', 'points', 'box']
    images: tuple[Picture, ...]
    prompts: tuple[str, ...] = ()
    points: Blob | None = None
    point_labels: Blob | None = None
    boxes: Blob | None = None
    prompt_image: Size = 0
    is_video: bool = False
    threshold: float = 0.5
    remaining_s: Annotated[float, Meta(ge=0)] | None = None
    accepts: tuple[Skill, ...] = ()


class DepthReply(_Header, frozen=True, tag='prediction', kw_only=True):
    """A `Prediction`."""

    depth: tuple[Blob, ...]
    confidence: tuple[Blob, ...] | None = None
    T_camera_model: Blob | None = None
    intrinsics: Blob | None = None
    is_metric: bool = False
    is_affine: bool = False
    confidence_kind: Literal['unit', 'exp_plus_one'] = 'unit'
    notes: Notes = ()


class MasksReply(_Header, frozen=True, tag='objects', kw_only=True):
    """`ObjectMasks`."""

    packed: tuple[Blob, ...]
    sizes: tuple[tuple[Side, Side], ...]
    scores: Blob
    prompt_of: Blob
    presence: Blob | None = None


class Fault(_Header, frozen=True, tag='fault', kw_only=True):
    """Why there is no result."""

    kind: FaultKind
    message: Text


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a server has: 'depth' or 'masks', its name, most images of a call."""

    role: Literal['depth', 'masks']
    name: Text
    max_views: Size


class ServerStatus(_Header, frozen=True, tag='status', kw_only=True):
    """Who serves what, and how it is.

    Args:
        version: of the package.
        serves: the models that can be called.
        models: how they are.
        devices: likewise.
        limits: of a request.
    """

    version: Text
    serves: Annotated[tuple[ServedModel, ...], Meta(max_length=2)] = ()
    models: Annotated[tuple[ModelStatus, ...], Meta(max_length=16)] = ()
    devices: Annotated[tuple[DeviceMemory, ...], Meta(max_length=64)] = ()
    limits: WireLimits = WireLimits()


def remaining(seconds: float) -> float | None:
    """Seconds left as a header has them."""
    return None if math.isinf(seconds) else seconds
