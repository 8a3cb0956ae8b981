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
from spatialclaw_ros.backbone.protocol import Backbone, WritesSome
from spatialclaw_ros.errors import InvalidRequestError

INTERFACES: dict[str, ActionInterface] = {each.name: each for each in (
    CodeInterface(), SinglePassInterface(), ToolCallInterface(), NoneInterface())}


def interface_for(name: str, backbone: Backbone) -> ActionInterface:
    """The interface of a name, for a backbone that can write for it.

    Raises:
        InvalidRequestError: there is no such interface, or the backbone can't write for it.
    """
    if name not in INTERFACES:
        raise InvalidRequestError(
            f'no action interface {name!r}; expected one of {", ".join(INTERFACES)}')
    if isinstance(backbone, WritesSome) and name not in backbone.interfaces:
        raise InvalidRequestError(
            f'the backbone {backbone.name!r} can not write for the action_interface {name!r}, only '
            f'for {", ".join(backbone.interfaces)}; change one of the two')
    return INTERFACES[name]


__all__ = ['INTERFACES', 'ActionInterface', 'interface_for']
