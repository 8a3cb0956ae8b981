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


"""Point arrays that remember how far from the camera each point was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.cloud import finite_mask
from spatialclaw_ros.geometry.noise import depth_sigma_m

_STACKS = (np.concatenate, np.vstack)
_MOVES = (np.add, np.subtract)
_PRINTED_NUMBERS = 60


def picked(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`array[mask]` of a bool mask over the first axes; taking by number is many times faster."""
    if not array.flags.c_contiguous or mask.shape != array.shape[:mask.ndim]:
        return np.asarray(array[mask])
    rows = array.reshape(-1, *array.shape[mask.ndim:])
    return np.asarray(rows.take(np.flatnonzero(mask), axis=0))


class PointArray(np.ndarray):
    """(..., 3) world points in metres that carry each point's depth, so that noise is known.

    Indexing, masks, `reshape(-1, 3)`, concatenation and shifts keep the depths; any other
    arithmetic gives a plain array.

    Attributes:
        depth_m: (...) metres along the camera's z at which each point was measured; None unknown.
    """

    depth_m: np.ndarray | None

    @classmethod
    def make(cls, points: np.ndarray, depth_m: np.ndarray | None) -> PointArray:
        """View of points (..., 3) with their depths (...)."""
        made = np.asarray(points).view(cls)
        made.depth_m = None if depth_m is None else np.asarray(depth_m)
        return made

    @property
    def sigma(self) -> np.ndarray | None:
        """(...) standard deviation of each point in metres; None when unknown."""
        return None if self.depth_m is None else depth_sigma_m(self.depth_m)

    def __repr__(self) -> str:
        if self.size <= _PRINTED_NUMBERS:
            return super().__repr__()
        flat = np.asarray(self).reshape(-1, self.shape[-1])
        known = flat[finite_mask(flat)]
        middle = np.array2string(
            np.median(known[::1 + len(known) // 5000], axis=0), precision=3, separator=', '
        ) if len(known) else 'none'
        return (f'<points {self.shape} {self.dtype}, {len(known)} of {len(flat)} known, '
                f'median {middle}>')

    def __array_finalize__(self, origin: Any) -> None:
        depth = getattr(origin, 'depth_m', None)
        same = depth is not None and self.shape == origin.shape
        self.depth_m = depth if same else None

    def __getitem__(self, index: Any) -> Any:
        if (isinstance(index, np.ndarray) and index.dtype == bool and self.ndim > 1
                and index.shape == self.shape[:-1] and self.shape[-1] == 3):
            depth = None if self.depth_m is None else picked(self.depth_m, index)
            return PointArray.make(picked(np.asarray(self), index), depth)
        found = super().__getitem__(index)
        if not isinstance(found, PointArray):
            return found
        return self._carried(found, lambda depth: depth[index], index)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """As `ndarray.reshape`; the depths go along when the last axis stays 3."""
        found = super().reshape(*shape, **options)
        return self._carried(found, lambda depth: depth.reshape(found.shape[:-1]), None)

    def _carried(
        self, found: np.ndarray, take: Callable[[np.ndarray], np.ndarray], index: Any,
    ) -> np.ndarray:
        parts = index if isinstance(index, tuple) else (index,)
        whole = found.ndim > 0 and found.shape[-1] == 3 and Ellipsis not in [
            part for part in parts if not isinstance(part, np.ndarray)]
        if whole and self.depth_m is not None:
            try:
                depth = take(self.depth_m)
            except (IndexError, ValueError):
                depth = None
            if depth is not None and np.shape(depth) == found.shape[:-1]:
                return PointArray.make(found, depth)
            return np.asarray(found)
        return PointArray.make(found, None) if whole else np.asarray(found)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(each) if isinstance(each, PointArray) else each for each in inputs]
        out = options.get('out')
        if out is not None:
            options['out'] = tuple(
                np.asarray(each) if isinstance(each, PointArray) else each for each in out)
        result = getattr(ufunc, method)(*plain, **options)
        if out is not None:
            return out[0] if len(out) == 1 else out
        shifted = (
            method == '__call__' and ufunc in _MOVES and isinstance(inputs[0], PointArray)
            and not isinstance(inputs[1], PointArray) and np.size(inputs[1]) <= 3)
        if shifted and result.shape == inputs[0].shape:
            return PointArray.make(result, inputs[0].depth_m)
        return result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = super().__array_function__(func, types, args, kwargs)
        if func in _STACKS and not kwargs and len(args) == 1:
            return _stacked(args[0], result)
        if isinstance(result, PointArray) and result.depth_m is None:
            return np.asarray(result)
        return result


def _stacked(parts: Sequence[Any], result: np.ndarray) -> np.ndarray:
    """Stacked points with their depths, when every part has them."""
    depths = [getattr(part, 'depth_m', None) for part in parts]
    if any(depth is None for depth in depths):
        return np.asarray(result)
    joined = np.concatenate([np.atleast_1d(np.asarray(depth)) for depth in depths])
    if joined.shape != result.shape[:-1]:
        return np.asarray(result)
    return PointArray.make(result, joined)
