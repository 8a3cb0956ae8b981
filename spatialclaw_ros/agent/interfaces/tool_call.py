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



"""`tool_call`: one JSON call a step; what it gives is bound to a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Set

from spatialclaw_ros.agent.interfaces.calls import READ, cell_of
from spatialclaw_ros.agent.interfaces.code import HEAD
from spatialclaw_ros.agent.interfaces.strict_json import read_object
from spatialclaw_ros.agent.reply import Reply, parse_reply
from spatialclaw_ros.workspace.prompts import tool_docs

_FORMAT = f"""\
# Reply format
You call one tool a step and see what it gives before you make the next call. Each reply is
markdown with three lines
{HEAD}
and then exactly one fenced block that starts with ```json, holds one object, and ends with ```:
{{"tool": TOOL, "args": ARGUMENTS, "bind": NAME}}
- TOOL is the name of a tool as below, or NAME.METHOD for a method of something bound before.
- ARGUMENTS is an object of arguments by name, or a list of them in order. An argument is null,
  true, false, a number, a text, a list of arguments, or a reference {{"$": "NAME"}} or
  {{"$": "NAME[i]"}} to something bound before, to `InputImages` or to `Metadata`.
- NAME is the new name of what the call gives. `show` and `ReturnAnswer` have no "bind".
- The tool "{READ}" with the arguments "of" (a reference) and "path" (a text of names, [i] and
  ["key"], joined by dots) gets at the attributes and items that the texts below name.
Nothing is computed beside the tools. Answer, once you are sure, by calling `ReturnAnswer`."""


class ToolCallInterface:
    """JSON calls; see `ActionInterface`."""

    name = 'tool_call'
    language = 'json'
    has_tools = True
    is_python = False
    has_steps = True

    def tools_text(self, capabilities: Set[str]) -> str:
        """What a call can reach."""
        return tool_docs(capabilities, python=False)

    def prompt(self, capabilities: Set[str]) -> str:
        """Format and tools."""
        return f'{_FORMAT}\n\n{self.tools_text(capabilities)}'

    def max_steps(self, limit: int) -> int:
        """All of them."""
        return limit

    def read(self, text: str) -> Reply:
        """The call as a cell that binds what it gives and prints the beginning of it.

        Raises:
            ReplyError: the reply, its JSON, or the call is malformed.
        """
        reply = parse_reply(text, (self.language,))
        return dataclasses.replace(reply, code=cell_of(read_object(reply.code)))
