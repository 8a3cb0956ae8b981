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

"""Raw images: every encoding, step and byte order against encoders that share no code."""

from __future__ import annotations

import math
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialclaw_ros.errors import UnsupportedEncodingError
from spatialclaw_ros.ros.images import LAYOUTS, MAX_PIXELS, decode_color, decode_depth

PICKED = {
    'rgb8': (8, 'rgb'), 'rgba8': (8, 'rgba'), 'bgr8': (8, 'bgr'), 'bgra8': (8, 'bgra'),
    'rgb16': (16, 'rgb'), 'rgba16': (16, 'rgba'), 'bgr16': (16, 'bgr'), 'bgra16': (16, 'bgra'),
    '8UC3': (8, 'bgr'), '8UC4': (8, 'bgra'), '16UC3': (16, 'bgr'), '16UC4': (16, 'bgra'),
    'mono8': (8, 'g'), '8UC1': (8, 'g'), 'mono16': (16, 'g'), '16UC1': (16, 'g')}
MOSAICS = {'rggb': 'rggb', 'bggr': 'bggr', 'gbrg': 'gbrg', 'grbg': 'grbg'}
PACKED = {'yuv422': 'uyvy', 'uyvy': 'uyvy', 'yuv422_yuy2': 'yuyv', 'yuyv': 'yuyv'}


def image(encoding, width, height, step, data, big=False):
    return SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, data=bytes(data),
        is_bigendian=int(big))


def rows_to_bytes(rows, step, fill=0xA5):
    return b''.join(bytes(row) + bytes([fill]) * (step - len(row)) for row in rows)


def rgb_of_yuv(y, u, v):
    """BT.601 limited range, as ITU-R writes it."""
    scale = 255 / 219
    red = scale * (y - 16) + 1.596 * (v - 128)
    green = scale * (y - 16) - 0.392 * (u - 128) - 0.813 * (v - 128)
    blue = scale * (y - 16) + 2.017 * (u - 128)
    return [min(255.0, max(0.0, value)) for value in (red, green, blue)]


@st.composite
def pictures(draw, even=False):
    width, height = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    if even:
        width, height = 2 * width, 2 * height
    seed = draw(st.integers(0, 2**32 - 1))
    padding = draw(st.integers(0, 7))
    return np.random.default_rng(seed), width, height, padding


@pytest.mark.parametrize('encoding', PICKED)
@settings(max_examples=25, deadline=None)
@given(picture=pictures(), big=st.booleans())
def test_picked_channels(encoding, picture, big):
    rng, width, height, padding = picture
    bits, channels = PICKED[encoding]
    top = 2**bits
    values = {name: rng.integers(0, top, (height, width)) for name in 'rgba'}
    rows = []
    for y in range(height):
        row = b''
        for x in range(width):
            for name in channels:
                level = int(values['g' if name == 'g' else name][y, x])
                row += struct.pack(('>' if big else '<') + ('B' if bits == 8 else 'H'), level)
        rows.append(row)
    step = len(rows[0]) + padding
    got = decode_color(image(encoding, width, height, step, rows_to_bytes(rows, step), big))
    assert got.shape == (height, width, 3)
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous
    for place, name in enumerate('ggg' if channels == 'g' else 'rgb'):
        for y in range(height):
            for x in range(width):
                exact = values[name][y, x] * 255 / (top - 1)
                assert abs(int(got[y, x, place]) - exact) <= 0.5


def test_step_that_is_no_multiple_of_the_pixel_size():
    """rgb8 of width 5 with a step of 20: cv_bridge decodes it wrongly, without an error."""
    colors = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3)
    got = decode_color(image('rgb8', 5, 2, 20, rows_to_bytes(map(bytes, colors), 20)))
    np.testing.assert_array_equal(got, colors)


def test_last_row_may_lack_its_padding():
    got = decode_color(image('mono8', 3, 2, 5, b'\x01\x02\x03??\x04\x05\x06'))
    np.testing.assert_array_equal(got[..., 0], [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pattern', MOSAICS)
@pytest.mark.parametrize('size', [(8, 6), (7, 5)])
def test_mosaic_of_a_known_colour(pattern, bits, big, size):
    width, height = size
    color = {'r': 200, 'g': 110, 'b': 25}
    rows = []
    for y in range(height):
        levels = [color[pattern[2 * (y % 2) + x % 2]] for x in range(width)]
        rows.append(b''.join(
            struct.pack('B', level) if bits == 8
            else struct.pack('>H' if big else '<H', level * 257) for level in levels))
    step = len(rows[0]) + 3
    got = decode_color(image(
        f'bayer_{pattern}{bits}', width, height, step, rows_to_bytes(rows, step), big))
    np.testing.assert_array_equal(got, np.broadcast_to([200, 110, 25], (height, width, 3)))


def test_mosaic_keeps_a_red_thing_where_it_is():
    mosaic = np.zeros((12, 12), np.uint8)
    mosaic[4:8:2, 6:10:2] = 255  # red sites of rggb: even rows, even columns
    got = decode_color(image('bayer_rggb8', 12, 12, 12, mosaic.tobytes())).astype(int)
    rows, columns = np.nonzero(got[..., 0] > 200)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 6, 6, 8)
    assert got[..., 1:].max() == 0


@pytest.mark.parametrize('encoding', PACKED)
@settings(max_examples=25, deadline=None)
@given(picture=pictures(even=True))
def test_packed_yuv(encoding, picture):
    rng, width, height, padding = picture
    luma = rng.integers(16, 236, (height, width))
    blue, red = (rng.integers(16, 241, (height, width // 2)) for _ in 'uv')
    rows = []
    for y in range(height):
        row = []
        for pair in range(width // 2):
            y0, y1 = (int(luma[y, 2 * pair + side]) for side in (0, 1))
            u, v = int(blue[y, pair]), int(red[y, pair])
            row += [u, y0, v, y1] if PACKED[encoding] == 'uyvy' else [y0, u, y1, v]
        rows.append(bytes(row))
    step = 2 * width + padding
    got = decode_color(image(encoding, width, height, step, rows_to_bytes(rows, step)))
    for y in range(height):
        for x in range(width):
            expected = rgb_of_yuv(luma[y, x], blue[y, x // 2], red[y, x // 2])
            np.testing.assert_allclose(got[y, x], expected, atol=2.0)


@settings(max_examples=25, deadline=None)
@given(picture=pictures(even=True))
def test_nv21(picture):
    rng, width, height, padding = picture
    luma = rng.integers(16, 236, (height, width), dtype=np.uint8)
    chroma = rng.integers(16, 241, (height // 2, width), dtype=np.uint8)  # V, U, V, U, …
    step = width + padding
    data = rows_to_bytes([*luma, *chroma], step)
    got = decode_color(image('nv21', width, height, step, data))
    for y in range(height):
        for x in range(width):
            v, u = chroma[y // 2, x // 2 * 2: x // 2 * 2 + 2].astype(float)
            np.testing.assert_allclose(got[y, x], rgb_of_yuv(luma[y, x], u, v), atol=2.0)


@settings(max_examples=25, deadline=None)
@given(picture=pictures())
def test_nv24(picture):
    rng, width, height, padding = picture
    luma = rng.integers(16, 236, (height, width), dtype=np.uint8)
    chroma = rng.integers(16, 241, (height, 2 * width), dtype=np.uint8)  # U, V, U, V, …
    step = width + padding
    data = rows_to_bytes(luma, step) + rows_to_bytes(chroma, 2 * step)
    got = decode_color(image('nv24', width, height, step, data))
    for y in range(height):
        for x in range(width):
            u, v = chroma[y, 2 * x: 2 * x + 2].astype(float)
            np.testing.assert_allclose(got[y, x], rgb_of_yuv(luma[y, x], u, v), atol=2.0)


def test_every_colour_encoding_is_tested():
    bayer = {f'bayer_{pattern}{bits}' for pattern in MOSAICS for bits in (8, 16)}
    assert set(LAYOUTS) == set(PICKED) | bayer | set(PACKED) | {'nv21', 'nv24'}


@pytest.mark.parametrize('encoding', ['16UC1', 'mono16'])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('padding', [0, 1, 2, 5])
def test_depth_in_millimetres(encoding, big, padding):
    levels = [[0, 1, 999], [1000, 65534, 65535]]
    rows = [struct.pack(('>' if big else '<') + '3H', *row) for row in levels]
    step = 6 + padding
    got = decode_depth(image(encoding, 3, 2, step, rows_to_bytes(rows, step), big))
    assert got.dtype == np.float32
    expected = [[math.nan, 0.001, 0.999], [1.0, 65.534, math.nan]]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('padding', [0, 1, 3, 8])
def test_depth_in_metres(big, padding):
    levels = [[math.nan, math.inf, -math.inf], [0.0, -1.0, 1.25]]
    rows = [struct.pack(('>' if big else '<') + '3f', *row) for row in levels]
    step = 12 + padding
    got = decode_depth(image('32FC1', 3, 2, step, rows_to_bytes(rows, step), big))
    assert got.dtype == np.float32
    assert np.isnan(got.ravel()[:5]).all()
    assert got[1, 2] == 1.25


def test_decoding_leaves_the_message_alone():
    message = image('16UC1', 2, 1, 4, struct.pack('<2H', 0, 1500))
    before = bytes(message.data)
    got = decode_depth(message)
    got[:] = 0
    assert message.data == before


BAD = {
    'an encoding nobody knows': ({'encoding': 'plasma9'}, "'plasma9'"),
    'an empty encoding': ({'encoding': ''}, "''"),
    'depth as colour': ({'encoding': '32FC1'}, 'depth'),
    'no pixels': ({'width': 0}, '0x2'),
    'a size that nobody has': (
        {'width': 2**20, 'height': 2**20, 'step': 3 * 2**20}, str(MAX_PIXELS)),
    'a step below the width': ({'step': 8}, 'needs 9'),
    'no data': ({'data': b''}, '0 bytes'),
    'short data': ({'data': bytes(17)}, 'needs 18'),
    'half of a YUV pair': ({'encoding': 'yuyv', 'width': 3, 'step': 6}, 'multiple of 2x1'),
    'a tiny mosaic': ({'encoding': 'bayer_rggb8', 'width': 2, 'step': 2}, 'too small'),
    'short NV24': ({'encoding': 'nv24', 'width': 3, 'step': 3, 'data': bytes(17)}, 'needs 18'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_images_say_what_came_and_what_was_expected(name):
    changes, said = BAD[name]
    message = image('rgb8', 3, 2, 9, bytes(18))
    for field, value in changes.items():
        setattr(message, field, value)
    with pytest.raises(UnsupportedEncodingError) as caught:
        decode_color(message)
    assert said in str(caught.value)


def test_bad_depth_encoding():
    with pytest.raises(UnsupportedEncodingError, match='expected 16UC1'):
        decode_depth(image('rgb8', 1, 1, 3, bytes(3)))


@pytest.mark.parametrize(('encoding', 'form', 'level', 'said'), [
    ('32FC1', 'f', 812.0, '812 m.*look like millimetres; publish them as 16UC1'),
    ('16UC1', 'H', 3, '0.003 m.*look like metres; publish them as 32FC1'),
])
def test_depth_in_the_other_unit_is_told_and_gives_no_metres(encoding, form, level, said):
    item = struct.calcsize(form)
    data = struct.pack(f'<100{form}', *[0] * 40, *[level] * 59, 60000)
    with pytest.raises(UnsupportedEncodingError, match=said):
        decode_depth(image(encoding, 10, 10, 10 * item, data))


@pytest.mark.parametrize('levels', [
    [3] * 2 + [0] * 98,  # a covered lens
    [15] * 60 + [500] * 40,  # a lens that something nearly touches
])
def test_few_pixels_or_a_part_of_them_tell_no_unit(levels):
    metres = decode_depth(image('16UC1', 10, 10, 20, struct.pack('<100H', *levels)))
    assert np.nanmin(metres) == pytest.approx(levels[0] * 1e-3)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*LAYOUTS, '32FC1', 'nonsense']), st.integers(0, 12), st.integers(0, 12),
    st.integers(0, 2**32 - 1) | st.integers(0, 40), st.booleans(), st.binary(max_size=400))
def test_whatever_comes_ends_with_an_image_or_a_named_error(
        encoding, width, height, step, big, data):
    message = image(encoding, width, height, step, data, big)
    for decode, shape in ((decode_color, (height, width, 3)), (decode_depth, (height, width))):
        try:
            got = decode(message)
        except UnsupportedEncodingError:
            continue
        assert got.shape == shape
