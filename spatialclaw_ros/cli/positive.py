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


"""Positive numbers of seconds and metres on a command line, for `type=` of an argument."""

from __future__ import annotations

import argparse
import math


def positive_seconds(text: str) -> float:
    """Read seconds.

    Raises:
        argparse.ArgumentTypeError: it is no number, or not positive and finite.
    """
    return _positive(text, 'seconds')


def positive_metres(text: str) -> float:
    """Read metres; errors as `positive_seconds` has them."""
    return _positive(text, 'metres')


def _positive(text: str, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f'{text!r} is not a positive number of {unit}')
    return value
