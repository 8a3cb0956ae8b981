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



"""A query that is over holds nothing: its frames go at once, not when memory is next swept."""

from __future__ import annotations

import dataclasses
import gc
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from model_lab import ANSWER, GOOD, LOOK, MEASURE, OBSERVATION, QUESTION
from scripted_vlm import ScriptedVlm
from scripted_vlm_model import BROKEN, SILENT, Model, cell, script

from spatialclaw_ros.agent import AgentLimits, Session
from spatialclaw_ros.agent.events import Answered, CellRan, Event
from spatialclaw_ros.backbone.vllm import VllmBackbone, VllmConfig
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import make_perception

Listener = Callable[[Iterator[Event]], None]


def to_the_end(events: Iterator[Event]) -> None:
    for _ in events:
        pass


def to_the_first_cell(events: Iterator[Event]) -> None:
    next(each for each in events if isinstance(each, CellRan))


@pytest.mark.parametrize(('model', 'timeout_s', 'listen'), [
    (script(GOOD), 20.0, to_the_end),
    (script([LOOK, cell('1 / 0'), 'no block', MEASURE, ANSWER]), 20.0, to_the_end),
    (script([cell('while True: pass')]), 2.0, to_the_end),
    (script([cell('ReturnAnswer(None, reason="not there")')]), 20.0, to_the_end),
    (script(['no block']), 20.0, to_the_end),
    (script([BROKEN]), 20.0, to_the_end),
    (script([SILENT]), 1.0, to_the_end),
    (script(GOOD), 20.0, to_the_first_cell),
], ids=['good', 'troubled', 'late cell', 'refused', 'malformed', 'broken', 'silent', 'left alone'])
@pytest.mark.parametrize('traced', [False, True])
def test_frames_go_with_their_query(
    kernel: Kernel, tmp_path: Path, model: Model, timeout_s: float, listen: Listener, traced: bool,
) -> None:
    with ScriptedVlm(model) as server:
        backbone = VllmBackbone(VllmConfig(endpoints=(server.url,), model='scripted'))
        try:
            gc.collect()
            gc.disable()
            frames = tuple(map(dataclasses.replace, OBSERVATION.frames))
            observation = dataclasses.replace(OBSERVATION, frames=frames)
            left = [weakref.ref(frame) for frame in frames]
            session = Session(
                backbone=backbone, kernel=kernel, perception=make_perception(),
                limits=AgentLimits(max_steps=5), trace_dir=tmp_path if traced else None)
            listen(session.run(observation, QUESTION, Deadline(timeout_s), 'q'))
            del frames, observation
            # a call that ran ahead of the model may still be at its end
            until_s = time.monotonic() + 60.0
            while [frame for frame in left if frame() is not None] and time.monotonic() < until_s:
                time.sleep(0.01)
            assert not [frame for frame in left if frame() is not None]
            assert [each.queries for each in backbone.status()] == [0]
        finally:
            gc.enable()
            backbone.close()


def test_the_pool_gets_its_memory_back_while_the_answer_is_held(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch,
) -> None:
    idle = []
    give_back = kernel.pool.give_back
    monkeypatch.setattr(
        kernel.pool, 'give_back', lambda file: (idle.append(file.idle), give_back(file)))
    with ScriptedVlm(script(GOOD)) as server:
        backbone = VllmBackbone(VllmConfig(endpoints=(server.url,), model='scripted'))
        session = Session(backbone=backbone, kernel=kernel, perception=make_perception())
        *_, end = session.run(OBSERVATION, QUESTION, Deadline(20.0), 'q')
        backbone.close()
    assert isinstance(end, Answered)
    assert len(end.evidence.objects) == 2
    # the images', and the reconstruction's at least
    assert len(idle) >= 2
    assert all(idle)
