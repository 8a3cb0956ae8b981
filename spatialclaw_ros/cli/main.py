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

"""`spatialclaw`: the command line, one subcommand a module."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

COMMANDS = ('demo', 'ask', 'watch', 'view', 'replay', 'export', 'eval', 'serve', 'doctor')
EXIT_NOT_INSTALLED = 3


def build_parser() -> argparse.ArgumentParser:
    """The parser with every subcommand; each sets `run` to its function."""
    parser = argparse.ArgumentParser(
        prog='spatialclaw', description='Ask a robot metric questions about what its cameras see.')
    subparsers = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name in COMMANDS:
        module = importlib.import_module(f'spatialclaw_ros.cli.{name}')
        module.add_parser(subparsers)
    return parser


def main(args: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        args: command line without the program's name; None takes `sys.argv`.

    Returns:
        Exit status of the subcommand; 2 for a wrong command line, 3 where a package is missing.
    """
    words = sys.argv[1:] if args is None else args
    if words[:1] == ['eval']:
        # before a module imports NumPy: sums of several threads differ in the last digit, and what
        # asks in one process, in several and on a cluster is compared
        os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    options = build_parser().parse_args(words)
    command = importlib.import_module(f'spatialclaw_ros.cli.{options.command}')
    try:
        return int(command.run(options))
    except ModuleNotFoundError as error:
        print(f'spatialclaw {options.command}: {error}; {_remedy(error.name or "")}',
              file=sys.stderr)
        return EXIT_NOT_INSTALLED
    except KeyboardInterrupt:
        return 130


def _remedy(missing: str) -> str:
    """What to do about a module that is not there."""
    if missing.partition('.')[0] == 'spatialclaw_ros':
        return (f'{Path(__file__).parent.parent} has no ROS interfaces, it is the source: start '
                'the command from another folder, where the installed package is found, or '
                'install it (`make install`)')
    return '`spatialclaw doctor` tells what is missing and what to do about it'


if __name__ == '__main__':
    sys.exit(main())
