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


"""Depth models that know the truth, and distort it as real ones do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from analytic_scene import CAMERA, LOOKED_AT, make_scene
from scipy.spatial.transform import Rotation

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import invert, look_at, make_transform
from spatialclaw_ros.perception.prediction import Prediction
from spatialclaw_ros.workspace.observation import Frame, Observation

OWN_WORLD = make_transform(
    Rotation.from_rotvec([0.4, 1.3, -0.6]).as_matrix(), np.array([3.0, -1.0, 2.0]))


@dataclass
class DistortedModel:
    """Gives the true depth z of the frames as (z - shift of the image) / scale, and worse.

    Args:
        frames: with true poses; the model knows them by their images.
        depths: (h, w) true depth of each, at the size that the model works at.
        scale: metres in a unit of the model.
        shift: standard deviation of each image's own shift; metres, or 1 / metres.
        inverse: whether the shift is one of inverse depth.
        noise: standard deviation, relative.
        outliers: share of pixels that are 1.3 to 3 times too near or too far.
        turn_deg: standard deviation of each pose's orientation.
        away: standard deviation of each centre, metres.
        focal: of the model's estimate, as a share of the true one.
        is_metric: whether the model claims metres.
        is_affine: whether it gives disparity without a known scale and shift.
        poses: whether it gives poses.
        intrinsics: whether it gives intrinsics.
    """

    frames: Sequence[Frame]
    depths: Sequence[np.ndarray]
    scale: float = 1.0
    shift: float = 0.0
    inverse: bool = False
    noise: float = 0.0
    outliers: float = 0.0
    turn_deg: float = 0.0
    away: float = 0.0
    focal: float = 1.0
    is_metric: bool = False
    is_affine: bool = False
    poses: bool = True
    intrinsics: bool = True
    name: str = 'distorted'
    max_views: int = 32

    def predict(
        self, images: Sequence[np.ndarray], intrinsics: np.ndarray | None,
        extrinsics: np.ndarray | None, deadline: Deadline,
    ) -> Prediction:
        """Distort the truth of these images."""
        self.priors = intrinsics, extrinsics
        generator = np.random.default_rng(11)
        depths, confidence, poses, matrices = [], [], [], []
        for image in images:
            at = next(i for i, frame in enumerate(self.frames) if frame.image is image)
            true = np.asarray(self.depths[at], dtype=np.float64)
            depths.append(self._distorted(true, generator))
            confidence.append(np.full(true.shape, 0.9, np.float32))
            poses.append(self._pose(self.frames[at], generator))
            camera = self.frames[at].intrinsics or CAMERA
            matrix = camera.scaled(true.shape[1], true.shape[0]).matrix
            matrix[(0, 1), (0, 1)] *= self.focal
            matrices.append(matrix)
        return Prediction(
            tuple(depths), tuple(confidence),
            np.stack(poses)[:, :3] if self.poses else None,
            np.stack(matrices) if self.intrinsics else None,
            is_metric=self.is_metric, is_affine=self.is_affine)

    def _distorted(self, true: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        shift = float(generator.normal(0, 1)) * self.shift
        shift = math.copysign(max(abs(shift), self.shift / 2), shift)
        if self.inverse or self.is_affine:
            values = (1 / true + abs(shift)) * self.scale
            values = values if self.is_affine else 1 / values
        else:
            values = (true - shift) / self.scale
        values = values * np.exp(generator.normal(0, 1, true.shape) * self.noise)
        wild = generator.random(true.shape) < self.outliers
        factor = generator.uniform(1.3, 3.0, true.shape)
        far = generator.random(true.shape) < 0.7  # one-sided, as a mean would be pulled
        return np.where(wild, values * np.where(far, factor, 1 / factor), values).astype(np.float32)

    def _pose(self, frame: Frame, generator: np.random.Generator) -> np.ndarray:
        assert frame.T_world_camera is not None
        pose = OWN_WORLD @ frame.T_world_camera
        jitter = Rotation.from_rotvec(generator.normal(0, 1, 3) * math.radians(self.turn_deg))
        pose[:3, :3] = jitter.as_matrix() @ pose[:3, :3]
        pose[:3, 3] = (pose[:3, 3] + generator.normal(0, 1, 3) * self.away) / self.scale
        return invert(pose)


def arc(count: int) -> tuple[tuple[float, float, float], ...]:
    """Eyes on an arc before the analytic scene's table."""
    angles = np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(1)
    return tuple((float(1 - math.cos(a) * 1.1), float(1.1 * math.sin(a)),
                  1.30 + 0.06 * math.cos(5 * a)) for a in angles)


def line(count: int) -> tuple[tuple[float, float, float], ...]:
    """Eyes on a line."""
    return tuple((0.0, float(y), 1.3) for y in np.linspace(-0.4, 0.4, count))


def scene_and_model(
    eyes: Sequence[tuple[float, float, float]], size: tuple[int, int] = (252, 189),
    **distortion: object,
) -> tuple[Observation, DistortedModel]:
    """The analytic scene seen from some eyes, and a model that sees it at its own size."""
    observation = make_scene(tuple(eyes)).observation
    small = make_scene(tuple(eyes), camera=CAMERA.scaled(*size)).observation
    depths = [np.asarray(frame.depth_m) for frame in small.frames]
    return observation, DistortedModel(observation.frames, depths, **distortion)  # type: ignore[arg-type]


def eye_pose(eye: tuple[float, float, float]) -> np.ndarray:
    """True `T_world_camera` of an eye of the analytic scene."""
    return look_at(np.array(eye), np.array(LOOKED_AT))


def shrunk(depth_m: np.ndarray, width: int, height: int) -> np.ndarray:
    """Depth at another size, each pixel the nearest of the source by its centre."""
    rows = np.rint((np.arange(height) + 0.5) * depth_m.shape[0] / height - 0.5).astype(int)
    columns = np.rint((np.arange(width) + 0.5) * depth_m.shape[1] / width - 0.5).astype(int)
    return np.asarray(depth_m[rows[:, None], columns[None]])


def warped(depth_m: np.ndarray, seed: int, strength: float) -> np.ndarray:
    """Depth with slow waves over the picture, as models that see one image err."""
    generator = np.random.default_rng(seed)
    coarse = generator.normal(0, 1, (4, 5)).astype(np.float32)
    wave = cv2.resize(coarse, depth_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(depth_m * np.exp(strength * wave / wave.std()))


def camera_of(frame: Frame) -> PinholeCamera:
    """The intrinsics of a frame that has them."""
    assert frame.intrinsics is not None
    return frame.intrinsics
