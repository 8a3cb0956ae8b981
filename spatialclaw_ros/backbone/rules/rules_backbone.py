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

"""`RulesBackbone`: plans and writes cells from a grammar; the same question, the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from spatialclaw_ros.backbone.protocol import Brief, Said, Turn
from spatialclaw_ros.backbone.rules import cells, measures, revise
from spatialclaw_ros.backbone.rules.bind import Task, bind
from spatialclaw_ros.backbone.rules.parse import parse, warm_up
from spatialclaw_ros.backbone.rules.plan import make_plan, out_of_scope
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import OutOfScopeError


class RulesBackbone:
    """Answers the families of `plan.FAMILIES`; safe from any thread, keeps nothing of a query."""

    name = 'rules'
    interfaces = ('code',)
    reads_prompts = False

    def __init__(self) -> None:
        warm_up()
        # a query asks for it with each of its cells
        self._tasks: WeakKeyDictionary[Brief, Task] = WeakKeyDictionary()

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        """Plan in words; see `backbone.protocol.Backbone`."""
        deadline.check('planning')
        return Said(make_plan(self._task(brief)))

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        """Next reply; see `backbone.protocol.Backbone`."""
        deadline.check('writing a cell')
        return Said(self._write(brief, turns))

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, brief: Brief, turns: Sequence[Turn]) -> str:
        task = self._task(brief)
        step = revise.next_step(task, turns)
        last = len(turns) >= brief.max_steps - 1
        if last and step.kind in {'look', 'measure'}:
            return cells.refuse(
                f'{brief.max_steps} cells were not enough to answer this; allow more (max_steps)')
        if step.kind == 'look':
            return cells.look(
                task, step.wanted, single=step.single, alone=step.alone, again=bool(step.looks),
                why=step.why, depth=measures.needs_depth(task.intent))
        if step.kind == 'measure':
            return cells.measure(task, step.picks, best_frame=step.best_frame, why=step.why)
        if step.kind == 'answer':
            return cells.answer(task, step.why)
        return cells.refuse(step.why)

    def _task(self, brief: Brief) -> Task:
        """What is asked, tied to the robot.

        Raises:
            OutOfScopeError: the question fits no family, or not this robot.
        """
        task = self._tasks.get(brief)
        if task is None:
            intent = parse(brief.question.text)
            if intent is None:
                raise OutOfScopeError(out_of_scope(brief.question.text))
            task = self._tasks[brief] = bind(intent, brief.question, brief.metadata)
        return task
