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


"""What a model is told, in our own words: assembled from what is really loaded.

System prompts are the same for every query of a robot, so that a server computes them once; all
that changes from query to query stands in the opening text.
"""

from __future__ import annotations

from spatialclaw_ros.agent.prompts.opening import opening_text
from spatialclaw_ros.agent.prompts.system import planner_prompt, system_prompt

__all__ = ['opening_text', 'planner_prompt', 'system_prompt']
