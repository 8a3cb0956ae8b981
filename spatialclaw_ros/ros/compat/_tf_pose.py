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

"""Poses as plain tuples of floats, composed and interpolated as tf2 does it.

A lookup composes a handful of them, where NumPy's cost per call would dominate.
"""

from __future__ import annotations

import math

Pose = tuple[float, float, float, float, float, float, float]
"""x, y, z in metres, then the quaternion x, y, z, w: source points into the parent frame."""

IDENTITY: Pose = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
_PARALLEL = 1.0 - 1e-9


def multiply(outer: Pose, inner: Pose) -> Pose:
    """Pose of `inner`'s source in `outer`'s parent."""
    ax, ay, az, aw = outer[3:]
    bx, by, bz, bw = inner[3:]
    x, y, z = rotate(outer, inner[0], inner[1], inner[2])
    return (
        outer[0] + x, outer[1] + y, outer[2] + z,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz)


def rotate(pose: Pose, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Turn a vector by a pose's rotation."""
    qx, qy, qz, qw = pose[3:]
    tx = 2.0 * (qy * z - qz * y)
    ty = 2.0 * (qz * x - qx * z)
    tz = 2.0 * (qx * y - qy * x)
    return (
        x + qw * tx + qy * tz - qz * ty,
        y + qw * ty + qz * tx - qx * tz,
        z + qw * tz + qx * ty - qy * tx)


def inverse(pose: Pose) -> Pose:
    """Pose of the parent in the source frame."""
    turned: Pose = (0.0, 0.0, 0.0, -pose[3], -pose[4], -pose[5], pose[6])
    x, y, z = rotate(turned, pose[0], pose[1], pose[2])
    return (-x, -y, -z, *turned[3:])


def between(first: Pose, second: Pose, alpha: float) -> Pose:
    """Interpolate: translation on a line, rotation by slerp the short way round."""
    keep = 1.0 - alpha
    dot = first[3] * second[3] + first[4] * second[4] + first[5] * second[5] + first[6] * second[6]
    sign = -1.0 if dot < 0.0 else 1.0
    dot = abs(dot)
    if dot > _PARALLEL:
        weight_a, weight_b = keep, sign * alpha
    else:
        angle = math.acos(dot)
        weight_a = math.sin(keep * angle) / math.sin(angle)
        weight_b = sign * math.sin(alpha * angle) / math.sin(angle)
    quat = [weight_a * a + weight_b * b for a, b in zip(first[3:], second[3:])]
    norm = math.sqrt(sum(value * value for value in quat))
    return (
        keep * first[0] + alpha * second[0],
        keep * first[1] + alpha * second[1],
        keep * first[2] + alpha * second[2],
        quat[0] / norm, quat[1] / norm, quat[2] / norm, quat[3] / norm)
