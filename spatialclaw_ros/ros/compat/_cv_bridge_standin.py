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

"""Stand-in for `cv_bridge` with its call signatures, over this package's decoders and OpenCV."""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from spatialclaw_ros.errors import UnsupportedEncodingError
from spatialclaw_ros.ros.images import (
    DEPTH_LAYOUTS,
    LAYOUTS,
    samples,
    samples_to_rgb,
)

_KINDS = {'u1': '8U', 'i1': '8S', 'u2': '16U', 'i2': '16S', 'i4': '32S', 'f4': '32F', 'f8': '64F'}
_EXTENSIONS = {'jpg', 'jpeg', 'jpe', 'png', 'bmp', 'dib', 'ppm', 'pgm', 'pbm', 'tiff', 'tif'}
_FROM_RGB = {
    'bgr8': cv2.COLOR_RGB2BGR, 'rgba8': cv2.COLOR_RGB2RGBA, 'bgra8': cv2.COLOR_RGB2BGRA,
    'mono8': cv2.COLOR_RGB2GRAY}


class CvBridgeError(TypeError):
    """An encoding that can't be converted, as the real one raises it."""


class CvBridge:
    """Between image messages and OpenCV's arrays."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = 'passthrough') -> np.ndarray:
        """Array of an image message.

        Args:
            img_msg: any encoding that this package decodes.
            desired_encoding: 'passthrough' for the samples as they are, or 'rgb8', 'bgr8',
                'rgba8', 'bgra8', 'mono8', 'mono16'.

        Returns:
            (H, W) or (H, W, C), a copy in the machine's byte order.

        Raises:
            CvBridgeError: an encoding that is not known, or data that does not fit.
        """
        source = img_msg.encoding
        layout = DEPTH_LAYOUTS.get(source) or LAYOUTS.get(source)
        if layout is None:
            raise CvBridgeError(f'encoding {source[:40]!r} is not known')
        try:
            pixels = samples(img_msg, layout)
            if desired_encoding in ('passthrough', source):
                return np.array(pixels, dtype=pixels.dtype.newbyteorder('='))
            if source not in LAYOUTS:
                raise CvBridgeError(f'can\'t convert {source} to {desired_encoding}')
            return _from_rgb(samples_to_rgb(pixels, LAYOUTS[source]), desired_encoding)
        except UnsupportedEncodingError as error:
            raise CvBridgeError(str(error)) from error

    def cv2_to_imgmsg(
        self, cvim: np.ndarray, encoding: str = 'passthrough', header: Header | None = None,
    ) -> Image:
        """Image message of an array.

        Args:
            cvim: (H, W) or (H, W, C).
            encoding: what its samples are; 'passthrough' names them by type, as '8UC3'.
            header: copied into the message where given.

        Raises:
            TypeError: no array.
            CvBridgeError: the encoding does not fit the array's type.
        """
        if not isinstance(cvim, (np.ndarray, np.generic)):
            raise TypeError('Your input type is not a numpy array')
        channels = 1 if cvim.ndim < 3 else cvim.shape[2]
        kind = f'{_KINDS[cvim.dtype.str[1:]]}C{channels}'
        if encoding == 'passthrough':
            encoding = kind
        elif (layout := LAYOUTS.get(encoding) or DEPTH_LAYOUTS.get(encoding)) is not None and (
                kind != f'{_KINDS[layout.dtype]}C{layout.channels}'):
            raise CvBridgeError(
                f'encoding specified as {encoding}, but image has incompatible type {kind}')
        native = np.ascontiguousarray(cvim, dtype=cvim.dtype.newbyteorder('='))
        message = Image()
        if header is not None:
            message.header = header
        message.height, message.width = native.shape[:2]
        message.encoding = encoding
        message.is_bigendian = int(sys.byteorder == 'big')
        message.step = native.strides[0]
        message.data.frombytes(native.tobytes())
        return message

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = 'passthrough',
    ) -> np.ndarray:
        """Array of a compressed image message; BGR unless another encoding is wanted.

        Raises:
            CvBridgeError: the data can't be decoded.
        """
        data = np.frombuffer(cmprs_img_msg.data, dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if image is None:
            raise CvBridgeError(f'{data.size} bytes can\'t be decoded as an image')
        if desired_encoding == 'passthrough':
            return np.asarray(image)
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        return _from_rgb(np.asarray(cv2.cvtColor(image, code)), desired_encoding)

    def cv2_to_compressed_imgmsg(
        self, cvim: np.ndarray, dst_format: str = 'jpg',
    ) -> CompressedImage:
        """Compressed image message of an array in OpenCV's order.

        Raises:
            TypeError: no array.
            CvBridgeError: a format that OpenCV can't write.
        """
        if not isinstance(cvim, (np.ndarray, np.generic)):
            raise TypeError('Your input type is not a numpy array')
        if dst_format not in _EXTENSIONS:
            raise CvBridgeError(f'format {dst_format!r} can\'t be written')
        done, data = cv2.imencode(f'.{dst_format}', cvim)
        if not done:
            raise CvBridgeError(f'OpenCV can\'t write this array as {dst_format}')
        message = CompressedImage(format=dst_format)
        message.data.frombytes(data.tobytes())
        return message


def _from_rgb(rgb: np.ndarray, encoding: str) -> np.ndarray:
    if encoding == 'rgb8':
        return rgb
    if encoding in _FROM_RGB:
        return np.asarray(cv2.cvtColor(rgb, _FROM_RGB[encoding]))
    if encoding == 'mono16':
        grey: Any = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return np.asarray(grey.astype(np.uint16) * 257)
    raise CvBridgeError(f'can\'t convert to {encoding[:40]!r}')
