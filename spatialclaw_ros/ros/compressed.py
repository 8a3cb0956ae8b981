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

"""`sensor_msgs/CompressedImage` to arrays: jpeg and png, and `compressedDepth` in png or rvl.

The size is read from the header and bounded before anything is decoded. Formats are as
compressed_image_transport and compressed_depth_image_transport write them.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Protocol

import numpy as np
from PIL import Image

from spatialclaw_ros.errors import UnsupportedEncodingError
from spatialclaw_ros.ros.images import (
    LAYOUTS,
    check_size,
    samples_to_rgb,
    to_8_bit,
    to_metres,
)

CONFIG_HEADER = struct.Struct('<iff')
RVL_HEADER = struct.Struct('<II')
SWAPPED = ('rgb', 'bgr')
_LONGEST_NUMBER = 9


class CompressedMessage(Protocol):
    """What is read of `sensor_msgs/CompressedImage`."""

    format: str
    data: Any


def decode_compressed_color(message: CompressedMessage) -> np.ndarray:
    """Read a jpeg or png image.

    Args:
        message: `format` as 'jpeg', 'png' or 'rgb8; jpeg compressed bgr8'.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UnsupportedEncodingError: another format, broken or cut-off data, or an absurd size.
    """
    encoding, _, rest = (part.strip() for part in message.format.partition(';'))
    if 'compressedDepth' in message.format:
        raise UnsupportedEncodingError(
            f'format {message.format[:60]!r} is depth; expected a colour image')
    pixels = _decode(bytes(message.data), message.format)
    if pixels.ndim == 2:
        layout = LAYOUTS.get(encoding)
        if layout is not None and encoding.startswith('bayer'):
            return samples_to_rgb(_sized_for(pixels, layout.dtype), layout)
        return np.repeat(to_8_bit(pixels)[..., None], 3, axis=2)
    if rest and encoding.startswith(SWAPPED) and 'compressed bgr' not in rest:
        # The sender encoded its RGB samples as if they were BGR, or the other way round.
        pixels = pixels[..., ::-1]
    return np.ascontiguousarray(pixels)


def decode_compressed_depth(message: CompressedMessage) -> np.ndarray:
    """Read a `compressedDepth` image.

    Args:
        message: 12 bytes of parameters, then png or rvl of 16 bit; '32FC1; compressedDepth png'
            holds quantised inverse depth, '16UC1; ...' millimetres.

    Returns:
        (H, W) float32 metres, NaN where unknown.

    Raises:
        UnsupportedEncodingError: another format, broken or cut-off data, or an absurd size.
    """
    encoding, _, rest = (part.strip() for part in message.format.partition(';'))
    if encoding not in ('16UC1', 'mono16', '32FC1') or (
            rest and not rest.startswith('compressedDepth')):
        raise UnsupportedEncodingError(
            f'format {message.format[:60]!r} is no compressed depth; expected '
            "'16UC1; compressedDepth png' or '32FC1; compressedDepth png' (or rvl)")
    data = bytes(message.data)
    if len(data) <= CONFIG_HEADER.size:
        raise UnsupportedEncodingError(
            f'{len(data)} bytes of compressed depth came, more than {CONFIG_HEADER.size} are '
            'needed')
    _, quant_a, quant_b = CONFIG_HEADER.unpack_from(data)
    payload = data[CONFIG_HEADER.size:]
    coded = decode_rvl(payload) if 'rvl' in rest else _decode(payload, message.format)
    if coded.ndim != 2 or coded.dtype != np.uint16:
        raise UnsupportedEncodingError(
            f'compressed depth must hold 16 bit of one channel, got {coded.dtype} {coded.shape}')
    if encoding != '32FC1':
        return to_metres(coded)
    with np.errstate(divide='ignore', invalid='ignore'):
        depth = np.float32(quant_a) / (coded.astype(np.float32) - np.float32(quant_b))
    depth[coded == 0] = np.nan
    return to_metres(depth)


def decode_rvl(data: bytes) -> np.ndarray:
    """Undo run-length and variable-length coding of 16 bit depth.

    The stream is of 32 bit words, each of eight nibbles, three bits a nibble and one that says
    whether more follow; its numbers are: zeros, samples, then each sample's difference to the last
    one; and so on (Wilson, "Fast Lossless Depth Image Compression", 2017).

    Args:
        data: width and height (uint32 each), then the stream.

    Returns:
        (H, W) uint16.

    Raises:
        UnsupportedEncodingError: cut-off data, or an absurd size.
    """
    if len(data) < RVL_HEADER.size:
        raise UnsupportedEncodingError(f'{len(data)} bytes of rvl came, the header has 8')
    width, height = RVL_HEADER.unpack_from(data)
    check_size(width, height)
    body = data[RVL_HEADER.size:]
    words = np.frombuffer(body, '<u4', count=len(body) // 4)
    nibbles = ((words[:, None] >> np.arange(28, -1, -4, dtype=np.uint32)) & 15).ravel()
    lasts = np.flatnonzero(nibbles < 8)
    if not lasts.size:
        raise UnsupportedEncodingError(f'rvl data ends after 0 of {width * height} pixels')
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    if (lasts - firsts).max() > _LONGEST_NUMBER:
        raise UnsupportedEncodingError('rvl data is broken: a number is too long')
    nibbles = nibbles[:lasts[-1] + 1]
    places = np.arange(nibbles.size) - np.repeat(firsts, lasts - firsts + 1)
    bits = (nibbles & 7).astype(np.int64) << (3 * places)
    numbers = np.add.reduceat(bits, firsts)
    depth = np.zeros(width * height, np.uint16)
    filled = at = previous = 0
    while filled < depth.size:
        if at + 1 >= numbers.size:
            raise UnsupportedEncodingError(
                f'rvl data ends after {filled} of {depth.size} pixels')
        zeros, count = int(numbers[at]), int(numbers[at + 1])
        coded = numbers[at + 2:at + 2 + count]
        filled += zeros
        if filled + count > depth.size or coded.size < count:
            raise UnsupportedEncodingError(
                f'rvl data is broken: a run of {zeros} and {count} does not fit {width}x{height}')
        if count:
            levels = previous + np.cumsum((coded >> 1) ^ -(coded & 1))
            depth[filled:filled + count] = levels & 0xFFFF
            previous = int(depth[filled + count - 1])
            filled += count
        elif not zeros:
            raise UnsupportedEncodingError('rvl data is broken: an empty run')
        at += 2 + count
    return depth.reshape(height, width)


def _decode(data: bytes, described: str) -> np.ndarray:
    """Jpeg or png to (H, W) uint8/uint16 or (H, W, 3) uint8 RGB."""
    try:
        with Image.open(io.BytesIO(data), formats=('JPEG', 'PNG')) as picture:
            check_size(*picture.size)
            if picture.mode.startswith('I'):
                return np.asarray(picture).astype(np.uint16)
            return np.array(picture if picture.mode == 'L' else picture.convert('RGB'))
    except UnsupportedEncodingError:
        raise
    except (
            OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise UnsupportedEncodingError(
            f'{len(data)} bytes of format {described[:60]!r} can\'t be decoded as jpeg or png: '
            f'{error}') from error


def _sized_for(pixels: np.ndarray, dtype: str) -> np.ndarray:
    if pixels.dtype.itemsize != np.dtype(dtype).itemsize:
        return to_8_bit(pixels)
    return pixels
