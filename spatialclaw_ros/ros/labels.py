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

"""Masks as label images: the value of a pixel is the number of the object that it belongs to.

Objects count from 1 in the order of the evidence, 0 is the background. Where several objects
cover a pixel, the smaller one has it, so that what stands on a table is not lost in the table.
There is one image for each camera that the answer looked through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from spatialclaw_ros.agent.events import Evidence
from spatialclaw_ros.ros.overlay import frames_by_objects, objects_on, overlay_frame
from spatialclaw_ros.ros.plain import clean, shown_line, time_message
from spatialclaw_ros.workspace.observation import Frame, Observation

if TYPE_CHECKING:
    from vision_msgs.msg import LabelInfo

BACKGROUND = 0
# vision_msgs keeps the greatest value of a type, 255 or 65535, for what is not labelled at all.
MOST_IN_MONO8 = 254
MOST_OBJECTS = 65534


def label_frames(observation: Observation, evidence: Evidence) -> tuple[Frame, ...]:
    """The frame to label of each camera that the evidence used, that of the overlay last.

    Of each camera it is the image that shows most of the objects, the newest of several.
    """
    main = overlay_frame(observation, evidence)
    used = {index for index in evidence.frame_indices if 0 <= index < len(observation.frames)}
    used |= {index for found in evidence.objects for index in found.masks
             if 0 <= index < len(observation.frames)}
    cameras = {observation.frames[index].camera for index in used} - {main.camera}
    others = [
        frames_by_objects(tuple(f for f in observation.frames
                                if f.camera == camera and f.index in used), evidence)[-1]
        for camera in observation.cameras if camera in cameras]
    return (*others, main)


def label_array(frame: Frame, evidence: Evidence) -> np.ndarray:
    """Object numbers of a frame's pixels.

    Args:
        frame: the image.
        evidence: the objects.

    Returns:
        (H, W), uint8 for up to 254 objects, else uint16.
    """
    kind = np.uint8 if len(evidence.objects) <= MOST_IN_MONO8 else np.uint16
    labels = np.full(frame.image.shape[:2], BACKGROUND, kind)
    sizes = [(int(np.count_nonzero(mask)), index, mask)
             for index, _, mask in objects_on(frame, evidence) if index < MOST_OBJECTS]
    # the largest first; of two alike the first one is on top
    for _, index, mask in sorted(sizes, key=lambda entry: (-entry[0], -entry[1])):
        labels[mask] = index + 1
    return labels


def label_message(frame: Frame, evidence: Evidence) -> Image:
    """The label image with the stamp and frame of its image: mono8, or 16UC1 for many objects."""
    labels = label_array(frame, evidence)
    height, width = labels.shape
    message = Image(
        header=Header(stamp=time_message(frame.stamp_ns), frame_id=clean(frame.frame_id)),
        height=height, width=width, encoding='mono8' if labels.itemsize == 1 else '16UC1',
        is_bigendian=0, step=width * labels.itemsize)
    message.data.frombytes(labels.astype(labels.dtype.newbyteorder('<'), copy=False).tobytes())
    return message


def label_info(header: Header, evidence: Evidence) -> LabelInfo:
    """What the numbers of a label image stand for; needs vision_msgs.

    Args:
        header: of the label image.
        evidence: the objects.
    """
    from vision_msgs.msg import LabelInfo, VisionClass

    names = ['background', *(shown_line(found.label) for found in evidence.objects[:MOST_OBJECTS])]
    return LabelInfo(header=header, threshold=0.0, class_map=[
        VisionClass(class_id=number, class_name=name) for number, name in enumerate(names)])
