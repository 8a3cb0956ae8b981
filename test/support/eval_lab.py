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


"""A data set of a few quick questions, as one's own: `set: eval_lab:tiny`.

Who looks at what is written to the file that `EVAL_LAB_LOG` names, a line `ID PID` for each look.
The first look at the question that `EVAL_LAB_WAIT` names does not end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import yaml
from analytic_scene import EYES, make_scene

from spatialclaw_ros.backbone.protocol import Brief
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError, InvalidRequestError
from spatialclaw_ros.eval.config import DataConfig
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Said, Score, Simulated
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Frame, Observation

MEASURE = 'How far apart are the centres of the red box and the blue ball?'
LOG, WAIT = 'EVAL_LAB_LOG', 'EVAL_LAB_WAIT'
COUNT = 12
PATIENCE_S = 300.0
SHEET = Sheet('tiny', 'A few quick questions', 'here', 'Apache-2.0', COUNT, 'simulated',
              'whether it was refused', typed=True)


def tiny(spec: DataConfig) -> Tiny:
    """The data set, as a configuration names it."""
    return Tiny(**spec.options)


def half(spec: DataConfig) -> Any:
    """A data set that lacks half of what one has."""
    return types.SimpleNamespace(sheet=SHEET, questions=list)


class Tiny:
    """Songs that the rules refuse to sing, the even ones rightly, without a cell.

    Args:
        signals: question to a signal, how many of the first looks send it to who looks, and how
            often each of them does.
        bad: questions whose media can't be read.
        buggy: questions whose look has a bug.
        measured: questions for a distance, for which cells run.
    """

    sheet = SHEET

    def __init__(
        self, signals: Mapping[str, tuple[str, int, int]] | None = None, bad: Sequence[str] = (),
        buggy: Sequence[str] = (), measured: Sequence[str] = (),
    ) -> None:
        self._signals = dict(signals or {})
        self._bad = set(bad)
        self._buggy = set(buggy)
        self._measured = set(measured)

    def questions(self) -> Sequence[Question]:
        return [Question(
            id=f'q{number:02d}', answer='number', text=(
                MEASURE if f'q{number:02d}' in self._measured else f'Sing song number {number}!'),
            truth=None if number % 2 == 0 else 1.0, category=f'song {number % 3}',
            media=(Simulated(seed=number // 3),)) for number in range(COUNT)]

    def observe(self, question: Question) -> Observation:
        looks = _looked(question.id)
        name, first, times = self._signals.get(question.id, ('', 0, 0))
        for _ in range(times if looks <= first else 0):
            os.kill(os.getpid(), signal.Signals[name])
        if question.id == os.environ.get(WAIT) and looks == 1:
            time.sleep(600.0)
        if question.id in self._bad:
            # as Python has the name of a file that is no UTF-8
            raise InvalidRequestError(f'the picture \udcff{question.id}.png is not there')
        if question.id in self._buggy:
            raise ZeroDivisionError('a bug of the data set')
        if question.id in self._measured:
            return make_scene(EYES[:1]).observation
        return Observation((Frame(0, 'camera', 0, 'optical', np.zeros((8, 8, 3), np.uint8)),))

    def score(self, question: Question, said: Said) -> Score:
        right = said.refused and question.truth is None
        return Score(points=float(right), right=right)

    def perception(self, question: Question) -> Perception | None:
        return None


class Away:
    """A backbone whose server is away."""

    name = 'away'

    def plan(self, brief: Brief, deadline: Deadline) -> NoReturn:
        raise BackboneError('no reply of model m')

    write = plan

    def close(self) -> None:
        """Nothing is held."""


def away(config: str) -> Away:
    """The backbone, as a configuration names it."""
    return Away()


def looks_of(log: Path) -> list[tuple[str, int]]:
    """Question and process of each look, as they came."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(name, int(pid)) for name, pid in map(str.split, lines)]


def pid_at(log: Path, question_id: str, process: subprocess.Popen[str]) -> int:
    """The process that looks at a question, waited for while the one that runs it all lives."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and process.poll() is None:
        for name, pid in looks_of(log):
            if name == question_id:
                return pid
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f'nobody looked at {question_id}: {process.communicate()[0]}')


def write_config(folder: Path, **options: Any) -> Path:
    """A configuration of it that writes to `folder / out`; `options` are those of `Tiny`."""
    path = folder / 'tiny.yaml'
    path.write_text(yaml.safe_dump({
        'data': {'set': 'eval_lab:tiny', 'options': options},
        'runs': [{'name': 'rules'}],
        'out': str(folder / 'out')}))
    return path


def started(config: Path, *options: str, wait: str = '') -> subprocess.Popen[str]:
    """A run in a process of its own, which has one thread for arithmetic as its workers have.

    The first look at `wait` does not end.
    """
    return subprocess.Popen(
        [sys.executable, '-m', 'spatialclaw_ros.cli.main', 'eval', 'run', str(config), *options],
        cwd=config.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, WAIT: wait, 'PYTHONPATH': str(Path(__file__).resolve().parent)})


def _looked(question_id: str) -> int:
    """Write a look down; how many there are of this question now."""
    log = os.environ.get(LOG)
    if not log:
        return 1
    with open(log, 'a', encoding='utf-8') as file:
        file.write(f'{question_id} {os.getpid()}\n')
    return sum(name == question_id for name, _ in looks_of(Path(log)))
