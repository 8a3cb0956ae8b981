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


"""What is evaluated: a data set, the runs over it, and where their results go."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from spatialclaw_ros.agent.budget import AgentLimits
from spatialclaw_ros.backbone.factory import BACKBONES
from spatialclaw_ros.named import FORM, is_named
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.workspace.tolerance import Tolerance

Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
SeedRange = Annotated[str, Meta(pattern=r'^[0-9]{1,9}-[0-9]{1,9}$')]
# each run has a folder of its name
RunName = Annotated[str, Meta(pattern=r'^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$')]

FLOOR = 'floor'
# an evaluation keeps what it is told to keep; nothing of it is removed to make room
_EVERY_TRACE = 1 << 30


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all parts of a configuration have in common."""


class DataConfig(_Part, frozen=True, kw_only=True):
    """Which questions are asked.

    Args:
        set: name of a data set, see `spatialclaw eval list`; or `MODULE:FUNCTION` of one's own,
            which is called with this and returns a `DataSet`.
        folder: where its files lie.
        split: part of it, of data sets that have parts; '' for the usual one.
        seeds: of the scenes, of a simulated data set: a list, or `9000-9040`; empty for those of
            the split.
        setting: noise of the cameras and of TF, of a simulated data set; '' for the usual one.
        limit: at most so many questions, drawn by `sampling.draw`; 0 for all.
        sample_seed: of that draw.
        ids: these questions alone, before any draw; empty for all.
        categories: those of these categories alone, likewise.
        options: what a data set of one's own has beyond that.
    """

    set: Annotated[str, Meta(min_length=1)]
    folder: str = ''
    split: str = ''
    seeds: tuple[int, ...] | SeedRange = ()
    setting: str = ''
    limit: Count = 0
    sample_seed: int = 42
    ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if isinstance(self.seeds, str) and not self.all_seeds:
            raise ValueError(f'seeds {self.seeds!r} are none: the first comes before the last')

    @property
    def all_seeds(self) -> Sequence[int]:
        """The seeds, one by one."""
        if not isinstance(self.seeds, str):
            return self.seeds
        first, last = map(int, self.seeds.split('-'))
        return range(first, last + 1)


class AgentConfig(_Part, frozen=True, kw_only=True):
    """Budgets of a query; see `agent.AgentLimits`."""

    max_steps: AtLeastOne = AgentLimits().max_steps
    max_tokens: Count = AgentLimits().max_tokens
    images_per_step: Count = AgentLimits().images_per_step
    images_per_query: Count = AgentLimits().images_per_query

    @property
    def limits(self) -> AgentLimits:
        """The budgets, with room for every trace."""
        return dataclasses.replace(
            AgentLimits(), **msgspec.structs.asdict(self), trace_keep=_EVERY_TRACE,
            trace_mb=_EVERY_TRACE)


class ToleranceConfig(_Part, frozen=True, kw_only=True):
    """To which tolerance numbers are asked for; see `workspace.tolerance.Tolerance`."""

    length_m: float = Tolerance().length_m
    share: float = Tolerance().share
    angle_deg: float = Tolerance().angle_deg

    def __post_init__(self) -> None:
        _ = self.asked  # raises where it can't be one

    @property
    def asked(self) -> Tolerance:
        """The tolerance of a question."""
        return Tolerance(**msgspec.structs.asdict(self))


class RunConfig(_Part, frozen=True, kw_only=True):
    """What is asked: one combination of who writes, who perceives, and how it acts.

    Args:
        name: of the run, and of its folder.
        backbone: 'rules', 'vllm', 'recorded', or `MODULE:FUNCTION`, see `backbone.make_backbone`;
            or 'floor', which reads no question: what true masks and the measured depth alone give
            for the metric questions of claw-sim.
        config: of the backbone, likewise.
        base_url: of the model's API, instead of the configuration's.
        model: name of the served model, likewise.
        script: of the backbone 'recorded'.
        perception: which backends perceive.
        masks: `truth` lets the data set itself tell where things are, where it knows.
        setting: instead of the data set's own, for runs with another noise.
        interface: how the backbone acts.
        agent: budgets of a query.
        tolerance: to which questions are asked, unless one states its own; what is known less well
            is refused.
        timeout_s: time for one question, seconds.
        traces: which of them are kept: of `all` questions, of those answered `wrong` or not at
            all, or `none`.
        sandbox: what to do where this host lacks a part of the kernel's sandbox.
    """

    name: RunName
    backbone: str = 'rules'
    config: str = ''
    base_url: str = ''
    model: str = ''
    script: str = ''
    perception: PerceptionConfig = PerceptionConfig()
    masks: Literal['perceived', 'truth'] = 'perceived'
    setting: str = ''
    interface: Literal['code', 'single_pass', 'tool_call', 'none'] = 'code'
    agent: AgentConfig = AgentConfig()
    tolerance: ToleranceConfig = ToleranceConfig()
    timeout_s: Seconds = 120.0
    traces: Literal['all', 'wrong', 'none'] = 'wrong'
    sandbox: Literal['required', 'best_effort', 'off'] = 'required'

    def __post_init__(self) -> None:
        known = (*BACKBONES, FLOOR)
        if self.backbone not in known and not is_named(self.backbone):
            raise ValueError(f'backbone must be one of {", ".join(known)}, or {FORM} of your own, '
                             f'got {self.backbone!r}')
        if self.backbone == 'recorded' and not self.script:
            raise ValueError("backbone 'recorded' needs `script`: a YAML script of replies, or a "
                             "trace's folder")


class Required(_Part, frozen=True, kw_only=True):
    """Figures that each run is held to; see `report.required`.

    Args:
        within: least share of the answered lengths that are within tolerance.
        wrong: share of all questions that are answered wrongly must be below it.
        inside_2_sigma: least and largest share of truths within two sigma of the answer.
        failed: largest share of all questions that end without an answer or a refusal.
        splits: parts of the data that may be asked instead of its own split.
    """

    within: Share
    wrong: Share
    inside_2_sigma: tuple[Share, Share]
    failed: Share = 0.0
    splits: tuple[str, ...] = ()


class EvalConfig(_Part, frozen=True, kw_only=True):
    """An evaluation.

    Args:
        data: the questions.
        runs: one after the other, each over all of them.
        out: folder that gets a folder for each run.
        workers: processes that ask at the same time; 1 asks in this one.
        require: what the runs must reach, but for the floor; `spatialclaw eval report --require`
            tells whether they do.
    """

    data: DataConfig
    runs: Annotated[tuple[RunConfig, ...], Meta(min_length=1)]
    out: str = 'eval_out'
    workers: AtLeastOne = 1
    require: Required | None = None

    def __post_init__(self) -> None:
        names = [run.name for run in self.runs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f'two runs have the name {twice[0]!r}; each has a folder of its name')

    def data_of(self, run: RunConfig) -> DataConfig:
        """The data of a run: with its own setting, if it has one."""
        if not run.setting:
            return self.data
        return msgspec.structs.replace(self.data, setting=run.setting)
