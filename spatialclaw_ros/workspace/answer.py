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


"""`ReturnAnswer`: checks an answer and hands it on."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from spatialclaw_ros.workspace.question import CellAnswer, Value
from spatialclaw_ros.workspace.teaching import nearest_names

MAX_TEXT_CHARS = 4000
MAX_POINTS = 100_000
_SI_FACTORS = {
    'm': {'mm': '0.001', 'cm': '0.01', 'dm': '0.1', 'km': '1000', 'in': '0.0254',
          'inch': '0.0254', 'inches': '0.0254', 'ft': '0.3048', 'feet': '0.3048'},
    'rad': dict.fromkeys(('deg', 'degree', 'degrees', '°'), 'math.pi / 180'),
    's': {'ms': '0.001', 'min': '60', 'h': '3600'},
}
_LENGTHS = frozenset(  # 'in' is a word, too
    {'m', 'metre', 'metres', 'meter', 'meters', *_SI_FACTORS['m']} - {'in'})
_SI_NAMES = {
    'meter': 'm', 'meters': 'm', 'metre': 'm', 'metres': 'm', 'radian': 'rad', 'radians': 'rad',
    'sec': 's', 'second': 's', 'seconds': 's'}

PROMPT = """\
`ReturnAnswer(value, unit=None, points=None, frame=None, sigma=None, reason='')` ends the query.
  value: str, int, float, bool or a 3-vector; `unit` SI ('m', 'rad'); `points` (K, 3) world points
  that prove it (both ends of a distance: they are drawn); `frame` the TF frame of a 3-vector, None
  for the world; `sigma` standard deviation in `unit`.
  `ReturnAnswer(None, reason='...')` refuses: not there, not measured, or two things fit."""


class ReturnAnswer:
    """Callable of a cell scope.

    Args:
        sink: takes the checked answer; it may refuse a second one in the same cell.
        frames: names that `frame` may have.
        world_frame: TF name of the world, or ''.
    """

    def __init__(
        self, sink: Callable[[CellAnswer], None], frames: Iterable[str], world_frame: str,
    ) -> None:
        self._sink = sink
        self._frames = list(frames)
        self._world = {'world', world_frame}

    def __call__(
        self, value: Any, unit: str | None = None, points: Any = None, frame: str | None = None,
        sigma: float | None = None, reason: str = '',
    ) -> None:
        """Hand in the answer.

        Raises:
            ValueError: NaN or infinite, of a wrong shape, an unknown frame, no reason, not SI.
            TypeError: a value of another type.
        """
        checked = _value(value)
        if checked is None and not str(reason).strip():
            raise ValueError(
                "ReturnAnswer(None) refuses and needs reason='why'; for an answer of None as text "
                "give 'none'")
        self._sink(CellAnswer(
            value=checked, unit=_unit(unit), points=_points(points), frame=self._frame(frame),
            sigma=_sigma(sigma), reason=str(reason).strip()))

    def _frame(self, frame: str | None) -> str | None:
        if frame is None or frame in self._world:
            return None
        if frame not in self._frames:
            raise ValueError(
                f'frame {frame!r} is not known at any image; leave it out for the world'
                f'{nearest_names(frame, self._frames)}')
        return frame

    def __repr__(self) -> str:
        return '<ReturnAnswer(value, unit=None, points=None, frame=None, sigma=None, reason="")>'


def has_length(unit: str) -> bool:
    """Whether a unit has a length in it: 'm', 'm/s', 'm^2', 'cubic metres', 'km/h'."""
    return not _LENGTHS.isdisjoint(re.findall('[a-z]+', unit.lower()))


def _unit(unit: Any) -> str | None:
    """The SI symbol of a unit; None for none."""
    if unit is None:
        return None
    if not isinstance(unit, str):
        raise TypeError(f"unit must be a text such as 'm', got {type(unit).__name__}")
    given = unit.strip()
    for symbol, others in _SI_FACTORS.items():
        factor = others.get(given.lower())
        if factor is not None:
            raise ValueError(
                f"answers are in SI units, got {unit!r}; give value * {factor} with "
                f"unit={symbol!r}")
    return _SI_NAMES.get(given.lower(), given) or None


def _value(value: Any) -> Value | None:
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip():
            raise ValueError('the answer is an empty text; to refuse, give None and a reason')
        if len(value) > MAX_TEXT_CHARS:
            raise ValueError(f'the answer has {len(value)} characters, at most {MAX_TEXT_CHARS}')
        return value.strip()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.ndarray) and value.size == 1:
        return _value(value.reshape(-1)[0].item())
    if isinstance(value, (numbers.Real, np.number)) and not isinstance(value, complex):
        number = float(value)  # type: ignore[arg-type]
        if not math.isfinite(number):
            raise ValueError(
                f'the answer is {number}: some point or mask behind it has no depth. Drop NaN '
                'points (np.isfinite), try another frame, or refuse with a reason')
        return number
    if isinstance(value, (list, tuple, np.ndarray)):
        return _vector(value)
    raise TypeError(
        f'the answer must be str, int, float, bool or a 3-vector, got {type(value).__name__}'
        + ('; give its .distance' if hasattr(value, 'distance') else ''))


def _vector(value: Any) -> np.ndarray:
    try:
        vector = np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise TypeError(
            f'a list answer must be three numbers, got {value!r}'[:200]
            + '; join texts with commas') from None
    if vector.shape != (3,):
        raise ValueError(f'a vector answer has three numbers x, y, z, got {vector.shape[0]}')
    if not np.isfinite(vector).all():
        raise ValueError(
            f'the answer {vector} has NaN: a point behind it has no depth. Drop NaN points '
            '(np.isfinite), try another frame, or refuse with a reason')
    return vector.copy()


def _points(points: Any) -> np.ndarray | None:
    if points is None:
        return None
    array = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if array.ndim != 2 or array.shape[1] != 3 or not 1 <= len(array) <= MAX_POINTS:
        raise ValueError(
            f'points must be (K, 3) world points, K from 1 to {MAX_POINTS}, got '
            f'{np.shape(points)}')
    if not np.isfinite(array).all():
        raise ValueError('points must be finite; drop rows with NaN (np.isfinite)')
    return array.copy()


def _sigma(sigma: float | None) -> float:
    if sigma is None:
        return math.nan
    if not isinstance(sigma, (numbers.Real, np.number)):
        raise TypeError(f'sigma must be a number, got {type(sigma).__name__}')
    value = float(sigma)  # type: ignore[arg-type]
    if value < 0 or math.isinf(value):
        raise ValueError(f'sigma must be 0 or more and finite, or None when unknown, got {value}')
    return value
