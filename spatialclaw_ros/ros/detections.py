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

"""The objects that an answer rests on as `vision_msgs/Detection3DArray`.

A detection's `id` is the object's number in the label images. Its box is upright where the world
is known: x along the longer side, forward rather than back, y left, z up (REP 103).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from geometry_msgs.msg import Pose, Quaternion, Vector3
from std_msgs.msg import Header

from spatialclaw_ros.agent.events import Answered, EvidenceObject, Refused
from spatialclaw_ros.geometry.se3 import matrix_to_quat_xyzw, transform_points
from spatialclaw_ros.ros.placement import Placement, T_world_frame
from spatialclaw_ros.ros.plain import clean, point_message, shown_line, time_message
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import AnswerType

if TYPE_CHECKING:
    from vision_msgs.msg import Detection3D, Detection3DArray

# An angle of which nothing is known is spread evenly over a turn: (2 pi)^2 / 12.
UNKNOWN_ANGLE_VARIANCE = math.pi ** 2 / 3
SAME_PLACE_M = 0.01
HALF_TURN = np.diag([-1.0, -1.0, 1.0])


def detection_array(
    end: Answered | Refused, observation: Observation, placement: Placement,
) -> Detection3DArray:
    """Build the message; needs vision_msgs.

    Args:
        end: the answer or refusal.
        observation: what the cameras saw.
        placement: the answer's frame; with an empty one there are no detections.

    Returns:
        Objects whose place in space is known. The score is NaN where the segmentation gave none.
        The covariance is all zeros (unknown, as in sensor_msgs) but for an object whose place is
        the answer itself: then it is the answer's, and nothing is claimed about its rotation.
    """
    from vision_msgs.msg import Detection3DArray

    header = Header(
        stamp=time_message(placement.stamp_ns), frame_id=clean(placement.frame_id))
    answer, sigma_m = _answered_point(end, observation)
    detections = []
    for number, found in enumerate(end.evidence.objects, start=1):
        center = placement.points(found.box_center)
        if not (np.isfinite(center).all() and np.isfinite(found.box_size).all()):
            continue
        is_answer = bool(
            np.linalg.norm(found.box_center - answer) <= max(sigma_m, SAME_PLACE_M))
        detections.append(_detection(
            found, str(number), placement, sigma_m if is_answer else math.nan))
        detections[-1].header = header
    return Detection3DArray(header=header, detections=detections)


def _detection(
    found: EvidenceObject, number: str, placement: Placement, sigma_m: float,
) -> Detection3D:
    from vision_msgs.msg import (
        BoundingBox3D,
        Detection3D,
        ObjectHypothesis,
        ObjectHypothesisWithPose,
    )

    rotation = placement.T_frame_world[:3, :3] @ found.box_rotation
    if rotation[0, 0] < 0:
        rotation = rotation @ HALF_TURN
    x, y, z, w = (float(c) for c in matrix_to_quat_xyzw(rotation))
    width, depth, height = (float(side) for side in found.box_size)
    pose = Pose(
        position=point_message(placement.points(found.box_center)),
        orientation=Quaternion(x=x, y=y, z=z, w=w))
    hypothesis = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=shown_line(found.label), score=float(found.score)))
    hypothesis.pose.pose = pose
    if math.isfinite(sigma_m):
        diagonal = [sigma_m ** 2] * 3 + [UNKNOWN_ANGLE_VARIANCE] * 3
        hypothesis.pose.covariance = np.diag(diagonal).ravel()
    return Detection3D(
        id=number, results=[hypothesis],
        bbox=BoundingBox3D(center=pose, size=Vector3(x=width, y=depth, z=height)))


def _answered_point(
    end: Answered | Refused, observation: Observation,
) -> tuple[np.ndarray, float]:
    """A point answer in the world and its standard deviation, metres; NaN where there is none."""
    if (not isinstance(end, Answered) or end.answer_type != AnswerType.POINT
            or not math.isfinite(end.sigma)):
        return np.full(3, np.nan), math.nan
    pose = T_world_frame(observation, end.evidence, end.frame)
    return transform_points(pose, np.asarray(end.value, dtype=np.float64)), end.sigma
