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

from collections import Counter, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar('T')


class FairLine(Generic[T]):
    """Items of several clients in the order in which they get their turn; not thread-safe.

    A client goes to the end of the round when an item of it has ended, and while one runs others
    come first, so that one that asks much can't keep others from their turn.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        self._running: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[T]:
        """Items in the order in which they would be taken if nothing else came."""
        clients = self._round()
        for turn in range(max(map(len, self._waiting.values()), default=0)):
            for client in clients:
                if turn < len(self._waiting[client]):
                    yield self._waiting[client][turn]

    def add(self, client: str, item: T) -> None:
        """Let an item wait, behind those of its client."""
        self._waiting.setdefault(client, deque()).append(item)

    def take(self) -> T | None:
        """Take whose turn it is out of the line, to run; None when nobody waits."""
        if not self._waiting:
            return None
        client = self._round()[0]
        item = self._waiting[client].popleft()
        self._drop_if_empty(client)
        self.begin(client)
        return item

    def begin(self, client: str) -> None:
        """An item of a client runs."""
        self._running[client] += 1

    def done(self, client: str) -> None:
        """An item of a client has ended: others that wait come before its next one."""
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        if client in self._waiting:
            self._waiting[client] = self._waiting.pop(client)

    def remove(self, client: str, item: T) -> bool:
        """Take an item out that will not run; False when it does not wait."""
        items = self._waiting.get(client, deque())
        if item not in items:
            return False
        items.remove(item)
        self._drop_if_empty(client)
        return True

    def make_way(self, client: str) -> T | None:
        """Take out who makes way for one more item of a client where no place is left.

        It is the newest that waits of the client that holds most places, running ones too, if that
        one still holds as many as `client` then; None where nobody does.
        """
        held = self._running + Counter({one: len(items) for one, items in self._waiting.items()})
        most = max(reversed(self._round()), key=held.__getitem__, default=client)
        if held[most] < held[client] + 2:
            return None
        item = self._waiting[most].pop()
        self._drop_if_empty(most)
        return item

    def ahead(self, item: T) -> int:
        """How many get their turn before an item that waits."""
        return next(position for position, other in enumerate(self) if other == item)

    def _round(self) -> list[str]:
        """Clients that wait, whose turn is first in front."""
        return sorted(self._waiting, key=lambda client: self._running[client])

    def _drop_if_empty(self, client: str) -> None:
        if not self._waiting[client]:
            del self._waiting[client]
