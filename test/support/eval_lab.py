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


"""A data set of a few quick questions, as one's own: `set: eval_lab:tiny`."""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.config import DataConfig
from spatialclaw_ros.eval.dataset import Sheet
from spatialclaw_ros.eval.records import Question, Said, Score, Simulated
from spatialclaw_ros.perception.protocols import Perception
from spatialclaw_ros.workspace.observation import Frame, Observation

SHEET = Sheet('tiny', 'A few quick questions', 'here', 'Apache-2.0', 12, 'simulated', 'as refused',
              typed=True)
COUNT = 12


def tiny(spec: DataConfig) -> Tiny:
    """The data set, as a configuration names it."""
    return Tiny(**spec.options)


class Tiny:
    """Questions about nothing that the rules refuse, the even ones rightly; no cell runs.

    Args:
        pause_s: for each look.
        crash: ids of questions that end the process that looks, as often as a file of that name
            has characters left in `folder`; without a folder each time.
        bad: ids of questions whose media can't be read.
        fault: ids of questions whose look has a bug.
        folder: see `crash`.
    """

    sheet = SHEET

    def __init__(self, pause_s: float = 0.0, crash: Sequence[str] = (), bad: Sequence[str] = (),
                 fault: Sequence[str] = (), folder: str = '') -> None:
        self._pause_s = pause_s
        self._crash = set(crash)
        self._bad = set(bad)
        self._fault = set(fault)
        self._folder = folder

    def questions(self) -> Sequence[Question]:
        return [Question(
            id=f'q{number:02d}', text=f'Sing song number {number}!', answer='number',
            truth=None if number % 2 == 0 else 1.0, category=f'song {number % 3}',
            media=(Simulated(seed=number // 3),)) for number in range(COUNT)]

    def observe(self, question: Question) -> Observation:
        time.sleep(self._pause_s)
        if question.id in self._bad:
            raise InvalidRequestError(f'the picture of {question.id} is not there')
        if question.id in self._fault:
            raise ZeroDivisionError('a bug of the data set')
        if question.id in self._crash and self._crashes(question.id):
            os.kill(os.getpid(), signal.SIGKILL)
        return _nothing()

    def score(self, question: Question, said: Said) -> Score:
        right = said.refused and question.truth is None
        return Score(points=float(right), right=right)

    def perception(self, question: Question) -> Perception | None:
        return None

    def _crashes(self, name: str) -> bool:
        if not self._folder:
            return True
        path = Path(self._folder, name)
        left = path.read_text() if path.exists() else ''
        path.write_text(left[1:])
        return bool(left)


@functools.cache
def _nothing() -> Observation:
    return Observation((Frame(0, 'camera', 0, 'optical', np.zeros((8, 8, 3), np.uint8)),))


def tiny_yaml(out: Path, **options: Any) -> str:
    """A configuration of it; `options` as of `Tiny`, `workers` beside them."""
    workers = options.pop('workers', 1)
    return (f'data: {{set: "eval_lab:tiny", options: {options!r}}}\n'
            f'runs: [{{name: rules}}]\nout: {out}\nworkers: {workers}\n')
