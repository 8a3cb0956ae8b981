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


"""`spatialclaw replay DIR`: runs a trace again on a fresh kernel, reports the first difference."""

from __future__ import annotations

import argparse
from pathlib import Path

EXIT_SAME, EXIT_DIFFERENT, EXIT_UNUSABLE = 0, 1, 2
_MOST_CHARS = 2000


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'replay', help='run a trace again and compare',
        description='Run the cells of a trace again on a fresh kernel; their tool calls are '
                    'answered, and their clocks read, as they were. Output, errors, variables, '
                    'pictures and the answer are compared. Exit status: 0 all as before, 1 '
                    'something differs, 2 the trace can\'t be used.')
    parser.add_argument('trace', type=Path, metavar='DIR', help='folder of a trace')
    parser.add_argument('--sandbox', default='required', choices=('required', 'best_effort'),
                        help='what to do on a host that lacks a part of the sandbox (default: '
                             'required)')


def run(options: argparse.Namespace) -> int:
    """Run it again."""
    from rich.console import Console

    from spatialclaw_ros.agent.trace_reader import read_trace
    from spatialclaw_ros.agent.trace_replay import kernel_limits, read_observation, replay_trace
    from spatialclaw_ros.errors import KernelError, TraceError
    from spatialclaw_ros.kernel import Kernel, SandboxPolicy
    from spatialclaw_ros.sharing.texts import clean_line, clean_text

    console = Console(highlight=False, soft_wrap=True)
    cells = 0
    try:
        trace = read_trace(options.trace)
        trace.need_end()
        limits = kernel_limits(trace)
        read_observation(trace)
        with Kernel(limits=limits, sandbox=SandboxPolicy(options.sandbox)) as kernel:
            for step, difference in replay_trace(trace, kernel):
                cells += 1
                if difference is None:
                    purpose = step.written.purpose if step.written is not None else ''
                    console.print(f'step {step.number}  as before  {clean_line(purpose)}',
                                  style='dim', markup=False)
                    continue
                clock = ' (the cell reads the clock)' if difference.reads_clock else ''
                console.print(f'step {step.number}: not as before: {difference.what}{clock}',
                              style='bold red', markup=False)
                for name, text in (('before:', difference.before), ('now:   ', difference.now)):
                    console.print(f'{name} {clean_text(text[:_MOST_CHARS])}', markup=False)
                return EXIT_DIFFERENT
    except (TraceError, KernelError) as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_UNUSABLE
    ran = '1 cell' if cells == 1 else f'{cells} cells'
    console.print(f'{ran} ran as before: {trace.status}, {clean_line(trace.answer)}',
                  style='green', markup=False)
    return EXIT_SAME
