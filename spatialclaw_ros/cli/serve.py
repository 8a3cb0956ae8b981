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


"""`spatialclaw serve`: the models of perception, for this machine's robots or a whole fleet's."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatialclaw_ros.perception.served.server_plan import ServerPlan

EXIT_STOPPED, EXIT_FAILED, EXIT_UNUSABLE = 0, 1, 2
PORT = 8450


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'serve', help='serve the models of perception to robots',
        description='Load the models of perception and serve them over HTTP; a robot uses them '
                    'with the parameter perception.url. See docs/serving.md. Exit status: 0 '
                    'stopped by a signal, 1 a model failed, 2 it can\'t be started as told, 70 '
                    'the GPU failed and only a new process helps.')
    parser.add_argument(
        'config', nargs='?', default='default', metavar='CONFIG',
        help='name of a file in config/perception, or path of a YAML file (default: default)')
    parser.add_argument(
        '--address', default=f'127.0.0.1:{PORT}', metavar='HOST:PORT',
        help='where to listen; 0.0.0.0 is every network and needs a token (default: %(default)s)')
    parser.add_argument(
        '--token-file', default='', metavar='FILE',
        help='file that holds the token which robots must have, and nothing else (default: the '
             'variable SPATIALCLAW_PERCEPTION_TOKEN, if set)')
    parser.add_argument(
        '--engine', default='auto', choices=('auto', 'ray', 'plain'),
        help='plain is one process; ray starts replicas under Ray Serve; auto is ray when there is '
             'more than one replica of a model (default: auto)')
    parser.add_argument(
        '--replicas', type=int, metavar='N',
        help="replicas of each model, instead of the configuration's")
    parser.add_argument(
        '--ready-timeout-s', type=float, default=3600.0, metavar='S',
        help='how long loading may take, downloads included (default: %(default)g)')
    parser.add_argument('--verbose', action='store_true', help='print what replicas print, too')


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from spatialclaw_ros.errors import SpatialClawError
    from spatialclaw_ros.perception.served.server_plan import ServerPlan
    stopping = threading.Event()
    try:
        with _signals(stopping), ExitStack() as stack:
            plan = ServerPlan.make(
                options.config, address=options.address, engine=options.engine,
                token_file=options.token_file, replicas=options.replicas)
            listener = stack.enter_context(closing(plan.listen()))
            return _serve(plan, listener, options, stack)
    except (KeyboardInterrupt, SystemExit):  # the latter of Ray, whose SIGTERM it is as it starts
        _say('stopped')
        return EXIT_STOPPED
    except SpatialClawError as error:
        print(f'spatialclaw serve: {error}', file=sys.stderr)
        return EXIT_UNUSABLE


def _serve(
    plan: ServerPlan, listener: socket.socket, options: argparse.Namespace, stack: ExitStack,
) -> int:
    from spatialclaw_ros.cli.serve_watch import Watch
    from spatialclaw_ros.perception.served.serving import server_of
    _say(f'starting {plan.summary}')
    app = stack.enter_context(plan.app(verbose=options.verbose))
    host, port = listener.getsockname()[:2]
    server = server_of(lambda: app, host, port)

    def stop() -> None:
        server.should_exit = True

    watch = stack.enter_context(closing(
        Watch(plan, port, timeout_s=options.ready_timeout_s, say=_say, fail=stop)))
    server.run(sockets=[listener])
    if watch.failure:
        print(f'spatialclaw serve: {watch.failure}', file=sys.stderr)
        return EXIT_FAILED
    return EXIT_STOPPED


@contextmanager
def _signals(stopping: threading.Event) -> Iterator[None]:
    """Let the first signal end what runs in an orderly way, and no second one disturb that."""
    def stop(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            raise KeyboardInterrupt
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    print(f'[serve] {line}', flush=True)


