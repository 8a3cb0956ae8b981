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


"""Asks the servers of a URL once who they are and how they do, for people."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import SpatialClawError
from spatialclaw_ros.perception.served.connections import LostError
from spatialclaw_ros.perception.served.endpoints import endpoints_of
from spatialclaw_ros.perception.served.limits import WireLimits
from spatialclaw_ros.perception.served.messages import ServerStatus
from spatialclaw_ros.perception.served.servers import Servers
from spatialclaw_ros.perception.served.token import read_token


@dataclass(frozen=True)
class Met:
    """What came of asking one server.

    Args:
        status: what it told; None when it did not.
        problem: why not, '' when it did.
        round_trip_s: until it came, connecting included.
    """

    status: ServerStatus | None
    problem: str
    round_trip_s: float


def meet(url: str, token_file: str, deadline: Deadline) -> Iterator[tuple[str, Met]]:
    """URL of each server, and what it told.

    Args:
        url: one or more, separated by commas.
        token_file: as `perception.token_file`.
        deadline: for all.

    Raises:
        InvalidRequestError: the URL or the token can't be used.
    """
    endpoints = endpoints_of(url)
    servers = Servers(
        url, read_token(token_file), WireLimits(), 0.0, mapping=map, met=lambda _: None)
    try:
        for number, endpoint in enumerate(endpoints):
            began_s = time.monotonic()
            status, problem = None, ''
            try:
                status = servers.meet(number, deadline)
            except (LostError, SpatialClawError) as error:
                problem = str(error)
            yield str(endpoint), Met(status, problem, time.monotonic() - began_s)
    finally:
        servers.close()
