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


"""Runs what is missing of a run: asks, writes each result down, and stops when told to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spatialclaw_ros.errors import BackboneError, PerceptionUnavailableError, SpatialClawError
from spatialclaw_ros.eval import colour_alone
from spatialclaw_ros.eval.config import FLOOR, EvalConfig, RunConfig
from spatialclaw_ros.eval.crew import ask_all
from spatialclaw_ros.eval.dataset import DataSet
from spatialclaw_ros.eval.described import described
from spatialclaw_ros.eval.floor_asker import measurable
from spatialclaw_ros.eval.job import Job, ask_here, placed
from spatialclaw_ros.eval.progress import Progress, Tally
from spatialclaw_ros.eval.records import Result
from spatialclaw_ros.eval.run_folder import TRACES, RunFolder
from spatialclaw_ros.eval.sampling import choose
from spatialclaw_ros.eval.todo import Todo

if TYPE_CHECKING:
    from rich.console import Console

MOST_AWAY = 5
"""So many questions in a row may find a server away before the run ends."""

_AWAY: dict[str, type[SpatialClawError]] = {
    'BACKBONE_UNAVAILABLE': BackboneError, 'PERCEPTION_UNAVAILABLE': PerceptionUnavailableError}


@dataclass(frozen=True)
class Done:
    """How a run ended.

    Args:
        run: which.
        path: its folder.
        tally: of all its results, those of earlier times included.
        asked: how many were asked this time.
    """

    run: RunConfig
    path: Path
    tally: Tally
    asked: int


def run_one(
    config: EvalConfig, run: RunConfig, console: Console, *,
    stopping: Callable[[], bool] = lambda: False, ray: str = '',
) -> Done:
    """Ask the questions of a run that have no result yet.

    Args:
        config: of the evaluation.
        run: one of its runs.
        console: where it is shown how it goes.
        stopping: whether no further question is to be begun.
        ray: address of a Ray cluster, or 'local', that asks instead of this machine's processes.

    Raises:
        SpatialClawError: it can't be run, or a server is away for too long; what was answered is
            kept, and the same call goes on.
        ImportError: a package is missing.
    """
    data_config = config.data_of(run)
    path = Path(config.out).expanduser() / run.name
    job = placed(data_config, run, path / TRACES)
    data = job.open_data()
    questions = choose(data.questions(), data_config)
    if run.backbone == FLOOR:
        questions = measurable(data, questions)
    with RunFolder(path, described(run, data_config, data.sheet), questions) as folder:
        tally = Tally(len(questions))
        for result in folder.results:
            tally.add(result)
        known = {result.id for result in folder.results}
        todo = Todo(question for question in questions if question.id not in known)
        if todo and not stopping():
            if line := colour_alone.warning(run, questions):
                console.print(line, style='yellow', markup=False)
            with Progress(console, run.name, tally) as progress, contextlib.closing(
                    _results(job, data, todo, config.workers, stopping, ray)) as results:
                for result in _while_reached(results):
                    folder.add(result)
                    tally.add(result)
                    progress.moved()
    return Done(run, path, tally, tally.done - len(known))


def _results(
    job: Job, data: DataSet, todo: Todo, workers: int, stopping: Callable[[], bool], ray: str,
) -> Generator[Result, None, None]:
    """Results as they come, from whoever asks."""
    if ray:
        from spatialclaw_ros.eval.ray_run import RayCrew
        with RayCrew(job, ray, workers) as crew:
            yield from ask_all(crew, todo, workers, stopping)
    elif workers > 1:
        from spatialclaw_ros.eval.processes import ProcessCrew
        with ProcessCrew(job) as processes:
            yield from ask_all(processes, todo, workers, stopping)
    else:
        with contextlib.closing(ask_here(job, data, todo)) as here:
            for result in here:
                yield result
                if stopping():
                    return


def _while_reached(results: Iterator[Result]) -> Iterator[Result]:
    """Results, until too many in a row tell that a server is away."""
    in_a_row = 0
    for result in results:
        yield result
        kind = _AWAY.get(result.said.status)
        in_a_row = in_a_row + 1 if kind is not None else 0
        if kind is not None and in_a_row >= MOST_AWAY:
            raise kind(
                f'{in_a_row} questions in a row found it away: {result.said.message}; what was '
                'answered is kept, and the same command goes on when it is there again')
