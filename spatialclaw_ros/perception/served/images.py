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


"""Images on their way: raw, or JPEG whose size is read from its header before it is decoded."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from spatialclaw_ros.errors import PerceptionMessageError
from spatialclaw_ros.perception.served.arrays import ArrayReader, Mapping
from spatialclaw_ros.perception.served.framing import Packer
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import Picture

QUALITY = 92
_START, _BASELINE, _END = b'\xff\xd8', 0xc0, b'\xff\xd9'
_FRAMES = frozenset(range(0xc0, 0xd0)) - {0xc4, 0xc8, 0xcc}
_SCAN = 0xda
_DECODE = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def put_images(
    packer: Packer, images: Sequence[np.ndarray], *, quality: int | None, mapping: Mapping = map,
) -> tuple[Picture, ...]:
    """Append images.

    Args:
        packer: of the message.
        images: N times (H, W, 3) uint8 RGB.
        quality: of JPEG, 1 to 100; None sends them raw.
        mapping: encodes several at once.
    """
    if quality is None:
        whole = [np.ascontiguousarray(image) for image in images]
        return tuple(
            Picture(packer.add(image.reshape(-1).data), image.nbytes, image.shape[0],
                    image.shape[1], 'raw') for image in whole)
    coded = list(mapping(functools.partial(_to_jpeg, quality), images))
    return tuple(
        Picture(packer.add(data.data), data.nbytes, image.shape[0], image.shape[1], 'jpeg')
        for image, data in zip(images, coded))


def take_images(
    reader: ArrayReader, pictures: Sequence[Picture], limits: WireLimits, mapping: Mapping = map,
) -> tuple[np.ndarray, ...]:
    """Read images; (H, W, 3) uint8 RGB each.

    Raises:
        PerceptionMessageError: there are none, too many, too large ones, or broken ones.
    """
    if not 1 <= len(pictures) <= limits.images:
        raise PerceptionMessageError(
            f'a request may have 1 to {limits.images} images, got {len(pictures)}')
    pixels = 0
    for number, picture in enumerate(pictures):
        if max(picture.height, picture.width) > limits.side:
            raise PerceptionMessageError(
                f'images may have {limits.side} pixels a side, image {number} has '
                f'{picture.width}x{picture.height}')
        pixels += picture.height * picture.width
    if pixels > limits.pixels:
        raise PerceptionMessageError(
            f'the images of a request may have {limits.pixels} pixels in all, got {pixels}; send '
            'fewer or smaller ones')
    reader.spend(3 * pixels)
    blobs = [reader.take(picture.offset, picture.size) for picture in pictures]
    return tuple(mapping(_image_of, list(zip(range(len(pictures)), pictures, blobs))))


def jpeg_size(data: np.ndarray) -> tuple[int, int] | None:
    """(height, width) of a baseline JPEG of 8 bits and three colours; None for anything else.

    The size stands in the first frame header, which is the one that a decoder goes by (ITU-T T.81,
    B.2.2).
    """
    text = data.tobytes() if len(data) < 4096 else data[:65536].tobytes()
    if text[:2] != _START or data[-2:].tobytes() != _END:
        return None
    at = 2
    while at + 4 <= len(text):
        if text[at] != 0xff:
            return None
        marker, length = text[at + 1], int.from_bytes(text[at + 2:at + 4], 'big')
        if marker == _SCAN or length < 2:
            return None
        if marker in _FRAMES:
            body = text[at + 4:at + 10]
            if marker != _BASELINE or len(body) < 6 or body[0] != 8 or body[5] != 3:
                return None
            return int.from_bytes(body[1:3], 'big'), int.from_bytes(body[3:5], 'big')
        at += 2 + length
    return None


def _to_jpeg(quality: int, image: np.ndarray) -> np.ndarray:
    done, data = cv2.imencode(
        '.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise PerceptionMessageError(f'an image of {image.shape} can not be made a JPEG')
    return np.asarray(data, np.uint8).reshape(-1)


def _image_of(given: tuple[int, Picture, np.ndarray]) -> np.ndarray:
    number, picture, data = given
    shape = (picture.height, picture.width, 3)
    if picture.coding == 'raw':
        if picture.size != picture.height * picture.width * 3:
            raise PerceptionMessageError(
                f'image {number} of {shape} must have {picture.height * picture.width * 3} bytes, '
                f'got {picture.size}')
        return data.reshape(shape)
    size = jpeg_size(data)
    if size != shape[:2]:
        raise PerceptionMessageError(
            f'image {number} must be a baseline JPEG of (height, width) {shape[:2]}, got {size}')
    image = cv2.imdecode(data, _DECODE)
    if image is None or image.shape != shape:
        raise PerceptionMessageError(f'image {number} is a broken JPEG')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
