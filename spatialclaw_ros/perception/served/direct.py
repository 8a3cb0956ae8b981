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


"""Large bodies without copies: what the server's connection offers to the app beside ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from spatialclaw_ros.perception.served.framing import Message

EXTENSION = 'spatialclaw.direct'
"""Name in a scope's extensions; servers other than ours do not have it."""


class Direct(Protocol):
    """The bytes of one request's connection."""

    async def read_into(self, body: np.ndarray, progress: list[int]) -> bool:
        """Receive all of a body of known length.

        Args:
            body: (length,) uint8.
            progress: its one item is how much has come.

        Returns:
            False if the other side went away before.
        """
        ...

    async def write(self, message: Message) -> None:
        """Send a body after its headers; returns early if the other side went away."""
        ...


def direct_of(scope: Mapping[str, Any]) -> Direct | None:
    """The extension of a request, None where there is none."""
    found: Direct | None = (scope.get('extensions') or {}).get(EXTENSION)
    return found
