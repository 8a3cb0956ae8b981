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


"""What a fault is: how it begins and ends, whom it touches, and which statuses are right then."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from soak_clients import Caller, Ended
from soak_ledger import Ledger
from soak_plant import NODES, Plant
from soak_scene import CAMERAS, Asked

OWN_CLIENT = 'fault'
PROBE_CLIENT = 'probe'


@dataclass
class Stage:
    """Where faults play.

    Args:
        plant: node, robot and server.
        draw: what is drawn at random.
        caller: the faults' own client.
        ledger: takes what it hears.
        timeouts_s: shortest and longest time of a query.
        camera: that is hit, where one is.
    """

    plant: Plant
    draw: random.Random
    caller: Caller
    ledger: Ledger
    timeouts_s: tuple[float, float]
    camera: str = ''

    def draw_timeout_s(self) -> float:
        """Time for one query."""
        return self.draw.uniform(*self.timeouts_s)


def nothing(_stage: Stage) -> str:
    """What has ended by itself."""
    return ''


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Args:
        name: for the table and `--only`.
        begin: does it; returns what was done, for a person.
        statuses: right for queries that it touches, besides OK.
        touches: 'all' queries, those of the 'camera' alone that is hit, those for a place in
            'odom', the fault's 'own', or none.
        end: undoes it.
        lasts_s: shortest and longest duration; zero for what is done at once.
        recovery_s: within which a query that it touched is answered again, on a quiet machine.
        nodes: where it can happen.
        gives_back: whether the node gives memory back then.
        makes: what it does to the world, see `Asked.right_if`.
        anew: whether much is made anew after it, of which something might stay each time.
    """

    name: str
    begin: Callable[[Stage], str]
    statuses: frozenset[str] = frozenset()
    touches: str = 'none'
    end: Callable[[Stage], object] = nothing
    lasts_s: tuple[float, float] = (0.0, 0.0)
    recovery_s: float = 5.0
    nodes: tuple[str, ...] = field(default=tuple(NODES))
    gives_back: bool = False
    makes: str = ''
    anew: bool = False

    def right(self, stage: Stage) -> Callable[[Ended], frozenset[str]]:
        """Says which statuses, besides OK, are right for a query while it lasts."""
        camera = stage.camera

        def right(ended: Ended) -> frozenset[str]:
            touched = {
                'all': True, 'own': ended.client == OWN_CLIENT, 'none': False,
                'odom': ended.asked.in_odom,
                'camera': ended.asked.cameras == (camera,)}[self.touches]
            return self.statuses if touched else frozenset()

        return right

    def probe(self, stage: Stage) -> Asked:
        """A question that it touched, by which its end is seen."""
        mine = [asked for asked in stage.plant.questions
                if (self.touches != 'camera' or asked.cameras == (stage.camera,))
                and (self.touches != 'odom' or asked.in_odom)]
        # plates are measured without TF
        return stage.draw.choice(mine or list(stage.plant.questions))

    def text(self) -> str:
        """Which statuses are right while it lasts, in words."""
        if self.touches == 'none' or not self.statuses:
            return 'OK'
        whom = {'all': '', 'camera': ' where that camera alone is asked for; else OK',
                'odom': ' for a place in `odom`; else OK',
                'own': ' for those queries; else OK'}[self.touches]
        return ', '.join(['OK', *sorted(self.statuses)]) + whom


def hit(stage: Stage) -> str:
    """Choose the camera that is hit."""
    stage.camera = stage.draw.choice(CAMERAS)
    return stage.camera
