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

"""One colour per object, the same in the picture, the cloud and the markers."""

from __future__ import annotations

import numpy as np

# Bright and far apart, and none that things on a table often have.
OBJECT_COLOURS = np.array([
    (0, 220, 230), (255, 70, 210), (140, 255, 50), (255, 140, 0),
    (160, 120, 255), (0, 200, 120), (255, 120, 130), (190, 210, 255),
], dtype=np.uint8)
MEASURE_COLOUR = (255, 221, 0)
CAMERA_COLOUR = (180, 180, 180)


def object_colour(index: int) -> tuple[int, int, int]:
    """RGB in 0 to 255 of the object with this position in the evidence."""
    red, green, blue = OBJECT_COLOURS[index % len(OBJECT_COLOURS)]
    return int(red), int(green), int(blue)
