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


"""Errors that cross: a kind from a closed list and a text, and the same class on the other side."""

from __future__ import annotations

from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    ModelMemoryError,
    PerceptionError,
    PerceptionMessageError,
    PerceptionUnavailableError,
    SpatialClawError,
    WeightsError,
)
from spatialclaw_ros.perception.served.messages import MAX_FAULT_CHARS, Fault, FaultKind

# the special ones first
_KINDS: tuple[tuple[type[SpatialClawError], FaultKind], ...] = (
    (WeightsError, 'weights'),
    (PerceptionUnavailableError, 'unavailable'),
    (ModelMemoryError, 'memory'),
    (PerceptionMessageError, 'invalid'),
    (DeadlineExceededError, 'deadline'),
    (CanceledError, 'canceled'),
)
_CLASSES: dict[FaultKind, type[SpatialClawError]] = {
    **{kind: error for error, kind in _KINDS}, 'perception': PerceptionError,
    'busy': PerceptionUnavailableError}
STATUS: dict[FaultKind, int] = {
    'invalid': 400, 'deadline': 408, 'perception': 422, 'canceled': 499, 'unavailable': 500,
    'weights': 500, 'busy': 503, 'memory': 507}
"""What HTTP says to it; an unavailable model is not 503, which would mean: try another replica."""


def fault_of(error: Exception) -> Fault:
    """The fault that tells of an error; one that nobody foresaw is told by its class and text."""
    kind: FaultKind = next(
        (kind for known, kind in _KINDS if isinstance(error, known)), 'perception')
    text = str(error)
    if not isinstance(error, SpatialClawError):
        text = f'the model failed on the server: {type(error).__name__}: {text}'
    return Fault(kind=kind, message=text[:MAX_FAULT_CHARS])


def error_of(fault: Fault, where: str) -> SpatialClawError:
    """The error that a fault tells of.

    Args:
        fault: from a server.
        where: the server, for the text.
    """
    return _CLASSES[fault.kind](f'{fault.message} (perception server {where})')
