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


"""A DDS domain that nobody else uses here: tests and benchmarks run side by side."""

from __future__ import annotations

import os
import socket


def free_domain(first: int = 20, count: int = 80) -> tuple[int, socket.socket]:
    """A DDS domain that no other test or benchmark here uses as long as the socket is open.

    Two nodes of one name in a domain would both answer, one of them perhaps while it is stopped.

    Args:
        first: of those that may be taken.
        count: of those; above 101 they use ports that the system hands out to others.
    """
    for tried in range(count):
        domain = first + (os.getpid() + tried) % count
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            taken.bind(f'\0spatialclaw_test_domain_{domain}')
        except OSError:
            taken.close()
        else:
            return domain, taken
    raise RuntimeError(
        f'expected a free DDS domain among {first} to {first + count - 1}; others use all of them')
