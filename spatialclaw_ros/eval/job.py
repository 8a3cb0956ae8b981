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


"""What each process of a run needs to know, and the asking of its questions one by one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec

from spatialclaw_ros.eval.ask import Asker
from spatialclaw_ros.eval.catalogue import open_data
from spatialclaw_ros.eval.config import FLOOR, DataConfig, RunConfig
from spatialclaw_ros.eval.dataset import DataSet
from spatialclaw_ros.eval.floor_asker import FloorAsker
from spatialclaw_ros.eval.records import Question, Result
from spatialclaw_ros.eval.todo import Todo


@dataclass(frozen=True)
class Job:
    """A run as a process takes it up.

    Args:
        data: the data set.
        run: what is asked, and how.
        traces: folder of traces; None writes none.
    """

    data: DataConfig
    run: RunConfig
    traces: Path | None = None

    def open_data(self) -> DataSet:
        """The data set, as this run sees it; see `catalogue.open_data`."""
        return open_data(self.data, truth_masks=self.run.masks == 'truth')


def placed(data: DataConfig, run: RunConfig, traces: Path | None = None) -> Job:
    """A job whose paths hold in any working folder: that of a worker may be another one."""
    perception = run.perception
    return Job(
        msgspec.structs.replace(data, folder=_absolute(data.folder)),
        msgspec.structs.replace(
            run, config=_absolute(run.config, Path.is_file), script=_absolute(run.script),
            perception=msgspec.structs.replace(
                perception, python=_absolute(perception.python, Path.is_file),
                token_file=_absolute(perception.token_file),
                depth=msgspec.structs.replace(
                    perception.depth, weights=_absolute(perception.depth.weights)),
                masks=msgspec.structs.replace(
                    perception.masks, weights=_absolute(perception.masks.weights)))),
        None if traces is None else traces.absolute())


def _absolute(path: str, is_one: Callable[[Path], bool] = Path.exists) -> str:
    """A path from the root; the name of something installed or published stays as it is."""
    found = Path(path).expanduser()
    return str(found.absolute()) if path and is_one(found) else path


class Desk:
    """Asks the questions of a job; a context manager.

    OpenCV has one thread in a process that has a desk, for sums of several differ in the last
    digit: so runs in one process, in several and on a cluster come to the same.

    Args:
        job: what it is about.
        data: its data set, where that is open already.

    Raises:
        SpatialClawError: the job can't be taken up; see `catalogue.open_data` and `Asker`.
    """

    def __init__(self, job: Job, data: DataSet | None = None) -> None:
        cv2.setNumThreads(1)
        self._data = data if data is not None else job.open_data()
        self._asker: Asker | FloorAsker = (
            FloorAsker() if job.run.backbone == FLOOR else Asker(job.run))

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._asker.close()

    def ask(self, question: Question, traces: Path | None) -> Result:
        """See `Asker.ask`."""
        return self._asker.ask(self._data, question, traces)


def ask_here(job: Job, data: DataSet, todo: Todo) -> Generator[Result, None, None]:
    """Ask in this process, one question after the other.

    Raises:
        SpatialClawError: the job can't be taken up.
        ImportError: a package is missing.
    """
    with Desk(job, data) as desk:
        while (question := todo.take()) is not None:
            yield desk.ask(question, job.traces)
