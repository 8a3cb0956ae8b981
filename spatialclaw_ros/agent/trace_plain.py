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


"""Values as JSON for a trace, without what must stay secret."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

SECRET_NAME = re.compile(
    r'(^|[_\-.])(api_?key|apikey|key|token|secret|password|passwd|credentials?|authorization)$',
    re.IGNORECASE)
_SHORTEST_SECRET = 8
_FLOAT = '$float'
_HIDDEN = '[secret]'
_SHAPES = (
    (re.compile(r'(?i)\b(bearer|basic)\s+[\w\-.~+/=]{8,}'), r'\1 ' + _HIDDEN),
    (re.compile(r'(?i)([?&](?:api[_-]?key|key|token|access_token)=)[^&\s"\']+'), r'\1' + _HIDDEN),
    (re.compile(r'(\b\w{1,20}://)[^/\s:@"\']+:[^/\s@"\']+@'), r'\1' + _HIDDEN + '@'),
    (re.compile(r'\b(sk|hf|ghp|gsk)[-_][\w\-]{16,}'), _HIDDEN),
)


def plain(value: Any) -> Any:
    """JSON-able copy; NaN and infinities become None, keys texts."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, (str, int)) else str(value)


def exact(value: Any) -> Any:
    """As `plain`, but what is not finite is `{"$float": "nan"}`: `unexact` gives it back."""
    if isinstance(value, (np.ndarray, np.generic)):
        return exact(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    if isinstance(value, Mapping):
        return {str(k): exact(v) for k, v in value.items()}
    return [exact(v) for v in value] if isinstance(value, (list, tuple)) else value


def unexact(value: Any) -> Any:
    """What `exact` was given, arrays and tuples as lists."""
    if isinstance(value, dict):
        if value.keys() == {_FLOAT}:
            return float(value[_FLOAT])
        return {k: unexact(v) for k, v in value.items()}
    return [unexact(v) for v in value] if isinstance(value, list) else value


def secrets_of(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Values of environment variables whose names say that they are secret, longest first."""
    environment = os.environ if environment is None else environment
    found = {value.strip() for name, value in environment.items() if SECRET_NAME.search(name)}
    return tuple(sorted((v for v in found if len(v) >= _SHORTEST_SECRET), key=len, reverse=True))


def scrub(value: Any, secrets: Iterable[str] = ()) -> Any:
    """A copy of plain JSON without secrets.

    Args:
        value: as `plain` or `exact` gave it.
        secrets: texts that must not be in it.

    Returns:
        The copy: texts without the secrets, without URLs' passwords, and without what looks like a
        key; the values of names like `api_key` are left out.
    """
    if isinstance(value, str):
        for secret in secrets:
            if secret in value:
                value = value.replace(secret, _HIDDEN)
        for shape, instead in _SHAPES:
            value = shape.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: _HIDDEN if isinstance(each, str) and each and SECRET_NAME.search(key)
                else scrub(each, secrets) for key, each in value.items()}
    return [scrub(each, secrets) for each in value] if isinstance(value, list) else value
