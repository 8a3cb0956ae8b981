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


"""Lives with the node: three cameras at 30 Hz, faults every few seconds.

Two nodes share the time, `embedded` and `models`. Every query's true answer is known, and so is
which statuses are right while a fault lasts; all else is printed with its time, fault, query and
message, as are memory that grows and what is left behind, and makes the exit status 1. A wrong
argument makes it 2, a signal 130. The report lies in the logs' folder too.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from dds_domain import free_domain

from spatialclaw_ros.ros.compat.dds import use_fastdds_profile

SHORT_S = 90.0


def _arguments(names: list[str], kinds: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='make soak', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=600.0,
                        help='for all nodes together, shared by how many faults each can have; a '
                             'fifth more where that takes until every fault has come')
    parser.add_argument('--short', action='store_true', help=f'{SHORT_S:g} s')
    parser.add_argument('--seed', type=int, default=1, help='of faults, questions and moments')
    parser.add_argument('--node', choices=kinds, action='append', help='only this one')
    parser.add_argument('--only', choices=names, action='append', metavar='FAULT',
                        help=f'only this fault; may be repeated: {", ".join(names)}')
    parser.add_argument('--rate', type=float, default=30.0, help='of the cameras, Hz')
    parser.add_argument('--patience', type=float, default=3.0,
                        help='bounds in time are multiplied with it')
    parser.add_argument('--into', type=Path, help='page that the report is written into')
    parser.add_argument('--folder', type=Path, help='for logs; a new one unless given')
    return parser.parse_args()


def main() -> int:
    """Run it.

    Returns:
        Exit status: 0 when nothing fell short, 1 when something did, 130 when it was cut short.
    """
    # before anything of ROS is loaded
    domain, _taken = free_domain(first=2, count=18)
    os.environ['ROS_DOMAIN_ID'] = os.environ.get('SPATIALCLAW_TEST_DOMAIN', str(domain))
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    use_fastdds_profile(os.environ)
    from soak_plant import NODES
    from soak_report import check_page, report, write_into
    from soak_run import FAULTS, Soak, Terms

    given = _arguments([fault.name for fault in FAULTS], list(NODES))
    if given.into is not None:
        try:
            check_page(given.into)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
    stop = threading.Event()
    soaks: list[Soak] = []

    def cut_short(*_: object) -> None:
        for soak in soaks:
            soak.end()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, cut_short)
    folder = given.folder or Path(tempfile.mkdtemp(prefix='soak_'))
    kinds = given.node or list(NODES)
    faults = [fault for fault in FAULTS if not given.only or fault.name in given.only]
    seconds = SHORT_S if given.short else given.seconds
    print(f'Seed {given.seed}; logs in {folder}', flush=True)
    # a kind of node that more can happen to needs more time
    needs = [sum(kind in fault.nodes for fault in faults) for kind in kinds]
    end_s = time.monotonic() + seconds
    parts = []
    for number, kind in enumerate(kinds):
        if not stop.is_set():
            share_s = seconds * needs[number] / max(1, sum(needs))
            left_s = (end_s - time.monotonic()) * needs[number] / max(1, sum(needs[number:]))
            # where a node took longer until every fault had come, the next one has its time still
            terms = Terms(max(share_s, left_s), given.seed, faults,
                          patience=given.patience, rate_hz=given.rate)
            soaks.append(Soak(kind, folder / kind, terms, _say, stop))
            parts.append(soaks[-1].part)
            try:
                soaks[-1].run()
            # a node's outermost edge: the others' report must not be lost with it
            except Exception as error:
                if not stop.is_set():
                    traceback.print_exc()
                    parts[-1].ledger.fail(f'the soak of this node ended early: {error}')
    text = report(parts, given.seed)
    (folder / 'report.md').write_text(f'{text}\n', encoding='utf-8')
    print(f'\n{text}', flush=True)
    if given.into is not None and not stop.is_set():
        write_into(given.into, text)
    if stop.is_set():
        return 130
    return 1 if any(part.ledger.failures for part in parts) else 0


def _say(line: str) -> None:
    print(f'{time.strftime("%H:%M:%S")}  {line}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
