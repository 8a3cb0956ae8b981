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

"""`spatialclaw demo`: a robot that looks at a table answers five questions, beside the truth.

Everything goes over real topics and the real service: a process that is the robot, a process that
is the node, and this one, which asks.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialclaw_ros.errors import SpatialClawError

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.cli.evidence import Drawing, EvidenceListener
    from spatialclaw_ros.cli.picture import Cloud
    from spatialclaw_ros.cli.stage import Stage
    from spatialclaw_ros.client import Answer
    from spatialclaw_ros.sim.questions import Asked, Verdict

NODE = '/spatialclaw'
START_TIMEOUT_S = 60.0
DRAWING_TIMEOUT_S = 5.0
EXIT_OK, EXIT_WRONG, EXIT_USAGE, EXIT_FAILED = 0, 1, 2, 3


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'demo', help='watch a simulated robot answer five questions',
        description='Start a simulated camera robot and the node, ask questions through its '
                    'service, and print each answer beside the truth. Exit status: 0 all right, '
                    '1 an answer is wrong or missing, 2 wrong command line, 3 it could not run.')
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        '--recording', nargs='?', const='', metavar='DIR',
        help='play a recording instead of simulating (without DIR: the one that comes with the '
             'package); happens by itself where nothing can be drawn')
    source.add_argument(
        '--data', metavar='DIR',
        help='play a folder of frames with poses.json and ask the questions of its README.md')
    source.add_argument(
        '--interfaces', action='store_true',
        help='ask one question in three ways (single program, tool calls, cells) of a drawn room, '
             'beside the truth; needs neither ROS nor a model')
    parser.add_argument('--out', default='demo_out', metavar='DIR',
                        help='folder for pictures, traces and logs (default: demo_out)')
    parser.add_argument('--questions', default='', metavar='NUMBERS',
                        help='ask only these, such as 1,3-4 (default: all)')
    parser.add_argument('--sandbox', default='required', choices=('required', 'best_effort'),
                        help='what to do on a host that lacks a part of the sandbox that cells run '
                             'in: start without it, or not at all (default: required)')
    parser.add_argument('--no-pictures', action='store_true', help='leave the 3D pictures out')


def run(options: argparse.Namespace) -> int:
    """Run the demo."""
    from rich.console import Console

    from spatialclaw_ros.cli.interfaces import run_interfaces
    from spatialclaw_ros.errors import SandboxError
    from spatialclaw_ros.kernel import SandboxPolicy
    from spatialclaw_ros.kernel.report import require_sandbox
    from spatialclaw_ros.sim.questions import chosen

    console = Console(highlight=False, soft_wrap=True)
    try:
        require_sandbox(SandboxPolicy(options.sandbox))
        if options.interfaces:
            return run_interfaces(console, Path(options.out) / 'interfaces', options.sandbox)
        from spatialclaw_ros.cli.stage import choose_stage

        stage = choose_stage(options.data, options.recording)
        if stage.note:
            console.print(stage.note, style='yellow', markup=False)
        questions = chosen(stage.questions, options.questions)
        if not questions:
            raise ValueError(f'there are no questions to ask in {options.data}/README.md')
    except ValueError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_USAGE
    except SandboxError as error:
        offered = SandboxPolicy.BEST_EFFORT.value in str(error)
        hint = ' (spatialclaw demo --sandbox best_effort)' if offered else ''
        console.print(f'{error}{hint}', style='red', markup=False)
        return EXIT_FAILED
    except SpatialClawError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_FAILED
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _Demo(console, stage, options).run(questions)
    except SpatialClawError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_FAILED
    finally:
        signal.signal(signal.SIGTERM, before)


class _Demo:
    """One run: the processes, the questions, what is left in the folder."""

    def __init__(self, console: Console, stage: Stage, options: argparse.Namespace) -> None:
        self._console = console
        self._stage = stage
        self._out = Path(options.out)
        self._pictures = not options.no_pictures
        self._sandbox = options.sandbox
        self._results: list[dict[str, Any]] = []
        self._drawings: dict[int, tuple[Asked, Verdict, Answer, Drawing]] = {}

    def run(self, questions: Sequence[Asked]) -> int:
        """Ask all questions; the exit status."""
        from spatialclaw_ros.cli.children import Children
        from spatialclaw_ros.cli.evidence import EvidenceListener
        from spatialclaw_ros.client import SpatialClient

        start_s = time.monotonic()
        self._out.mkdir(parents=True, exist_ok=True)
        environment = _own_environment()
        with Children(self._out / 'logs', environment) as children:
            traces = (self._out / 'traces').absolute()
            children.start('robot', 'spatialclaw_ros.sim', self._stage.robot_arguments)
            children.start('node', 'spatialclaw_ros.ros',
                           ['--ros-args', *self._stage.node_arguments,
                            '-p', f'trace_dir:={traces}', '-p', f'sandbox:={self._sandbox}'])
            with SpatialClient(NODE) as client, EvidenceListener(
                    NODE, self._stage.info_topic) as listener:
                with self._console.status(f'starting {self._stage.title}'):
                    self._wait(children, client, listener)
                self._console.print(
                    f'{self._stage.title}; the node is ready after '
                    f'{time.monotonic() - start_s:.0f} s', style='bold', markup=False)
                for number, asked in enumerate(questions, start=1):
                    self._ask(number, asked, client, listener)
                    children.check()
            if self._pictures and self._drawings:
                with self._console.status('drawing'):
                    self._draw()
        right = sum(result['right'] for result in self._results)
        self._summarise(right, time.monotonic() - start_s)
        return EXIT_OK if right == len(questions) else EXIT_WRONG

    def _wait(self, children: Any, client: Any, listener: EvidenceListener) -> None:
        """Wait until the node answers and as many images came as a first question needs."""
        from spatialclaw_ros.client import NodeNotFoundError
        from spatialclaw_ros.errors import DeadlineExceededError

        end_s = time.monotonic() + START_TIMEOUT_S
        found = False
        while not found or listener.images_seen < self._stage.images_needed:
            children.check()
            if time.monotonic() > end_s:
                raise DeadlineExceededError(
                    f'after {START_TIMEOUT_S:.0f} s '
                    + (f'{listener.images_seen} of {self._stage.images_needed} images came on '
                       f'{self._stage.info_topic}' if found else f'{NODE}/query is not there')
                    + f'; see {self._out / "logs"}')
            listener.spin(0.2)
            if not found:
                try:
                    client.wait(0.1)
                    found = True
                except NodeNotFoundError:
                    continue
        listener.spin(0.5)

    def _ask(self, number: int, asked: Asked, client: Any, listener: EvidenceListener) -> None:
        from PIL import Image

        from spatialclaw_ros.cli.ask import show_progress
        from spatialclaw_ros.client import QueryError
        from spatialclaw_ros.sim.questions import judge
        from spatialclaw_ros.workspace.question import Status

        self._console.print(f'\n{number}. {asked.text}', style='bold cyan', markup=False)
        listener.forget()
        try:
            answer = client.ask(
                asked.text, timeout_s=self._stage.timeout_s,
                stamp_ns=listener.last_image_ns if self._stage.ends else 0,
                on_progress=lambda progress: show_progress(self._console, progress))
        except SpatialClawError as error:
            status = Status(error.status).name if isinstance(error, QueryError) else 'NO_ANSWER'
            self._console.print(f'   ✗ {status}: {error}', style='bold red', markup=False)
            self._results.append({
                'question': asked.text, 'family': asked.family, 'right': False,
                'status': status, 'message': str(error)})
            return
        value = answer.text if isinstance(answer.value, np.ndarray) else answer.value
        verdict = judge(asked, value, answer.stamp_ns)
        drawing = listener.drawing(DRAWING_TIMEOUT_S)
        if drawing is not None:
            Image.fromarray(drawing.overlay).save(self._out / f'{number}_overlay.png')
            self._drawings[number] = asked, verdict, answer, drawing
        mark, style = ('✓', 'bold green') if verdict.right else ('✗', 'bold red')
        off = f', off by {verdict.error_text}' if verdict.error_text else ''
        self._console.print(
            f'   {mark} {answer.text}   (truth: {verdict.truth_text}{off}; '
            f'{answer.timings.get("total", math.nan):.1f} s)', style=style, markup=False)
        self._results.append({
            'question': asked.text, 'family': asked.family, 'answer': answer.text,
            'value': _json(value), 'unit': answer.unit, 'sigma': _json(answer.sigma),
            'truth': verdict.truth, 'error_m': _json(verdict.error_m), 'right': verdict.right,
            'status': 'OK', 'stamp_ns': answer.stamp_ns,
            'frame_id': answer.frame_id, 'steps': answer.steps,
            'missing_priors': list(answer.missing_priors), 'query_id': answer.query_id,
            'timings_s': {name: round(seconds, 4) for name, seconds in answer.timings.items()}})

    def _draw(self) -> None:
        """Save a 3D picture of each answer beside its overlay, and one of the whole demo."""
        from PIL import Image

        from spatialclaw_ros.cli.picture import evidence_picture, has_depth, sheet

        scene: Cloud | None = self._stage.look()
        for number, (asked, verdict, answer, drawing) in sorted(self._drawings.items()):
            pictures = [
                (Image.fromarray(drawing.overlay), 'what the camera sees, and the masks found')]
            if has_depth(drawing):
                picture = evidence_picture(drawing, scene, answer.text)
                picture.save(self._out / f'{number}_evidence.png')
                pictures.append((picture, 'the evidence in 3D, seen from the side'))
            heading = asked.text, f'{answer.text}   (truth: {verdict.truth_text})', verdict.right
            sheet(*heading, pictures).save(self._out / f'{number}.png')
            if number == min(self._drawings):
                outside = self._stage.outside(answer.stamp_ns)
                if outside is not None:
                    pictures.insert(0, (Image.fromarray(outside), 'the simulated robot'))
                sheet(*heading, pictures, height=430).save(self._out / 'demo.png')

    def _summarise(self, right: int, duration_s: float) -> None:
        count = len(self._results)
        (self._out / 'answers.json').write_text(json.dumps({
            'source': self._stage.title, 'right': right, 'asked': count,
            'duration_s': round(duration_s, 1), 'answers': self._results,
        }, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
        style = 'bold green' if right == count else 'bold red'
        self._console.print(
            f'\n{right} of {count} answers are right, in {duration_s:.0f} s. '
            f'Pictures, traces and answers.json: {self._out}/', style=style, markup=False)


def _own_environment() -> dict[str, str]:
    """Set up DDS so that the demo hears itself alone; also for this process."""
    from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

    os.environ.setdefault('ROS_DOMAIN_ID', str(60 + os.getpid() % 40))
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    use_fastdds_profile(os.environ)
    return {**os.environ, 'PYTHONUNBUFFERED': '1'}


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
