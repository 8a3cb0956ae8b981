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


"""Traces of real sessions over an exact scene, small and quick to make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytic_scene import AnalyticScene, make_scene

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Event
from spatialclaw_ros.agent.recording import Finishing
from spatialclaw_ros.backbone.protocol import Backbone
from spatialclaw_ros.backbone.recorded import RecordedBackbone, Script
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import PerceptionTools
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question

HOSTILE = '</script><script>window.hit = 1</script><img src=x onerror="window.hit = 2">'
QUESTION = 'How far is the red box from the blue ball?'

LOOK = f"""
recon = tools.Reconstruct(InputImages)
print('scale', recon.scale_source, {HOSTILE!r})
show(InputImages[0], label={HOSTILE!r})
"""
FIND = """
box = tools.SAM3(InputImages[0], 'red box')
ball = tools.SAM3(InputImages[0], 'blue ball')
a, b = (m.get_masked_points(recon, 0, 0) for m in (box, ball))
"""
FAIL = 'a.wrong_name'
ANSWER = """
near = tools.Geometry.closest_points(a, b)
ReturnAnswer(near.distance, unit='m', points=[near.point_a, near.point_b], sigma=near.sigma)
"""


class ScenePerception(PerceptionTools):
    """An exact scene's tools in the place of perception."""

    def __init__(self, scene: AnalyticScene) -> None:
        super().__init__()
        self._scene = scene

    @property
    def capabilities(self) -> frozenset[str]:
        """What the scene answers."""
        return frozenset({'reconstruct', 'segment'})

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        """As the scene answers."""
        return self._scene(call)


def reply(code: str, purpose: str = 'a cell') -> str:
    """Markdown of one cell."""
    return (f'Purpose: {purpose}\nReasoning: {HOSTILE}\nNext goal: g\n'
            f'```python\n{code.strip()}\n```')


def make_trace(
    kernel: Kernel, root: Path, query_id: str = 'q1', *,
    replies: Sequence[str] | None = None, backbone: Backbone | None = None,
    question: str = QUESTION, plan: str = 'Look, find, measure.',
    finishing: Finishing | None = None, **limits: Any,
) -> list[Event]:
    """Run a query that leaves a trace; its events.

    Args:
        kernel: a started one.
        root: folder of the traces.
        query_id: name of this one.
        replies: of the backbone; None for a look, a malformed reply, a failure, and an answer.
        backbone: instead of one that plays `replies`.
        question: what is asked.
        plan: what was planned.
        finishing: takes the trace over; None waits until it is written.
        **limits: of `AgentLimits`.
    """
    if replies is None:
        replies = [reply(LOOK, 'look'), 'no code at all', reply(FIND, 'find both'), reply(FAIL),
                   reply(ANSWER, f'measure {HOSTILE}')]
    scene = make_scene()
    session = Session(
        backbone=backbone or RecordedBackbone(Script(list(replies), plan)), kernel=kernel,
        perception=ScenePerception(scene), limits=AgentLimits(**limits), trace_dir=root,
        finishing=finishing)
    return list(session.run(scene.observation, Question(question), Deadline(60.0), query_id))
