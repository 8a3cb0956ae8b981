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


"""What cameras and TF are like: exact, as noisy as real ones, or partly not there."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from spatialclaw_ros.geometry.se3 import make_transform
from spatialclaw_ros.sim.worlds.sensors import (
    ActiveStereo,
    DepthSensor,
    Exact,
    StructuredLight,
    TimeOfFlight,
)


@dataclass(frozen=True)
class TfNoise:
    """How far TF's pose of a camera is from where the camera is; each along every axis.

    Args:
        jitter_m: standard deviation of its position, new for each image.
        jitter_rad: of its rotation vector, new for each image.
        hand_eye_m: of its mount's position, the same for all images of a camera.
        hand_eye_rad: of its mount's rotation vector.
    """

    jitter_m: float = 0.0
    jitter_rad: float = 0.0
    hand_eye_m: float = 0.0
    hand_eye_rad: float = 0.0

    def mount(self, random: np.random.Generator) -> np.ndarray:
        """Error of a mount, (4, 4), to be put behind the camera's pose."""
        return _small(self.hand_eye_m, self.hand_eye_rad, random)

    def shake(self, random: np.random.Generator) -> np.ndarray:
        """Error of one image, (4, 4), to be put behind the camera's pose."""
        return _small(self.jitter_m, self.jitter_rad, random)


@dataclass(frozen=True)
class Setting:
    """What the robot is told.

    Args:
        name: unique; noise comes from it, the world's seed, the frame's index and the camera.
        depth: what measures depth.
        tf: noise of the cameras' poses.
        without_depth: no depth topic.
        without_camera_info: no intrinsics.
        without_tf: no transforms at all.
    """

    name: str
    depth: DepthSensor = field(default_factory=Exact)
    tf: TfNoise = TfNoise()
    without_depth: bool = False
    without_camera_info: bool = False
    without_tf: bool = False

    def random(self, seed: int, *purpose: int) -> np.random.Generator:
        """Chance for one purpose in a world, such as one frame's depth."""
        return np.random.default_rng([seed, zlib.crc32(self.name.encode()), *purpose])


def _small(spread_m: float, spread_rad: float, random: np.random.Generator) -> np.ndarray:
    shift, turn = random.standard_normal((2, 3)) * [[spread_m], [spread_rad]]
    return make_transform(Rotation.from_rotvec(turn).as_matrix(), shift)


_SHAKY = TfNoise(0.002, math.radians(0.15), 0.003, math.radians(0.3))

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in (
    Setting('perfect'),
    Setting('realsense', ActiveStereo()),
    Setting('realsense_2x', ActiveStereo(subpixel_px=0.16, offset_px=0.2)),
    Setting('kinect', StructuredLight()),
    Setting('tof', TimeOfFlight()),
    Setting('tf_noise', tf=_SHAKY),
    Setting('robot', ActiveStereo(), _SHAKY),
    Setting('no_tf', ActiveStereo(), without_tf=True),
    Setting('no_camera_info', ActiveStereo(), without_camera_info=True),
    Setting('no_depth', without_depth=True),
    Setting('pictures', without_depth=True, without_tf=True),
)}
"""Settings by name; 'robot' has the noise of 'realsense' and of 'tf_noise'. With 'no_depth' TF
still tells how far cameras went, and so how large things are; with 'pictures' nothing does."""
