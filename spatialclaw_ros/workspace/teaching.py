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


"""Error texts that teach: what was expected, what came, what may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from spatialclaw_ros.errors import FrameMismatchError

_LISTED = 24


def listed(items: Iterable[object]) -> str:
    """Items with commas between, the middle left out of a long list."""
    texts = [str(item) for item in items]
    if len(texts) > _LISTED:
        texts = [*texts[:_LISTED // 2], '...', *texts[-_LISTED // 2:]]
    return ', '.join(texts)


def nearest_names(name: object, known: Iterable[str]) -> str:
    """'; there are a, b; did you mean a?', to be put after a message about a wrong name."""
    names = list(known)
    if not names:
        return '; there are none'
    lower = {each.lower(): each for each in names}
    found = difflib.get_close_matches(str(name).lower(), list(lower), n=1, cutoff=0.5)
    if not found:  # get_area for area
        found = [each for each in lower if each in str(name).lower() or str(name).lower() in each]
    guess = f'; did you mean {lower[found[0]]!r}?' if found else ''
    return f'; there are {listed(names)}{guess}'


def not_a_frame(frame_index: object, known: Sequence[int], where: str) -> FrameMismatchError:
    """Error for a frame index that a per-frame value doesn't have."""
    guess = ''
    if known and isinstance(frame_index, int):
        near = (
            known[frame_index] if 0 <= frame_index < len(known)
            else min(known, key=lambda each: abs(each - frame_index)))
        guess = f'; did you mean {near}?'
    return FrameMismatchError(
        f'frame {frame_index} is not in [{listed(known)}], the frames of {where}{guess} '
        'Frame indices are absolute.')


class Teaching:
    """Base of the tools: a wrong attribute names the nearest right one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_'):
            raise AttributeError(name)
        known = [each for each in dir(self) if not each.startswith('_')]
        raise AttributeError(f'no {name!r} in {type(self).__name__}{nearest_names(name, known)}')
