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

"""`sensor_msgs/CameraInfo` to intrinsics of one image, after REP 104."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from spatialclaw_ros.errors import MissingPriorError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.distortion import MODELS

MODEL_ALIASES = {
    '': 'plumb_bob', 'brown_conrady': 'plumb_bob', 'radtan': 'plumb_bob', 'fisheye': 'equidistant',
    'kannala_brandt4': 'equidistant'}
_ASPECT_TOLERANCE = 0.01
_SKEW_TOLERANCE = 1e-6
_KNOWN_CAMERAS = 64


class CameraInfoMessage(Protocol):
    """What is read of `sensor_msgs/CameraInfo`."""

    height: int
    width: int
    distortion_model: str
    d: Any
    k: Any
    p: Any
    binning_x: int
    binning_y: int
    roi: Any


class Calibration(NamedTuple):
    """All that a CameraInfo says of an image; equal where its numbers are, NaN included.

    `k`, `d` and `p` are the bytes of float64, the others as in the message.
    """

    width: int
    height: int
    binning_x: int
    binning_y: int
    roi: tuple[int, int, int, int]
    distortion_model: str
    k: bytes
    d: bytes
    p: bytes


def calibration_of(info: CameraInfoMessage) -> Calibration:
    """What a CameraInfo says, without its stamp; `roi` is x and y offset, width and height."""
    roi = info.roi
    return Calibration(
        info.width, info.height, info.binning_x, info.binning_y,
        (roi.x_offset, roi.y_offset, roi.width, roi.height),
        info.distortion_model, _float64(info.k), _float64(info.d), _float64(info.p))


def _float64(numbers: Any) -> bytes:
    # a message has arrays of them, and each query looks at a hundred
    if getattr(numbers, 'typecode', None) == 'd' or getattr(numbers, 'dtype', None) == np.float64:
        return bytes(numbers.tobytes())
    return np.asarray(numbers, np.float64).tobytes()


# images of a camera share a calibration, and each query has many of them
@functools.lru_cache(_KNOWN_CAMERAS)
def image_camera(
    info: Calibration, width: int, height: int, *, rectified: bool = False,
) -> tuple[PinholeCamera, str]:
    """Intrinsics of an image that a CameraInfo came with.

    The calibration is of the full sensor; region of interest and binning are applied as
    image_geometry does: the offset is taken off the principal point, then all is divided by the
    binning.

    Args:
        info: what the CameraInfo says.
        width: of the image, pixels.
        height: of the image, pixels.
        rectified: whether the image is rectified: then P holds, without distortion; else K and D.

    Returns:
        The camera, and a line about what had to be assumed ('' for nothing).

    Raises:
        MissingPriorError: not calibrated, a model that nobody knows, or another image's size.
    """
    fx, fy, cx, cy = _matrix(info, rectified)
    distortion, model = ((), 'plumb_bob') if rectified else _distortion(info)
    bin_x, bin_y = max(1, info.binning_x), max(1, info.binning_y)
    x_offset, y_offset, roi_width, roi_height = info.roi
    full_width, full_height = info.width, info.height
    info_width = (roi_width or full_width - x_offset) // bin_x
    info_height = (roi_height or full_height - y_offset) // bin_y
    if full_width == 0 or full_height == 0:
        info_width, info_height = width, height
    if info_width < 1 or info_height < 1:
        raise MissingPriorError(
            f'CameraInfo is of size {full_width}x{full_height} with binning {bin_x}x{bin_y} and '
            f'region {roi_width}x{roi_height}+{x_offset}+{y_offset}, which leaves no pixel')
    try:
        camera = PinholeCamera(
            width=info_width, height=info_height, fx=fx / bin_x, fy=fy / bin_y,
            cx=(cx - x_offset) / bin_x, cy=(cy - y_offset) / bin_y,
            distortion=distortion, model=model)
    except ValueError as error:
        raise MissingPriorError(f'CameraInfo can\'t be used: {error}') from error
    if (info_width, info_height) == (width, height):
        return camera, ''
    stretch = (width / info_width) / (height / info_height)
    if abs(stretch - 1.0) > _ASPECT_TOLERANCE:
        raise MissingPriorError(
            f'CameraInfo is for {info_width}x{info_height}, the image is {width}x{height}, another '
            'shape; publish the CameraInfo of this image')
    return camera.scaled(width, height), (
        f'CameraInfo is for {info_width}x{info_height}, the image is {width}x{height}: taken to be '
        'the same view resized')


def _matrix(info: Calibration, rectified: bool) -> tuple[float, float, float, float]:
    k, p = np.frombuffer(info.k).tolist(), np.frombuffer(info.p).tolist()
    if rectified and any(p):
        name, fx, fy, cx, cy, skew = 'P', p[0], p[5], p[2], p[6], p[1]
    else:
        name, fx, fy, cx, cy, skew = 'K', k[0], k[4], k[2], k[5], k[1]
        if rectified and any(np.frombuffer(info.d)):
            raise MissingPriorError(
                'CameraInfo of a rectified image has no P, only K with distortion; calibrate it '
                'or set rectified to false')
    values = (fx, fy, cx, cy)
    if not any(values):
        raise MissingPriorError(
            f'CameraInfo is all zeros in {name}: the camera is not calibrated')
    if not all(map(math.isfinite, values)) or fx <= 0 or fy <= 0:
        raise MissingPriorError(
            f'CameraInfo has fx {fx}, fy {fy}, cx {cx}, cy {cy} in {name}; focal lengths must be '
            'positive numbers')
    if abs(skew) > _SKEW_TOLERANCE * fx:
        raise MissingPriorError(f'CameraInfo has a skew of {skew} in {name}, which is not read')
    return values


def _distortion(info: Calibration) -> tuple[tuple[float, ...], str]:
    coefficients = tuple(np.frombuffer(info.d).tolist())
    model = MODEL_ALIASES.get(info.distortion_model.lower(), info.distortion_model.lower())
    if not any(coefficients) and model != 'equidistant':
        return (), 'plumb_bob'
    if model not in MODELS:
        raise MissingPriorError(
            f'distortion model {info.distortion_model[:40]!r} is not known, known are '
            f'{", ".join(MODELS)}; rectify the image and set rectified to true')
    return coefficients, model
