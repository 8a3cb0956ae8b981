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



"""Queries of a scripted model, end to end: its server, the real client, kernel and perception."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from analytic_scene import BLUE_BALL, RED_BOX, make_scene
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import cell, script

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Answered, CellRan, Event, Failed, Refused
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import AnswerType, Question

QUESTION = Question('How far is the red box from the blue ball?', AnswerType.NUMBER)
OBSERVATION = make_scene().observation
TOLERANCE_M = 0.015
# A query may end a little after its deadline: a worker or a connection is let go first.
GRACE_S = 2.0

LOOK = cell("""
box = tools.SAM3.segment_image_by_text(InputImages[1], 'red box')
ball = tools.SAM3.segment_image_by_text(InputImages[1], 'blue ball')
print(box.num_objects, 'box', ball.num_objects, 'ball', *box.notes, *ball.notes)
show(box.visualize(1), label='box')
show(ball.visualize(1), label='ball')
""", 'see both things')
MEASURE = cell("""
recon = tools.Reconstruct(InputImages)
near = tools.Geometry.closest_points(
    box.get_masked_points(recon, 1), ball.get_masked_points(recon, 1))
print(near)
""")
ANSWER = cell("""
ReturnAnswer(near.distance, unit='m', points=[near.point_a, near.point_b], sigma=near.sigma)
""", 'answer')
GOOD = (LOOK, MEASURE, ANSWER)


def truth_m() -> float:
    """Distance between the surfaces of the box and the ball."""
    half = np.array(RED_BOX.size) / 2
    outside = np.abs(np.array(BLUE_BALL.center) - RED_BOX.center) - half
    return float(np.linalg.norm(np.maximum(outside, 0.0))) - BLUE_BALL.radius


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a query went."""

    events: tuple[Event, ...]
    elapsed_s: float
    deadline_s: float
    session: Session

    @property
    def end(self) -> Any:
        """Its last event."""
        return self.events[-1]

    @property
    def feedback(self) -> list[str]:
        """What the model was told, step by step."""
        return [event.feedback for event in self.events if isinstance(event, CellRan)]

    def check(self) -> None:
        """A definite end inside the deadline, which names the stage where it is a failure."""
        assert isinstance(self.end, (Answered, Refused, Failed)), self.events
        assert sum(isinstance(e, (Answered, Refused, Failed)) for e in self.events) == 1
        assert self.elapsed_s < self.deadline_s + GRACE_S
        if isinstance(self.end, Failed):
            assert self.end.stage in ('plan', 'kernel', 'write', 'run', 'answer')
            assert self.end.message
        elif isinstance(self.end, Refused):
            assert self.end.reason

    def check_right(self) -> None:
        """The measured distance, with its evidence."""
        self.check()
        assert isinstance(self.end, Answered), self.end
        assert abs(self.end.value - truth_m()) < TOLERANCE_M
        assert (self.end.unit, self.end.evidence.points.shape) == ('m', (2, 3))
        assert 0.0 < self.end.sigma < 0.05
        assert {each.label for each in self.end.evidence.objects} == {'red box', 'blue ball'}


def ask(
    kernel: Kernel, url: str, *, question: Question = QUESTION,
    observation: Observation = OBSERVATION, deadline_s: float = 30.0, max_steps: int = 6,
    trace_dir: Path | None = None, query_id: str = 'q', backbone: Any = None, **options: Any,
) -> Outcome:
    """Run one query against a scripted server.

    Args:
        kernel: a kernel.
        url: of the server's API.
        question: what is asked.
        observation: what is seen.
        deadline_s: of the query.
        max_steps: cells.
        trace_dir: where a trace is written.
        query_id: of the trace.
        backbone: instead of one made for `url`; it isn't closed then.
        **options: of the session.
    """
    made = backbone or make_backbone('vllm', base_url=url, model='scripted')
    session = Session(
        backbone=made, kernel=kernel, perception=make_perception(),
        limits=AgentLimits(max_steps=max_steps), trace_dir=trace_dir, **options)
    start_s = time.monotonic()
    try:
        events = tuple(session.run(observation, question, Deadline(deadline_s), query_id))
    finally:
        if backbone is None:
            made.close()
    return Outcome(events, time.monotonic() - start_s, deadline_s, session)


@dataclass(frozen=True)
class Held:
    """What this process holds."""

    threads: tuple[str, ...]
    descriptors: int
    children: int


def held() -> Held:
    """Count it now; memory files, which the kernel keeps for the next query, are left out."""
    own = psutil.Process()
    links = []
    for entry in Path('/proc/self/fd').iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return Held(
        tuple(sorted(thread.name for thread in threading.enumerate())),
        sum('/memfd:' not in link for link in links), len(own.children(recursive=True)))


def at_rest(kernel: Kernel) -> Held:
    """What is held after a query, once the kernel's next spare worker is there again."""
    with ScriptedVlm(script(GOOD)) as server:
        ask(kernel, server.url).check_right()
    end_s = time.monotonic() + 60.0
    while kernel.stats().spare_workers < kernel.limits.spare_workers:
        assert time.monotonic() < end_s, 'the kernel made no spare workers'
        time.sleep(0.02)
    return settled(held(), 0.3)


def settled(wanted: Held, within_s: float = 60.0) -> Held:
    """What is held once it is what it should be, or at last."""
    end_s = time.monotonic() + within_s
    now = held()
    while now != wanted and time.monotonic() < end_s:
        time.sleep(0.05)
        now = held()
    return now


def mentions(texts: Sequence[str], *words: str) -> bool:
    """Whether some text has all these words."""
    return any(all(word in text for word in words) for text in texts)


def is_number(value: Any) -> bool:
    """Whether an answer is a finite number."""
    return isinstance(value, float) and math.isfinite(value)
