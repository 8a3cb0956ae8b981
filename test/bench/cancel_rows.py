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

"""How soon a cancelled query ends, at each of the things that it may be busy with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bench_run import Findings
from bench_table import Row, below
from lab_models import SUPPORT
from ros_robot import PARAMETERS, Bench
from scripted_vlm import ScriptedVlm
from scripted_vlm_checks import Request
from scripted_vlm_model import SILENT, Act, cell, script

from spatialclaw_ros.msg import SpatialAnswer

MAX_CANCEL_S = 0.5
SLACK = 1.0
QUESTION = 'How far apart are the red ball and the blue ball?'
BUSY_S = 60.0
_AT_ONCE = script((cell('ReturnAnswer(True)'),))
_PLANS = 'makes a plan'
# what the model does, and what the feedback says when that lasts
_STAGES = {
    'the model is silent': (lambda request: SILENT, _PLANS),
    'the model writes': (
        lambda request: Act('and so on ', chunk=10, pause_s=0.02, endless=True), _PLANS),
    'a cell runs': (script((cell('while True: pass'),)), 'runs: measure'),
    'perception works': (
        script((cell('tools.Reconstruct(InputImages)'),)), 'reconstructs 4 images'),
}


def cancelled_at_stages(findings: Findings, folder: Path, count: int) -> None:
    """From the request to cancel an action to its result, with a model and perception apart."""
    stage = ''
    before = os.environ.get('PYTHONPATH')

    def model(request: Request) -> Act | str:
        return _STAGES[stage][0](request) if stage else _AT_ONCE(request)

    with ScriptedVlm(model, keep=1) as server:
        # the process that perceives finds the laboratory models there
        os.environ['PYTHONPATH'] = os.pathsep.join([SUPPORT, *filter(None, [before])])
        bench = Bench(folder, PARAMETERS | _models(server.url))
        try:
            bench.ready()
            for stage in _STAGES:  # what the model reads
                findings.rows.append(_row(findings, bench, stage, count))
        finally:
            bench.close()
            os.environ['PYTHONPATH'] = before or ''


def _models(url: str) -> dict[str, Any]:
    """Parameters of a node whose model is at a URL, and whose depth network takes a minute."""
    return {
        'backbone': 'vllm', 'backbone_url': url, 'backbone_model': 'scripted', 'max_frames': 4,
        'reconstruct': 'depth_anything', 'segment': 'sam3',
        'perception.depth.model': 'lab_models:depth', 'perception.depth.options.plane_m': 1.0,
        'perception.depth.options.call_s': BUSY_S,
        'perception.masks.model': 'lab_models:masks'}


def _row(findings: Findings, bench: Bench, stage: str, count: int) -> Row:
    took_s = []
    for _ in range(count):
        cancel = bench.cancel_after(QUESTION, sign=_STAGES[stage][1])
        took_s.append(cancel.took_s)
        if cancel.late or not cancel.taken or cancel.status != SpatialAnswer.STATUS_CANCELED:
            findings.faults.append(
                f'cancelled while {stage}, a goal ended with status {cancel.status}, its cancel '
                f'{"taken" if cancel.taken else "not taken"}')
    return Row(f'cancel while {stage}, the slowest', [max(took_s)], (), below(MAX_CANCEL_S),
               slack=SLACK, note=f'of {count}, each as soon as its feedback tells that this lasts')
