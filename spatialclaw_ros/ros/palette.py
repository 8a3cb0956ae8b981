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

# Paul Tol's "bright" scheme (https://personal.sron.nl/~pault/): told apart by colour-blind eyes.
OBJECT_COLOURS = np.array([
    (68, 119, 170), (238, 102, 119), (34, 136, 51), (204, 187, 68),
    (102, 204, 238), (170, 51, 119), (238, 153, 51), (120, 94, 240),
], dtype=np.uint8)
MEASURE_COLOUR = (255, 221, 0)
CAMERA_COLOUR = (180, 180, 180)


def object_colour(index: int) -> tuple[int, int, int]:
    """RGB in 0 to 255 of the object with this position in the evidence."""
    red, green, blue = OBJECT_COLOURS[index % len(OBJECT_COLOURS)]
    return int(red), int(green), int(blue)
