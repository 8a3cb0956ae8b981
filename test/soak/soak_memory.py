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


"""Memory of the node's processes: over time while it works, and what stays when it rests."""

from __future__ import annotations

import collections
import math
import statistics
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import psutil
from scipy.stats import theilslopes
from soak_plant import Plant

MIB = 2**20
SAMPLE_S = 2.0
YOUNG_S = 15.0
# after memory was given back it takes so long until it is as before
REFILL_S = 20.0
# what is free between images is given back every 15 s: what changes faster is no trend
BLOCK_S = 15.0
LEAST_BLOCKS = 6
WIDEST_MB_PER_H = 300.0
# so long heaps fill while queries meet one another; from then on a slope counts however wide
FILLED_H = 0.25
REST_S = 2.0


@dataclass(frozen=True)
class Slope:
    """How memory went while the node worked.

    Args:
        role: of the process.
        kind: 'RSS' or 'PSS'.
        first_mb: median of the first block of `BLOCK_S`.
        last_mb: median of the last one.
        mb_per_h: median of the slopes between the medians of all blocks (Theil-Sen).
        least_mb_per_h: lower end of its interval of 95 %.
        most_mb_per_h: upper end.
        hours: between first and last block.
    """

    role: str
    kind: str
    first_mb: float
    last_mb: float
    mb_per_h: float
    least_mb_per_h: float
    most_mb_per_h: float
    hours: float

    @property
    def says(self) -> bool:
        """Whether the interval is narrow enough to say anything, or the time long enough."""
        width = self.most_mb_per_h - self.least_mb_per_h
        return width <= WIDEST_MB_PER_H or self.hours >= FILLED_H

    @property
    def growth_mb(self) -> float:
        """What it grew by at the least, by its slope."""
        return max(0.0, self.least_mb_per_h) * self.hours


@dataclass(frozen=True)
class Rest:
    """Memory of processes while the node is inactive: no image is buffered, no query runs.

    Args:
        queries: how many there were before.
        mb: by role, what is theirs alone: RSS without what is shared with others, as images on
            their way are.
    """

    queries: int
    mb: dict[str, float]


def rest(plant: Plant, queries: int) -> Rest:
    """Look at a node that was deactivated: the least of some seconds."""
    least: dict[str, float] = {}
    end_s = time.monotonic() + REST_S
    while time.monotonic() < end_s:
        with suppress(psutil.Error):
            for role, process in plant.processes().items():
                with suppress(psutil.Error):
                    info = process.memory_info()
                    own_mb = (info.rss - info.shared) / MIB
                    least[role] = min(own_mb, least.get(role, math.inf))
        time.sleep(0.1)
    return Rest(queries, least)


class MemorySampler:
    """Samples the memory of the node's lasting processes on a thread until it is closed.

    Args:
        plant: whose.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._stop = threading.Event()
        self._again_s = 0.0
        # a process that was started again is another one
        self.samples: dict[tuple[str, str, int], list[tuple[float, float]]] = (
            collections.defaultdict(list))
        self._thread = threading.Thread(target=self._run, name='memory', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def given_back(self) -> None:
        """The node gave memory back, and will take it again: that is no growth."""
        self._again_s = time.monotonic() + REFILL_S

    def latest_mb(self, role: str) -> float:
        """Newest RSS of a process; NaN of none."""
        newest = max((samples[-1] for (of, kind, _), samples in list(self.samples.items())
                      if (of, kind) == (role, 'RSS') and samples), default=(0.0, math.nan))
        return newest[1]

    def slopes(self, since_s: float) -> list[Slope]:
        """How memory went since a time, monotonic clock, in the oldest process of each role."""
        found: dict[tuple[str, str], Slope] = {}
        for (role, kind, _), samples in list(self.samples.items()):
            slope = fit(role, kind, [one for one in samples if one[0] >= since_s])
            if slope and not (
                    (role, kind) in found and found[role, kind].hours >= slope.hours):
                found[role, kind] = slope
        return list(found.values())

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            if time.monotonic() < self._again_s:
                continue
            with suppress(psutil.Error):
                for role, process in self._plant.processes().items():
                    # who was started again is smaller at first
                    if time.time() - process.create_time() < YOUNG_S:
                        continue
                    with suppress(psutil.Error):
                        info = process.memory_full_info()
                        now_s = time.monotonic()
                        self.samples[role, 'RSS', process.pid].append((now_s, info.rss / MIB))
                        self.samples[role, 'PSS', process.pid].append((now_s, info.pss / MIB))


def fit(role: str, kind: str, samples: list[tuple[float, float]]) -> Slope | None:
    """Robust slope of samples (seconds, MiB); None of too few.

    What follows soon is not another witness: each `BLOCK_S` counts as one, by its median.
    """
    blocks: dict[int, list[tuple[float, float]]] = collections.defaultdict(list)
    for at_s, memory_mb in samples:
        blocks[int(at_s // BLOCK_S)].append((at_s, memory_mb))
    if len(blocks) < LEAST_BLOCKS:
        return None
    seconds, memory = zip(*(map(statistics.median, zip(*block)) for _, block in
                            sorted(blocks.items())))
    hours = (np.array(seconds) - seconds[0]) / 3600
    slope, _, least, most = theilslopes(memory, hours)
    return Slope(role, kind, memory[0], memory[-1], float(slope), float(least), float(most),
                 float(hours[-1]))
