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

"""`spatialclaw ask "…"`: asks a running node, shows its progress, prints the answer."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING

from spatialclaw_ros.cli.positive import positive_metres, positive_seconds
from spatialclaw_ros.sharing.texts import clean_line
from spatialclaw_ros.workspace.question import AnswerType, Status

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.client import Progress, Query
    from spatialclaw_ros.msg import SpatialAnswer

EXIT_OK, EXIT_NO_ANSWER, EXIT_USAGE, EXIT_NO_NODE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
CANCEL_WAIT_S = 5.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'ask', help='ask a running node', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Ask a running node, see what it does, and get its answer with its standard\n'
                    'deviation and what it rests on.',
        epilog='examples:\n'
               '  spatialclaw ask "How far is the red mug from the blue box?"\n'
               '  spatialclaw ask "Where is the red mug?" --type point --frame odom\n'
               '  spatialclaw ask "How wide is the blue box?" --tolerance 0.01\n'
               '  spatialclaw ask "Which is nearer?" --choice "red mug" --choice "blue box"\n\n'
               'exit status: 0 answered, 1 refused or failed, 2 wrong command line, 3 no node,\n'
               '130 cancelled with Ctrl-C')
    parser.add_argument('question', help='plain language, in quotes')
    parser.add_argument('--camera', action='append', default=[], metavar='NAME',
                        help="look at this camera only; may be repeated")
    parser.add_argument('--frame', default='', metavar='TF_FRAME',
                        help='frame of points in the answer')
    parser.add_argument('--type', default='any', choices=[kind.name.lower() for kind in AnswerType],
                        help='what the answer must be (default: any)')
    parser.add_argument('--choice', action='append', default=[], metavar='TEXT',
                        help='a text to choose from; repeat it, at least twice')
    parser.add_argument('--tolerance', type=positive_metres, default=0.0, metavar='METRES',
                        help='how well a length or a place must be known to be told, as two '
                             "standard deviations (default: the node's)")
    parser.add_argument('--timeout', type=positive_seconds, default=0.0, metavar='SECONDS',
                        help="time for the whole query (default: the node's)")
    parser.add_argument('--node', default='/spatialclaw', metavar='NAME',
                        help='name of the node (default: /spatialclaw)')
    parser.add_argument('--wait', type=positive_seconds, default=10.0, metavar='SECONDS',
                        help='how long to wait for the node to appear, and to become active '
                             '(default: 10)')
    parser.add_argument('--quiet', action='store_true', help='print the answer alone')


def run(options: argparse.Namespace) -> int:
    """Ask and print."""
    from rich.console import Console

    from spatialclaw_ros.client import NodeNotFoundError, QueryError, SpatialClient
    from spatialclaw_ros.errors import SpatialClawError

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    answer_type = AnswerType[options.type.upper()]
    if options.choice and answer_type == AnswerType.ANY:
        answer_type = AnswerType.CHOICE
    if answer_type == AnswerType.CHOICE and len(options.choice) < 2:
        console.print('--type choice needs --choice TEXT at least twice', style='red')
        return EXIT_USAGE

    try:
        with SpatialClient(options.node) as client:
            query = client.start(
                options.question, cameras=options.camera, frame_id=options.frame,
                answer_type=answer_type, choices=options.choice,
                tolerance_m=options.tolerance, timeout_s=options.timeout, wait_s=options.wait)
            try:
                for progress in query.progress:
                    if not options.quiet:
                        show_progress(console, progress)
                answer = query.result().message
            except KeyboardInterrupt:
                return _interrupted(console, query)
    except NodeNotFoundError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_NO_NODE
    except QueryError as error:
        answer = error.answer_message
    except SpatialClawError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_NO_ANSWER
    print_answer(Console(highlight=False, soft_wrap=True), answer, quiet=options.quiet)
    return EXIT_OK if answer.status == Status.OK else EXIT_NO_ANSWER


def _interrupted(console: Console, query: Query) -> int:
    """Cancel a query and tell how it ended."""
    from spatialclaw_ros.errors import SpatialClawError

    query.cancel()
    console.print('cancelling', style='dim')
    try:
        answer = query.result(CANCEL_WAIT_S)
    except SpatialClawError as error:
        _print(console, f'CANCELED: {error}', style='yellow')
    else:
        _print(console, f'it was answered before that: {answer.text}', style='dim')
    return EXIT_INTERRUPTED


def show_progress(console: Console, progress: Progress) -> None:
    """One line for a step of a query."""
    stage = progress.stage
    if stage in ('write', 'run'):
        stage += f' {progress.step}'
    _print(console, f'{stage:>9}  {progress.text}', style='dim')


def _print(console: Console, line: str, style: str | None = None) -> None:
    """One line that comes from a node, and there from a model that reads what stands in view."""
    console.print(clean_line(line), style=style, markup=False)


def print_answer(console: Console, answer: SpatialAnswer, *, quiet: bool = False) -> None:
    """The answer, its standard deviation, and what it rests on."""
    if answer.status != Status.OK:
        _print(console, f'{_status_name(answer.status)}: {answer.message}', style='yellow')
    else:
        sigma = '' if math.isnan(answer.sigma) else f'  ± {answer.sigma:.3g} {answer.unit}'.rstrip()
        _print(console, f'{answer.text}{sigma}', style='bold green')
    if quiet:
        return
    for name, text in basis_lines(answer):
        _print(console, f'{name:>9}  {text}')


def _status_name(status: int) -> str:
    try:
        return Status(status).name
    except ValueError:  # a node of a newer version
        return f'status {status}'


def basis_lines(answer: SpatialAnswer) -> list[tuple[str, str]]:
    """What an answer rests on and how it went, as (name, text)."""
    lines = []
    if answer.points and answer.header.frame_id:
        points = ', '.join(f'({p.x:.3f}, {p.y:.3f}, {p.z:.3f})' for p in answer.points[:4])
        more = f' and {len(answer.points) - 4} more' if len(answer.points) > 4 else ''
        lines.append(('points', f'{points}{more} m in {answer.header.frame_id}'))
    if answer.frames:
        scale = f', metres from {answer.scale_source}' if answer.scale_source else ''
        lines.append((
            'rests on', f'{len(answer.frames)} images of {", ".join(answer.cameras)}{scale}'))
    lines += [('note', text) for text in answer.missing_priors]
    took = {timing.name: timing.duration_s for timing in answer.timings}
    parts = ', '.join(f'{name} {duration_s:.2f}' for name, duration_s in took.items()
                      if name != 'total' and duration_s >= 0.005)
    total_s = took.get('total', math.nan)
    lines.append(('took', f'{total_s:.2f} s, {answer.steps} cells' + (f' ({parts})' if parts
                                                                      else '')))
    lines.append(('query', answer.query_id))
    if answer.trace_path:
        lines.append(('trace', answer.trace_path))
    return lines


if __name__ == '__main__':
    from spatialclaw_ros.cli.main import main
    sys.exit(main(['ask', *sys.argv[1:]]))
