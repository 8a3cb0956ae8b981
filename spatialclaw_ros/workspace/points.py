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


"""Point arrays that remember how far from the camera each point was seen, and by what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialclaw_ros.geometry.cloud import finite_mask
from spatialclaw_ros.geometry.noise import depth_offset_sigma_m, depth_sigma_m

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
    """(..., 3) world points in metres that carry what each is worth, so that noise is known.

    Indexing, masks, `reshape(-1, 3)`, concatenation and shifts keep it; any other arithmetic gives
    a plain array.
    """

    # depth, relative sigma where it was told, that of what is shared where noise is less by now;
    # each (...)
    _noise: tuple[np.ndarray, ...]

    @classmethod
    def make(
        cls, points: np.ndarray, depth_m: np.ndarray | None,
        model_sigma: np.ndarray | None = None, shared_sigma: np.ndarray | None = None,
    ) -> PointArray:
        """View of points (..., 3) with what they are worth.

        Args:
            points: (..., 3) world.
            depth_m: (...) metres along the camera's z at which each was seen; None unknown.
            model_sigma: (...) relative standard deviation of the depth, where a model told it or a
                sensor is noisier than usual; 0 where `depth_sigma_m` holds, NaN unknown; None: it
                holds for all.
            shared_sigma: (...) relative standard deviation of what all of them are off together,
                where noise was evened out since; needs `model_sigma`.
        """
        if depth_m is None:
            return cls._of(points, ())
        depth = np.asarray(depth_m)
        return cls._of(points, (depth, *(
            np.broadcast_to(each, depth.shape) for each in (model_sigma, shared_sigma)
            if each is not None)))

    @classmethod
    def like(cls, points: np.ndarray, origin: Any) -> np.ndarray:
        """Points (..., 3) with the noise of others, as many; as they are if these carry none."""
        noise = getattr(origin, '_noise', ())
        return cls._of(points, noise) if noise else points

    @classmethod
    def _of(cls, points: np.ndarray, noise: tuple[np.ndarray, ...]) -> PointArray:
        made = np.asarray(points).view(cls)
        made._noise = noise
        return made

    @property
    def depth_m(self) -> np.ndarray | None:
        """(...) metres along the camera's z at which each point was seen; None unknown."""
        return self._noise[0] if self._noise else None

    @property
    def sigma(self) -> np.ndarray | None:
        """(...) standard deviation of each point in metres, NaN where unknown; None: of all."""
        if not self._noise:
            return None
        measured = depth_sigma_m(self._noise[0])
        if len(self._noise) == 1:
            return measured
        share = self._noise[1].astype(np.float64)
        return np.asarray(np.where(share == 0, measured, share * self._noise[0]))

    @property
    def shared_sigma(self) -> np.ndarray | None:
        """(...) standard deviation in metres of what all points of a camera are off together.

        It counts against a place that the camera did not see, such as a TF frame, and hardly
        between two things that it sees. Data sheets of depth cameras bound noise and constant error
        alike: one that is noisier than usual is taken to be off as a whole by as much. None:
        unknown.
        """
        if not self._noise:
            return None
        return _shared(self._noise)

    def rows(self, numbers: np.ndarray) -> PointArray:
        """Points (K, 3) by their number, counted row by row: many times faster than by a mask."""
        return self._of(
            np.asarray(self).reshape(-1, 3).take(numbers, axis=0), tuple(
                each.reshape(-1).take(numbers) if each.flags.c_contiguous
                else each[np.unravel_index(numbers, each.shape)] for each in self._noise))

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
        noise = getattr(origin, '_noise', ())
        self._noise = noise if noise and self.shape == origin.shape else ()

    def __getitem__(self, index: Any) -> Any:
        if (isinstance(index, np.ndarray) and index.dtype == bool and self.ndim > 1
                and index.shape == self.shape[:-1] and self.shape[-1] == 3):
            return PointArray._of(
                picked(np.asarray(self), index),
                tuple(picked(each, index) for each in self._noise))
        found = super().__getitem__(index)
        if not isinstance(found, PointArray):
            return found
        return self._carried(found, lambda each: each[index], index)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """As `ndarray.reshape`; the noise goes along when the last axis stays 3."""
        found = super().reshape(*shape, **options)
        return self._carried(found, lambda each: each.reshape(found.shape[:-1]), None)

    def _carried(
        self, found: np.ndarray, take: Callable[[np.ndarray], np.ndarray], index: Any,
    ) -> np.ndarray:
        parts = index if isinstance(index, tuple) else (index,)
        whole = found.ndim > 0 and found.shape[-1] == 3 and Ellipsis not in [
            part for part in parts if not isinstance(part, np.ndarray)]
        if whole and self._noise:
            try:
                noise = tuple(take(each) for each in self._noise)
            except (IndexError, ValueError):
                noise = ()
            if noise and all(np.shape(each) == found.shape[:-1] for each in noise):
                return PointArray._of(found, noise)
            return np.asarray(found)
        return PointArray._of(found, ()) if whole else np.asarray(found)

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
            return PointArray._of(result, inputs[0]._noise)
        return result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = super().__array_function__(func, types, args, kwargs)
        if func in _STACKS and not kwargs and len(args) == 1:
            return _stacked(args[0], result)
        if isinstance(result, PointArray) and not result._noise:
            return np.asarray(result)
        return result


def _shared(noise: tuple[np.ndarray, ...]) -> np.ndarray:
    """Standard deviation (...) in metres of what points are off together."""
    if len(noise) > 2:
        return np.asarray(noise[2].astype(np.float64) * noise[0])
    usual = depth_offset_sigma_m(noise[0])
    if len(noise) == 1:
        return usual
    return np.asarray(np.fmax(usual, noise[1].astype(np.float64) * noise[0]))


def _stacked(parts: Sequence[Any], result: np.ndarray) -> np.ndarray:
    """Stacked points with their noise, when every part has it."""
    noises: list[tuple[np.ndarray, ...]] = [getattr(part, '_noise', ()) for part in parts]
    if not all(noises):
        return np.asarray(result)
    count = max(map(len, noises))
    joined = [np.concatenate([np.atleast_1d(noise[0]) for noise in noises])]
    if count > 1:  # the sensor's are 0 relative to a model
        joined.append(np.concatenate([
            np.atleast_1d(noise[1]) if len(noise) > 1
            else np.zeros(np.shape(noise[0]) or 1, np.float16) for noise in noises]))
    if count > 2:
        joined.append(np.concatenate([
            np.atleast_1d(_shared(noise) / noise[0]) for noise in noises]))
    if any(each.shape != result.shape[:-1] for each in joined):
        return np.asarray(result)
    return PointArray._of(result, tuple(joined))
