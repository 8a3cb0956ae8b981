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


"""Messages between robot and perception server: what goes in comes out, what is broken is named."""

from __future__ import annotations

import math
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    ModelMemoryError,
    PerceptionError,
    PerceptionMessageError,
    PerceptionUnavailableError,
    WeightsError,
)
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.perception.segment_model import ObjectMasks, SegmentJob
from spatialclaw_ros.perception.served import arrays, codec
from spatialclaw_ros.perception.served.codec import Sending
from spatialclaw_ros.perception.served.faults import error_of, fault_of
from spatialclaw_ros.perception.served.framing import Packer
from spatialclaw_ros.perception.served.images import jpeg_size
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import (
    Blob,
    DepthReply,
    DepthRequest,
    Fault,
    MasksReply,
    Picture,
)

LIMITS = WireLimits(
    body_bytes=1 << 20, header_bytes=1 << 16, images=8, side=512, pixels=300_000,
    decoded_bytes=1 << 21, prompts=4, prompt_chars=40, points=16, objects=32)
GENERATOR = np.random.default_rng(3)


def as_body(message: Any) -> np.ndarray:
    return np.frombuffer(bytearray(message.join()), np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    noise = GENERATOR.integers(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 6)


IMAGES = [smooth(48, 64), smooth(31, 77)[:, ::-1]]
DEPTH = [GENERATOR.random((20, 30), np.float32) * 9 + 1, GENERATOR.random((7, 9), np.float32)]
DEPTH[0][3, 4], DEPTH[0][5, 6], DEPTH[1][0, 0] = np.nan, np.inf, 0
PREDICTION = Prediction(
    tuple(DEPTH), tuple(1 + each for each in DEPTH), np.tile(np.eye(4), (2, 1, 1)),
    np.tile(np.diag([500.0, 500, 1]), (2, 1, 1)), is_metric=True, confidence_kind='exp_plus_one',
    notes=('The depth model has random weights.', 'x' * 900))
MASKS = ObjectMasks.pack(
    [GENERATOR.random((3, 48, 61)) > 0.5, np.zeros((3, 10, 8), bool)],
    GENERATOR.random((2, 3)), np.array([0, 1, 1]), GENERATOR.random((2, 2)))
JOBS = {
    'text': SegmentJob('text', tuple(IMAGES), ('a mug', 'Tür'), threshold=0.3),
    'points': SegmentJob('points', (IMAGES[0],) * 3, points=np.array([[1.0, 2.0], [3.5, 4.0]]),
                         point_labels=np.array([1, 0]), prompt_image=2, is_video=True),
    'box': SegmentJob('box', (IMAGES[0],), boxes=np.array([[0.0, 1.0, 9.0, 8.0]]))}


@pytest.mark.parametrize('remaining_s', [math.inf, 0.0, 12.5])
def test_a_depth_call_is_exact_when_it_is_raw(remaining_s: float) -> None:
    intrinsics, extrinsics = GENERATOR.random((2, 3, 3)), GENERATOR.random((2, 4, 4))
    message = codec.encode_depth_call(
        IMAGES, intrinsics, extrinsics, remaining_s, Sending(None, ('zstd',)))
    call = codec.decode_depth_call(as_body(message), LIMITS)
    for have, want in zip(call.images, IMAGES):
        np.testing.assert_array_equal(have, want)
    np.testing.assert_array_equal(call.intrinsics, intrinsics)
    np.testing.assert_array_equal(call.extrinsics, extrinsics)
    assert (call.remaining_s, call.accepts) == (remaining_s, ('zstd',))


def test_jpeg_changes_little_and_priors_may_be_missing() -> None:
    message = codec.encode_depth_call(IMAGES, None, None, 1.0, Sending.small())
    assert message.size < sum(each.nbytes for each in IMAGES) / 3
    call = codec.decode_depth_call(as_body(message), LIMITS)
    assert call.intrinsics is None
    assert call.extrinsics is None
    for have, want in zip(call.images, IMAGES):
        assert np.abs(have.astype(int) - want).mean() < 2.5


@pytest.mark.parametrize('mode', JOBS)
@pytest.mark.parametrize('sending', [Sending.plain(), Sending.small()])
def test_a_segmentation_job(mode: str, sending: Sending) -> None:
    job = JOBS[mode]
    call = codec.decode_masks_call(
        as_body(codec.encode_masks_call(job, 3.0, sending)), LIMITS)
    for name in ('mode', 'prompts', 'prompt_image', 'is_video', 'threshold'):
        assert getattr(call.job, name) == getattr(job, name)
    for name in ('points', 'point_labels', 'boxes'):
        np.testing.assert_array_equal(getattr(call.job, name), getattr(job, name))
    assert [each.shape for each in call.job.images] == [each.shape for each in job.images]


@pytest.mark.parametrize(('accepts', 'tolerance'), [
    ((), 0.0), (('zstd',), 0.0), (('float16',), 5e-4), (('float16', 'zstd'), 5e-4)])
def test_a_prediction(accepts: Any, tolerance: float) -> None:
    found = codec.decode_reply(as_body(codec.encode_prediction(PREDICTION, accepts)), LIMITS)
    assert isinstance(found, Prediction)
    assert found.confidence is not None
    for have, want in zip((*found.depth, *found.confidence),
                          (*PREDICTION.depth, *(PREDICTION.confidence or ()))):
        assert have.dtype == np.float32
        np.testing.assert_allclose(have, want, rtol=tolerance)
    np.testing.assert_array_equal(found.T_camera_model, PREDICTION.T_camera_model)
    np.testing.assert_array_equal(found.intrinsics, PREDICTION.intrinsics)
    assert (found.is_metric, found.is_affine, found.confidence_kind) == (
        True, False, 'exp_plus_one')
    assert found.notes == (PREDICTION.notes[0], 'x' * 400)


def test_a_robot_without_zstandard(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = as_body(codec.encode_prediction(PREDICTION, ('zstd',)))
    for module in (arrays, codec):
        monkeypatch.setattr(module, 'can_zstd', lambda: False)
    assert Sending.small().accepts == ('float16',)
    plain = as_body(codec.encode_prediction(PREDICTION, ('zstd',)))
    assert len(plain) > len(whole)
    assert isinstance(codec.decode_reply(plain, LIMITS), Prediction)
    with pytest.raises(PerceptionMessageError, match='zstandard is not installed'):
        codec.decode_reply(whole, LIMITS)


@pytest.mark.parametrize('scale', [1e-30, 1e-6, 1.0, 3e4, 1e9, 1e36])
def test_float16_keeps_any_unit(scale: float) -> None:
    depth = (GENERATOR.random((16, 16), np.float32) + 0.1) * np.float32(scale)
    found = codec.decode_reply(
        as_body(codec.encode_prediction(Prediction((depth,)), ('float16',))), LIMITS)
    assert isinstance(found, Prediction)
    np.testing.assert_allclose(found.depth[0], depth, rtol=5e-4)


@pytest.mark.parametrize('accepts', [(), ('zstd',), ('float16', 'zstd')])
@pytest.mark.parametrize('masks', [
    MASKS, ObjectMasks.pack([np.zeros((0, 9, 9), bool)], np.zeros((1, 0)), np.zeros(0))])
def test_masks_stay_packed_and_exact(masks: ObjectMasks, accepts: Any) -> None:
    found = codec.decode_reply(as_body(codec.encode_masks(masks, accepts)), LIMITS)
    assert isinstance(found, ObjectMasks)
    for have, want in zip(found.packed, masks.packed):
        np.testing.assert_array_equal(have, want)
    assert found.sizes == masks.sizes
    np.testing.assert_array_equal(found.scores, masks.scores)
    np.testing.assert_array_equal(found.prompt_of, masks.prompt_of)


@pytest.mark.parametrize(('error', 'kind', 'returns'), [
    (PerceptionError('x'), 'perception', PerceptionError),
    (PerceptionUnavailableError('x'), 'unavailable', PerceptionUnavailableError),
    (WeightsError('x'), 'weights', WeightsError),
    (ModelMemoryError('x'), 'memory', ModelMemoryError),
    (PerceptionMessageError('x'), 'invalid', PerceptionMessageError),
    (DeadlineExceededError('x'), 'deadline', DeadlineExceededError),
    (CanceledError('x'), 'canceled', CanceledError),
    (RuntimeError('x' * 9999), 'perception', PerceptionError)])
def test_errors_keep_their_class(error: Exception, kind: str, returns: type) -> None:
    fault = codec.decode_reply(as_body(codec.encode_plain(fault_of(error))), LIMITS)
    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert len(fault.message) <= 2000
    back = error_of(fault, 'http://gpu:1')
    assert type(back) is returns
    assert 'http://gpu:1' in str(back)


def raw(height: int = 4, width: int = 4, **changes: Any) -> Picture:
    picture = Picture(0, height * width * 3, height, width, 'raw')
    return msgspec.structs.replace(picture, **changes)


def request(pictures: tuple[Picture, ...], data: bytes, **fields: Any) -> Callable[[], Any]:
    return lambda: codec.decode_depth_call(
        message_of(DepthRequest(images=pictures, **fields), data), LIMITS)


def message_of(header: Any, data: bytes) -> np.ndarray:
    packer = Packer()
    packer.add(memoryview(data))
    return as_body(packer.finish(header))


def reply(header: Any, data: bytes) -> Callable[[], Any]:
    return lambda: codec.decode_reply(message_of(header, data), LIMITS)


def depth_of(data: bytes, shape: tuple[int, ...] = (4, 4), **fields: Any) -> Callable[[], Any]:
    blob = Blob(0, len(data), shape, **{'dtype': 'f4', **fields})
    return reply(DepthReply(depth=(blob,)), data)


JPEG = cv2.imencode('.jpg', IMAGES[0])[1].tobytes()
HUGE_JPEG = JPEG.replace(struct.pack('>HH', 48, 64), struct.pack('>HH', 60_000, 60_000), 1)
PROGRESSIVE = cv2.imencode(
    '.jpg', IMAGES[0], (cv2.IMWRITE_JPEG_PROGRESSIVE, 1))[1].tobytes()
BOMB = zstandard.ZstdCompressor().compress(bytes(200_000_000))
UNSIZED_BOMB = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(200_000_000))

HOSTILE = {
    'nothing': lambda: codec.decode_reply(np.zeros(0, np.uint8), LIMITS),
    'too large': lambda: codec.decode_reply(np.zeros(2 << 20, np.uint8), LIMITS),
    'other magic': lambda: codec.decode_reply(np.full(64, 65, np.uint8), LIMITS),
    'header too long': lambda: codec.decode_reply(np.frombuffer(
        struct.pack('<4sHHII', b'SCPW', 1, 0, 1 << 31, 0) + bytes(64), np.uint8), LIMITS),
    'header of another kind': lambda: codec.decode_depth_call(
        as_body(codec.encode_prediction(PREDICTION)), LIMITS),
    'no images': request((), b''),
    'too many images': request(tuple(raw() for _ in range(9)), bytes(9 * 64)),
    'a side too long': request((raw(1, 600),), bytes(1800)),
    'too many pixels': request((raw(500, 500), raw(500, 500, offset=750_016)), bytes(48)),
    'fewer bytes than pixels': request((raw(size=47),), bytes(47)),
    'an image past the end': request((raw(),), bytes(47)),
    'an image elsewhere': request((raw(offset=64),), bytes(112)),
    'images in one place': request((raw(), raw()), bytes(48)),
    'bytes left': request((raw(),), bytes(49)),
    'no jpeg': request((raw(48, 64, coding='jpeg', size=64),), bytes(64)),
    'a jpeg of another size': request((raw(48, 65, coding='jpeg', size=len(JPEG)),), JPEG),
    'a huge jpeg': request((raw(48, 64, coding='jpeg', size=len(JPEG)),), HUGE_JPEG),
    'a progressive jpeg': request(
        (raw(48, 64, coding='jpeg', size=len(PROGRESSIVE)),), PROGRESSIVE),
    'half a jpeg': request((raw(48, 64, coding='jpeg', size=len(JPEG) // 2),),
                           JPEG[:len(JPEG) // 2]),
    'intrinsics of another shape': request(
        (raw(),), bytes(64 + 72), intrinsics=Blob(64, 72, (3, 3), 'f8')),
    'a zstd bomb': depth_of(BOMB, coding='zstd'),
    'a zstd bomb of no size': depth_of(UNSIZED_BOMB, coding='zstd'),
    'a zstd bomb that fits its shape': depth_of(BOMB, (500, 100_000), coding='zstd'),
    'zstd with a tail': depth_of(
        zstandard.ZstdCompressor().compress(bytes(64)) + b'x', coding='zstd'),
    'no zstd': depth_of(bytes(64), coding='zstd'),
    'a map of three axes': depth_of(bytes(64), (4, 2, 2)),
    'a map of bytes': depth_of(bytes(16), dtype='u1'),
    'a map of one row': depth_of(bytes(16), (1, 4)),
    'an empty map': depth_of(b'', (0, 4)),
    'a negative scale': depth_of(bytes(32), dtype='f2', scale=-1.0),
    'no maps': reply(DepthReply(depth=()), b''),
    'masks of another size': reply(MasksReply(
        packed=(Blob(0, 8, (1, 4, 2), 'u1'),), sizes=((4, 8),), scores=Blob(64, 4, (1, 1), 'f4'),
        prompt_of=Blob(128, 8, (1,), 'i8')), bytes(136)),
    'too many objects': reply(MasksReply(
        packed=(Blob(0, 0, (99, 0, 0), 'u1'),), sizes=((4, 8),),
        scores=Blob(0, 396, (1, 99), 'f4'), prompt_of=Blob(448, 792, (99,), 'i8')), bytes(1240)),
}


@pytest.mark.parametrize('name', HOSTILE)
def test_a_hostile_message_is_named_and_costs_nothing(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PerceptionMessageError):
            HOSTILE[name]()
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_another_version_names_both() -> None:
    body = as_body(codec.encode_plain(Fault(kind='busy', message='')))
    body[4] = 9
    with pytest.raises(PerceptionMessageError, match=r'1 here .*, 9 there; upgrade this side'):
        codec.decode_reply(body, LIMITS)


@pytest.mark.parametrize(('data', 'size'), [
    (JPEG, (48, 64)), (HUGE_JPEG, (60_000, 60_000)), (PROGRESSIVE, None), (b'', None),
    (b'\xff\xd8\xff\xd9', None), (b'\xff\xd8' + b'\xff\xe0\x00\x00' * 9 + b'\xff\xd9', None)])
def test_the_size_of_a_jpeg(data: bytes, size: Any) -> None:
    assert jpeg_size(np.frombuffer(data, np.uint8)) == size


DECODERS = {
    'depth': (codec.decode_depth_call, codec.encode_depth_call(
        [IMAGES[1]], np.eye(3)[None], np.eye(4)[None], 1.0, Sending.small())),
    'masks': (codec.decode_masks_call, codec.encode_masks_call(
        JOBS['points'], 1.0, Sending.plain())),
    'prediction': (codec.decode_reply, codec.encode_prediction(PREDICTION, ('float16', 'zstd'))),
    'raw prediction': (codec.decode_reply, codec.encode_prediction(PREDICTION)),
    'objects': (codec.decode_reply, codec.encode_masks(MASKS, ('zstd',))),
    'fault': (codec.decode_reply, codec.encode_plain(Fault(kind='busy', message='x')))}


@pytest.mark.parametrize('name', DECODERS)
def test_a_message_that_is_cut_off_anywhere(name: str) -> None:
    decode, message = DECODERS[name]
    body = as_body(message)
    step = max(1, len(body) // 1500)
    for end in {*range(0, min(len(body), 700)), *range(0, len(body), step)}:
        with pytest.raises(PerceptionMessageError):
            decode(body[:end], LIMITS)


@pytest.mark.parametrize('name', DECODERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_flipped_bits_and_noise(name: str, data: st.DataObject) -> None:
    decode, message = DECODERS[name]
    body = as_body(message).copy()
    if data.draw(st.booleans()):
        header = min(len(body), 600)
        for at, value in data.draw(st.lists(st.tuples(
                st.integers(0, header - 1), st.integers(0, 255)), min_size=1, max_size=8)):
            body[at] = value
    else:
        at = data.draw(st.integers(0, len(body) - 1))
        noise = data.draw(st.binary(max_size=200))
        body = np.concatenate([body[:at], np.frombuffer(noise, np.uint8)])
    try:
        decode(body, LIMITS)
    except PerceptionMessageError as error:
        assert str(error)  # noqa: PT017  # anything else is a fault
