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

"""Collects what is not there, one line for each cause however many images it concerns."""

from __future__ import annotations

from collections.abc import Hashable


class Missing:
    """Lines about missing or assumed priors; the first text of a cause stands for all."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, str] = {}
        self._counts: dict[Hashable, int] = {}

    def add(self, cause: Hashable, text: str) -> None:
        """Note a cause.

        Args:
            cause: the same for what is one line in the end.
            text: the line.
        """
        self._lines.setdefault(cause, text)
        self._counts[cause] = self._counts.get(cause, 0) + 1

    def lines(self) -> tuple[str, ...]:
        """One line for each cause, with the number of images where it is more than one."""
        return tuple(
            text if self._counts[cause] == 1 else f'{text} ({self._counts[cause]} images)'
            for cause, text in self._lines.items())
