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


"""Data sets by name; the module of each is imported when it is asked for."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.eval.config import DataConfig
from spatialclaw_ros.eval.dataset import DataSet, Sheet
from spatialclaw_ros.named import FORM, is_named, named_function

SIMULATED, FOLDER = 'claw-sim', 'folder'
_PARTS = ('sheet', 'questions', 'observe', 'score', 'perception')


def sheets() -> dict[str, Sheet]:
    """Name to sheet of every data set that there is; nothing of them is read."""
    from spatialclaw_ros.eval.benchmarks import BENCHMARKS
    from spatialclaw_ros.eval.claw_sim import ClawSim
    from spatialclaw_ros.eval.folder_set import FolderSet
    return {SIMULATED: ClawSim.sheet, FOLDER: FolderSet.sheet,
            **{name: each.sheet for name, each in BENCHMARKS.items()}}


def open_data(spec: DataConfig, *, truth_masks: bool = False) -> DataSet:
    """Open the data set that a configuration names.

    Args:
        spec: which one, and what of it; its `limit`, `ids` and `categories` are seen to by
            `sampling.choose`.
        truth_masks: whether it tells where things are, where it knows.

    Raises:
        InvalidRequestError: there is no such data set, or it lacks what it needs.
        DependencyError: a package that it needs is not installed.
    """
    if is_named(spec.set):
        own: DataSet = named_function(spec.set, 'makes the data set')(spec)
        lacking = [name for name in _PARTS if not hasattr(own, name)]
        if lacking:
            raise InvalidRequestError(
                f'what {spec.set} returned is no data set: it has no {", ".join(lacking)}; '
                '`eval.dataset.DataSet` has all that is needed')
        return own
    if spec.set == SIMULATED:
        from spatialclaw_ros.eval.claw_sim import ClawSim
        given: dict[str, Any] = {
            'split': spec.split, 'seeds': spec.all_seeds, 'setting': spec.setting}
        return ClawSim(truth_masks=truth_masks,
                       **{name: value for name, value in given.items() if value})
    from spatialclaw_ros.eval.benchmarks import BENCHMARKS
    if spec.set != FOLDER and spec.set not in BENCHMARKS:
        known = sorted((SIMULATED, FOLDER, *BENCHMARKS))
        near = difflib.get_close_matches(spec.set, known, 1, 0.5)
        raise InvalidRequestError(
            f'no data set {spec.set!r};{f" did you mean {near[0]!r}?" if near else ""} '
            f'`spatialclaw eval list` shows all, and {FORM} is one of your own')
    if not spec.folder:
        raise InvalidRequestError(
            f'the data set {spec.set!r} needs its folder: data.folder, or --data FOLDER')
    folder = Path(os.path.expanduser(spec.folder)).absolute()
    if spec.set == FOLDER:
        from spatialclaw_ros.eval.folder_set import FolderSet
        return FolderSet(folder)
    return BENCHMARKS[spec.set](folder)
