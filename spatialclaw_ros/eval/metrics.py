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


"""Numeric scores of the public benchmarks, 0 to 1 each.

Mean relative accuracy (MRA) is VSI-Bench's (Yang et al., "Thinking in Space", 2024): the share of
ten levels 0.50, 0.55 ... 0.95 at which the relative error is at most one minus the level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

Zero = Literal['zero', 'exact', 'absolute']

# What a relative error may be at most: one minus each level, and VADAR's own limits, are the same.
LIMITS = tuple(round(0.05 * step, 2) for step in range(1, 11))
# Levels are decimal fractions: a border is met as written, whatever binary fractions make of it.
_DIGITS = 9
# Truths of 0 that OSI-Bench takes for so much: m/s, m and m.
OSI_TAU: Mapping[str, float] = {
    'absolute_speed': 0.30, 'absolute_displacement': 0.30, 'trajectory_length': 2.0}
# SPAR-Bench's axes: the word that counts positive, and the one that counts negative.
AXES = (
    ('move_right', 'move_left'), ('move_up', 'move_down'), ('move_forward', 'move_backward'),
    ('turn_right', 'turn_left'), ('turn_up', 'turn_down'))


def mra(p: float | None, t: float, *, zero: Zero = 'zero', signed: bool = False) -> float:
    """Mean relative accuracy.

    Args:
        p: the answer; None, NaN and infinities score 0.
        t: the reference.
        zero: what a reference of 0 scores: 'zero' nothing (VSI, VSTI, SPBench, SpatialTree),
            'exact' 1 for an answer of 0 (OSI), 'absolute' takes |p - t| for the relative error
            (SPAR).
        signed: divides by t instead of |t|, as SPBench and VSTI do: below 0 anything is right.
    """
    if p is None or not math.isfinite(p):
        return 0.0
    if t == 0:
        if zero == 'zero':
            return 0.0
        if zero == 'exact':
            return float(p == 0)
    return _share(_relative(p, t, signed), strict=False)


def mra_vadar(p: float | None, t: float) -> float:
    """Omni3D-Bench's, after VADAR: limits 0.05 to 0.50, each to be fallen below.

    A reference of 0 takes |p| for the relative error.
    """
    if p is None or not math.isfinite(p):
        return 0.0
    return _share(_relative(p, t, False), strict=True)


def mra_zero_aware(p: float | None, t: float, tau: float) -> float:
    """OSI-Bench's for what may be at rest.

    Args:
        p: the answer.
        t: the reference.
        tau: an answer below this is right when the reference is 0; above, it is the reference.
            `OSI_TAU` has it by category.
    """
    if p is None or not math.isfinite(p):
        return 0.0
    if t != 0:
        return mra(p, t)
    return 1.0 if p < tau else mra(p, tau)


def vci(p: Mapping[str, float], t: Mapping[str, float]) -> float:
    """SPAR-Bench's score of a view change: the mean of SPAR's MRA over the five axes.

    Args:
        p: amount by move, as `extract.moves` reads them; what is missing is 0, so an empty answer
            gains on the axes that the reference leaves out.
        t: the same of the reference.
    """
    pairs = zip(_axes(p), _axes(t))
    return sum(mra(a, b, zero='absolute') for a, b in pairs) / len(AXES)


def _axes(moves: Mapping[str, float]) -> list[float]:
    return [moves.get(ahead, 0.0) - moves.get(back, 0.0) for ahead, back in AXES]


def _relative(p: float, t: float, signed: bool) -> float:
    if t == 0:
        return abs(p)
    return abs(p - t) / (t if signed else abs(t))


def _share(error: float, *, strict: bool) -> float:
    error = round(error, _DIGITS)
    met = (error < limit if strict else error <= limit for limit in LIMITS)
    return sum(met) / len(LIMITS)
