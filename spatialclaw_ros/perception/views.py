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


"""Frames with what a model predicts for them, at the frames' own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.perception.depth import clean_depth
from spatialclaw_ros.perception.prediction import DepthModel, Prediction
from spatialclaw_ros.perception.resample import same_field, upsample
from spatialclaw_ros.workspace.observation import Frame

_FOCAL_RATIO = 1.1
_SAMPLES = 6000


@dataclass(frozen=True, eq=False)
class View:
    """One frame and its prediction.

    Args:
        frame: as it came.
        camera: its CameraInfo; else the model's own estimate at the image's size.
        depth: (H, W) float32 in the model's unit, NaN where unknown.
        confidence: (H, W) float32 in [0, 1], the model's, less at depth edges and at specks.
        sensor_m: (H, W) float32 clean sensor depth; None without a sensor.
    """

    frame: Frame
    camera: PinholeCamera
    depth: np.ndarray
    confidence: np.ndarray
    sensor_m: np.ndarray | None

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Depth (K,) in the model's unit and in metres, some thousand pixels that have both."""
        if self.sensor_m is None:
            return np.empty(0, np.float32), np.empty(0, np.float32)
        both = np.flatnonzero(np.isfinite(self.sensor_m) & np.isfinite(self.depth))
        some = both[::max(1, len(both) // _SAMPLES)]
        return self.depth.ravel()[some], self.sensor_m.ravel()[some]


def ask_model(model: DepthModel, frames: Sequence[Frame], deadline: Deadline) -> Prediction:
    """Predict, with CameraInfo and TF as priors where all frames have them.

    Raises:
        PerceptionError: more frames than the model takes, a prediction of another number of
            images, or what the model itself raises.
    """
    if len(frames) > model.max_views:
        step = -(-len(frames) // model.max_views)
        raise PerceptionError(
            f'{model.name} takes at most {model.max_views} frames at a time, got {len(frames)}; '
            f'take fewer, as with frame_indices=list(range({frames[0].index}, '
            f'{frames[-1].index + 1}, {step}))')
    cameras = [frame.intrinsics for frame in frames]
    poses = [frame.T_world_camera for frame in frames]
    intrinsics = extrinsics = None
    if all(camera is not None for camera in cameras):
        intrinsics = np.stack([camera.matrix for camera in cameras if camera is not None])
    if all(pose is not None for pose in poses):
        extrinsics = np.linalg.inv(np.stack([pose for pose in poses if pose is not None]))
    deadline.check(f'{model.name} on {len(frames)} frames')
    prediction = model.predict([frame.image for frame in frames], intrinsics, extrinsics, deadline)
    deadline.check(f'{model.name} on {len(frames)} frames')
    if len(prediction) != len(frames):
        raise PerceptionError(
            f'{model.name} gave the depth of {len(prediction)} images for {len(frames)} frames')
    return prediction


def make_views(
    frames: Sequence[Frame], prediction: Prediction, deadline: Deadline,
) -> tuple[list[View], list[str]]:
    """Bring a prediction to the size of its images.

    Returns:
        One view for each frame, and a note for each thing assumed.

    Raises:
        PerceptionError: a map can't be of the whole image, or no intrinsics are known.
    """
    views = []
    estimated, off = [], []
    for position, frame in enumerate(frames):
        deadline.check(f'resizing depth of frame {frame.index}')
        size = frame.image.shape[:2]
        raw = prediction.depth_of(position)
        if not same_field(raw.shape, size):
            raise PerceptionError(
                f'the model\'s depth of frame {frame.index} is {raw.shape[1]}x{raw.shape[0]}, '
                f'the image {size[1]}x{size[0]}: it is not of the whole image')
        depth, confidence = upsample(raw, prediction.confidence_of(position), *size)
        guessed = _own_camera(prediction, position, frame)
        camera = frame.intrinsics or guessed
        if camera is None:
            raise PerceptionError(
                f'frame {frame.index} of camera "{frame.camera}" has no intrinsics, and the model '
                f'gives none; publish a calibrated CameraInfo (parameter '
                f'{frame.camera}.camera_info)')
        if frame.intrinsics is None:
            estimated.append((frame, camera))
        elif guessed and not 1 / _FOCAL_RATIO < guessed.fx / camera.fx < _FOCAL_RATIO:
            off.append((frame, guessed.fx, camera.fx))
        sensor = None if frame.depth_m is None else clean_depth(frame.depth_m)
        views.append(View(frame, camera, depth, confidence, sensor))
    notes = [
        f'No CameraInfo of camera "{frame.camera}": its focal length is the model\'s estimate, '
        f'{camera.fx:.0f} px; sizes across the view may be in error by as much as that is.'
        for frame, camera in {frame.camera: (frame, camera) for frame, camera in estimated
                              }.values()]
    notes += [
        f'CameraInfo of camera "{frame.camera}" and pictures disagree: its focal length is '
        f'{told:.0f} px, in frame {frame.index} the model sees {seen:.0f} px.'
        for frame, seen, told in {each[0].camera: each for each in off}.values()]
    return views, notes


def _own_camera(prediction: Prediction, position: int, frame: Frame) -> PinholeCamera | None:
    """The model's estimate of the camera, at the size of the image."""
    if prediction.intrinsics is None:
        return None
    matrix = prediction.intrinsics[position]
    height, width = prediction.depth[position].shape
    camera = PinholeCamera(
        width, height, matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2])
    return camera.scaled(frame.image.shape[1], frame.image.shape[0])
