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


"""Per-frame values: one entry per absolute frame index, usable as a stacked array too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from spatialclaw_ros.workspace.frames import FrameImage
from spatialclaw_ros.workspace.points import picked
from spatialclaw_ros.workspace.teaching import listed, not_a_frame


def frame_key(key: Any) -> Any:
    """Frame index of an int, a NumPy int or a frame; anything else as it is."""
    if isinstance(key, FrameImage):
        return key.frame_index
    if isinstance(key, (int, np.integer)) and not isinstance(key, (bool, np.bool_)):
        return int(key)
    return key


class PerFrame(NDArrayOperatorsMixin):
    """Values by absolute frame index; in arithmetic, the array of all of them, in order.

    Args:
        frame_indices: N absolute indices.
        get: gives the value of a frame.
        name: what the values are, for messages.
    """

    __array_priority__ = 1000

    def __init__(
        self, frame_indices: Sequence[int], get: Callable[[int], Any], name: str,
    ) -> None:
        self.frame_indices = list(frame_indices)
        self._get = get
        self._name = name

    def __getitem__(self, key: Any) -> Any:
        key = frame_key(key)
        if isinstance(key, int):
            return self._at(key)
        if isinstance(key, tuple) and key and isinstance(frame_key(key[0]), int):
            value = self._at(frame_key(key[0]))
            return value[key[1:]] if len(key) > 1 else value
        if isinstance(key, np.ndarray) and key.dtype == bool and key.shape[:1] == (len(self),):
            return self._where(key)
        return np.asarray(self)[key]

    def _at(self, frame_index: int) -> Any:
        if frame_index not in self.frame_indices:
            raise not_a_frame(frame_index, self.frame_indices, self._name)
        return self._get(frame_index)

    def _where(self, mask: np.ndarray) -> np.ndarray:
        """The stacked array's values under a mask over its first axes, without stacking it."""
        values = [np.asarray(value) for value in self.values()]
        if mask.ndim == 1 or any(value.shape[:mask.ndim - 1] != mask.shape[1:] for value in values):
            return np.asarray(np.asarray(self)[mask])
        return np.concatenate([picked(value, part) for value, part in zip(values, mask)])

    def keys(self) -> list[int]:
        """Absolute frame indices."""
        return list(self.frame_indices)

    def values(self) -> list[Any]:
        """Values in order of the frame indices."""
        return [self._get(frame) for frame in self.frame_indices]

    def items(self) -> list[tuple[int, Any]]:
        """Pairs of frame index and value."""
        return [(frame, self._get(frame)) for frame in self.frame_indices]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def __len__(self) -> int:
        return len(self.frame_indices)

    def __contains__(self, frame: object) -> bool:
        return frame_key(frame) in self.frame_indices

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        arrays = [np.asarray(value) for value in self.values()]
        shapes = dict.fromkeys(array.shape for array in arrays)
        if len(shapes) > 1:
            raise ValueError(
                f'{self._name} has frames of several sizes, {listed(shapes)}, which make no one '
                f'array; take one frame, [{self.frame_indices[0]}], or those of one camera')
        stacked = np.stack(arrays)
        return stacked if dtype is None else stacked.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(each) if isinstance(each, PerFrame) else each for each in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_') or name in ('frame_indices',):
            raise AttributeError(name)
        try:
            return getattr(np.asarray(self), name)
        except AttributeError:
            raise AttributeError(
                f'no {name!r} in {self._name}; index it by an absolute frame index: '
                f'[{self.frame_indices[0]}]') from None

    def __repr__(self) -> str:
        return f'<{self._name} of frames {self.frame_indices}>'
