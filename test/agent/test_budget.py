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



"""Budgets: what is left is counted, told, and chosen by."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from spatialclaw_ros.agent.budget import AgentLimits, Budget
from spatialclaw_ros.backbone.protocol import Exchange, Said
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.workspace.cell import ShownImage

PIXELS = np.zeros((2, 2, 3), np.uint8)


def pictures(*labels: str) -> tuple[ShownImage, ...]:
    return tuple(ShownImage(label, PIXELS) for label in labels)


def budget(timeout_s: float = math.inf, steps: int = 10, **limits: int) -> Budget:
    return Budget(AgentLimits(max_steps=steps, **limits), steps, Deadline(timeout_s))


def said(text: str, tokens: int | None, role: str = 'agent') -> Said:
    return Said(text, exchange=Exchange(role, completion_tokens=tokens))


@pytest.mark.parametrize('fault', [
    {'max_steps': 0}, {'trace_keep': 0}, {'max_tokens': -1}, {'images_per_step': -1},
    {'images_per_query': -1}])
def test_limits_that_make_no_sense(fault) -> None:
    with pytest.raises(ValueError, match='must be'):
        AgentLimits(**fault)


def test_what_is_left_is_told() -> None:
    left = budget(100.0, steps=3, max_tokens=1000)
    assert left.text == 'Left: 3 steps, 100 s, 1000 tokens, 32 pictures.'
    left.begin_step()
    left.spend(said('x', 100))
    left.choose(pictures('a'))
    assert left.text == 'Left: 2 steps, 100 s, 900 tokens, 31 pictures.'
    assert budget().text == 'Left: 10 steps, 32 pictures.'


def test_tokens_are_estimated_where_a_server_does_not_count_and_that_is_said() -> None:
    left = budget(max_tokens=1000)
    left.spend(said('x' * 401, None, role='planner'))
    assert left.tokens_left == 1000 - 101
    assert 'about 899 tokens' in left.text
    left.spend(Said('no model was asked' * 100))
    assert left.tokens_left == 899
    assert math.isinf(budget().tokens_left)


@pytest.mark.parametrize(('make', 'asks'), [
    (lambda: budget(steps=2), False),
    (lambda: budget(steps=1), True),
    (lambda: budget(100.0), False),
    (lambda: late(100.0), True),
    (lambda: spent(1000, 500, 100), False),
    (lambda: spent(1000, 900, 10), True),
    (lambda: spent(1000, 0, 600), True),  # another one like the last would not fit
])
def test_towards_the_end_it_asks_to_commit(make, asks) -> None:
    left = make()
    assert left.is_last == asks
    assert ('Commit in this reply' in left.text) == asks


def late(total_s: float) -> Budget:
    """A budget of a query that has taken nine tenths of its time."""
    class Late(Deadline):
        remaining_s = property(lambda self: 0.1 * total_s if self.begun else total_s)
        begun = False

    deadline = Late(total_s)
    left = Budget(AgentLimits(), 10, deadline)
    deadline.begun = True
    return left


def spent(total: int, by_planner: int, by_agent: int) -> Budget:
    left = budget(max_tokens=total)
    left.spend(said('', by_planner, role='planner'))
    left.spend(said('', by_agent))
    return left


def test_a_step_as_long_as_the_longest_must_still_fit() -> None:
    left = budget(0.4)
    left.begin_step()
    time.sleep(0.22)
    left.end_step()
    assert left.is_last


@pytest.mark.parametrize(('per_step', 'per_query', 'sent', 'left_out'), [
    (8, 32, ['a', 'b', 'c'], ''),
    (2, 32, ['a', 'b'], 'Not sent, because at most 2 of a step are: c'),
    (8, 1, ['a'], 'Not sent, because at most 1 of a query are: b, c'),
    (0, 32, [], 'Not sent, because at most 0 of a step are: a, b, c'),
])
def test_pictures_beyond_the_budget_are_named_not_sent(per_step, per_query, sent, left_out) -> None:
    left = budget(images_per_step=per_step, images_per_query=per_query)
    chosen = left.choose(pictures('a', 'b', 'c'))
    assert [image.label for image in chosen.images] == sent
    assert chosen.left_out == left_out


def test_pictures_of_all_steps_count_together() -> None:
    left = budget(images_per_step=2, images_per_query=3)
    assert len(left.choose(pictures('a', 'b')).images) == 2
    second = left.choose(pictures('', 'd'))
    assert len(second.images) == 1
    assert second.left_out.endswith('3 of a query are: d')
    assert '0 pictures' in left.text
