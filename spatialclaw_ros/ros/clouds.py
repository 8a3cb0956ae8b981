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

"""The points that an answer rests on, as a PointCloud2 coloured per object."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from spatialclaw_ros.agent.events import Evidence
from spatialclaw_ros.ros.palette import object_colour
from spatialclaw_ros.ros.placement import Placement
from spatialclaw_ros.ros.plain import clean, time_message

# RViz' RGB8 transformer reads a float32 field 'rgb' whose bytes are blue, green, red, 0.
POINT_TYPE = np.dtype([('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('rgb', '<u4')])
FIELDS = [
    PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
    for i, name in enumerate(('x', 'y', 'z', 'rgb'))]


def evidence_cloud(evidence: Evidence, placement: Placement) -> PointCloud2:
    """Build the cloud; empty when there is no evidence or no frame to give it in."""
    parts = []
    for index, found in enumerate(evidence.objects if placement.frame_id else ()):
        points = placement.points(found.points)
        points = points[np.isfinite(points).all(axis=1)]
        red, green, blue = object_colour(index)
        part = np.empty(len(points), dtype=POINT_TYPE)
        part['x'], part['y'], part['z'] = points.T
        part['rgb'] = red << 16 | green << 8 | blue
        parts.append(part)
    cloud = np.concatenate(parts) if parts else np.empty(0, dtype=POINT_TYPE)
    message = PointCloud2(
        header=Header(stamp=time_message(placement.stamp_ns), frame_id=clean(placement.frame_id)),
        height=1, width=len(cloud), fields=FIELDS, is_bigendian=False,
        point_step=POINT_TYPE.itemsize, row_step=cloud.nbytes, is_dense=True)
    message.data.frombytes(cloud.tobytes())
    return message
