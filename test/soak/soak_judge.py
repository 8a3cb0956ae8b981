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


"""What a node's soak as a whole must show: flat memory, cameras that ran, cancels that cancel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from soak_memory import Rest, Slope
from soak_report import Part

# a shorter one says nothing about memory
LONG_S = 200.0
# what heaps still settle by while images and queries share them
GROWTH_SHARE, GROWTH_MB, GROWTH_MB_PER_H = 0.05, 8.0, 12.0
# at rest nothing of images and queries may stay, but the last answer's pictures, and what a heap
# that is not given back keeps free
REST_MB, REST_KB_A_QUERY = {'node': 24.0, 'zygote': 8.0, 'perception': 48.0}, 10.0
RATE_SHARE = 0.9


def shortfalls(
    part: Part, planned_s: float, rate_hz: float, roles: Sequence[str],
) -> Iterator[str]:
    """What fell short, in words.

    Args:
        part: what the node went through; its `unmeasured` is filled in.
        planned_s: how long it was to last.
        rate_hz: that the cameras were to have.
        roles: of the node's lasting processes.
    """
    ledger = part.ledger
    if part.rate_hz < RATE_SHARE * rate_hz:
        yield f'the cameras ran at {part.rate_hz:.1f} Hz, {rate_hz:g} Hz were asked for'
    if ledger.cancelled and not ledger.cancels_s:
        yield f'{ledger.cancelled} goals were cancelled, and none ended CANCELED'
    part.unmeasured = [
        role for role in roles if role not in {slope.role for slope in part.slopes if slope.says}]
    if planned_s >= LONG_S:
        if never := part.never:
            yield f'{len(never)} of {len(part.faults)} faults never came: {", ".join(never)}'
        # what grows at work and is given back at rest is a heap's; what is seen in neither is not
        # known to be flat
        for role in part.unmeasured:
            if len(part.rests) < 2 or any(role not in one.mb for one in part.rests):
                yield f'the memory of the {role} was measured neither at work nor at rest'
    yield from (line for slope in part.slopes if slope.says and (line := _growth(slope)))
    if planned_s >= LONG_S and len(part.rests) >= 2:
        yield from _growth_at_rest(part.rests[0], part.rests[-1])


def _growth(slope: Slope) -> str:
    allowed_mb = (GROWTH_MB + GROWTH_SHARE * slope.first_mb + GROWTH_MB_PER_H * slope.hours)
    if slope.growth_mb <= allowed_mb:
        return ''
    return (f'{slope.role} grew by {slope.growth_mb:.0f} MB of {slope.kind} at the least, '
            f'{allowed_mb:.0f} MB are allowed')


def _growth_at_rest(before: Rest, after: Rest) -> Iterator[str]:
    queries = after.queries - before.queries
    for role, was_mb in before.mb.items():
        allowed_mb = REST_MB[role] + REST_KB_A_QUERY * queries / 1024
        more_mb = after.mb.get(role, 0.0) - was_mb
        if more_mb > allowed_mb:
            yield (f'{role} kept {more_mb:.0f} MB more at rest after {queries} queries, '
                   f'{allowed_mb:.0f} MB are allowed')
