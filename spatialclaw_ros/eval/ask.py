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


"""Asks one question of a data set after the other: one kernel, one backbone, one perception."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import os
import re
import shutil
import time
from pathlib import Path

import msgspec

from spatialclaw_ros.agent import Session
from spatialclaw_ros.agent.interfaces import interface_for
from spatialclaw_ros.backbone.factory import make_backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import InvalidRequestError, NoFramesError
from spatialclaw_ros.eval.asked_to import asked_to
from spatialclaw_ros.eval.config import RunConfig
from spatialclaw_ros.eval.dataset import DataSet
from spatialclaw_ros.eval.meter import metered
from spatialclaw_ros.eval.records import Question, Result, Said, Tokens
from spatialclaw_ros.eval.scoring import unanswered
from spatialclaw_ros.eval.wording import said_of, to_ask
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception.factory import open_perception
from spatialclaw_ros.perception.protocols import Perception

log = logging.getLogger(__name__)

UNDER_WAY = '.under_way'
"""Folder beside the traces for those of questions that are being asked."""

# nothing was asked: no rule of a data set may make something of it
_NOT_ASKED = frozenset({'INVALID_REQUEST', 'NO_FRAMES', 'INTERNAL_ERROR'})
_FOLDER_CHARS = 80


class Asker:
    """Asks questions; a context manager that holds what they share.

    Args:
        run: who writes, who perceives, and how.

    Raises:
        InvalidRequestError: the run's parts don't go together, or one can't be used.
        DependencyError: a package is not installed.
        PerceptionError: perception can't be opened.
        BackboneError: the script of a recorded backbone can't be read.
    """

    def __init__(self, run: RunConfig) -> None:
        self._run = run
        with contextlib.ExitStack() as stack:
            backbone = make_backbone(
                run.backbone, config=run.config, base_url=run.base_url, model=run.model,
                script=run.script)
            stack.callback(backbone.close)
            self._interface = interface_for(run.interface, backbone)
            self._backbone = metered(backbone)
            self._perception = open_perception(run.perception)
            stack.callback(self._perception.close)
            self._kernel = self._new_kernel()
            stack.callback(lambda: self._kernel.close())
            self._open = stack.pop_all()

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of kernel, perception and backbone; may be called twice."""
        self._open.close()

    def ask(self, data: DataSet, question: Question, traces: Path | None = None) -> Result:
        """Ask one question and score what comes back.

        Whatever goes wrong with this question is its result.

        Args:
            data: the question's data set.
            question: one of its questions.
            traces: folder of the run's traces; None writes none.

        Raises:
            ImportError: a package is not installed, so no question can be asked.
        """
        self._backbone.taken()
        asking = _Asking(question, traces if self._run.traces != 'none' else None)
        try:
            said = writable(self._say(data, question, asking))
            score = (unanswered(question) if said.status in _NOT_ASKED
                     else data.score(question, said))
        except ImportError:  # a DependencyError, too: the next question would end alike
            asking.drop_trace()
            raise
        except Exception as error:  # the outermost edge of a question
            log.exception('the question %s failed', question.id)
            said = writable(Said(
                status='INTERNAL_ERROR', message=f'{type(error).__name__}: {error}'))
            score = unanswered(question)
        kept = self._run.traces == 'all' or not score.right
        return Result(
            id=question.id, said=said, score=score, steps=asking.steps,
            times_s={name: round(time_s, 6) for name, time_s in asking.times_s.items()},
            tokens=self._backbone.taken(), trace=asking.keep_trace() if kept else (
                asking.drop_trace()))

    def _say(self, data: DataSet, question: Question, asking: _Asking) -> Said:
        try:
            typed = data.sheet.typed
            to_answer = dataclasses.replace(
                to_ask(question, typed=typed),
                tolerance=asked_to(question, self._run.tolerance.asked, typed=typed))
            start_s = time.monotonic()
            observation = data.observe(question)
            asking.times_s['observe'] = time.monotonic() - start_s
            own = data.perception(question)
        except InvalidRequestError as error:
            return Said(status='INVALID_REQUEST', message=str(error))
        except NoFramesError as error:
            return Said(status='NO_FRAMES', message=str(error))
        with contextlib.ExitStack() as stack:
            perception: Perception = self._perception
            if own is not None:
                stack.callback(own.close)
                perception = own
            if self._kernel.closed:
                self._kernel = self._new_kernel()
            session = Session(
                backbone=self._backbone, kernel=self._kernel, perception=perception,
                limits=self._run.agent.limits, trace_dir=asking.trace_root,
                interface=self._interface)
            *_, end = session.run(
                observation, to_answer, Deadline(self._run.timeout_s), asking.name)
            asking.steps = getattr(end, 'steps', 0)
            asking.times_s.update(session.timings)
            return said_of(end, question, observation)

    def _new_kernel(self) -> Kernel:
        """A kernel that starts when a first cell is to run."""
        return Kernel(sandbox=self._run.sandbox)


class _Asking:
    """What comes of a question beside its answer.

    A trace is written apart, and put in its place when it is whole.

    Args:
        question: what is asked.
        traces: folder of the run's traces; None writes none.
    """

    def __init__(self, question: Question, traces: Path | None) -> None:
        self.name = folder_name(question.id)
        self.steps = 0
        self.times_s: dict[str, float] = {}
        self._traces = traces
        self.trace_root = traces / UNDER_WAY / str(os.getpid()) if traces is not None else None

    def keep_trace(self) -> str:
        """Where the trace is now, relative to the run's folder; '' without one."""
        if self._traces is None or self.trace_root is None or not (
                self.trace_root / self.name).is_dir():
            return ''
        place = self._traces / self.name
        try:
            if place.exists():
                shutil.rmtree(place)  # of a process that ended before its result
            (self.trace_root / self.name).rename(place)
        except OSError as error:
            log.warning("the trace of %s can't be kept: %s", self.name, error)
            return self.drop_trace()
        return f'{self._traces.name}/{self.name}'

    def drop_trace(self) -> str:
        """Remove the trace; '' is where it is."""
        if self.trace_root is not None:
            shutil.rmtree(self.trace_root / self.name, ignore_errors=True)
        return ''


def folder_name(question_id: str) -> str:
    """Name of a question's folder: its id, where that can be one; else with a hash of it."""
    name = re.sub(r'[^A-Za-z0-9._-]+', '_', question_id).lstrip('.')[:_FOLDER_CHARS]
    if name and name == question_id:
        return name
    return f'{name}-{hashlib.sha256(question_id.encode()).hexdigest()[:8]}'


def lost(question: Question, attempts: int, how: str) -> Result:
    """The result of a question that brought down each process that asked it."""
    return Result(
        id=question.id, score=unanswered(question), attempts=attempts, tokens=Tokens(),
        said=Said(status='INTERNAL_ERROR', message=(
            f'{attempts} processes ended while they asked it, the last one {how}')))


def writable(said: Said) -> Said:
    """What was said, in texts that UTF-8 can hold: lone surrogates are replaced."""
    value = said.value
    return msgspec.structs.replace(
        said, text=_utf8(said.text), value=_utf8(value) if isinstance(value, str) else value,
        unit=_utf8(said.unit), frame=_utf8(said.frame), message=_utf8(said.message),
        scale_source=_utf8(said.scale_source), notes=tuple(map(_utf8, said.notes)))


def _utf8(text: str) -> str:
    return text.encode('utf-8', 'replace').decode('utf-8')


