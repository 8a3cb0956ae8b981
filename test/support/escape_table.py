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
Those that don't are marked in their files, and the marks are held exactly: a technique without one
must succeed, one that the host holds must not, and one of time alone must run until the host's
clock ends it. With `--sandbox required` none may succeed.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Sequence

from escape_corpus import ACTS, CLOCK, Technique, corpus
from escape_lab import Lab, Outcome
from rich.console import Console
from rich.table import Table

MIB = 1024 * 1024
_BOUNDS = {
    resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 512 * MIB,
    resource.RLIMIT_AS: 16 * 1024 * MIB, resource.RLIMIT_CPU: 900}
# of those that have what they need; the rest is marked
_SHARE = 0.8
Attempts = Sequence[tuple[Technique, Outcome]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the corpus, print the table.

    Returns:
        Exit status: 0 when all came out as it must, 1 when not.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('names', nargs='*', help='techniques; all without one')
    parser.add_argument('--sandbox', choices=('off', 'best_effort', 'required'), default='off')
    parser.add_argument('--gated', action='store_true', help='with the gate on')
    parser.add_argument('--sample', type=int, metavar='COUNT', help='so many of them, drawn')
    parser.add_argument('--seed', type=int, default=0, help='of the draw')
    parser.add_argument('--time', type=float, default=1200.0, help='seconds for all of it')
    parser.add_argument('-v', '--verbose', action='store_true', help='tell of every attempt')
    options = parser.parse_args(arguments)
    techniques = [each for each in corpus() if not options.names or each.name in options.names]
    unknown = set(options.names).difference(each.name for each in techniques)
    if unknown:
        parser.error(f'there is no technique {", ".join(sorted(unknown))}')
    if options.sample is not None:
        draw = random.Random(options.seed)
        techniques = draw.sample(techniques, min(options.sample, len(techniques)))
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
    if options.sandbox != 'off':
        return 1 if any(outcome.acts or outcome.harm for _, outcome in outcomes) else 0
    surprises = [line for each in outcomes if (line := surprise(*each))]
    able = [each for each in outcomes if not each[0].lacks]
    too_few = sum(map(succeeded, able)) < _SHARE * len(able) and not options.names
    if too_few:
        surprises.append(f'fewer than {_SHARE:.0%} succeed: such a corpus proves nothing')
    console.print('\n'.join(surprises), markup=False, style='red', end='\n' if surprises else '')
    return 1 if surprises else 0


def succeeded(attempt: tuple[Technique, Outcome]) -> bool:
    """Whether the act that it is about was seen."""
    technique, outcome = attempt
    return technique.act in outcome.acts


def surprise(technique: Technique, outcome: Outcome) -> str:
    """What came out otherwise than its marks say, without the sandbox; empty when as they say."""
    done = succeeded((technique, outcome))
    why = ''
    if technique.lacks:
        return ''
    if not technique.held:
        why = '' if done else 'does not succeed, and no mark says so'
    elif done:
        why = f'succeeds, though marked as held by {technique.held}'
    elif technique.held == CLOCK and not outcome.timed_out:
        why = 'is marked as held by the clock, but ended by itself'
    return why and f'{technique.name} ({technique.act}) {why}'


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
             f'{"succeeded" if succeeded((technique, outcome)) else "failed"}']
    lines += [f'    {act}: {evidence}' for act, evidence in outcome.acts.items()]
    lines += [f'    cell: {error[:300]}' for error in outcome.errors]
    lines += [f'    harm: {harm[:300]}' for harm in outcome.harm]
    return '\n'.join(lines)


def show(console: Console, outcomes: Attempts, sandbox: str, *, gated: bool) -> None:
    """Print the table, and the list of what there is to know about single ones."""
    columns = ['act', 'techniques', 'succeed']
    if sandbox == 'off':
        columns += ['held by the host', 'by its clock', 'need what is not here']
    if gated:
        columns += ['refused by the gate']
    table = Table(title=f'sandbox: {sandbox}')
    for name in columns:
        table.add_column(name, justify='left' if name == 'act' else 'right')
    for act in (*ACTS, 'all'):
        some = [each for each in outcomes if act in (each[0].act, 'all')]
        counts = {
            'techniques': len(some), 'succeed': sum(map(succeeded, some)),
            'held by the host': sum(
                each.held not in ('', CLOCK) and not each.lacks for each, _ in some),
            'by its clock': sum(each.held == CLOCK and not each.lacks for each, _ in some),
            'need what is not here': sum(bool(each.lacks) for each, _ in some),
            'refused by the gate': sum(outcome.refused for _, outcome in some)}
        table.add_row(act, *(str(counts[name]) for name in columns if name in counts))
    console.print(table)
    if sandbox != 'off':
        lines = [f'{technique.name}: {act} as well ({evidence})' for technique, outcome in outcomes
                 for act, evidence in outcome.acts.items() if act != technique.act]
    else:
        lines = ['These do not succeed:']
        for technique, outcome in outcomes:
            if not succeeded((technique, outcome)):
                lacks = ', '.join(technique.lacks)
                why = technique.held or (f'needs {lacks}' if lacks else 'no mark says why')
                ends = '; '.join(outcome.errors) or 'no cell ran'
                lines.append(f'  {technique.name} ({technique.act}): {why}: {ends[:120]}')
    console.print('\n'.join(lines), markup=False)


if __name__ == '__main__':
    sys.exit(main())
