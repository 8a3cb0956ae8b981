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

"""What a camera is configured to be: its topics, what comes on them, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

IMAGE_TRANSPORTS = ('raw', 'compressed')
DEPTH_TRANSPORTS = ('raw', 'compressedDepth')
BY_SENSOR = ('rgbd', 'fused')
"""Values of `reconstruct` that take metres from a depth sensor and from nothing else."""


@dataclass(frozen=True)
class CameraConfig:
    """Where one camera's messages come from.

    Args:
        name: as questions and answers call it.
        image_topic: colour image.
        camera_info_topic: its CameraInfo; '' for `camera_info` beside the image topic.
        depth_topic: depth image; '' for a camera without depth.
        depth_info_topic: CameraInfo of depth that is not aligned to colour; '' for aligned depth.
        image_transport: 'raw' for `sensor_msgs/Image` on `image_topic`, 'compressed' for
            `sensor_msgs/CompressedImage`.
        depth_transport: 'raw', or 'compressedDepth' for `sensor_msgs/CompressedImage`.
        rectified: whether the colour image is rectified: then CameraInfo's P holds, else K and D.

    Raises:
        ValueError: no name, no image topic, or a transport that is not known.
    """

    name: str
    image_topic: str
    camera_info_topic: str = ''
    depth_topic: str = ''
    depth_info_topic: str = ''
    image_transport: str = 'raw'
    depth_transport: str = 'raw'
    rectified: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.image_topic:
            raise ValueError(
                f'a camera needs a name and an image topic, got {self.name!r} and '
                f'{self.image_topic!r}')
        if self.image_transport not in IMAGE_TRANSPORTS:
            raise ValueError(
                f'image_transport of {self.name} is one of {", ".join(IMAGE_TRANSPORTS)}, '
                f'got {self.image_transport!r}')
        if self.depth_transport not in DEPTH_TRANSPORTS:
            raise ValueError(
                f'depth_transport of {self.name} is one of {", ".join(DEPTH_TRANSPORTS)}, '
                f'got {self.depth_transport!r}')

    @property
    def info_topic(self) -> str:
        """CameraInfo's topic, the default filled in as image_transport does it."""
        if self.camera_info_topic:
            return self.camera_info_topic
        namespace, slash, _ = self.image_topic.removesuffix('/compressed').rpartition('/')
        return f'{namespace}{slash}camera_info'

    @property
    def topics(self) -> dict[str, str]:
        """Role to topic, of all that this camera has."""
        topics = {'image': self.image_topic, 'camera_info': self.info_topic}
        if self.depth_topic:
            topics['depth'] = self.depth_topic
            if self.depth_info_topic:
                topics['depth_camera_info'] = self.depth_info_topic
        return topics

    def message_type(self, role: str) -> type:
        """What comes on the topic of a role."""
        if role.endswith('camera_info'):
            return CameraInfo
        transport = self.image_transport if role == 'image' else self.depth_transport
        return Image if transport == 'raw' else CompressedImage


def without_depth(cameras: Sequence[CameraConfig], reconstruct: str) -> str:
    """A line where no camera has the depth that metres are to come from, '' elsewhere.

    Args:
        cameras: all that the node has.
        reconstruct: the parameter, who makes 3D of the images.
    """
    if reconstruct not in BY_SENSOR or any(camera.depth_topic for camera in cameras):
        return ''
    names = [camera.name for camera in cameras]
    return (
        f'nothing can be measured: no camera ({", ".join(names)}) has a depth topic, and '
        f"reconstruct: '{reconstruct}' needs a depth sensor; name its topic in {names[0]}.depth, "
        "or let a model tell depth: reconstruct: 'depth_anything' (docs/perception.md)")
