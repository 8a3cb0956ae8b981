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

"""Lengths and places of what was reconstructed in no known unit are taken from no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from analytic_scene import AnalyticScene, make_scene
from session_lab import Listening, ask, feedbacks, fenced

from spatialclaw_ros.agent import AgentLimits
from spatialclaw_ros.agent.answers import WITHOUT_METRES, fit_answer, no_metres
from spatialclaw_ros.agent.events import Answered, Refused
from spatialclaw_ros.agent.trace_reader import read_trace
from spatialclaw_ros.agent.trace_replay import replay_trace
from spatialclaw_ros.backbone.protocol import Exchange, Said
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.workspace.calls import UNKNOWN_SCALE, ToolCall, ToolResult
from spatialclaw_ros.workspace.question import AnswerType, CellAnswer, Question, Value

NOTE = 'The scale is unknown: there is no sensor depth.'
LOOK = 'recon = tools.Reconstruct(InputImages)\n'
POINT = np.array([1.0, 2.0, 0.5])


@pytest.mark.parametrize(('value', 'unit', 'told'), [
    (1.2, 'm', False), (1.2, 'm/s', False), (1.2, 'm^2', False), (1.2, 'm³', False),
    (1.2, 'km/h', False), (1.2, 'square metres', False), (1.2, '1/m', False),
    (POINT, None, False), (POINT, 'm', False),
    (1.2, None, True), (3, None, True), (1.2, 'rad', True), (1.2, 'rad/s', True),
    (1.2, 's', True), (40.0, 'pixels in frame 0', True), (True, None, True), ('left', 'm', True),
])
def test_what_is_in_metres(value: Value, unit: str | None, told: bool) -> None:
    answer = CellAnswer(value, unit)
    typed = fit_answer(Question('q?'), answer)
    why = no_metres(typed, answer, UNKNOWN_SCALE, ['another note', NOTE])
    assert (not why) is told
    assert told or why.endswith(f' can not be told: {NOTE}')
    assert told or 'in no known unit' in no_metres(typed, answer, UNKNOWN_SCALE, [])
    for source in ('', 'sensor_depth', 'tf_baseline', 'model'):
        assert not no_metres(typed, answer, source, [NOTE])


@pytest.mark.parametrize(('value', 'unit', 'told'), [
    (1.2, 'm', False), (1.2, None, True), (True, 'm', True), ('1.2 m', 'm', True)])
def test_a_number_that_is_told_as_a_text_is_one(value: Value, unit: str | None, told: bool) -> None:
    answer = CellAnswer(value, unit)
    typed = fit_answer(Question('q?', AnswerType.TEXT), answer)
    assert (not no_metres(typed, answer, UNKNOWN_SCALE, [NOTE])) is told
    assert not no_metres(typed, answer, 'sensor_depth', [NOTE])


def no_unit() -> AnalyticScene:
    """An exact scene of whose reconstructions nobody knows the scale."""
    scene = make_scene()
    frames = [frame.index for frame in scene.observation.frames]
    seen = scene(ToolCall('reconstruct', {'frame_indices': frames}))
    scene.answers['reconstruct'] = ToolResult(
        {**seen.values, 'scale_source': UNKNOWN_SCALE, 'notes': [NOTE]}, seen.arrays)
    return scene


class Knowing(Listening):
    """As rules: who writes the cells knows what rests on TF alone."""

    reads_prompts = False


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    with Kernel() as started:
        yield started


LENGTH = "ReturnAnswer(1.2, unit='m')"
PLACE = 'ReturnAnswer([1.0, 2.0, 0.5])'


@pytest.mark.parametrize(('code', 'said'), [
    (LENGTH, 'The answer 1.200 m does not count, for a number in m can not be told'),
    (PLACE, 'The answer (1.000, 2.000, 0.500) m does not count, for a place can not be told'),
])
@pytest.mark.parametrize(('last', 'value'), [
    ('ReturnAnswer(2.5)', 2.5), ("ReturnAnswer(0.3, unit='rad')", 0.3),
    ("ReturnAnswer(None, reason='no scale')", None),
])
def test_a_model_is_told_why_and_what_it_may_do(
    kernel: Kernel, code: str, said: str, last: str, value: float | None,
) -> None:
    backbone = Listening([fenced(LOOK + code), fenced(last)])
    events = ask(kernel, no_unit(), backbone)
    first, _ = feedbacks(events)
    assert first.startswith(f'{said}: {NOTE} {WITHOUT_METRES}')
    end = events[-1]
    if value is None:
        assert isinstance(end, Refused)
        assert end.reason == 'no scale'
    else:
        assert isinstance(end, Answered)
        assert end.value == value
        assert end.evidence.scale_source == UNKNOWN_SCALE


@pytest.mark.parametrize(('interface', 'limits'), [
    ('code', AgentLimits(max_steps=1)), ('single_pass', AgentLimits()),
    ('code', AgentLimits(max_tokens=9)),
], ids=['no step left', 'one pass', 'no token left'])
@pytest.mark.parametrize('code', [LENGTH, PLACE])
def test_who_can_not_mend_it_has_refused_and_so_has_the_replay(
    kernel: Kernel, interface: str, limits: AgentLimits, code: str, tmp_path: Path,
) -> None:
    backbone = Listening([Said(fenced(LOOK + code), exchange=Exchange(
        'agent', completion_tokens=limits.max_tokens))])
    end = ask(kernel, no_unit(), backbone, interface=interface, limits=limits,
              trace_dir=tmp_path)[-1]
    assert isinstance(end, Refused)
    assert end.reason.endswith(f'can not be told: {NOTE}')
    trace = read_trace(tmp_path / 'q1')
    assert [found for _, found in replay_trace(trace, kernel)] == [None]


@pytest.mark.parametrize('backbone', [Listening, Knowing])
def test_the_replay_refuses_for_the_reason_that_the_session_had(
    kernel: Kernel, backbone: type[Listening], tmp_path: Path,
) -> None:
    code = LOOK + "ReturnAnswer(1.2, unit='m', sigma=0.5)"
    end = ask(kernel, no_unit(), backbone([fenced(code)]), trace_dir=tmp_path,
              limits=AgentLimits(max_steps=1))[-1]
    assert isinstance(end, Refused)
    assert ('can not be told' in end.reason) is (backbone is Listening)
    assert ('sigma of 0.5 m' in end.reason) is (backbone is Knowing)
    trace = read_trace(tmp_path / 'q1')
    assert [found for _, found in replay_trace(trace, kernel)] == [None]


@pytest.mark.parametrize(('backbone', 'code'), [
    (Listening, LENGTH),  # nothing was reconstructed: it can rest on TF alone
    (Knowing, LOOK + LENGTH), (Knowing, LOOK + PLACE),
])
def test_what_rests_on_tf_alone_is_told(
    kernel: Kernel, backbone: type[Listening], code: str, tmp_path: Path,
) -> None:
    end = ask(kernel, no_unit(), backbone([fenced(code)]), trace_dir=tmp_path)[-1]
    assert isinstance(end, Answered)
    assert len(end.evidence.points) == 0
    trace = read_trace(tmp_path / 'q1')
    assert [found for _, found in replay_trace(trace, kernel)] == [None]
