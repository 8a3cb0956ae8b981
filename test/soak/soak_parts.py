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


"""Faults of the node's own parts: its processes die or freeze, its backbone fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from scripted_vlm_checks import Request
from scripted_vlm_model import BROKEN, GARBAGE, Act, cell
from soak_fault import Fault, Stage

DIAGNOSTICS_S = 15.0
# a server that failed rests, up to as long as it has failed before
RESTED_S = 10.0
MOST_TRIES = 12
NONSENSE = (
    'I see a table.', '```python\nthis is no Python\n```', cell('nowhere.at_all()'),
    cell('import os\nos.system("true")'), cell('ReturnAnswer(float("nan"))'), '', cell('1 / 0'))


def _kill(role: str, times: int = 1) -> Callable[[Stage], str]:
    def begin(stage: Stage) -> str:
        for _ in range(times):
            # at any moment of a query
            time.sleep(stage.draw.uniform(0.0, 0.3))
            with suppress(psutil.NoSuchProcess):
                stage.plant.process(role).send_signal(signal.SIGKILL)
        return f'SIGKILL to the {role}'

    return begin


def _kill_one_in_use(stage: Stage) -> str:
    """Kill workers until the node says that it replaced one: that one had a query."""
    before = stage.caller.replaced(DIAGNOSTICS_S)
    for tries in range(1, MOST_TRIES + 1):
        _kill('worker')(stage)
        # what is published just now may not tell it yet
        for _ in range(2):
            now = stage.caller.replaced(DIAGNOSTICS_S)
            if before is not None and now is not None and now > before:
                return f'SIGKILL to {tries} of the workers, the last had a query'
    stage.ledger.fail(f'{MOST_TRIES} workers were killed, and the node says that it replaced none '
                      f'(before {before}, then {now})')
    return f'SIGKILL to {MOST_TRIES} of the workers'


def _freeze(role: str) -> tuple[Callable[[Stage], str], Callable[[Stage], None]]:
    frozen: list[int] = []

    def begin(stage: Stage) -> str:
        process = stage.plant.process(role)
        frozen[:] = [process.pid]
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGSTOP)
        return f'SIGSTOP to the {role}'

    def end(_stage: Stage) -> None:
        with suppress(ProcessLookupError):
            os.kill(frozen[0], signal.SIGCONT)

    return begin, end


def _mood(
    name: str, statuses: tuple[str, ...], says: str,
    make: Callable[[Stage], Callable[[Request], Act | str]], recovery_s: float = RESTED_S,
) -> Fault:
    def begin(stage: Stage) -> str:
        stage.plant.model.mood = make(stage)
        return says

    def end(stage: Stage) -> None:
        stage.plant.model.mood = None

    return Fault(name, begin, frozenset(statuses), 'all', end, (2.0, 6.0), recovery_s, ('models',),
                 anew=name == 'backbone drops')


def _always(act: Act) -> Callable[[Stage], Callable[[Request], Act | str]]:
    return lambda _stage: lambda _request: act


def _silent(stage: Stage) -> Callable[[Request], Act | str]:
    return lambda _request: Act('', silent_s=stage.draw.choice((2.0, 6.0, 60.0)))


def _nonsense(stage: Stage) -> Callable[[Request], Act | str]:
    return lambda _request: stage.draw.choice(NONSENSE)


PART_FAULTS = (
    Fault('worker killed', _kill_one_in_use, recovery_s=10.0),
    # `rules` gives up when a cell dies again and again
    Fault('workers killed', _kill('worker', 4), frozenset({'REFUSED'}), 'all', recovery_s=10.0),
    Fault('zygote killed', _kill('zygote'), recovery_s=20.0, anew=True),
    Fault('worker frozen', *(lambda pair: (pair[0], frozenset({'TIMEOUT'}), 'all', pair[1]))(
        _freeze('worker')), (1.0, 4.0), 20.0),
    Fault('perception killed', _kill('perception'), recovery_s=20.0, nodes=('models',),
          anew=True),
    Fault('perception frozen', *(lambda pair: (pair[0], frozenset(), 'all', pair[1]))(
        _freeze('perception')), (1.0, 4.0), 20.0, nodes=('models',)),
    _mood('backbone silent', ('TIMEOUT', 'BACKBONE_UNAVAILABLE', 'STEP_LIMIT'),
          'requests are answered late, with nothing, or not at all', _silent,
          # queries that wait for the server hold their places until their time is up
          recovery_s=20.0),
    _mood('backbone drops', ('BACKBONE_UNAVAILABLE',), 'connections are cut',
          _always(Act(drop=True))),
    _mood('backbone cut off', ('BACKBONE_UNAVAILABLE', 'STEP_LIMIT', 'TIMEOUT'),
          'streams are cut after 40 characters', _always(Act('x' * 200, stop_after=40))),
    _mood('backbone broken', ('BACKBONE_UNAVAILABLE',), 'HTTP 500', _always(BROKEN)),
    _mood('backbone garbage', ('BACKBONE_UNAVAILABLE',), 'a stream that is no JSON',
          _always(GARBAGE)),
    _mood('backbone nonsense', ('STEP_LIMIT', 'REFUSED', 'TIMEOUT'),
          'prose, bad code and empty replies', _nonsense),
)
