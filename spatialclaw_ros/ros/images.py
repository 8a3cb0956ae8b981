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

"""Image messages to arrays: colour as RGB uint8, depth as float32 metres.

Raw images are read through strided views that honour `step` and `is_bigendian` to the letter
(cv_bridge is wrong where `step` is no multiple of the pixel size, and for big-endian data under
NumPy 2). OpenCV does what is colour science: Bayer mosaics and YUV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from spatialclaw_ros.errors import UnsupportedEncodingError

MAX_PIXELS = 2**26
MILLIMETRE_M = np.float32(1e-3)
DEPTH_16_INVALID = (0, 65535)
NEAREST_M, FARTHEST_M = 0.02, 100.0
"""Data sheets of depth cameras go from 0.07 m (RealSense D405) to 40 m (ZED 2i)."""
_SAMPLES = 32
_LEAST_KNOWN = 0.02  # of all pixels, as many as 16 beams of a lidar give; fewer tell no unit
_NEARLY_ALL = 0.9

DEPTH_ENCODINGS = ('16UC1', 'mono16', '32FC1')


class ImageMessage(Protocol):
    """What is read of `sensor_msgs/Image`; messages of rosbags have it too."""

    height: int
    width: int
    encoding: str
    is_bigendian: Any
    step: int
    data: Any


class ImageKind(NamedTuple):
    """All that an image says beside its stamp and pixels; a compressed one tells only its frame."""

    frame_id: str
    encoding: str = ''
    width: int = 0
    height: int = 0
    step: int = 0
    is_bigendian: Any = 0
    data_bytes: int = 0


def kind_of(message: Any) -> ImageKind:
    """What a `sensor_msgs/Image` or `CompressedImage` says."""
    if not hasattr(message, 'encoding'):
        return ImageKind(message.header.frame_id)
    return ImageKind(
        message.header.frame_id, message.encoding, message.width, message.height, message.step,
        message.is_bigendian, len(message.data))


@dataclass(frozen=True)
class Layout:
    """How the samples of an encoding lie in a row.

    Args:
        dtype: 'u1', 'u2' or 'f4'.
        channels: samples of a pixel.
        order: which channels are red, green and blue; () where it takes more than picking.
        code: OpenCV conversion to RGB, for what takes more than picking.
        rows: height of the data plane over the height of the image (semi-planar YUV).
        multiple: (x, y) that width and height must be a multiple of.
    """

    dtype: str
    channels: int
    order: tuple[int, ...] = ()
    code: int = -1
    rows: float = 1.0
    multiple: tuple[int, int] = (1, 1)


GRAY = (0, 0, 0)
RGB = (0, 1, 2)
BGR = (2, 1, 0)

# OpenCV names a mosaic after its second row, second and third pixel; ROS after its first row.
# 8UC3 and its kin name no colours: BGR is what OpenCV, and so nearly every publisher, means by it.
LAYOUTS: dict[str, Layout] = {
    'rgb8': Layout('u1', 3, RGB), 'rgba8': Layout('u1', 4, RGB),
    'bgr8': Layout('u1', 3, BGR), 'bgra8': Layout('u1', 4, BGR),
    'rgb16': Layout('u2', 3, RGB), 'rgba16': Layout('u2', 4, RGB),
    'bgr16': Layout('u2', 3, BGR), 'bgra16': Layout('u2', 4, BGR),
    'mono8': Layout('u1', 1, GRAY), '8UC1': Layout('u1', 1, GRAY),
    'mono16': Layout('u2', 1, GRAY), '16UC1': Layout('u2', 1, GRAY),
    '8UC3': Layout('u1', 3, BGR), '8UC4': Layout('u1', 4, BGR),
    '16UC3': Layout('u2', 3, BGR), '16UC4': Layout('u2', 4, BGR),
    'bayer_rggb8': Layout('u1', 1, code=cv2.COLOR_BayerBG2RGB),
    'bayer_bggr8': Layout('u1', 1, code=cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg8': Layout('u1', 1, code=cv2.COLOR_BayerGR2RGB),
    'bayer_grbg8': Layout('u1', 1, code=cv2.COLOR_BayerGB2RGB),
    'bayer_rggb16': Layout('u2', 1, code=cv2.COLOR_BayerBG2RGB),
    'bayer_bggr16': Layout('u2', 1, code=cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg16': Layout('u2', 1, code=cv2.COLOR_BayerGR2RGB),
    'bayer_grbg16': Layout('u2', 1, code=cv2.COLOR_BayerGB2RGB),
    'yuv422': Layout('u1', 2, code=cv2.COLOR_YUV2RGB_UYVY, multiple=(2, 1)),
    'uyvy': Layout('u1', 2, code=cv2.COLOR_YUV2RGB_UYVY, multiple=(2, 1)),
    'yuv422_yuy2': Layout('u1', 2, code=cv2.COLOR_YUV2RGB_YUY2, multiple=(2, 1)),
    'yuyv': Layout('u1', 2, code=cv2.COLOR_YUV2RGB_YUY2, multiple=(2, 1)),
    'nv21': Layout('u1', 1, code=cv2.COLOR_YUV2RGB_NV21, rows=1.5, multiple=(2, 2)),
    'nv24': Layout('u1', 1, rows=3.0),
}
DEPTH_LAYOUTS: dict[str, Layout] = {
    '16UC1': Layout('u2', 1), 'mono16': Layout('u2', 1), '32FC1': Layout('f4', 1)}

# BT.601 limited range, Y Cb Cr to R G B (ITU-R BT.601-7, section 2.5).
_YUV_TO_RGB = np.array([
    [255 / 219, 0.0, 1.402 * 255 / 224],
    [255 / 219, -0.344136 * 255 / 224, -0.714136 * 255 / 224],
    [255 / 219, 1.772 * 255 / 224, 0.0]], dtype=np.float32)
_SMALLEST_MOSAIC = 3
_YUV_ZERO = np.array([16, 128, 128], dtype=np.float32)


def decode_color(message: ImageMessage) -> np.ndarray:
    """Read a colour or grey image.

    Args:
        message: `sensor_msgs/Image`.

    Returns:
        (H, W, 3) uint8 RGB; 16 bit samples are scaled down. Plain rgb8 is a view of the message.

    Raises:
        UnsupportedEncodingError: an encoding that no camera uses for colour, or data that does not
            fit the size.
    """
    layout = _color_layout(message)
    return samples_to_rgb(samples(message, layout), layout)


def check_color(message: ImageMessage) -> None:
    """Make sure that a colour image can be decoded, without decoding it.

    Raises:
        UnsupportedEncodingError: as `decode_color` raises it.
    """
    samples(message, _color_layout(message))


def check_depth(message: ImageMessage) -> None:
    """Make sure that a depth image can be decoded, without decoding it.

    Raises:
        UnsupportedEncodingError: as `decode_depth` raises it.
    """
    samples(message, _depth_layout(message))


def decode_depth(message: ImageMessage) -> np.ndarray:
    """Read a depth image (REP 118).

    Args:
        message: `sensor_msgs/Image`, 16UC1 in millimetres or 32FC1 in metres.

    Returns:
        (H, W) float32 metres, NaN where unknown.

    Raises:
        UnsupportedEncodingError: another encoding, or data that does not fit the size.
    """
    return to_metres(samples(message, _depth_layout(message)))


def to_metres(depth: np.ndarray) -> np.ndarray:
    """Depth samples to metres.

    Args:
        depth: (H, W) uint16 millimetres, or float metres.

    Returns:
        (H, W) float32; NaN for 0 and 65535, and for floats that are not positive and finite.

    Raises:
        UnsupportedEncodingError: most of it is so near or far that the unit must be another one.
    """
    if depth.dtype.kind == 'u':
        metres = depth * MILLIMETRE_M
        unknown = depth == DEPTH_16_INVALID[0]
        unknown |= depth == DEPTH_16_INVALID[1]
    else:
        metres = depth.astype(np.float32)
        with np.errstate(invalid='ignore'):
            unknown = ~((metres > 0) & (metres < np.inf))
    if unknown.any():
        # NumPy's own masked copy takes thrice as long where holes are scattered
        nowhere = np.full(metres.shape, np.nan, np.float32)
        cv2.copyTo(nowhere, unknown.view(np.uint8), metres)
    _check_unit(metres, depth.dtype.kind == 'u')
    return metres


def _check_unit(metres: np.ndarray, is_integer: bool) -> None:
    every = max(1, min(metres.shape) // _SAMPLES)
    some = metres[every // 2::every, every // 2::every]
    known = np.sort(some[some > 0])
    if known.size <= _LEAST_KNOWN * some.size:
        return
    median_m = float(np.median(known))
    if is_integer and known[int(_NEARLY_ALL * known.size)] < NEAREST_M:
        raise UnsupportedEncodingError(
            f'the median of 16 bit depth is {median_m:.3g} m, nearer than depth cameras see: '
            '16UC1 is in millimetres (REP 118), and these look like metres; publish them as 32FC1')
    if not is_integer and median_m > FARTHEST_M:
        raise UnsupportedEncodingError(
            f'the median of 32 bit depth is {median_m:.0f} m, farther than depth cameras see: '
            '32FC1 is in metres (REP 118), and these look like millimetres; publish them as 16UC1')


def check_size(width: int, height: int) -> None:
    """Refuse sizes that no camera has.

    Raises:
        UnsupportedEncodingError: nothing in it, or over 64 megapixels.
    """
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise UnsupportedEncodingError(
            f'image size {width}x{height} can\'t be read; expected 1 to {MAX_PIXELS} pixels')


def samples(message: ImageMessage, layout: Layout) -> np.ndarray:
    """View of a message's samples, padding left out.

    Returns:
        (H * rows, W) or (H, W, C) in the message's byte order; a view where that is possible.

    Raises:
        UnsupportedEncodingError: data, step and size don't fit together.
    """
    width, height, step = int(message.width), int(message.height), int(message.step)
    check_size(width, height)
    across, down = layout.multiple
    if width % across or height % down:
        raise UnsupportedEncodingError(
            f'{message.encoding} needs a size that is a multiple of {across}x{down}, '
            f'got {width}x{height}')
    dtype = np.dtype(('>' if message.is_bigendian else '<') + layout.dtype)
    pixel = dtype.itemsize * layout.channels
    row = width * pixel
    if step < row:
        raise UnsupportedEncodingError(
            f'step of {step} bytes is too small: {message.encoding} of width {width} needs {row}')
    memory = np.frombuffer(message.data, dtype=np.uint8)
    if layout.rows == 3.0:
        return _full_chroma(memory, width, height, step)
    rows = round(height * layout.rows)
    needed = step * (rows - 1) + row
    if memory.size < needed:
        raise UnsupportedEncodingError(
            f'{memory.size} bytes of data came, {message.encoding} of {width}x{height} with step '
            f'{step} needs {needed}')
    shape = (rows, width) if layout.channels == 1 else (rows, width, layout.channels)
    strides = (step, pixel) if layout.channels == 1 else (step, pixel, dtype.itemsize)
    return np.ndarray(shape, dtype, memory.data, 0, strides)


def samples_to_rgb(pixels: np.ndarray, layout: Layout) -> np.ndarray:
    """Samples to (H, W, 3) uint8 RGB; args as `samples` returns them."""
    if layout.rows == 3.0:
        rgb = (pixels.astype(np.float32) - _YUV_ZERO) @ _YUV_TO_RGB.T
        return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    if layout.code >= 0:
        if min(pixels.shape[:2]) < _SMALLEST_MOSAIC and layout.multiple == (1, 1):
            raise UnsupportedEncodingError(
                f'a Bayer mosaic of {pixels.shape[1]}x{pixels.shape[0]} is too small; expected '
                f'{_SMALLEST_MOSAIC}x{_SMALLEST_MOSAIC} or more')
        native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder('='))
        return to_8_bit(np.asarray(cv2.cvtColor(native, layout.code)))
    native = to_8_bit(pixels)
    if layout.order == GRAY:
        return np.asarray(cv2.cvtColor(native, cv2.COLOR_GRAY2RGB))
    if layout.channels == 3:
        return native if layout.order == RGB else np.asarray(
            cv2.cvtColor(native, cv2.COLOR_BGR2RGB))
    code = cv2.COLOR_RGBA2RGB if layout.order == RGB else cv2.COLOR_BGRA2RGB
    return np.asarray(cv2.cvtColor(native, code))


def to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Samples of 16 bit to uint8, full scale to full scale, rounded; contiguous."""
    native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder('='))
    if native.dtype.itemsize == 1:
        return native
    return np.asarray(cv2.convertScaleAbs(native, alpha=1 / 257)).reshape(native.shape)


def _full_chroma(memory: np.ndarray, width: int, height: int, step: int) -> np.ndarray:
    """NV24: a plane of Y, then one of Cb Cr pairs with rows twice as long; (H, W, 3) Y Cb Cr."""
    start = step * height
    needed = start + 2 * step * (height - 1) + 2 * width
    if memory.size < needed:
        raise UnsupportedEncodingError(
            f'{memory.size} bytes of data came, nv24 of {width}x{height} with step {step} needs '
            f'{needed}')
    yuv = np.empty((height, width, 3), np.uint8)
    yuv[..., 0] = np.ndarray((height, width), np.uint8, memory.data, 0, (step, 1))
    yuv[..., 1:] = np.ndarray((height, width, 2), np.uint8, memory.data, start, (2 * step, 2, 1))
    return yuv


def _color_layout(message: ImageMessage) -> Layout:
    layout = LAYOUTS.get(message.encoding)
    if layout is None:
        hint = '; it is a depth encoding' if message.encoding in DEPTH_LAYOUTS else ''
        raise UnsupportedEncodingError(
            f'colour encoding {message.encoding[:40]!r} is not known{hint}; '
            f'known are {", ".join(LAYOUTS)}')
    return layout


def _depth_layout(message: ImageMessage) -> Layout:
    layout = DEPTH_LAYOUTS.get(message.encoding)
    if layout is None:
        raise UnsupportedEncodingError(
            f'depth encoding {message.encoding[:40]!r} is not known; expected 16UC1 (millimetres) '
            'or 32FC1 (metres)')
    return layout
