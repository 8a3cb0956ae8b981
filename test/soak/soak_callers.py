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


"""Faults of those who ask: they cancel, go away, ask too much, and change the node meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from soak_fault import Fault, Stage
from soak_ledger import BUSY_S
from soak_plant import MAX_CONCURRENT, MAX_QUEUED, SERVER

GOOD_CHANGES = (
    ('max_frames', 2), ('max_frames', 5), ('window_s', 0.5), ('window_s', 1.5), ('timeout_s', 20.0),
    ('images_per_step', 2), ('answer_frame', 'base_link'), ('trace_keep', 10))
BAD_CHANGES = (
    ('max_frames', -1), ('max_frames', 'many'), ('window_s', float('nan')), ('trace_keep', 0),
    ('timeout_s', -3.0), ('buffer_s', 'long'))
CHANGE_WAIT_S, TRANSITION_WAIT_S = 20.0, 60.0
TRANSITIONS = {
    'configure': Transition.TRANSITION_CONFIGURE, 'cleanup': Transition.TRANSITION_CLEANUP,
    'activate': Transition.TRANSITION_ACTIVATE, 'deactivate': Transition.TRANSITION_DEACTIVATE}


def _cancel(stage: Stage) -> str:
    """Cancel some goals, each at a moment of its own while it runs."""
    took_s = stage.ledger.took_s or [1.0]
    most_s = 0.8 * statistics.median(took_s)
    after_s = [0.0, *(stage.draw.uniform(0.0, most_s) for _ in range(2))]
    for wait_s in after_s:
        stage.ledger.take(stage.caller.ask(
            stage.draw.choice(stage.plant.questions), stage.draw_timeout_s(), 'action', wait_s))
    return f'after {", ".join(f"{wait_s:.2f}" for wait_s in after_s)} s'


def _go_away(stage: Stage) -> str:
    """Have a process ask, and kill it in the middle."""
    asked = stage.draw.choice(stage.plant.questions)
    way = stage.draw.choice(('service', 'action'))
    with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name('soak_goner.py')), SERVER, way,
             asked.text], stdout=subprocess.PIPE, text=True) as goner:
        assert goner.stdout is not None
        said = goner.stdout.readline().strip()
        time.sleep(stage.draw.uniform(0.0, 0.5))
        goner.kill()
    if said != 'asked':
        stage.ledger.fail(f'the client that goes away said {said!r}')
    return f'a client killed with its query by {way}'


def _overflow(stage: Stage) -> str:
    """Ask more at once than the node takes."""
    count = MAX_CONCURRENT + MAX_QUEUED + 4
    busy, taken = [], []
    start_s = time.monotonic()
    for ended in stage.caller.ask_at_once(
            [stage.draw.choice(stage.plant.questions) for _ in range(count)],
            # the last of them waits for all that the node took
            2.0 * max(stage.timeouts_s)):
        stage.ledger.take(ended)
        (busy if ended.status == 'BUSY' else taken).append(ended.end_s)
    # who was answered while they came made place for another
    came_s = max([start_s + BUSY_S, *busy])
    places = MAX_CONCURRENT + MAX_QUEUED + sum(end_s <= came_s for end_s in taken)
    if len(busy) < count - places:
        stage.ledger.fail(f'of {count} queries at once {len(busy)} were BUSY, there were '
                          f'{places} places')
    return f'{count} queries at once, {len(busy)} BUSY'


def _change(stage: Stage) -> str:
    """Change parameters: what can't be is rejected with a reason."""
    client = stage.caller.client(SetParameters, f'{SERVER}/set_parameters')
    told = []
    for name, value in stage.draw.sample(GOOD_CHANGES, 3) + stage.draw.sample(BAD_CHANGES, 2):
        good = (name, value) in GOOD_CHANGES
        reply = stage.caller.call(client, SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]), CHANGE_WAIT_S)
        told.append(f'{name} to {value}')
        if reply is None:
            stage.ledger.fail(f'no reply to a change of {told[-1]}')
        elif reply.results[0].successful != good or not (good or reply.results[0].reason):
            stage.ledger.fail(f'the change of {told[-1]} should be '
                              f'{"taken" if good else "rejected with a reason"}: {reply}')
    return ', '.join(told)


def ask_for(stage: Stage, *transitions: str) -> None:
    """Take the node through its lifecycle."""
    client = stage.caller.client(ChangeState, f'{SERVER}/change_state')
    for name in transitions:
        reply = stage.caller.call(
            client, ChangeState.Request(transition=Transition(id=TRANSITIONS[name], label=name)),
            TRANSITION_WAIT_S)
        if reply is None or not reply.success:
            stage.ledger.fail(f'the transition {name!r} ended with {reply}')


def _is_inactive(stage: Stage) -> None:
    ended = stage.caller.ask(stage.draw.choice(stage.plant.questions), stage.draw_timeout_s())
    stage.ledger.take(ended)
    if ended.status != 'INACTIVE':
        stage.ledger.fail(f'a node that is not active answered {ended.status}: {ended.message}')


def _deactivate(stage: Stage) -> str:
    ask_for(stage, 'deactivate')
    _is_inactive(stage)
    return 'deactivated, then activated'


def _activate(stage: Stage) -> None:
    ask_for(stage, 'activate')


def _clean_up(stage: Stage) -> str:
    ask_for(stage, 'deactivate', 'cleanup')
    _is_inactive(stage)
    return 'cleaned up, then configured and activated'


def _configure(stage: Stage) -> None:
    ask_for(stage, 'configure', 'activate')


OVERFLOW = Fault('overflow', _overflow, frozenset({'BUSY'}), 'all', recovery_s=20.0)
CALLER_FAULTS = (
    Fault('cancel', _cancel, frozenset({'CANCELED'}), 'own'),
    Fault('client gone', _go_away),
    OVERFLOW,
    Fault('parameter changes', _change),
    Fault('deactivated', _deactivate, frozenset({'CANCELED', 'INACTIVE'}), 'all', _activate,
          (0.5, 3.0), 10.0, gives_back=True, anew=True),
    Fault('cleaned up', _clean_up, frozenset({'CANCELED', 'INACTIVE'}), 'all', _configure,
          (0.5, 2.0), 20.0, gives_back=True, anew=True),
)
