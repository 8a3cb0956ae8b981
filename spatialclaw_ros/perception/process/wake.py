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

"""Wakes a thread that polls; also from finalizers, which may run anywhere and must not lock."""

from __future__ import annotations

import os
import select
import weakref


class Wake:
    """A descriptor that becomes readable; closed when nobody can set it any more."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self.fd).atexit = False

    def set(self) -> None:
        """Make it readable."""
        os.eventfd_write(self.fd, 1)

    def clear(self) -> None:
        """Take note; it must be readable."""
        os.eventfd_read(self.fd)

    def wait(self, timeout_s: float | None) -> None:
        """Wait until it is set, and clear it."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        if poll.poll(None if timeout_s is None else max(0.0, 1000 * timeout_s)):
            self.clear()
