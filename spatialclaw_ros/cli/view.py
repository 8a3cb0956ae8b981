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


"""`spatialclaw view DIR…`: lists traces, opens one, or puts several side by side."""

from __future__ import annotations

import argparse
import tempfile
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_LINE_CHARS = 120
EXIT_OK, EXIT_NO_TRACE, EXIT_USAGE = 0, 1, 2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'view', help='list traces, open one, or compare several',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='A folder of traces: lists them. A trace: opens its page. Several traces: '
                    'makes one page\nwith all of them side by side, and opens it.',
        epilog='examples:\n'
               '  spatialclaw view ~/traces\n'
               '  spatialclaw view ~/traces/20261122T101500-a1b2c3\n'
               '  spatialclaw view code single_pass tool_call --out compared.html\n\n'
               'exit status: 0 shown, 1 a trace can\'t be read, 2 wrong command line')
    parser.add_argument('folders', nargs='+', type=Path, metavar='DIR',
                        help='a folder of traces, or one or more traces')
    parser.add_argument('--out', type=Path, metavar='FILE', help='write the page there')
    parser.add_argument('--no-browser', action='store_true',
                        help='print the path of the page, open nothing')


def run(options: argparse.Namespace) -> int:
    """List or open."""
    from rich.console import Console

    from spatialclaw_ros.agent.trace_keep import is_trace, traces_of
    from spatialclaw_ros.errors import TraceError

    console = Console(highlight=False, soft_wrap=True)
    folders = [folder.expanduser() for folder in options.folders]
    try:
        if len(folders) == 1 and folders[0].is_dir() and not is_trace(folders[0].resolve()):
            if options.out is not None:
                console.print('--out needs the folders of traces, not of all of them', style='red',
                              markup=False)
                return EXIT_USAGE
            return _list(console, traces_of(folders[0]), folders[0])
        page = _page(folders, options.out)
    except TraceError as error:
        console.print(str(error), style='red', markup=False)
        return EXIT_NO_TRACE
    except OSError as error:
        console.print(f'the page can\'t be written: {error}', style='red', markup=False)
        return EXIT_NO_TRACE
    console.print(str(page), markup=False)
    if not options.no_browser and not webbrowser.open(page.absolute().as_uri()):
        console.print('no browser was found; open that file in one', style='yellow', markup=False)
    return EXIT_OK


def _page(folders: Sequence[Path], out: Path | None) -> Path:
    """The page of one trace, or of several; made where it is not there yet."""
    from spatialclaw_ros.agent.trace_page import PAGE_FILE, page_html
    from spatialclaw_ros.agent.trace_reader import read_traces

    traces = read_traces(folders)
    ready = folders[0] / PAGE_FILE
    if out is None and len(traces) == 1 and ready.is_file():
        return ready
    if out is None:
        # traces may lie where nobody else writes, and a comparison belongs to none of them
        folder = Path(tempfile.mkdtemp(prefix='spatialclaw-view-'))
        out = folder / PAGE_FILE
    out.write_text(page_html(traces), encoding='utf-8')
    return out


def _list(console: Console, folders: Sequence[Path], root: Path) -> int:
    from rich.text import Text

    from spatialclaw_ros.agent.trace_reader import read_trace
    from spatialclaw_ros.errors import TraceError

    if not folders:
        console.print(f'no traces in {root}; a node writes them where its parameter trace_dir says',
                      style='yellow', markup=False)
        return EXIT_NO_TRACE
    status = EXIT_OK
    for folder in folders:
        try:
            trace = read_trace(folder)
        except TraceError as error:
            console.print(f'{folder.name}  {error}', style='red', markup=False)
            status = EXIT_NO_TRACE
            continue
        cells = sum(step.written is not None for step in trace.steps)
        style = {'OK': 'green', 'REFUSED': 'yellow'}.get(trace.status, 'red')
        console.print(Text.assemble(
            (folder.name, 'bold'), f'  {_local(trace.started.time)}  {trace.end_s:.1f} s, '
            f'{cells} cell{"" if cells == 1 else "s"}  ', (trace.status, style)))
        console.print(f'  {_line(trace.started.question.text)}  →  {_line(trace.answer)}',
                      markup=False)
    return status


def _line(text: str) -> str:
    from spatialclaw_ros.sharing.texts import clean_line

    line = clean_line(' '.join(text.split()))
    return line if len(line) <= _LINE_CHARS else f'{line[:_LINE_CHARS - 1]}…'


def _local(time: str) -> str:
    try:
        return f'{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}'
    except ValueError:
        return ''
