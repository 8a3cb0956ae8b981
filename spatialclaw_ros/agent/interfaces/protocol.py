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



"""What an action interface is."""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from spatialclaw_ros.agent.reply import Reply


class ActionInterface(Protocol):
    """How a model acts.

    Attributes:
        name: as the parameter `action_interface` has it.
        language: of the fenced block that a reply ends with.
        has_tools: whether the model can use the tools.
        is_python: whether it writes Python of its own.
        has_steps: whether it sees what came back, and writes again.
    """

    name: str
    language: str
    has_tools: bool
    is_python: bool
    has_steps: bool

    def tools_text(self, capabilities: Set[str]) -> str:
        """What of the tools can be used this way; '' for nothing."""
        ...

    def prompt(self, capabilities: Set[str]) -> str:
        """The section of the system prompt that says what a reply is, tool texts included."""
        ...

    def max_steps(self, limit: int) -> int:
        """Replies that may be written where the budget allows `limit`."""
        ...

    def read(self, text: str) -> Reply:
        """Read a reply and translate it to a cell; nothing is repaired.

        Raises:
            ReplyError: it is malformed; the message is the line that goes back to the model.
        """
        ...
