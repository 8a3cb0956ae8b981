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

"""The tolerance to which a number is wanted, and whether one is known to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spatialclaw_ros.errors import InvalidRequestError

MAX_ANGLE_DEG = 360.0


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be off and still serve who asked for it.

    A number is told when two of its standard deviations are within the tolerance: of normal errors
    95 % are. The defaults are those of a robot that looks again as it comes nearer: a gripper opens
    8 to 14 cm, so by what is 10 cm off nothing is grasped; a fifth of a way of metres is mended by
    another look on the way, and a fifth of what is straight ahead is 11.5 degrees to a side.

    Args:
        length_m: of a length or a place, metres.
        share: of a length, as a share of it; the larger of the two holds. Zero: `length_m` alone.
        angle_deg: of an angle, degrees.

    Raises:
        InvalidRequestError: one is not finite, or negative, or zero where nothing could be told.
    """

    length_m: float = 0.10
    share: float = 0.20
    angle_deg: float = 12.0

    def __post_init__(self) -> None:
        if not 0 < self.length_m < math.inf:
            raise InvalidRequestError(
                f'a tolerance is more than 0 m and finite, got {self.length_m} m; 0.02 suits who '
                'grasps, 0.1 who drives')
        if not 0 <= self.share < math.inf:
            raise InvalidRequestError(
                f'a tolerance as a share is 0 or more and finite, got {self.share}; 0.03 is 3 %')
        if not 0 < self.angle_deg <= MAX_ANGLE_DEG:
            raise InvalidRequestError(
                f'a tolerance of angles is more than 0 and at most {MAX_ANGLE_DEG:g} degrees, got '
                f'{self.angle_deg}')

    def objection(self, about: str, sigma: float, unit: str, extent: float = 0.0) -> str:
        """Why a number is not told, for who asked; '' where it may be.

        Args:
            about: the number, for a person.
            sigma: its standard deviation in `unit`; NaN is no uncertainty that could be told.
            unit: 'm' or 'rad'; what has another unit is held to no tolerance.
            extent: what `share` is a share of, metres; 0 for a place, which is reached for from
                however far it was seen.
        """
        if unit == 'm':
            allowed, off = max(self.length_m, self.share * extent), f'{sigma:.3g} m'
            wanted = f'{allowed:.3g} m'
            if self.share * extent > self.length_m:
                wanted += f', {100 * self.share:.3g} % of it,'
        elif unit == 'rad':
            allowed, off = math.radians(self.angle_deg), f'{math.degrees(sigma):.1f} degrees'
            wanted = f'{self.angle_deg:.3g} degrees'
        else:
            return ''
        if 2 * sigma <= allowed:
            return ''
        doubt = 'a sigma that is not known' if math.isnan(sigma) else f'a sigma of {off}'
        return (f'it is about {about}, but with {doubt} it is not known to the {wanted} that it is '
                'wanted to (two sigma); a view from nearer, or of sides that are not seen, would '
                'help, or a larger tolerance')
