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


"""Whole queries: the real session, kernel and perception, and a real server that writes cells."""

from __future__ import annotations

import pytest
from real_vllm import VllmServer
from real_vllm_queries import LIMIT_S, QUIET, WALL_M, Client, forced, observed

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Answered, CellRan, CellWritten, Failed, Planned
from spatialclaw_ros.agent.interfaces import INTERFACES
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception
from spatialclaw_ros.workspace.question import Question, Status

QUESTION = Question('How far away is the wall?')
HEAD = 'Purpose: measure\nReasoning: nothing is known\nNext goal: answer\n'
MEASURES = f"""\
{HEAD}```python
recon = tools.Reconstruct(InputImages)
ReturnAnswer(float(np.nanmedian(recon.points[0][..., 0])), unit='m')
```
"""
REPLIES = {
    'code': MEASURES, 'single_pass': MEASURES,
    'tool_call': f"""\
{HEAD}```json
{{"tool": "ReturnAnswer", "args": {{"value": {WALL_M}, "unit": "m"}}}}
```
""",
    'none': f'{HEAD}```json\n{{"value": {WALL_M}, "unit": "m"}}\n```\n'}


@pytest.fixture(scope='module')
def kernel():
    with Kernel() as started:
        yield started


def run(kernel: Kernel, backbone, *, steps=3, images=2, limit_s=LIMIT_S, trace_dir=None,
        interface='code'):
    session = Session(
        backbone=backbone, kernel=kernel, perception=make_perception(),
        limits=AgentLimits(max_steps=steps), trace_dir=trace_dir,
        interface=INTERFACES[interface])
    return session, list(session.run(observed(images), QUESTION, Deadline(limit_s), 'q1'))


def test_noise_ends_at_the_limit_of_steps(client: Client, kernel, server, table, tmp_path) -> None:
    session, events = run(
        kernel, client.make(max_tokens=64, extra=QUIET), images=32, trace_dir=tmp_path)
    assert isinstance(events[0], Planned)
    assert all(isinstance(event, CellRan) and event.result is None for event in events[1:-1])
    assert isinstance(events[-1], Failed)
    assert (events[-1].status, events[-1].stage) == (Status.STEP_LIMIT, 'write')
    server.until(lambda: server.running == 0, 5.0, 'nothing runs after the query')
    table('a query of noise', f'32 key frames, 3 steps: {events[-1].status.name} after '
          f"{session.timings['total']:.1f} s")


@pytest.mark.parametrize('interface', INTERFACES)
def test_a_reply_that_answers(
    client: Client, kernel, server: VllmServer, table, tmp_path, interface,
) -> None:
    session, events = run(
        kernel, client.make(max_tokens=1500, extra=forced(REPLIES[interface], '[a-z ]{4000}'),
                            planner={'max_tokens': 32, 'extra_body': QUIET}), trace_dir=tmp_path,
        interface=interface)
    assert [type(event) for event in events] == [Planned, CellWritten, CellRan, Answered]
    assert events[-1].value == pytest.approx(WALL_M, abs=1e-3)
    server.until(lambda: server.running == 0, 5.0, 'nothing runs after the query')
    table(f'a query with a forced reply, {interface}', f'{events[-1].text} after '
          f"{session.timings['total']:.1f} s, stopped at the closing fence")


def test_time_runs_out_with_a_status(client: Client, kernel, server: VllmServer) -> None:
    _, events = run(
        kernel, client.make(max_tokens=20_000, extra={**QUIET, 'ignore_eos': True}), limit_s=5.0)
    assert isinstance(events[-1], Failed)
    assert events[-1].status == Status.TIMEOUT
    server.until(lambda: server.running == 0, 5.0, 'nothing runs after the query')
