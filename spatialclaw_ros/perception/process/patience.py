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

"""How long a perception process is waited for."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Patience:
    """Bounds of waiting.

    Args:
        start_s: from its start until it takes calls; models are loaded after that.
        heartbeat_s: between two signs of life.
        silence_s: without a sign of life, once it takes calls, it hangs, and is replaced. Loading
            a library or a model may hold all threads of the process for a while.
        first_pause_s: before it is started again after two failures in a row; doubled each time.
            After one it is started at once.
        longest_pause_s: where that ends.
        steady_s: what failed after so long, or after it answered a call, is not in a row.

    Raises:
        ValueError: one is not positive, or a heart is to beat less often than it is waited for.
    """

    start_s: float = 120.0
    heartbeat_s: float = 1.0
    silence_s: float = 60.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    steady_s: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(
                    f'{field.name} must be more than 0, got {getattr(self, field.name)}')
        if self.silence_s <= self.heartbeat_s:
            raise ValueError(f'silence_s must be more than heartbeat_s, got {self.silence_s} and '
                             f'{self.heartbeat_s}')

    def pause_s(self, failures: int) -> float:
        """What to wait before the next start after so many failures in a row."""
        if failures < 2:
            return 0.0
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(failures - 2, 30))
