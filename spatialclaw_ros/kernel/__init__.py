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


"""The persistent kernel: gate, wire, zygote, worker, and the host's side of a session.

Imports `workspace` and `geometry`; what a worker sends is never unpickled or evaluated.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatialclaw_ros.kernel.kernel import Kernel, KernelStats
    from spatialclaw_ros.kernel.limits import KernelLimits, SandboxPolicy
    from spatialclaw_ros.kernel.session import KernelSession

__all__ = ['Kernel', 'KernelLimits', 'KernelSession', 'KernelStats', 'SandboxPolicy']

_HOMES = {
    'Kernel': 'kernel', 'KernelStats': 'kernel', 'KernelLimits': 'limits',
    'KernelSession': 'session', 'SandboxPolicy': 'limits'}


def __getattr__(name: str) -> Any:
    # the host's side is not imported in the zygote, which lives in this package too
    if name not in _HOMES:
        raise AttributeError(f'{__name__} has no {name}')
    return getattr(importlib.import_module(f'{__name__}.{_HOMES[name]}'), name)
