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


"""Action interfaces: what a reply may be. Each turns a reply into a cell of the one kernel.

`code` is SpatialClaw's own; the others are what the paper compares it with, over the same tools,
prompts and budgets.
"""

from __future__ import annotations

from spatialclaw_ros.agent.interfaces.code import CodeInterface
from spatialclaw_ros.agent.interfaces.none import NoneInterface
from spatialclaw_ros.agent.interfaces.protocol import ActionInterface
from spatialclaw_ros.agent.interfaces.single_pass import SinglePassInterface
from spatialclaw_ros.agent.interfaces.tool_call import ToolCallInterface

INTERFACES: dict[str, ActionInterface] = {each.name: each for each in (
    CodeInterface(), SinglePassInterface(), ToolCallInterface(), NoneInterface())}

__all__ = ['INTERFACES', 'ActionInterface']
