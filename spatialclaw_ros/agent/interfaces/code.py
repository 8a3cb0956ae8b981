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



"""`code`: one Python cell a step, in a persistent scope."""

from __future__ import annotations

from collections.abc import Set

from spatialclaw_ros.agent.reply import Reply, parse_reply
from spatialclaw_ros.workspace.prompts import tool_docs

HEAD = """\
Purpose: what this step is for, one line
Reasoning: what you know so far, and why this step follows from it
Next goal: what should come after it"""

_FORMAT = f"""\
# Reply format
You write Python, one cell at a time, for a kernel that keeps its variables. You see what a cell
gives back before you write the next one. Each reply is markdown with three lines
{HEAD}
and then exactly one fenced block that starts with ```python and ends with ```. Only that block
runs; your reply ends with it. Answer, once you are sure, by calling `ReturnAnswer` in a cell."""


class CodeInterface:
    """SpatialClaw's own; see `ActionInterface`.

    Attributes:
        form: what the prompt says of a reply.
    """

    name = 'code'
    language = 'python'
    has_tools = True
    is_python = True
    has_steps = True
    form = _FORMAT

    def tools_text(self, capabilities: Set[str]) -> str:
        """All of them."""
        return tool_docs(capabilities)

    def prompt(self, capabilities: Set[str]) -> str:
        """Format and tools."""
        return f'{self.form}\n\n{self.tools_text(capabilities)}'

    def max_steps(self, limit: int) -> int:
        """All of them."""
        return limit

    def read(self, text: str) -> Reply:
        """As `parse_reply`."""
        return parse_reply(text)
