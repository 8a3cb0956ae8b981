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

"""Messages of a simulated or replayed camera robot, made from arrays and poses."""

from __future__ import annotations

import array
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import matrix_to_quat_xyzw
from spatialclaw_ros.ros.plain import time_message

SECOND_NS = 1_000_000_000
# compressed_depth_image_transport's own header: format (0: as it is) and two unused parameters.
DEPTH_HEADER = struct.pack('<iff', 0, 0.0, 0.0)
COLOR_FORMAT = 'rgb8; jpeg compressed bgr8'
DEPTH_FORMAT = '16UC1; compressedDepth png'
JPEG_QUALITY = 92
SENSOR_QOS = QoSProfile(
    depth=5, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE_QOS = QoSProfile(
    depth=30, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE)


@dataclass(frozen=True)
class Topics:
    """Topics of one RGB-D camera below a prefix such as '/wrist'."""

    prefix: str

    @property
    def color(self) -> str:
        """Colour image."""
        return f'{self.prefix}/color/image_raw'

    @property
    def info(self) -> str:
        """Intrinsics of the colour image, and of the depth that is aligned to it."""
        return f'{self.prefix}/color/camera_info'

    @property
    def depth(self) -> str:
        """Depth image, aligned to colour."""
        return f'{self.prefix}/depth/image_rect'

    @property
    def depth_info(self) -> str:
        """Intrinsics where viewers look for those of the depth image."""
        return f'{self.prefix}/depth/camera_info'

    @property
    def color_compressed(self) -> str:
        """Colour as jpeg or png."""
        return f'{self.color}/compressed'

    @property
    def depth_compressed(self) -> str:
        """Depth as 16-bit png."""
        return f'{self.depth}/compressedDepth'


def header(stamp_ns: int, frame_id: str) -> Header:
    """Header of a stamp and a TF frame."""
    return Header(stamp=time_message(stamp_ns), frame_id=frame_id)


def camera_info(camera: PinholeCamera, stamp_ns: int, frame_id: str) -> CameraInfo:
    """CameraInfo of an image; P is K, as if what is left of distortion were none (REP 104)."""
    k = camera.matrix
    none = [0.0] * (4 if camera.model == 'equidistant' else 5)
    return CameraInfo(
        header=header(stamp_ns, frame_id), height=camera.height, width=camera.width,
        distortion_model=camera.model, d=list(camera.distortion) or none,
        k=k.ravel().tolist(),
        r=np.eye(3).ravel().tolist(), p=np.column_stack([k, np.zeros(3)]).ravel().tolist())


def color_data(image: np.ndarray) -> array.array[int]:
    """Bytes of an (H, W, 3) uint8 image, as a message holds them."""
    return array.array('B', np.ascontiguousarray(image).tobytes())


def depth_metres_data(depth_m: np.ndarray) -> array.array[int]:
    """Bytes of an (H, W) depth in metres as 32FC1: NaN where unknown (REP 118)."""
    return array.array('B', np.ascontiguousarray(depth_m, dtype='<f4').tobytes())


def depth_data(depth_m: np.ndarray) -> array.array[int]:
    """Bytes of an (H, W) depth in metres as 16UC1: millimetres, 0 where unknown."""
    return array.array('B', depth_millimetres(depth_m).tobytes())


def depth_millimetres(depth_m: np.ndarray) -> np.ndarray:
    """(H, W) metres to (H, W) little-endian uint16 millimetres, 0 where unknown or too far."""
    millimetres = np.nan_to_num(depth_m * 1000.0, nan=0.0, posinf=0.0, neginf=0.0)
    millimetres[millimetres > 65000.0] = 0.0
    return np.rint(millimetres).astype('<u2')


def image_message(data: array.array[int], width: int, height: int, encoding: str, stamp_ns: int,
                  frame_id: str) -> Image:
    """Image of rows without padding."""
    return Image(
        header=header(stamp_ns, frame_id), height=height, width=width, encoding=encoding,
        is_bigendian=0, step=len(data) // height, data=data)


def encode_color(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB to jpeg."""
    done, data = cv2.imencode(
        '.jpg', np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f'OpenCV could not write an image of {image.shape} as jpeg')
    return bytes(data)


def encode_depth(millimetres: np.ndarray) -> bytes:
    """(H, W) uint16 to `compressedDepth`: its header, then a 16-bit png."""
    done, data = cv2.imencode('.png', millimetres, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise ValueError(f'OpenCV could not write a depth of {millimetres.shape} as png')
    return DEPTH_HEADER + bytes(data)


def compressed_message(data: bytes, kind: str, stamp_ns: int, frame_id: str) -> CompressedImage:
    """CompressedImage of bytes that are encoded already."""
    return CompressedImage(
        header=header(stamp_ns, frame_id), format=kind, data=array.array('B', data))


def transform_messages(
    transforms: Mapping[tuple[str, str], np.ndarray],
    stamp_ns: int,
) -> list[TransformStamped]:
    """(parent, child) to `T_parent_child` as messages of one stamp."""
    messages = []
    for (parent, child), pose in transforms.items():
        message = TransformStamped(header=header(stamp_ns, parent), child_frame_id=child)
        position, rotation = message.transform.translation, message.transform.rotation
        position.x, position.y, position.z = (float(value) for value in pose[:3, 3])
        rotation.x, rotation.y, rotation.z, rotation.w = (
            float(value) for value in matrix_to_quat_xyzw(pose[:3, :3]))
        messages.append(message)
    return messages
