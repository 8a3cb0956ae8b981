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


"""Lets every generator of a session start the same, so that a replay draws the same numbers."""

from __future__ import annotations

import os
import random
import uuid
from typing import Any

import numpy as np


def seed_generators(seed: int) -> None:
    """Seed Python's and NumPy's generators, and what they take fresh entropy from.

    Nothing in a worker needs secrets: it speaks to nobody.
    """
    source = random.Random(seed)

    def urandom(size: int) -> bytes:
        return source.randbytes(size)

    def getrandom(size: int, flags: int = 0) -> bytes:
        return source.randbytes(size)

    os.urandom = random._urandom = urandom  # type: ignore[attr-defined]
    os.getrandom = getrandom
    # where NumPy takes fresh entropy from for `default_rng()` without a seed
    np.random.bit_generator.randbits = source.getrandbits  # type: ignore[attr-defined]
    np.random.seed(seed % 2**32)
    _seed_unseeded(source)
    random.seed(seed)
    # the system's generator of time-based numbers would ask a daemon
    uuid._generate_time_safe = None  # type: ignore[attr-defined]
    uuid._node = source.getrandbits(48) | 1 << 40  # type: ignore[attr-defined]


def _seed_unseeded(source: random.Random) -> None:
    """Let `random.Random()` and `random.seed()` take their entropy from `source`."""
    original = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        original(self, source.getrandbits(256) if a is None else a, version)

    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed = random._inst.seed  # type: ignore[attr-defined]
