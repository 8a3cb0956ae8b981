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



"""`single_pass`: one Python program, run once; the model never sees what comes of it."""

from __future__ import annotations

from spatialclaw_ros.agent.interfaces.code import HEAD, CodeInterface

_FORMAT = f"""\
# Reply format
You write one Python program that runs once. You get one reply and see nothing of what comes back,
so the program itself must handle what it may meet: nothing found, several found, missing depth.
It ends by calling `ReturnAnswer` with an answer, or with None and a reason. The reply is markdown
with three lines
{HEAD}
and then exactly one fenced block that starts with ```python and ends with ```. Only that block
runs."""


class SinglePassInterface(CodeInterface):
    """One program, one run; see `ActionInterface`."""

    name = 'single_pass'
    has_steps = False
    form = _FORMAT

    def max_steps(self, limit: int) -> int:
        """One."""
        return 1
