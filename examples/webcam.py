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



"""Publishes a webcam, or a film, as a ROS 2 camera: `/camera/image_raw` and `/camera/camera_info`.

For machines without a camera driver of ROS. `--calibration` is the file that camera_calibration
writes; `--fov` makes do without one, and metres are then as good as that guess.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import rclpy
import yaml
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

TRIES, RETRY_S = 20, 0.1


def calibrated(path: Path) -> CameraInfo:
    """CameraInfo of a file of camera_calibration (ost.yaml)."""
    page = yaml.safe_load(path.read_text(encoding='utf-8'))
    return CameraInfo(
        width=page['image_width'], height=page['image_height'],
        distortion_model=page['distortion_model'],
        d=[float(x) for x in page['distortion_coefficients']['data']],
        k=[float(x) for x in page['camera_matrix']['data']],
        r=[float(x) for x in page['rectification_matrix']['data']],
        p=[float(x) for x in page['projection_matrix']['data']])


def guessed(width: int, height: int, fov_deg: float) -> CameraInfo:
    """CameraInfo of a lens without distortion that sees so many degrees from left to right."""
    focal = width / 2 / math.tan(math.radians(fov_deg) / 2)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return CameraInfo(
        width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0])


def next_picture(video: cv2.VideoCapture, options: argparse.Namespace) -> np.ndarray | None:
    """The next image, (H, W, 3) BGR; a webcam may fail now and then, a film may begin again."""
    for _ in range(TRIES):
        there, picture = video.read()
        if there:
            return np.asarray(picture)
        if options.source.isdigit():
            time.sleep(RETRY_S)
        elif not (options.loop and video.set(cv2.CAP_PROP_POS_FRAMES, 0)):
            break
    return None


def publish(node: Node, video: cv2.VideoCapture, options: argparse.Namespace) -> int:
    """Publish until the film ends, the webcam fails, or Ctrl-C."""
    images = node.create_publisher(Image, 'image_raw', qos_profile_sensor_data)
    infos = node.create_publisher(CameraInfo, 'camera_info', qos_profile_sensor_data)
    info = calibrated(options.calibration) if options.calibration else None
    while rclpy.ok():
        picture = next_picture(video, options)
        if picture is None and not options.loop and not options.source.isdigit():
            return 0  # the film's end
        if picture is None:
            print(f'{options.source} delivers no images any more', file=sys.stderr)
            return 1
        height, width = picture.shape[:2]
        message = Image(height=height, width=width, encoding='bgr8', step=3 * width)
        message.data.frombytes(picture.tobytes())
        info = info or guessed(width, height, options.fov)
        message.header.stamp = node.get_clock().now().to_msg()
        message.header.frame_id = options.frame
        info.header = message.header
        images.publish(message)
        infos.publish(info)
        if options.rate:
            time.sleep(1 / options.rate)
    return 0


def main() -> int:
    """Run until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--source', default='0',
                        help='number of the webcam, or a film (default: 0)')
    parser.add_argument('--calibration', type=Path, metavar='YAML', help='of camera_calibration')
    parser.add_argument('--fov', type=float, default=60.0, metavar='DEGREES',
                        help='without a calibration: what is seen from left to right (default: 60)')
    parser.add_argument('--frame', default='camera_color_optical_frame',
                        help='TF frame of the lens')
    parser.add_argument('--rate', type=float, default=0.0, help='of a film, images a second')
    parser.add_argument('--loop', action='store_true', help='begin a film again at its end')
    options = parser.parse_args()
    if options.calibration and not options.calibration.is_file():
        parser.error(f'--calibration {options.calibration} is no file: camera_calibration writes '
                     'one; without it, --fov says how wide the camera sees')
    video = cv2.VideoCapture(int(options.source) if options.source.isdigit() else options.source)
    if not video.isOpened():
        print(f'{options.source} can not be read: is it a number of `ls /dev/video*`, or a film?',
              file=sys.stderr)
        return 2
    rclpy.init()
    node = Node('webcam', namespace='camera')
    try:
        return publish(node, video, options)
    except KeyboardInterrupt:
        return 0
    finally:
        video.release()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == '__main__':
    use_fastdds_profile(os.environ)
    sys.exit(main())
