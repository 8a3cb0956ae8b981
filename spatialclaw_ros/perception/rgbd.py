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

"""Reconstruct from sensor depth: CameraInfo and depth to world points, TF to where they are."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import cv2
import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.noise import depth_sigma_m
from spatialclaw_ros.perception.depth import DepthFeatures, depth_features
from spatialclaw_ros.perception.poses import place_frames
from spatialclaw_ros.perception.protocols import SceneGeometry
from spatialclaw_ros.workspace.observation import Frame, Observation

_NOISIER = 1.25
_features: weakref.WeakKeyDictionary[Frame, DepthFeatures] = weakref.WeakKeyDictionary()


def features_of(frame: Frame) -> DepthFeatures:
    """Depth features of a frame, computed once while the frame lives.

    Raises:
        PerceptionError: the frame has no usable depth or no intrinsics.
    """
    found = _features.get(frame)
    if found is None:
        depth_m, camera = _require(frame)
        found = depth_features(depth_m, camera)
        if not np.isfinite(found.depth_m).any():
            raise PerceptionError(
                f'the depth image of frame {frame.index} (camera "{frame.camera}") has no valid '
                'pixel; check that the sensor sees something within its range, and its encoding '
                '(16UC1 in millimetres or 32FC1 in metres)')
        _features[frame] = found
    return found


class RgbdReconstructor:
    """Exact unprojection of sensor depth, distortion included; the scale is the sensor's."""

    name = 'rgbd'

    def reconstruct(
        self, observation: Observation, frame_indices: Sequence[int], deadline: Deadline,
    ) -> SceneGeometry:
        """Reconstruct frames; see `protocols.Reconstructor`."""
        frames = observation.select(frame_indices)
        if not frames:
            raise PerceptionError('no frame was asked for; give at least one frame index')
        features = {}
        for frame in frames:
            deadline.check(f'reconstruction of frame {frame.index}')
            features[frame.index] = features_of(frame)
        depths = {index: found.depth_m for index, found in features.items()}
        poses, notes = place_frames(frames, depths)
        points, confidence = {}, {}
        for frame in frames:
            deadline.check(f'reconstruction of frame {frame.index}')
            camera = _require(frame)[1]
            index = frame.index
            points[index] = world_points(camera, depths[index], poses[index])
            confidence[index] = features[index].confidence
        cameras = [_require(frame)[1] for frame in frames]
        return SceneGeometry(
            frame_indices=tuple(frame.index for frame in frames),
            depth_m=depths, points_m=points, confidence=confidence,
            extrinsics=np.stack([poses[frame.index] for frame in frames]),
            intrinsics=np.array([[c.fx, c.fy, c.cx, c.cy] for c in cameras], dtype=np.float64),
            metric_scale=1.0, scale_source='sensor_depth', notes=tuple(notes),
            model_sigma={index: sigma for index, found in features.items()
                         if (sigma := measured_sigma(found)) is not None})


def measured_sigma(features: DepthFeatures) -> np.ndarray | None:
    """Relative standard deviation of a depth image that is noisier than depth cameras mostly are.

    Args:
        features: of the image.

    Returns:
        (H, W) float16, of its inverse depth's own noise; None where `depth_sigma_m` will do.
    """
    depth_m = features.depth_m
    if not np.isfinite(features.noise_per_m):
        return None
    middle_m = float(np.nanmedian(depth_m))
    usual = float(depth_sigma_m(middle_m))
    if not features.noise_per_m * middle_m ** 2 > _NOISIER * usual:
        return None
    told = np.maximum(features.noise_per_m * depth_m, depth_sigma_m(depth_m) / depth_m)
    return np.nan_to_num(told).astype(np.float16)


def world_points(
    camera: PinholeCamera, depth_m: np.ndarray, T_world_camera: np.ndarray,
) -> np.ndarray:
    """World points (H, W, 3) float32 of a clean depth image, NaN where it is NaN."""
    points = cv2.multiply(camera.rays(), cv2.merge([depth_m, depth_m, depth_m]))
    moved = cv2.transform(points, np.asarray(T_world_camera, dtype=np.float64)[:3])
    if camera.is_distorted:  # a pixel without a ray has one NaN coordinate in the camera, not three
        moved[~np.isfinite(points).all(axis=2)] = np.nan
    return np.asarray(moved, dtype=np.float32)


def _require(frame: Frame) -> tuple[np.ndarray, PinholeCamera]:
    if frame.depth_m is None:
        raise PerceptionError(
            f'frame {frame.index} of camera "{frame.camera}" has no depth image; publish depth '
            f'for it (parameter {frame.camera}.depth) with the colour image\'s stamp, or choose '
            'frames that have it (Metadata["cameras"] says which)')
    if frame.intrinsics is None:
        raise PerceptionError(
            f'frame {frame.index} of camera "{frame.camera}" has no intrinsics; publish a '
            f'calibrated CameraInfo for it (parameter {frame.camera}.camera_info)')
    return frame.depth_m, frame.intrinsics
