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


"""Closes a socket under a blocked call as soon as its deadline is cancelled or over."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from spatialclaw_ros.deadline import Deadline

_PERIOD_S = 0.04


class Watch:
    """One thread that watches all calls of a client; it sleeps while there is none."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[socket.socket, Deadline]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def over(self, connection: socket.socket, deadline: Deadline) -> Iterator[None]:
        """Let blocked reads and writes of a connection end with the deadline.

        Args:
            connection: owned by the caller, who closes it after this.
            deadline: of the call.
        """
        key = id(connection)
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name='perception_watch', daemon=True)
                self._thread.start()
            self._watched[key] = connection, deadline
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._watched[key]

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                for connection, deadline in self._watched.values():
                    if deadline.expired:
                        # of a TLS connection, too, the plain one below it: another thread reads
                        with contextlib.suppress(OSError):
                            socket.socket.shutdown(connection, socket.SHUT_RDWR)
                self._changed.wait(_PERIOD_S if self._watched else None)
