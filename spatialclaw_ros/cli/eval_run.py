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


"""`spatialclaw eval run`: the runs of a configuration, one after the other."""

from __future__ import annotations

import argparse
import json
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from spatialclaw_ros.cli.eval import EXIT_CUT_SHORT, EXIT_OK

if TYPE_CHECKING:
    from rich.console import Console

    from spatialclaw_ros.eval.config import EvalConfig, RunConfig
    from spatialclaw_ros.eval.run import Done

EXIT_INTERRUPTED = 130
MOST_REASONS = 5
_OPTIONS = {'out': 'out', 'data': 'data.folder', 'limit': 'data.limit', 'workers': 'workers',
            'base_url': 'runs.*.base_url', 'model': 'runs.*.model'}


def run(options: argparse.Namespace) -> int:
    """Ask, and say how it went."""
    from rich.console import Console

    from spatialclaw_ros.errors import BackboneError, PerceptionUnavailableError
    from spatialclaw_ros.eval.run import run_one

    config = config_of(options)
    console = Console(highlight=False, soft_wrap=True)
    done: list[Done] = []
    with Interrupts(console) as interrupts:
        try:
            for each in chosen(config, options.only):
                done.append(run_one(
                    config, each, console, stopping=lambda: interrupts.came, ray=options.ray))
                for line in (line_of(done[-1]), *unread_lines(done[-1])):
                    console.print(line, markup=False)
                if interrupts.came:
                    break
        except KeyboardInterrupt:
            console.print('ended at once; what was answered is kept')
        except (BackboneError, PerceptionUnavailableError) as error:
            console.print(str(error), style='red', markup=False)
            return EXIT_CUT_SHORT
    if interrupts.came:
        console.print('the same command goes on where this one ended', style='bold')
        return EXIT_INTERRUPTED
    required = f' --require {options.config}' if can_be_held(options.config, config.out) else ''
    console.print(f'tables and plots: spatialclaw eval report {config.out}{required}',
                  markup=False)
    away = sum(each.tally.away for each in done)
    if away:
        console.print(f'{away} questions found a server away: the same command asks them again',
                      style='bold')
    return EXIT_CUT_SHORT if away else EXIT_OK


def config_of(options: argparse.Namespace) -> EvalConfig:
    """The configuration that a command line names, with its changes.

    Raises:
        InvalidRequestError: see `read_eval_config`.
    """
    from spatialclaw_ros.eval.config_file import read_eval_config

    given = {key: getattr(options, name) for name, key in _OPTIONS.items()}
    return read_eval_config(options.config, [
        *(f'{key}={json.dumps(value)}' for key, value in given.items() if value is not None),
        *options.changes])


def can_be_held(name: str, out: str) -> bool:
    """Whether a folder holds the runs of a configuration as its file has them, none changed.

    Args:
        name: of a configuration that may have a `require`.
        out: the folder.

    Raises:
        InvalidRequestError: see `read_eval_config`.
    """
    from spatialclaw_ros.eval.config import FLOOR
    from spatialclaw_ros.eval.config_file import read_eval_config
    from spatialclaw_ros.eval.report.reading import read_config
    from spatialclaw_ros.eval.report.required import unlike

    config, folder = read_eval_config(name), Path(out).expanduser()
    return config.require is not None and not any(
        unlike(read_config(folder / run.name), config, run)
        for run in config.runs if run.backbone != FLOOR)


def chosen(config: EvalConfig, only: Sequence[str]) -> list[RunConfig]:
    """The runs of a configuration that a command line names; all where it names none.

    Raises:
        InvalidRequestError: there is no such run.
    """
    from spatialclaw_ros.errors import InvalidRequestError

    names = [each.name for each in config.runs]
    for name in only:
        if name not in names:
            raise InvalidRequestError(f'no run {name!r}; there are {", ".join(names)}')
    return [each for each in config.runs if not only or each.name in only]


def line_of(done: Done) -> str:
    """How a run stands, in one line."""
    tally = done.tally
    return (f'{done.run.name}: {tally.done} of {tally.total} asked, {done.asked} of them now; '
            f'{tally}; {Path(done.path)}')


def unread_lines(done: Done) -> list[str]:
    """Why questions could not be asked, the most frequent reasons first."""
    from spatialclaw_ros.eval.report.failures import pattern

    reasons = Counter(map(pattern, done.tally.unread)).most_common(MOST_REASONS)
    return [f'  {count} could not be asked: {reason}' for reason, count in reasons]


class Interrupts:
    """Ctrl-C, and the signal that ends a service: once asks to stop, twice stops.

    Args:
        console: where it is said what the first one does.

    Attributes:
        came: whether there was one.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.came = False

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._on)
                        for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True
        self._console.print('finishing what is under way; Ctrl-C again ends it at once')
