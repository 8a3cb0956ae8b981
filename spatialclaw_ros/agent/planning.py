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



"""A plan as it goes to who writes: words alone, bounded; a bad one costs nothing but itself."""

from __future__ import annotations

import re

MAX_PLAN_CHARS = 4000
NO_PLAN = '(No plan came: settle the frame of reference first, then find, then measure.)'
CODE_CUT = '(code was cut here: a plan has none)'

_BLOCK = re.compile(r'^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)', re.DOTALL | re.MULTILINE)


def clean_plan(text: str) -> str:
    """The plan without blocks of code, each of which leaves a note; a line where nothing is left.

    Args:
        text: as the planner wrote it.
    """
    plan = _BLOCK.sub(CODE_CUT, text.replace('\r\n', '\n')).strip()
    if not plan.replace(CODE_CUT, '').strip():
        return NO_PLAN
    if len(plan) > MAX_PLAN_CHARS:
        left_out = len(plan) - MAX_PLAN_CHARS
        return f'{plan[:MAX_PLAN_CHARS]}\n(... {left_out} more characters were cut)'
    return plan
