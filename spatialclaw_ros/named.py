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



"""Functions of one's own, which a parameter names as `MODULE:FUNCTION`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from spatialclaw_ros.errors import DependencyError

FORM = 'MODULE:FUNCTION'


def is_named(text: str) -> bool:
    """Whether a text has the form `MODULE:FUNCTION`; nothing is imported."""
    module, _, function = text.partition(':')
    return all(part.isidentifier() for part in module.split('.')) and function.isidentifier()


def named_function(text: str, does: str) -> Callable[..., Any]:
    """Import the function that a text names.

    Args:
        text: of the form `MODULE:FUNCTION`; the module is on the PYTHONPATH.
        does: what the function is for, as in 'loads the model'.

    Raises:
        DependencyError: the module can't be imported, or has no such function.
    """
    module, _, function = text.partition(':')
    try:
        found = getattr(importlib.import_module(module), function, None)
    except ImportError as error:
        raise DependencyError(
            f'{module}, which {does}, can not be imported: {error}; check its name, its '
            'packages, and that it is on PYTHONPATH') from error
    if not callable(found):
        raise DependencyError(f'{module} has no function {function}, which {does}')
    result: Callable[..., Any] = found
    return result
