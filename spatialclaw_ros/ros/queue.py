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


"""The line of those that wait: first in first out for each client, and clients take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar('T')


class FairLine(Generic[T]):
    """Items of several clients in the order in which they get their turn; not thread-safe.

    A client that was served goes to the end of the round, so that one that asks much can't keep
    others from their turn: each of them is served after at most one item of every other client.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[T]:
        """Items in the order in which they would be taken if nothing else came."""
        for turn in range(max(map(len, self._waiting.values()), default=0)):
            for items in self._waiting.values():
                if turn < len(items):
                    yield items[turn]

    def add(self, client: str, item: T) -> None:
        """Let an item wait, behind those of its client."""
        self._waiting.setdefault(client, deque()).append(item)

    def take(self) -> T | None:
        """Take whose turn it is out of the line; None when nobody waits."""
        for client, items in self._waiting.items():
            item = items.popleft()
            self._drop_if_empty(client)
            self.served(client)
            return item
        return None

    def served(self, client: str) -> None:
        """A client's item has just ended: others that wait come before its next one."""
        if client in self._waiting:
            self._waiting[client] = self._waiting.pop(client)

    def remove(self, client: str, item: T) -> bool:
        """Take an item out whose turn it is not; False when it does not wait."""
        items = self._waiting.get(client, deque())
        if item not in items:
            return False
        items.remove(item)
        self._drop_if_empty(client)
        return True

    def ahead(self, item: T) -> int:
        """How many get their turn before an item that waits."""
        return next(position for position, other in enumerate(self) if other == item)

    def _drop_if_empty(self, client: str) -> None:
        if not self._waiting[client]:
            del self._waiting[client]
