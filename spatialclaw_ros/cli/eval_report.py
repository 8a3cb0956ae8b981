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


"""`spatialclaw eval report`: tables and plots of runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spatialclaw_ros.cli.eval import EXIT_CUT_SHORT, EXIT_OK

WIDE = 160
"""Columns where it is written into a file."""

if TYPE_CHECKING:
    from spatialclaw_ros.eval.config import EvalConfig
    from spatialclaw_ros.eval.report import Figure


def run(options: argparse.Namespace) -> int:
    """Make the report, and say where it is and whether what is required is met."""
    from spatialclaw_ros.eval.report import make_report
    from spatialclaw_ros.eval.run_files import run_folders

    require = required_of(options.require) if options.require else None
    runs = run_folders(options.folders)
    out = options.out or runs[0].parent / 'report'
    report = make_report(runs, out, require)
    if report.required:
        show(report.required)
    print(f'{len(runs)} {"run" if len(runs) == 1 else "runs"}: {out}')
    return EXIT_CUT_SHORT if any(each.met is False for each in report.required) else EXIT_OK


def required_of(name: str) -> EvalConfig:
    """A configuration that its runs can be held to.

    Raises:
        InvalidRequestError: there is no such configuration, or it requires nothing.
    """
    from spatialclaw_ros.errors import InvalidRequestError
    from spatialclaw_ros.eval.config_file import read_eval_config

    config = read_eval_config(name)
    if config.require is None:
        raise InvalidRequestError(
            f'{name} has no `require`: within, wrong and inside_2_sigma, as claw-sim.yaml has it')
    return config


def show(figures: Sequence[Figure]) -> None:
    """The figures as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from spatialclaw_ros.eval.report.required import FIGURE_HEADINGS

    table = Table(*FIGURE_HEADINGS, box=None, pad_edge=False)
    for each in figures:
        table.add_row(*map(Text, (each.run, each.what, each.required, each.measured)),
                      Text(each.verdict, style='red' if each.met is False else ''))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)
