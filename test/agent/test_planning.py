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



"""Plans: words alone."""

from __future__ import annotations

import pytest

from spatialclaw_ros.agent.planning import CODE_CUT, MAX_PLAN_CHARS, NO_PLAN, clean_plan


@pytest.mark.parametrize(('text', 'plan'), [
    ('Find the mug.\nMeasure.', 'Find the mug.\nMeasure.'),
    ('  Find.\n', 'Find.'),
    ('', NO_PLAN),
    (' \n\t', NO_PLAN),
    ('Find.\n```python\nx = 1\n```\nMeasure.', f'Find.\n{CODE_CUT}\nMeasure.'),
    ('Find.\r\n```\r\nx = 1\r\n```\r\n', f'Find.\n{CODE_CUT}'),
    ('Find.\n```python\nx = 1', f'Find.\n{CODE_CUT}'),
    ('Find.\n  ~~~\n  x\n  ~~~\nMeasure.', f'Find.\n{CODE_CUT}\nMeasure.'),
    ('```python\nx = 1\n```', NO_PLAN),
    ('```\nx\n```\n```\ny\n```', NO_PLAN),
    ('Use `tools.SAM3` on ``` inline.', 'Use `tools.SAM3` on ``` inline.'),
])
def test_code_is_cut_and_nothing_becomes_a_line(text: str, plan: str) -> None:
    assert clean_plan(text) == plan


def test_an_endless_plan_is_cut() -> None:
    plan = clean_plan('word ' * 10_000)
    assert len(plan) < MAX_PLAN_CHARS + 100
    assert 'more characters were cut' in plan
