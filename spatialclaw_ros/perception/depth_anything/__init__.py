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



"""Depth Anything 3 (Lin et al., arXiv 2511.10647) through the package `depth-anything-3`.

Importing this room imports neither torch nor the package; `load_depth_anything` does.
"""

from __future__ import annotations

from spatialclaw_ros.perception.depth_anything.loading import load_depth_anything
from spatialclaw_ros.perception.depth_anything.options import options_of as check_options
from spatialclaw_ros.perception.depth_anything.variants import VARIANTS, Variant

__all__ = ['VARIANTS', 'Variant', 'check_options', 'load_depth_anything']
