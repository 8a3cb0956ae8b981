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


"""The corpus as a table: how many techniques succeed, by act, and which do not.

Without the sandbox, which is how `make escapes-unsandboxed` runs it, most must succeed, or the
corpus proves nothing: an attempt that could not succeed anywhere says nothing about a sandbox.
With `--sandbox required` none may.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import threading
import time
from collections.abc import Sequence

from escape_corpus import ACTS, Technique, corpus
from escape_lab import Lab, Outcome
from rich.console import Console
from rich.table import Table

MIB = 1024 * 1024
_BOUNDS = {
    resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 512 * MIB,
    resource.RLIMIT_AS: 16 * 1024 * MIB, resource.RLIMIT_CPU: 900}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the corpus, print the table.

    Returns:
        Exit status: 0 when as many succeed as must, 1 when not.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('names', nargs='*', help='techniques; all without one')
    parser.add_argument('--sandbox', choices=('off', 'best_effort', 'required'), default='off')
    parser.add_argument('--gated', action='store_true', help='with the gate on')
    parser.add_argument('--share', type=float, default=0.8,
                        help='how much of the corpus must succeed without the sandbox')
    parser.add_argument('--time', type=float, default=1200.0, help='seconds for all of it')
    parser.add_argument('-v', '--verbose', action='store_true', help='tell of every attempt')
    options = parser.parse_args(arguments)
    techniques = [each for each in corpus() if not options.names or each.name in options.names]
    unknown = set(options.names).difference(each.name for each in techniques)
    if unknown:
        parser.error(f'there is no technique {", ".join(sorted(unknown))}')
    keep_bounds(options.time)
    console = Console(soft_wrap=True, highlight=False)
    began_s = time.monotonic()
    outcomes: list[tuple[Technique, Outcome]] = []
    lab = Lab(options.sandbox)
    try:
        for technique in techniques:
            outcome = lab.attempt(technique, gated=options.gated)
            outcomes.append((technique, outcome))
            if options.verbose:
                console.print(describe(technique, outcome), markup=False)
    finally:
        lab.close()
    show(console, outcomes, options.sandbox, gated=options.gated)
    console.print(f'{time.monotonic() - began_s:.0f} s')
    succeeded = sum(technique.act in outcome.acts for technique, outcome in outcomes)
    if options.sandbox == 'off':
        return 0 if succeeded >= options.share * len(outcomes) else 1
    return 1 if any(outcome.acts or outcome.harm for _, outcome in outcomes) else 0


def keep_bounds(time_s: float) -> None:
    """Limits of this process and all that it starts, and an end to its time."""
    for kind, bound in _BOUNDS.items():
        _, hard = resource.getrlimit(kind)
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, hard))
    watchdog = threading.Timer(time_s, _give_up)
    watchdog.daemon = True
    watchdog.start()


def _give_up() -> None:
    print('the corpus took too long', file=sys.stderr, flush=True)
    os._exit(2)


def describe(technique: Technique, outcome: Outcome) -> str:
    """One attempt in a few lines."""
    lines = [f'{technique.name} ({technique.act}): '
             f'{"succeeded" if technique.act in outcome.acts else "failed"}']
    lines += [f'    {act}: {evidence}' for act, evidence in outcome.acts.items()]
    lines += [f'    cell: {error[:300]}' for error in outcome.errors]
    lines += [f'    harm: {harm[:300]}' for harm in outcome.harm]
    return '\n'.join(lines)


def show(
    console: Console, outcomes: Sequence[tuple[Technique, Outcome]], sandbox: str, *, gated: bool,
) -> None:
    """Print the table and the list."""
    table = Table(title=f'sandbox: {sandbox}')
    for name in ('act', 'techniques', 'succeed', *(['refused by the gate'] if gated else [])):
        table.add_column(name, justify='left' if name == 'act' else 'right')
    for act in (*ACTS, 'all'):
        of_act = [outcome for technique, outcome in outcomes if act in (technique.act, 'all')]
        done = sum(technique.act in outcome.acts for technique, outcome in outcomes
                   if act in (technique.act, 'all'))
        refused = [str(sum(outcome.refused for outcome in of_act))] if gated else []
        table.add_row(act, str(len(of_act)), str(done), *refused)
    console.print(table)
    beside = [f'{technique.name}: {act} as well ({evidence})' for technique, outcome in outcomes
              for act, evidence in outcome.acts.items() if act != technique.act]
    failed = [(technique, outcome) for technique, outcome in outcomes
              if technique.act not in outcome.acts]
    if sandbox != 'off':
        console.print('\n'.join(beside), markup=False)
        failed = []
    if failed:
        console.print('These do not succeed:')
    for technique, outcome in failed:
        why = '; '.join(outcome.errors) or 'no cell ran'
        console.print(f'  {technique.name} ({technique.act}): {why[:160]}', markup=False)


if __name__ == '__main__':
    sys.exit(main())
