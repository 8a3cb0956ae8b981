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

"""`spatialclaw watch`: how a node does, live in a terminal, or as plain lines on a pipe."""

from __future__ import annotations

import argparse
import os
import re
import select
import signal
import sys
import termios
import time
import tty
from types import TracebackType
from typing import TYPE_CHECKING

from spatialclaw_ros.cli.positive import positive_seconds

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.client.watcher import NodeView, Watcher

PERIOD_S = 0.25
FIRST_WAIT_S = 5.0
EXIT_WELL, EXIT_WARNS, EXIT_FAILED, EXIT_TERMINATED = 0, 1, 2, 143
ESCAPED = re.compile('\x1b[\\[O]?[0-9;]*.?')
"""What arrows and function keys send; F2's ends in a Q."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'watch', help='how a running node does, live',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Cameras, parts, the query under way with its steps, and the last answers of\n'
                    'a running node. Leave with q or Ctrl-C. On a pipe: a line for each change.',
        epilog='exit status of --once: 0 all is well, 1 something warns, 2 something failed or the '
               'node is not heard')
    parser.add_argument('--node', default='/spatialclaw', metavar='NAME',
                        help='name of the node (default: /spatialclaw)')
    parser.add_argument('--once', action='store_true', help='print one picture and exit')
    parser.add_argument('--wait', type=positive_seconds, default=FIRST_WAIT_S, metavar='SECONDS',
                        help='--once: how long to wait for the node (default: 5)')


def run(options: argparse.Namespace) -> int:
    """Watch until told to leave."""
    from rich.console import Console

    from spatialclaw_ros.client.watcher import Watcher
    from spatialclaw_ros.errors import SpatialClawError

    console = Console(highlight=False)
    try:
        with Watcher(options.node) as watcher:
            if options.once:
                watcher.wait(options.wait)
                return _show_once(console, watcher.view())
            if console.is_terminal:
                _show_live(console, watcher)
            else:
                _tell(watcher)
    except (KeyboardInterrupt, BrokenPipeError):
        if options.once:
            raise
    # ROS does not begin, or nobody spins the watcher
    except SpatialClawError as error:
        print(f'spatialclaw watch: {error}', file=sys.stderr)
        return EXIT_FAILED
    return EXIT_WELL


def health(view: NodeView) -> int:
    """Exit status that a node's health makes."""
    levels = {part.level for part in view.parts}
    if not view.parts or 'error' in levels:
        return EXIT_FAILED
    return EXIT_WARNS if 'warn' in levels else EXIT_WELL


def _show_once(console: Console, view: NodeView) -> int:
    from spatialclaw_ros.cli.watch_view import picture
    console.print(picture(view, console.width))
    return health(view)


def _show_live(console: Console, watcher: Watcher) -> None:
    from rich.live import Live

    from spatialclaw_ros.cli.watch_view import picture
    with _Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(picture(watcher.view(), console.width), refresh=True)
            if 'q' in keys.pressed(PERIOD_S).lower():
                return


def _tell(watcher: Watcher) -> None:
    from spatialclaw_ros.cli.watch_view import Changes
    changes = Changes()
    while True:
        for line in changes.lines(watcher.view()):
            print(line, flush=True)
        time.sleep(PERIOD_S)


class _Keys:
    """Keys of the terminal, where there is one, without their echo; it is given back on SIGTERM."""

    def __init__(self) -> None:
        self._there = sys.stdin.isatty()

    def __enter__(self) -> _Keys:
        if self._there:
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        self._handler = signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._there:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
        signal.signal(signal.SIGTERM, self._handler)  # a second one ends it while nothing is raw

    def pressed(self, timeout_s: float) -> str:
        """Letters of the keys that came, '' when none did in time."""
        if not self._there:
            time.sleep(timeout_s)
            return ''
        ready, _, _ = select.select([sys.stdin], [], [], timeout_s)
        if not ready:
            return ''
        # a buffered read would keep what came with the first byte to itself
        pressed = os.read(sys.stdin.fileno(), 64)
        if not pressed:
            raise KeyboardInterrupt  # the terminal is gone, and would be ready for ever
        return ESCAPED.sub('', pressed.decode(errors='replace'))
