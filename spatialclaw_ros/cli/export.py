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

"""`spatialclaw export DIR OUT`: a recording of a query, made from its trace, for any viewer."""

from __future__ import annotations

import argparse
from pathlib import Path

EXIT_OK, EXIT_UNUSABLE = 0, 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'export', help='make an MCAP recording of a trace',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Make a rosbag2 folder with an MCAP file from the trace of a query: images, '
                    'depth, CameraInfo,\nTF, what happened, cells as text, the answer and all '
                    'drawings, on the time of the images.\nFoxglove and Rerun open the file, '
                    '`ros2 bag play` the folder. What the trace lacks is told.',
        epilog='examples:\n'
               '  spatialclaw export ~/traces/20261122T101500-a1b2c3 mug\n'
               '  rerun mug/mug.mcap\n'
               '  ros2 bag play mug\n\n'
               'exit status: 0 written, 1 the trace can\'t be read or the folder not be made')
    parser.add_argument('trace', type=Path, metavar='DIR', help='folder of a trace')
    parser.add_argument('out', type=Path, metavar='OUT',
                        help='folder to make; the file in it is OUT/OUT.mcap')
    parser.add_argument('--jpeg', action='store_true',
                        help='compress the colour images, which then are not to the bit what the '
                             'cameras saw')


def run(options: argparse.Namespace) -> int:
    """Write the recording."""
    from rich.console import Console

    from spatialclaw_ros.agent.trace_reader import read_trace
    from spatialclaw_ros.cli.trace_bag import write_mcap
    from spatialclaw_ros.cli.trace_messages import LATCHED, timeline_of
    from spatialclaw_ros.errors import DependencyError, InvalidRequestError, TraceError
    from spatialclaw_ros.sharing.texts import clean_line

    console = Console(highlight=False, soft_wrap=True)
    out = options.out.expanduser()
    try:
        trace = read_trace(options.trace.expanduser())
        timeline = timeline_of(trace, jpeg=options.jpeg)
        file, counts = write_mcap(out, timeline.messages, LATCHED, {
            'query': trace.path.name, 'question': trace.started.question.text,
            'without': '\n'.join(timeline.notes)})
    except (TraceError, InvalidRequestError, DependencyError) as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_UNUSABLE
    for topic, count in sorted(counts.items()):
        console.print(f'{count:5} {topic}', style='dim', markup=False)
    for note in timeline.notes:
        console.print(clean_line(note), style='yellow', markup=False)
    console.print(f'{file}  {file.stat().st_size / 1e6:.1f} MB', markup=False)
    return EXIT_OK
