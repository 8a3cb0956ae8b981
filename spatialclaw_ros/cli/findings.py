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


"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass

FOUND, STAND_IN, MISSING, OPTIONAL = 'found', 'stand-in', 'missing', 'not installed'
HELD, BROKEN = 'held', 'broken'
WELL, WARNS, FAILED, IDLE = 'well', 'warns', 'failed', 'idle'
STYLES = {FOUND: 'green', STAND_IN: 'cyan', MISSING: 'bold red', OPTIONAL: 'yellow', HELD: 'green',
          BROKEN: 'bold red', WELL: 'green', WARNS: 'yellow', FAILED: 'bold red', IDLE: 'dim'}
FAULTS = {MISSING: 'Needed and not there', BROKEN: 'Does not hold', FAILED: 'Failed'}
"""States that are something to see to, and what they are called together."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        part: group that it belongs to.
        name: what was looked for.
        state: 'found', 'stand-in', 'missing' (something needed is not there) or 'not installed'; of
            what the sandbox is there to stop, 'held' or 'broken'; of what runs, 'well', 'warns',
            'failed', or 'idle' for what the node's state has not.
        detail: version, path, or why it was not found.
        cost: what does not work without it; '' when it is there.
    """

    part: str
    name: str
    state: str
    detail: str = ''
    cost: str = ''
