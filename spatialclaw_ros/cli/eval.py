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


"""`spatialclaw eval`: data sets, runs over them, reports of what came out."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

EXIT_OK, EXIT_CUT_SHORT, EXIT_UNUSABLE = 0, 1, 2


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand, and its own subcommands."""
    parser = subparsers.add_parser(
        'eval', help='measure how right the answers are',
        description='Run a data set of questions whose answers are known against backbones, '
                    'perception and action interfaces, and compare them. See docs/evaluation.md.')
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    _add_list(actions)
    _add_run(actions)
    _add_report(actions)
    # recording knows ROS; its parser does not
    importlib.import_module('spatialclaw_ros.cli.eval_record').add_parser(actions)


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    from spatialclaw_ros.errors import SpatialClawError
    module = importlib.import_module(
        f'spatialclaw_ros.cli.eval_{options.action}')
    try:
        return int(module.run(options))
    except SpatialClawError as error:
        print(f'spatialclaw eval {options.action}: {error}', file=sys.stderr)
        return EXIT_UNUSABLE
    except OSError as error:  # a full disk, above all
        where = f'{error.filename}: ' if error.filename else ''
        print(f'spatialclaw eval {options.action}: {where}{error.strerror or error}; what was '
              'written before is kept', file=sys.stderr)
        return EXIT_CUT_SHORT


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        'list', help='data sets, with counts and licences, and what is missing of them',
        description='Show the data sets. Exit status: 0, or 2 when one is named that there is not '
                    'or that can\'t be read.')
    parser.add_argument('name', nargs='?', default='', metavar='SET', help='all about this one')
    parser.add_argument(
        '--data', type=Path, metavar='FOLDER',
        help="read the questions there: the set's folder, or one that has a folder for each set")


def _add_run(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        'run', help='ask what has no answer yet',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Ask the questions of a configuration that have no result yet. Ctrl-C ends it\n'
                    'after the questions under way, Ctrl-C again at once; the same command goes\n'
                    'on where it ended.',
        epilog='examples:\n'
               '  spatialclaw eval run claw-sim --set data.split=slice\n'
               '  spatialclaw eval run interfaces --base-url http://gpu:8000/v1 --model M\n'
               '  spatialclaw eval run mine.yaml --set runs.rules.timeout_s=60 --workers 4\n\n'
               'exit status: 0 all asked, 1 cut short or a server was away, 2 not as told, 130\n'
               'ended with Ctrl-C')
    parser.add_argument(
        'config', metavar='CONFIG',
        help='name of a file in config/eval, or path of a YAML file')
    parser.add_argument('--out', metavar='DIR', help="folder of the results, instead of the file's")
    parser.add_argument('--data', metavar='FOLDER', help='folder of the data set, likewise')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N questions, likewise')
    parser.add_argument('--base-url', metavar='URL', help="the model's API in all runs, likewise")
    parser.add_argument('--model', metavar='NAME', help='name of the served model, likewise')
    parser.add_argument('--workers', type=int, metavar='N',
                        help='ask so many questions at the same time, likewise')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', dest='changes',
                        help='any other field, e.g. runs.*.timeout_s=60; may be repeated')
    parser.add_argument('--only', action='append', default=[], metavar='RUN',
                        help='of the runs this one alone; may be repeated')
    parser.add_argument('--ray', default='', metavar='ADDRESS|local',
                        help='ask with --workers actors of a Ray cluster, or of one of its own')


def _add_report(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        'report', help='tables and plots of runs',
        description='Make tables (Markdown and HTML) and plots of runs, and compare them. Exit '
                    'status: 0; 1 where a required figure is not met; 2 not as told.')
    parser.add_argument('folders', nargs='+', type=Path, metavar='DIR',
                        help="a run's folder, or one that has a folder for each run")
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='folder of the report (default: `report` beside the runs)')
    parser.add_argument('--require', metavar='CONFIG',
                        help="hold each of a configuration's runs to the figures of its `require`")
