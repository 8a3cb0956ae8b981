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

"""Compressed images: jpeg, png, compressedDepth in png and rvl, and what is broken of them."""

from __future__ import annotations

import io
import math
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spatialclaw_ros.errors import UnsupportedEncodingError
from spatialclaw_ros.ros.compressed import (
    decode_compressed_color,
    decode_compressed_depth,
    decode_rvl,
)

RGB = np.zeros((24, 32, 3), np.uint8)
RGB[:, :16] = (220, 40, 60)
RGB[:, 16:] = (30, 90, 200)


def message(form, data):
    return SimpleNamespace(format=form, data=bytes(data))


def encoded(array_bgr, suffix):
    done, data = cv2.imencode(suffix, array_bgr)
    assert done
    return data.tobytes()


@pytest.mark.parametrize(('form', 'swapped'), [
    ('jpeg', False), ('png', False), ('rgb8; jpeg compressed bgr8', False),
    ('bgr8; jpeg compressed bgr8', False), ('rgb8; png compressed bgr8', False),
    ('rgb8; jpeg compressed rgb8', True), ('bgra8; png compressed ', True)])
def test_colours_come_out_in_order(form, swapped):
    source = RGB if swapped else RGB[..., ::-1]
    suffix = '.png' if 'png' in form else '.jpg'
    got = decode_compressed_color(message(form, encoded(source, suffix)))
    assert got.flags.c_contiguous
    error = np.abs(got.astype(int) - RGB)
    assert error[:, 2:14].max() <= (0 if suffix == '.png' else 12)
    assert error[:, 18:30].max() <= (0 if suffix == '.png' else 12)


@pytest.mark.parametrize('levels', [
    np.arange(48, dtype=np.uint8).reshape(6, 8),
    (np.arange(48, dtype=np.uint16) * 1365).reshape(6, 8)])
def test_grey_png(levels):
    got = decode_compressed_color(message('mono16; png compressed', encoded(levels, '.png')))
    exact = levels * (255 / (65535 if levels.dtype == np.uint16 else 255))
    assert np.abs(got - exact[..., None]).max() <= 0.5


def test_16_bit_colour_png():
    levels = np.random.default_rng(1).integers(0, 65536, (5, 7, 3), dtype=np.uint16)
    got = decode_compressed_color(
        message('rgb16; png compressed bgr16', encoded(levels[..., ::-1], '.png')))
    assert np.abs(got - levels / 257).max() <= 1.0


def test_compressed_mosaic():
    mosaic = np.zeros((8, 8), np.uint8)
    mosaic[::2, ::2], mosaic[::2, 1::2] = 200, 100
    mosaic[1::2, ::2], mosaic[1::2, 1::2] = 100, 30
    got = decode_compressed_color(
        message('bayer_rggb8; png compressed bayer_rggb8', encoded(mosaic, '.png')))
    np.testing.assert_array_equal(got, np.broadcast_to([200, 100, 30], (8, 8, 3)))


def test_orientation_of_the_file_is_not_applied():
    """Intrinsics belong to the pixels as they were taken."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(buffer, 'JPEG', exif=exif)
    assert decode_compressed_color(message('jpeg', buffer.getvalue())).shape == RGB.shape


def depth_message(form, payload, quant_a=0.0, quant_b=0.0):
    return message(form, struct.pack('<iff', 0, quant_a, quant_b) + payload)


LEVELS = np.array([[0, 1, 1000], [2500, 65534, 65535]], np.uint16)
METRES = [[math.nan, 0.001, 1.0], [2.5, 65.534, math.nan]]


@pytest.mark.parametrize('form', ['16UC1; compressedDepth png', '16UC1; compressedDepth', '16UC1'])
def test_depth_png_of_millimetres(form):
    got = decode_compressed_depth(depth_message(form, encoded(LEVELS, '.png')))
    np.testing.assert_allclose(got, METRES, rtol=1e-6)


@pytest.mark.parametrize('codec', ['png', 'rvl'])
def test_depth_of_quantised_inverse_metres(codec):
    """As compressed_depth_image_transport writes 32FC1: quantum 100, at most 10 m."""
    depth = np.array([[0.3, 0.5, 1.0], [2.0, 9.0, math.nan]], np.float32)
    quant_a = 100.0 * 101.0
    quant_b = 1.0 - quant_a / 10.0
    with np.errstate(invalid='ignore'):
        coded = np.where(depth < 10.0, quant_a / depth + quant_b, 0).astype(np.uint16)
    payload = encoded(coded, '.png') if codec == 'png' else rvl_encode(coded)
    got = decode_compressed_depth(
        depth_message(f'32FC1; compressedDepth {codec}', payload, quant_a, quant_b))
    assert math.isnan(got[1, 2])
    known = np.isfinite(depth)
    np.testing.assert_allclose(got[known], depth[known], rtol=0.02)


def rvl_encode(depth):
    """Encode one nibble after the other, as the paper's listing does."""
    nibbles = []

    def number(value):
        while True:
            value, low = value >> 3, value & 7
            nibbles.append(low | (8 if value else 0))
            if not value:
                return

    flat, at, previous = [int(value) for value in depth.ravel()], 0, 0
    while at < len(flat):
        zeros = at
        while at < len(flat) and flat[at] == 0:
            at += 1
        number(at - zeros)
        end = at
        while end < len(flat) and flat[end] != 0:
            end += 1
        number(end - at)
        for value in flat[at:end]:
            delta = value - previous
            number(2 * delta if delta >= 0 else -2 * delta - 1)
            previous = value
        at = end
    nibbles += [0] * (-len(nibbles) % 8)
    words = [
        sum(nibble << (28 - 4 * place) for place, nibble in enumerate(nibbles[start:start + 8]))
        for start in range(0, len(nibbles), 8)]
    height, width = depth.shape
    return struct.pack(f'<II{len(words)}I', width, height, *words)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 13), st.integers(1, 9), st.floats(0, 1))
def test_rvl_round_trip(seed, width, height, holes):
    rng = np.random.default_rng(seed)
    depth = rng.integers(0, 65536, (height, width), dtype=np.uint16)
    depth[rng.random((height, width)) < holes] = 0
    np.testing.assert_array_equal(decode_rvl(rvl_encode(depth)), depth)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_rvl_of_noise_ends_with_an_error_or_an_image(noise):
    try:
        depth = decode_rvl(struct.pack('<II', 6, 4) + noise)
    except UnsupportedEncodingError:
        return
    assert depth.shape == (4, 6)


def bomb(width, height):
    """Png of a size that its few bytes can't back."""
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack(
            '>I', zlib.crc32(kind + body))
    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header)
            + chunk(b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b''))


JPEG = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8), '.jpg')
PNG = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8), '.png')


@pytest.mark.parametrize(('form', 'data'), [
    ('jpeg', b''), ('jpeg', b'hello'), ('jpeg', JPEG[:len(JPEG) // 2]), ('png', PNG[:-200]),
    ('h264', b'\x00\x00\x00\x01'), ('png', bomb(60000, 60000)), ('png', bomb(9000, 9000)),
    ('16UC1; compressedDepth png', PNG), ('tiff', encoded(RGB, '.tiff'))])
def test_bad_colour(form, data):
    with pytest.raises(UnsupportedEncodingError):
        decode_compressed_color(message(form, data))


@pytest.mark.parametrize(('form', 'data', 'said'), [
    ('16UC1; compressedDepth png', b'', '0 bytes'),
    ('16UC1; compressedDepth png', bytes(12), '12 bytes'),
    ('16UC1; compressedDepth png', bytes(12) + b'nonsense', 'can\'t be decoded'),
    ('16UC1; compressedDepth png', bytes(12) + PNG, '16 bit'),
    ('16UC1; compressedDepth rvl', bytes(12) + b'123', 'header has 8'),
    ('16UC1; compressedDepth rvl', bytes(12) + struct.pack('<II', 2**31, 2**31), 'size'),
    ('16UC1; compressedDepth rvl', bytes(12) + struct.pack('<II', 5, 5), 'ends after'),
    ('jpeg', JPEG, 'no compressed depth'),
    ('rgb8; jpeg compressed bgr8', JPEG, 'no compressed depth')])
def test_bad_depth(form, data, said):
    with pytest.raises(UnsupportedEncodingError) as caught:
        decode_compressed_depth(message(form, data))
    assert said in str(caught.value)
