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

"""One picked image with what belongs to it: decoded, paired by stamp, depth brought to colour."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatialclaw_ros.errors import (
    MissingPriorError,
    TransformError,
    UnsupportedEncodingError,
)
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.ros.camera_config import CameraConfig
from spatialclaw_ros.ros.camera_info import image_camera
from spatialclaw_ros.ros.cameras import CameraSnapshot
from spatialclaw_ros.ros.compressed import decode_compressed_color, decode_compressed_depth
from spatialclaw_ros.ros.images import decode_color, decode_depth
from spatialclaw_ros.ros.missing import Missing
from spatialclaw_ros.ros.registration import register_depth, resize_depth
from spatialclaw_ros.ros.streams import Sample, nearest
from spatialclaw_ros.ros.transforms import TransformSource, WaitBudget
from spatialclaw_ros.workspace.observation import Frame

SAME_POSE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class RawFrame:
    """A picked image, undecoded, and all that came with its camera."""

    snapshot: CameraSnapshot
    sample: Sample

    @property
    def config(self) -> CameraConfig:
        """The camera's configuration."""
        return self.snapshot.config


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pixels of a picked image, or why there are none.

    Args:
        image: (H, W, 3) uint8 RGB, read-only; or the error.
        depth: (h, w) float32 metres as the depth camera saw them, or the error; None where no
            depth belongs to the image.
    """

    image: np.ndarray | UnsupportedEncodingError
    depth: np.ndarray | UnsupportedEncodingError | None = None


def decode_frame(raw: RawFrame, tolerance_ns: int) -> Decoded:
    """Decode an image and its depth; any thread.

    Args:
        raw: what to decode.
        tolerance_ns: how far apart stamps may be that belong together.
    """
    config, message = raw.config, raw.sample.message
    try:
        image = (
            decode_color(message) if config.image_transport == 'raw'
            else decode_compressed_color(message))
    except UnsupportedEncodingError as error:
        return Decoded(error)
    image.setflags(write=False)
    sample = nearest(raw.snapshot.depths, raw.sample.stamp_ns)
    if sample is None or abs(sample.stamp_ns - raw.sample.stamp_ns) > tolerance_ns:
        return Decoded(image)
    try:
        return Decoded(image, (
            decode_depth(sample.message) if config.depth_transport == 'raw'
            else decode_compressed_depth(sample.message)))
    except UnsupportedEncodingError as error:
        return Decoded(image, error)


def frame_of(
    raw: RawFrame, decoded: Decoded, index: int, tolerance_ns: int, transforms: TransformSource,
    budget: WaitBudget, missing: Missing,
) -> Frame:
    """A decoded image with its depth and intrinsics; its pose in the world comes later.

    Args:
        raw: the image.
        decoded: its pixels.
        index: frame index that it gets.
        tolerance_ns: how far apart stamps may be that belong together.
        transforms: for depth whose camera is another one.
        budget: how long may still be waited for TF.
        missing: takes a line for each prior that is not there.

    Raises:
        UnsupportedEncodingError: the colour image could not be decoded.
    """
    if isinstance(decoded.image, UnsupportedEncodingError):
        raise decoded.image
    height, width = decoded.image.shape[:2]
    camera = _intrinsics(raw, width, height, tolerance_ns, missing)
    depth = _depth(
        raw, decoded, width, height, camera, tolerance_ns, transforms, budget, missing)
    return Frame(
        index=index, camera=raw.config.name, stamp_ns=raw.sample.stamp_ns,
        frame_id=frame_id_of(raw.sample.message), image=decoded.image, depth_m=depth,
        intrinsics=camera)


def frame_id_of(message: Any) -> str:
    """TF frame of a message, without tf1's leading slash."""
    return str(message.header.frame_id).lstrip('/')


def is_unstamped(message: Any) -> bool:
    """Whether nobody gave a message a stamp."""
    stamp = message.header.stamp
    return not (stamp.sec or stamp.nanosec)


def _quiet(snapshot: CameraSnapshot, role: str, topic: str) -> str:
    """Why nothing is buffered of a topic, be it that nothing has come for how long."""
    last_s = snapshot.arrived_s.get(role, math.nan)
    if math.isnan(last_s):
        return f'nothing came on {topic}'
    ago = f'{time.monotonic() - last_s:.1f} s'
    if last_s < snapshot.emptied_s:
        return f'nothing came on {topic} since time jumped, and the last before that {ago} ago'
    if refused := snapshot.refused.get(role):
        return (f'{refused} messages on {topic} were larger than buffer_mb and not kept: raise it, '
                f'`ros2 topic bw {topic}` shows their size')
    return (f'nothing came on {topic} for {ago}, and newer messages of others took the place of '
            'what came before (buffer_mb)')


def _intrinsics(
    raw: RawFrame, width: int, height: int, tolerance_ns: int, missing: Missing,
) -> PinholeCamera | None:
    config = raw.config
    info = nearest(raw.snapshot.infos, raw.sample.stamp_ns)
    if info is None:
        missing.add(
            ('info', config.name), f'no CameraInfo for {config.name}: '
            f'{_quiet(raw.snapshot, "camera_info", config.info_topic)}; check `ros2 topic hz '
            f'{config.info_topic}`')
        return None
    apart_s = abs(info.stamp_ns - raw.sample.stamp_ns) * 1e-9
    try:
        camera, assumed = image_camera(info.kind, width, height, rectified=config.rectified)
    except MissingPriorError as error:
        missing.add(
            ('info', config.name),
            f'no intrinsics of {config.name} from {config.info_topic}: {error}; see `ros2 topic '
            f'echo --once {config.info_topic}`')
        return None
    if apart_s > tolerance_ns * 1e-9:
        missing.add(
            ('info age', config.name),
            f'the nearest CameraInfo on {config.info_topic} is {apart_s:.2f} s from the image: '
            'taken to hold still')
    if assumed:
        missing.add(('info size', config.name), f'{config.name}: {assumed}')
    return camera


def _depth(
    raw: RawFrame, decoded: Decoded, width: int, height: int, camera: PinholeCamera | None,
    tolerance_ns: int, transforms: TransformSource, budget: WaitBudget, missing: Missing,
) -> np.ndarray | None:
    config = raw.config
    if not config.depth_topic:
        missing.add(('no depth', config.name), (
            f'camera {config.name} has no depth topic: name one in {config.name}.depth, '
            '`ros2 topic list` shows those there are'))
        return None
    sample = nearest(raw.snapshot.depths, raw.sample.stamp_ns)
    if sample is None:
        missing.add(
            ('depth', config.name), f'no depth for {config.name}: '
            f'{_quiet(raw.snapshot, "depth", config.depth_topic)}; check `ros2 topic hz '
            f'{config.depth_topic}`')
        return None
    if decoded.depth is None:
        apart_s = abs(sample.stamp_ns - raw.sample.stamp_ns) * 1e-9
        missing.add(
            ('depth', config.name),
            f'no depth on {config.depth_topic} within {tolerance_ns * 1e-9:g} s of the image: '
            f'the nearest is {apart_s:.3f} s away (pair_tolerance_s); check `ros2 topic hz '
            f'{config.depth_topic}`')
        return None
    try:
        if isinstance(decoded.depth, UnsupportedEncodingError):
            raise decoded.depth
        return _to_color(
            raw, sample, decoded.depth, width, height, camera, transforms, budget, missing)
    except (MissingPriorError, TransformError, UnsupportedEncodingError) as error:
        missing.add(('depth', config.name), (
            f'no depth for {config.name}: {error}; see `ros2 topic echo --once --no-arr '
            f'{config.depth_topic}`'))
        return None


def _to_color(
    raw: RawFrame, sample: Sample, depth: np.ndarray, width: int, height: int,
    camera: PinholeCamera | None, transforms: TransformSource, budget: WaitBudget,
    missing: Missing,
) -> np.ndarray:
    """Depth as the colour camera would see it, (height, width).

    Raises:
        MissingPriorError: what it takes is not known.
        TransformError: the two optical frames are not joined by TF.
    """
    config = raw.config
    color_frame, depth_frame = frame_id_of(raw.sample.message), frame_id_of(sample.message)
    rows, columns = depth.shape
    T_color_depth, same_pose = np.eye(4), True
    if color_frame != depth_frame:
        T_color_depth = transforms.lookup(
            color_frame, depth_frame, raw.sample.stamp_ns, budget.left_s)
        same_pose = np.allclose(T_color_depth, np.eye(4), atol=SAME_POSE_TOLERANCE)
    info = nearest(raw.snapshot.depth_infos, sample.stamp_ns)
    if info is None:
        if not same_pose:
            raise MissingPriorError(
                f'depth on {config.depth_topic} is in frame {depth_frame!r}, colour in '
                f'{color_frame!r}, and no CameraInfo of depth came '
                f'({config.depth_info_topic or "depth_camera_info is not set"})')
        if (columns, rows) != (width, height):
            resized = resize_depth(depth, width, height)
            missing.add(
                ('depth size', config.name),
                f'depth on {config.depth_topic} is {columns}x{rows}, colour is {width}x{height}: '
                'taken to be the same view resized')
            return resized
        return depth
    depth_camera, assumed = image_camera(info.kind, columns, rows, rectified=any(info.message.p))
    if assumed:
        missing.add(('depth info size', config.name), f'depth of {config.name}: {assumed}')
    if camera is None:
        raise MissingPriorError(
            'depth has a camera of its own, and the intrinsics of the colour image are not known')
    if same_pose and depth_camera == camera:
        return depth
    return register_depth(depth, depth_camera, camera, T_color_depth)
