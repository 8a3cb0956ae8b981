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



"""`spatialclaw demo --interfaces`: one question, three ways to act, and the truth.

Scripted models play what the SpatialClaw paper tells of its worked example: a single program trusts
a wrong mask, tool calls go from middle to middle, cells look, mend the mask and measure between the
closest points. Kernel, perception and traces are the product's own; nothing needs ROS or a model.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spatialclaw_ros.sim.questions import TOLERANCE_M, TOLERANCE_SHARE

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.kernel import Kernel
    from spatialclaw_ros.sim.room import Room
    from spatialclaw_ros.workspace.observation import Observation

QUESTION = 'How far is the heater from the door?'
THINGS = ('heater', 'door')
TIMEOUT_S = 60.0
EXIT_OK, EXIT_WRONG = 0, 1


@dataclass(frozen=True)
class Way:
    """A way to act, and what its number is a measure of.

    Args:
        interface: name of an action interface, and of its script.
        measures: what its answer stands for, in the room's own geometry, metres.
        why: the same for a person.
        right: whether that is what was asked.
    """

    interface: str
    measures: Callable[[Room], float]
    why: str
    right: bool = False


WAYS = (
    Way('single_pass', lambda room: room.distance_m('crate', 'door'),
        'from a crate as white as the heater: nobody looked at the mask'),
    Way('tool_call', lambda room: room.center_distance_m(*THINGS),
        'from middle to middle of the right things: a call gave one place of each'),
    Way('code', lambda room: room.distance_m(*THINGS),
        'between the closest points of the right things, in two views',
        right=True),
)


@dataclass(frozen=True)
class Result:
    """How one way ended.

    Args:
        way: which.
        value: its answer in metres; None without one.
        sigma: its standard deviation, metres, NaN when unknown.
        steps: cells that ran.
        duration_s: of the query.
        trace: its folder.
        message: why there is no answer.
        truth: what was asked for, metres.
        meant: what its answer stands for, metres.
    """

    way: Way
    value: float | None
    sigma: float
    steps: int
    duration_s: float
    trace: Path
    message: str
    truth: float
    meant: float

    @property
    def error_m(self) -> float | None:
        """Answer minus truth."""
        return None if self.value is None else self.value - self.truth

    @property
    def as_told(self) -> bool:
        """Whether the number is what the way's explanation says, and right only where it should."""
        if self.value is None:
            return False
        return _near(self.value, self.meant) and _near(self.value, self.truth) == self.way.right


def _near(value: float, truth: float) -> bool:
    return abs(value - truth) <= max(TOLERANCE_M, TOLERANCE_SHARE * truth)


def run_interfaces(console: Console, out: Path, sandbox: str) -> int:
    """Ask in each way, print the table, and write traces, page and `answers.json`.

    Args:
        console: to print on.
        out: folder for what is left.
        sandbox: policy of the kernel.

    Returns:
        0, or 1 when an answer is not what its explanation says.

    Raises:
        SpatialClawError: it could not run.
    """
    from spatialclaw_ros.kernel import Kernel, KernelLimits
    from spatialclaw_ros.sim.room import make_room, observe_room

    room = make_room()
    out.mkdir(parents=True, exist_ok=True)
    with console.status('drawing the room'):
        observation = observe_room(room)
    console.print(QUESTION, style='bold cyan', markup=False)
    with console.status('asking in three ways'), Kernel(
            limits=KernelLimits(), sandbox=sandbox) as kernel:
        results = [_ask(way, kernel, room, observation, out) for way in WAYS]
    _print_table(console, results)
    _write_answers(results, out / 'answers.json')
    _write_page(results, out / 'compared.html')
    good = all(result.as_told for result in results)
    console.print(
        f'Side by side: {out / "compared.html"}; traces and answers.json beside it',
        style='bold green' if good else 'bold red', markup=False)
    return EXIT_OK if good else EXIT_WRONG


def _ask(
    way: Way, kernel: Kernel, room: Room, observation: Observation, out: Path,
) -> Result:
    from spatialclaw_ros.agent import Session
    from spatialclaw_ros.agent.events import Answered, Failed, Refused
    from spatialclaw_ros.agent.interfaces import INTERFACES
    from spatialclaw_ros.backbone.recorded import RecordedBackbone
    from spatialclaw_ros.deadline import Deadline
    from spatialclaw_ros.perception import make_perception
    from spatialclaw_ros.ros.compat.share import share_path
    from spatialclaw_ros.workspace.question import AnswerType, Question

    folder = out / way.interface
    shutil.rmtree(folder, ignore_errors=True)
    script = share_path('demo', 'interfaces', f'{way.interface}.yaml')
    session = Session(
        backbone=RecordedBackbone.from_yaml(script), kernel=kernel, perception=make_perception(),
        trace_dir=out, interface=INTERFACES[way.interface])
    start_s = time.monotonic()
    *_, end = session.run(
        observation, Question(QUESTION, AnswerType.NUMBER), Deadline(TIMEOUT_S), way.interface)
    duration_s = time.monotonic() - start_s
    value, sigma, message = None, float('nan'), ''
    if isinstance(end, Answered):
        value, sigma = float(end.value), end.sigma  # type: ignore[arg-type]
    elif isinstance(end, Refused):
        message = end.reason
    elif isinstance(end, Failed):
        message = end.message
    return Result(
        way, value, sigma, getattr(end, 'steps', 0), duration_s, folder, message,
        room.distance_m(*THINGS), way.measures(room))


def _print_table(console: Console, results: list[Result]) -> None:
    from rich.table import Table

    table = Table(title=f'the truth, from geometry: {results[0].truth:.3f} m', title_style='bold')
    for heading in ('interface', 'answer', 'off by', 'steps'):
        table.add_column(
            heading, justify='right' if heading in ('off by', 'steps') else 'left', no_wrap=True)
    table.add_column('what it measured', min_width=26)
    for result in results:
        error_m = result.error_m
        said = result.message if result.value is None else (
            f'{result.value:.3f} ± {result.sigma:.3f} m')
        table.add_row(
            result.way.interface, said, '' if error_m is None else f'{error_m:+.3f} m',
            str(result.steps), f'{result.way.why} (truly {result.meant:.3f} m)',
            style='green' if result.way.right and result.as_told else None)
    console.print(table)


def _write_page(results: list[Result], path: Path) -> None:
    """One page with the traces side by side, and the truth."""
    from spatialclaw_ros.agent.trace_page import page_html
    from spatialclaw_ros.agent.trace_reader import read_traces

    notes = ['' if result.error_m is None else f'{result.error_m:+.3f} m off: {result.way.why}.'
             for result in results]
    page = page_html(
        read_traces([result.trace for result in results]),
        f'The truth, from geometry: {results[0].truth:.3f} m', notes)
    path.write_text(page, encoding='utf-8')


def _write_answers(results: list[Result], path: Path) -> None:
    path.write_text(json.dumps({
        'question': QUESTION, 'truth_m': round(results[0].truth, 4),
        'answers': [{
            'interface': result.way.interface, 'value': result.value, 'sigma': result.sigma,
            'error_m': result.error_m, 'measures': result.way.why,
            'measured_truth_m': round(result.meant, 4), 'as_told': result.as_told,
            'steps': result.steps, 'duration_s': round(result.duration_s, 3),
            'message': result.message, 'trace': result.trace.name,
        } for result in results],
    }, indent=1) + '\n', encoding='utf-8')
