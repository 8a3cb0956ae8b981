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

"""The drawings of an answer: every message that shows what it rests on.

The node publishes them, and a recording made from a trace holds the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from spatialclaw_ros.agent.events import Answered, Refused
from spatialclaw_ros.ros.clouds import evidence_cloud
from spatialclaw_ros.ros.compat import vision
from spatialclaw_ros.ros.detections import detection_array
from spatialclaw_ros.ros.labels import label_frames, label_info, label_message
from spatialclaw_ros.ros.markers import marker_array
from spatialclaw_ros.ros.overlay import overlay_message
from spatialclaw_ros.ros.placement import place
from spatialclaw_ros.workspace.observation import Observation


def drawing_types() -> dict[str, type]:
    """Name of each drawing, which its topic ends in, and its message type."""
    types: dict[str, type] = {
        'markers': MarkerArray, 'evidence': PointCloud2, 'overlay': Image, 'labels': Image}
    if vision.FOUND.module is not None:
        types['label_info'] = vision.FOUND.module.LabelInfo
        types['detections'] = vision.FOUND.module.Detection3DArray
    return types


def without() -> str:
    """Which drawings this installation can't make and what would change that; '' for none."""
    if vision.FOUND.module is not None:
        return ''
    return (f'no label_info and no detections, for {vision.PACKAGE} can\'t be used '
            f'({vision.FOUND.reason}); {vision.REMEDY}')


def drawings(
    end: Answered | Refused, observation: Observation, question: str, answer_frame: str,
) -> Iterator[tuple[str, Any]]:
    """Make the drawings, one after another.

    Args:
        end: the answer or refusal.
        observation: what the cameras saw.
        question: as it was asked.
        answer_frame: TF frame that the answer's points are given in.

    Yields:
        Name and message. There is a label image for each camera, each with its `label_info`
        before it; that of the overlay's camera comes last.
    """
    evidence = end.evidence
    placement = place(observation, evidence, ())
    yield 'markers', marker_array(end, observation, placement)
    yield 'evidence', evidence_cloud(evidence, placement)
    yield 'overlay', overlay_message(end, observation, question)
    for frame in label_frames(observation, evidence):
        labels = label_message(frame, evidence)
        if vision.FOUND.module is not None:
            yield 'label_info', label_info(labels.header, evidence)
        yield 'labels', labels
    if vision.FOUND.module is not None:
        yield 'detections', detection_array(
            end, observation, place(observation, evidence, (answer_frame,)))
