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


"""`spatialclaw doctor --fit`: which profile of config/profiles fits this machine, with the sum."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from spatialclaw_ros.cli.fit_budget import Budget, Row, budget, changes
from spatialclaw_ros.cli.fit_machine import GIB, Machine, this_machine
from spatialclaw_ros.cli.fit_profile import Profile, profile_names, read_profile
from spatialclaw_ros.errors import InvalidRequestError, PerceptionError

FITS, DOES_NOT, UNUSABLE = 0, 1, 2


def run_fit(name: str, gpu_gib: float | None = None, *, as_json: bool = False) -> int:
    """Print what fits.

    Args:
        name: of a profile or its path; '' for the best of all.
        gpu_gib: memory of a GPU to reckon for instead of this machine's, GiB.
        as_json: print JSON instead of tables.

    Returns:
        Exit status: 1 for a named profile that doesn't fit, 2 for one that can't be used.
    """
    machine = this_machine() if gpu_gib is None else Machine(
        f'a GPU of {gpu_gib:g} GiB', int(gpu_gib * GIB))
    try:
        if name:
            chosen, following = budget(read_profile(name), machine), None
        else:
            chosen, following = best(machine)
    except (InvalidRequestError, PerceptionError) as error:
        print(f'spatialclaw doctor --fit: {error}', file=sys.stderr)
        return UNUSABLE
    if as_json:
        print(json.dumps(asdict(chosen) | {'fits': chosen.fits}, indent=2))
    else:
        _print(machine, chosen, following)
    return FITS if chosen.fits else DOES_NOT


def best(machine: Machine) -> tuple[Budget, Budget | None]:
    """The profile for most memory of those that fit, and the next one, which doesn't."""
    profiles = [profile for profile in map(read_profile, profile_names())
                if profile.machine.shared == machine.shared or not profile.machine.gpu]
    profiles.sort(key=lambda profile: profile.machine.gpu)
    budgets = [budget(profile, machine) for profile in profiles]
    found = max((place for place, each in enumerate(budgets) if each.fits), default=0)
    return budgets[found], budgets[found + 1] if found + 1 < len(budgets) else None


def ways(profile: Profile, machine: Machine) -> Iterator[str]:
    """What makes a profile fit that doesn't, one change each."""
    for words, changed in changes(profile):
        then = budget(changed, machine)
        if then.fits:
            yield f'{words}: {then.gpu_bytes / GIB:.1f} GiB'


def _print(machine: Machine, chosen: Budget, following: Budget | None) -> None:
    from rich.console import Console

    console = Console()
    size = f'{machine.gpu / GIB:.1f} GiB' if machine.gpu else ''
    system = f'system {machine.system / GIB:.1f} GiB' if machine.system else ''
    console.print(f'Machine: {", ".join(filter(None, (machine.name, size, system)))}',
                  highlight=False)
    _print_table(chosen)
    if chosen.fits:
        console.print(f'[green]{chosen.profile} fits.[/green] Start the node with --params-file '
                      f'{chosen.path}', highlight=False, soft_wrap=True)
    else:
        _print_faults(chosen, machine)
    if following is not None and not machine.gpu:
        console.print(f'Models need a GPU here ({following.profile}), or servers on other '
                      'machines: backbone_url and perception.url', highlight=False)
    elif following is not None:
        console.print(f'The next larger one, {following.profile}:', highlight=False)
        _print_faults(following, machine)


def _print_faults(failed: Budget, machine: Machine) -> None:
    from rich.console import Console

    console = Console()
    for fault in failed.faults:
        console.print(f'[yellow]{failed.profile} does not fit:[/yellow] {fault}',
                      highlight=False, soft_wrap=True)
    found = list(ways(read_profile(failed.path), machine))
    for way in found:
        console.print(f'  it would with {way}', highlight=False, soft_wrap=True)
    if not found:
        console.print('  no single change makes it fit', highlight=False)


def _print_table(chosen: Budget) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table('memory', 'what', 'GiB', 'how', title=chosen.profile, box=SIMPLE_HEAD)
    table.columns[2].justify = 'right'
    table.columns[3].overflow = 'fold'
    shared = chosen.machine.shared
    for where, rows, size in (('shared' if shared else 'GPU', chosen.gpu, chosen.machine.gpu),
                              ('system', chosen.system, chosen.machine.system)):
        for number, row in enumerate(rows):
            table.add_row('' if number else where, row.what, _gib(row), row.detail)
        if rows:
            taken = sum(row.bytes for row in rows)
            table.add_row('', 'sum', f'{taken / GIB:.2f}',
                          f'of {size / GIB:.1f} GiB' if size else '', end_section=True)
    Console().print(table)


def _gib(row: Row) -> str:
    return f'{row.bytes / GIB:.2f}' if row.bytes else ''
