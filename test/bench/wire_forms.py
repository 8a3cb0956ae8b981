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


"""The call of the wire's benchmark in JSON with base64, and in msgpack, as plain clients do it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from spatialclaw_ros.perception.prediction import Prediction

TYPES = {'json': 'application/json', 'msgpack': 'application/msgpack'}


def pack_request(form: str, images: Sequence[np.ndarray], intrinsics: np.ndarray) -> bytes:
    """The body of a request in 'json' or 'msgpack'."""
    return _pack(form, {
        'images': [_array(form, image) for image in images],
        'intrinsics': _array(form, intrinsics)})


def unpack_request(form: str, body: bytes) -> tuple[list[np.ndarray], np.ndarray]:
    """What a request holds."""
    value = _unpack(form, body)
    images = [_array_of(form, each) for each in value['images']]
    return images, _array_of(form, value['intrinsics'])


def pack_reply(form: str, found: Prediction) -> bytes:
    """The body of a reply."""
    assert found.confidence is not None
    assert found.T_camera_model is not None
    assert found.intrinsics is not None
    return _pack(form, {
        'depth': [_array(form, each) for each in found.depth],
        'confidence': [_array(form, each) for each in found.confidence],
        'T_camera_model': _array(form, found.T_camera_model),
        'intrinsics': _array(form, found.intrinsics), 'confidence_kind': found.confidence_kind})


def unpack_reply(form: str, body: bytes) -> Prediction:
    """What a reply holds."""
    value = _unpack(form, body)
    return Prediction(
        tuple(_array_of(form, each) for each in value['depth']),
        tuple(_array_of(form, each) for each in value['confidence']),
        _array_of(form, value['T_camera_model']), _array_of(form, value['intrinsics']),
        confidence_kind=value['confidence_kind'])


def _pack(form: str, value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() if form == 'json' else msgspec.msgpack.encode(value)


def _unpack(form: str, body: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body) if form == 'json' else msgspec.msgpack.decode(body)
    return value


def _array(form: str, array: np.ndarray) -> dict[str, Any]:
    data: Any = array.data.cast('B') if form == 'msgpack' else base64.b64encode(array).decode()
    return {'shape': array.shape, 'dtype': array.dtype.str, 'data': data}


def _array_of(form: str, value: dict[str, Any]) -> np.ndarray:
    data = value['data'] if form == 'msgpack' else base64.b64decode(value['data'])
    return np.frombuffer(data, value['dtype']).reshape(value['shape'])
