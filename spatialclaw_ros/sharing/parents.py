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


"""A process that does not outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_EXIT_FAILED = 1


def die_with(parent_pid: int, number: int = signal.SIGKILL) -> None:
    """Let this process be killed when its parent is gone, even when that one was killed (prctl(2)).

    To the kernel the parent is the thread that started it: that one must live as long as it shall.

    Args:
        parent_pid: who started it; where that one is gone already, this process ends at once.
        number: of the signal that it gets: SIGTERM lets it end what it has started itself.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(_EXIT_FAILED)
