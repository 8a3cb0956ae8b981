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

"""What `spatialclaw watch` shows of a node: one picture for a terminal, or a line for a change."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spatialclaw_ros.cli.findings import STYLES, Finding
from spatialclaw_ros.cli.findings_view import finding_lines
from spatialclaw_ros.cli.perception_report import PART_STATES, models_of
from spatialclaw_ros.client.watcher import NodeView, PartStatus, Step

LOST_S = 3.0
"""A node that tells nothing for so long is taken for gone."""
NOT_HEARD = ('not heard yet; does it run (`ros2 node list`), under this name, with the same '
             'ROS_DOMAIN_ID?')
SHOWN_STEPS = 8
CAMERA_COLUMNS = (
    ('Hz', 'image rate (Hz)'), ('age (s)', 'image age (s)'), ('depth Hz', 'depth rate (Hz)'),
    ('lost', 'lost'), ('paired %', 'paired (%)'))
WAVERING = re.compile(r'[0-9]+(\.[0-9]+)?(?= ?(Hz|%|s ago))')
"""Rates, shares and ages: another number of these is no change."""


def picture(view: NodeView, width: int) -> RenderableType:
    """Everything, for a terminal of this width."""
    return Group(*_blocks(view, width))


def _blocks(view: NodeView, width: int) -> Iterator[RenderableType]:
    yield _head(view)
    if not view.parts:
        return
    yield _cameras(view.cameras)
    cameras = [_finding(part, '') for part in view.cameras if part.level in ('warn', 'error')]
    yield from finding_lines(cameras, width, brief=True)
    findings: list[Finding] = []
    for part in view.parts:
        if part not in view.cameras:
            findings.append(_finding(part, 'parts'))
            if part.name == 'perception':
                findings += models_of('parts', part.values)
    yield Text()
    yield from finding_lines(findings, width, brief=True)
    yield Text()
    yield from _queries(view, width)


def _head(view: NodeView) -> Text:
    lifecycle = view.part('lifecycle')
    if lifecycle is None:
        return Text(f'{view.node}: {NOT_HEARD}', style='yellow')
    if view.age_s > LOST_S:
        return Text(f'{view.node}: nothing heard for {view.age_s:.0f} s; this is how it was',
                    style='bold red')
    return Text.assemble((view.node, 'bold'), '  ', (
        lifecycle.values.get('state', ''), STYLES[PART_STATES[lifecycle.level]]))


def _cameras(cameras: tuple[PartStatus, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style='dim')
    table.add_column('camera', overflow='ellipsis', no_wrap=True, max_width=20)
    for title, _ in CAMERA_COLUMNS:
        table.add_column(title, justify='right', no_wrap=True)
    table.add_column('TF')
    table.add_column('')
    for camera in cameras:
        state = PART_STATES[camera.level]
        table.add_row(
            camera.name.removeprefix('camera '),
            *(camera.values.get(key, '') for _, key in CAMERA_COLUMNS), _tf(camera),
            Text(state, style=STYLES[state]))
    return table


def _tf(camera: PartStatus) -> str:
    told = camera.values.get('TF', '')
    return told if told in ('', 'ok') else 'no'


def _queries(view: NodeView, width: int) -> Iterator[Text]:
    queries = view.part('queries')
    if queries is None:
        return
    values = queries.values
    yield Text(f'queries: {values.get("running", 0)} running, {values.get("waiting", 0)} waiting',
               style='bold')
    for line in _numbered(values, 'running'):
        yield _cut(f'  runs   {line}', width)
    for step in view.under_way()[-SHOWN_STEPS:]:
        yield _cut(f'    {step_line(step)}', width)
    for line in _numbered(values, 'waiting'):
        yield _cut(f'  waits  {line}', width)
    for line in _numbered(values, 'last'):
        yield _cut(f'  {line}', width)


def _numbered(values: Mapping[str, str], kind: str) -> list[str]:
    return [value for key, value in values.items() if re.fullmatch(f'{kind} [0-9]+', key)]


def step_line(step: Step) -> str:
    """One line for a step of a query."""
    count = f' {step.step}/{step.max_steps}' if step.stage in ('write', 'run') else ''
    return f'{step.stage + count:<11} {step.text}'


def _finding(part: PartStatus, group: str) -> Finding:
    return Finding(group, part.name, PART_STATES[part.level], part.message)


def _cut(line: str, width: int) -> Text:
    text = Text(line, no_wrap=True)
    text.truncate(width, overflow='ellipsis')
    return text


class Changes:
    """Lines for what changed since the last look, for a pipe."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self._step = 0
        self._lost: bool | None = None
        self._begun_s = time.monotonic()

    def lines(self, view: NodeView) -> Iterator[str]:
        """What is new, each line with the time of day."""
        now = time.strftime('%H:%M:%S')
        lost = view.age_s > LOST_S
        if lost and self._lost is None:
            if time.monotonic() - self._begun_s > LOST_S:
                self._lost = lost
                yield f'{now} {view.node}: {NOT_HEARD}'
        elif lost != self._lost:
            self._lost = lost
            if lost:
                self._known.clear()
                yield f'{now} {view.node} is not heard any more'
        for part in view.parts if not lost else ():
            told = (part.level, WAVERING.sub('', part.message))
            if self._known.get(part.name) != told:
                self._known[part.name] = told
                yield f'{now} {part.name}: {PART_STATES[part.level]}: {part.message}'
        for step in view.steps:
            if step.number > self._step:
                self._step = step.number
                yield f'{now} query {step.query_id}: {step_line(step)}'
