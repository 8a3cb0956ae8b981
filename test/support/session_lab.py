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



"""What the tests of whole sessions share: a backbone that listens, and eyes that know the truth."""

from __future__ import annotations

from collections.abc import Sequence

from analytic_scene import AnalyticScene

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import CellRan, Event
from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.backbone.protocol import Brief, Exchange, Said, Turn
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception.status import PerceptionStatus
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question


class Listening:
    """A backbone that plays texts and keeps what it was given.

    Args:
        replies: what it writes, in order; a `Said` as it is.
        plan: what it plans.
    """

    name = 'listening'

    def __init__(self, replies: Sequence[str | Said], plan: str | Said = 'Find, then measure.'):
        self._replies = [each if isinstance(each, Said) else Said(each) for each in replies]
        self._plan = plan if isinstance(plan, Said) else Said(plan)
        self.brief = Brief(Question('none yet'))
        self.plan_seen = ''
        self.turns: list[Turn] = []

    def plan(self, brief: Brief, deadline: Deadline) -> Said:
        self.brief = brief
        return self._plan

    def write(self, brief: Brief, plan: str, turns: Sequence[Turn], deadline: Deadline) -> Said:
        assert brief is self.brief
        assert list(turns[:len(self.turns)]) == self.turns, 'what was said has changed'
        self.plan_seen, self.turns = plan, list(turns)
        if len(turns) >= len(self._replies):
            raise BackboneError('nothing more to say')
        return self._replies[len(turns)]

    def close(self) -> None:
        """Nothing is held."""


class TrueEyes:
    """Perception that answers from an analytic scene."""

    capabilities = frozenset({'reconstruct', 'segment'})

    def __init__(self, scene: AnalyticScene) -> None:
        self._scene = scene
        self.calls: list[ToolCall] = []

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        self.calls.append(call)
        return self._scene(call)

    def status(self) -> PerceptionStatus:
        return PerceptionStatus()


def ask(
    kernel: Kernel, scene: AnalyticScene, backbone: Listening, *, interface: str = 'code',
    question: Question | None = None, limits: AgentLimits | None = None, timeout_s: float = 30.0,
    **options: object,
) -> list[Event]:
    """Events of one query."""
    session = Session(
        backbone=backbone, kernel=kernel, perception=TrueEyes(scene),
        limits=limits or AgentLimits(max_steps=8), interface=INTERFACES[interface], **options)
    return list(session.run(
        scene.observation, question or Question('how far?'), Deadline(timeout_s), 'q1'))


def feedbacks(events: Sequence[Event]) -> list[str]:
    """What came back after each step."""
    return [event.feedback for event in events if isinstance(event, CellRan)]


def fenced(text: str, language: str = 'python') -> str:
    """A reply with one block."""
    return f'Purpose: p\nReasoning: r\nNext goal: g\n```{language}\n{text}\n```'


def counted(text: str, tokens: int | None, finish: str = 'stop') -> Said:
    """A reply of a model whose server counts."""
    return Said(text, exchange=Exchange('agent', completion_tokens=tokens, finish=finish))
