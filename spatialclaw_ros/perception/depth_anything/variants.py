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



"""The models of Depth Anything 3: where their weights are, under which licence, what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal['multi_view', 'nested', 'metric', 'relative']

APACHE = 'Apache-2.0'
NON_COMMERCIAL = 'CC BY-NC 4.0, not for commercial use'


@dataclass(frozen=True)
class Variant:
    """One model.

    Args:
        name: also that of its network in the package.
        repository: of its weights on the Hugging Face hub.
        licence: of its weights, as the package's page states it.
        kind: `multi_view` sees all images at once and tells depth, confidence, poses and
            intrinsics in one world of unknown unit; `nested` is such a one whose unit is the metre,
            by a second network; `metric` and `relative` see each image alone and tell depth, in
            metres once the focal length is known, or up to a scale.
        parameters_m: millions of weights that inference needs.
        files: that a folder must have beside the weights.
    """

    name: str
    repository: str
    licence: str
    kind: Kind
    parameters_m: int
    files: tuple[str, ...] = ('config.json',)

    @property
    def is_commercial(self) -> bool:
        """Whether the weights may be used commercially."""
        return self.licence == APACHE

    @property
    def sees_all(self) -> bool:
        """Whether it sees all images of a call at once."""
        return self.kind in ('multi_view', 'nested')


VARIANTS = {each.name: each for each in (
    Variant('da3-small', 'depth-anything/DA3-SMALL', APACHE, 'multi_view', 34),
    Variant('da3-base', 'depth-anything/DA3-BASE', APACHE, 'multi_view', 135),
    Variant('da3-large', 'depth-anything/DA3-LARGE-1.1', NON_COMMERCIAL, 'multi_view', 411),
    Variant('da3-giant', 'depth-anything/DA3-GIANT-1.1', NON_COMMERCIAL, 'multi_view', 1320),
    Variant('da3nested-giant-large', 'depth-anything/DA3NESTED-GIANT-LARGE-1.1', NON_COMMERCIAL,
            'nested', 1654),
    Variant('da3metric-large', 'depth-anything/DA3METRIC-LARGE', APACHE, 'metric', 334),
    Variant('da3mono-large', 'depth-anything/DA3MONO-LARGE', APACHE, 'relative', 334),
)}
"""All variants by name. Of those retrained after a fault in training, the retrained (-1.1)."""
