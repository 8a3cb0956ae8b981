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

"""Draws an answer's evidence as RViz markers.

First a DELETEALL, then namespaces with ids that count from 0: `measure` (the line between the two
closest points and its length), `points` (point answers and other evidence points), `objects` and
`names` (boxes), `cameras` (frusta; the id is the frame index). Lifetimes are 0: they stay until
the next answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from spatialclaw_ros.agent.events import Answered, Evidence, Refused
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.geometry.se3 import matrix_to_quat_xyzw
from spatialclaw_ros.ros.palette import CAMERA_COLOUR, MEASURE_COLOUR, object_colour
from spatialclaw_ros.ros.placement import Placement, T_world_frame
from spatialclaw_ros.ros.plain import clean, point_message, shown_line, time_message
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import AnswerType

LINE_WIDTH_M = 0.006
TEXT_HEIGHT_M = 0.05
SPHERE_M = 0.025
FRUSTUM_DEPTH_M = 0.1
MAX_FRUSTA = 32
UP = np.array([0.0, 0.0, 1.0])


def marker_array(
    end: Answered | Refused, observation: Observation, placement: Placement,
) -> MarkerArray:
    """Markers of an answer, in the placement's frame.

    Args:
        end: the answer or refusal.
        observation: what the cameras saw.
        placement: frame to draw in; with an empty one only the DELETEALL is there.
    """
    header = Header(
        stamp=time_message(placement.stamp_ns), frame_id=clean(placement.frame_id))
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    if placement.frame_id:
        evidence = end.evidence
        markers += _measure(end, placement)
        markers += _answer_point(end, observation, placement)
        markers += _objects(evidence, placement)
        markers += _frusta(evidence, observation, placement)
        for marker in markers:
            marker.header = header
    return MarkerArray(markers=markers)


def is_length(end: Answered) -> bool:
    """Whether an answer is a length, which two evidence points then are the ends of."""
    return end.answer_type == AnswerType.NUMBER and end.unit == 'm'


def _measure(end: Answered | Refused, placement: Placement) -> Iterator[Marker]:
    points = _finite(placement.points(end.evidence.points))
    if isinstance(end, Answered) and is_length(end) and len(points) == 2:
        yield _marker('measure', 0, Marker.LINE_LIST, MEASURE_COLOUR, scale=LINE_WIDTH_M,
                      points=points)
        yield _text('measure', 1, points.mean(axis=0) + TEXT_HEIGHT_M * UP, end.text)
    if len(points):
        yield _marker('points', 0, Marker.SPHERE_LIST, MEASURE_COLOUR, scale=SPHERE_M,
                      points=points)


def _answer_point(
    end: Answered | Refused, observation: Observation, placement: Placement,
) -> Iterator[Marker]:
    if not isinstance(end, Answered) or end.answer_type != AnswerType.POINT:
        return
    pose = placement.T_frame_world @ T_world_frame(observation, end.evidence, end.frame)
    point = pose[:3, :3] @ np.asarray(end.value, dtype=np.float64) + pose[:3, 3]
    if np.isfinite(point).all():
        yield _marker('points', 1, Marker.SPHERE, MEASURE_COLOUR, scale=SPHERE_M * 1.5,
                      position=point)
        yield _text('points', 2, point + TEXT_HEIGHT_M * UP, end.text)


def _objects(evidence: Evidence, placement: Placement) -> Iterator[Marker]:
    rotation = placement.T_frame_world[:3, :3]
    for index, found in enumerate(evidence.objects):
        center = placement.points(found.box_center)
        if not (np.isfinite(center).all() and np.isfinite(found.box_size).all()):
            continue
        colour = object_colour(index)
        box = _marker('objects', index, Marker.CUBE, colour, alpha=0.3, position=center,
                      rotation=rotation @ found.box_rotation)
        width, depth, height = (max(float(side), 1e-3) for side in found.box_size)
        box.scale = Vector3(x=width, y=depth, z=height)
        yield box
        top = found.box_center + (found.box_size.max() + TEXT_HEIGHT_M) / 2 * UP
        yield _text('names', index, placement.points(top), found.label, colour)


def _frusta(
    evidence: Evidence, observation: Observation, placement: Placement,
) -> Iterator[Marker]:
    indices = sorted(i for i in evidence.extrinsics if 0 <= i < len(observation.frames))
    if len(indices) > MAX_FRUSTA:
        spread = np.linspace(0, len(indices) - 1, MAX_FRUSTA).round().astype(int)
        indices = [indices[i] for i in spread]
    for index in indices:
        camera = observation.frames[index].intrinsics
        if camera is None:
            continue
        pose = placement.T_frame_world @ evidence.extrinsics[index]
        lines = frustum_lines(camera) @ pose[:3, :3].T + pose[:3, 3]
        if np.isfinite(lines).all():
            yield _marker('cameras', index, Marker.LINE_LIST, CAMERA_COLOUR,
                          scale=LINE_WIDTH_M / 3, points=lines)


def frustum_lines(camera: PinholeCamera, depth_m: float = FRUSTUM_DEPTH_M) -> np.ndarray:
    """(16, 3) end points of the 8 edges of a camera's view, optical frame, metres."""
    right, bottom = camera.width - 0.5, camera.height - 0.5
    corners = camera.rectified().rays_at(np.array(
        [(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)])) * depth_m
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0)):
        lines += [np.zeros(3), start, start, end]
    return np.array(lines)


def _marker(
    namespace: str, marker_id: int, kind: int, colour: tuple[int, int, int], *,
    scale: float = 0.0, alpha: float = 1.0, position: np.ndarray | None = None,
    rotation: np.ndarray | None = None, points: Iterable[np.ndarray] = (),
) -> Marker:
    x, y, z, w = (float(c) for c in (
        (0, 0, 0, 1) if rotation is None else matrix_to_quat_xyzw(rotation)))
    red, green, blue = (c / 255 for c in colour)
    return Marker(
        ns=namespace, id=marker_id, type=kind, action=Marker.ADD,
        pose=Pose(position=Point() if position is None else point_message(position),
                  orientation=Quaternion(x=x, y=y, z=z, w=w)),
        scale=Vector3(x=scale, y=scale, z=scale),
        color=ColorRGBA(r=red, g=green, b=blue, a=alpha),
        points=[point_message(point) for point in points])


def _text(
    namespace: str, marker_id: int, position: np.ndarray, text: str,
    colour: tuple[int, int, int] = (255, 255, 255),
) -> Marker:
    marker = _marker(namespace, marker_id, Marker.TEXT_VIEW_FACING, colour,
                     scale=TEXT_HEIGHT_M, position=position)
    marker.text = shown_line(text)
    return marker


def _finite(points: np.ndarray) -> np.ndarray:
    return points[np.isfinite(points).all(axis=1)]
