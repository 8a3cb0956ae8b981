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



"""What a model's exceptions mean: too little memory, a process that is lost, or one failed call."""

from __future__ import annotations

import logging
import re

from spatialclaw_ros.errors import (
    DependencyError,
    ModelMemoryError,
    PerceptionError,
    PerceptionUnavailableError,
    SpatialClawError,
)

# After these, every later call of CUDA in the process fails the same way.
_POISON = re.compile(
    r'device-side assert|illegal memory access|illegal instruction|misaligned address|'
    r'invalid program counter|unspecified launch failure|hardware stack error|'
    r'uncorrectable ECC|CUDA_ERROR_(ASSERT|ILLEGAL|LAUNCH_FAILED)|device is lost|'
    r'launch timed out|CUDA error: unknown error', re.IGNORECASE)
# what libraries raise as a plain RuntimeError
_MEMORY = re.compile(r'CUDA(?: error)?: out of memory|CUBLAS_STATUS_ALLOC_FAILED', re.IGNORECASE)
_LINE = 300

log = logging.getLogger(__name__)


def is_memory(error: BaseException) -> bool:
    """Whether memory did not suffice."""
    if isinstance(error, SpatialClawError):
        return isinstance(error, ModelMemoryError)
    return isinstance(error, MemoryError) or bool(_MEMORY.search(str(error))) or any(
        kind.__name__ == 'OutOfMemoryError' for kind in type(error).__mro__)


def is_poison(error: BaseException) -> bool:
    """Whether the process can't use its GPU any more, whatever it does."""
    return not isinstance(error, SpatialClawError) and bool(_POISON.search(str(error)))


def told(error: BaseException) -> str:
    """Type and first line of an exception."""
    line = next(iter(str(error).splitlines()), '').strip()[:_LINE]
    return f'{type(error).__name__}: {line}' if line else type(error).__name__


def as_ours(name: str, doing: str, error: BaseException) -> SpatialClawError:
    """The error of this package that a model's exception is for who called.

    Args:
        name: of the model.
        doing: 'loading' or 'a call'; what was under way.
        error: what the model raised; logged with its traceback unless it is of this package.
    """
    if isinstance(error, DependencyError):
        return PerceptionUnavailableError(str(error))
    if isinstance(error, SpatialClawError):
        return type(error)(*error.args)
    log.error('%s: %s failed', name, doing, exc_info=error)
    if is_poison(error):
        return PerceptionUnavailableError(
            f'{name}: the GPU failed during {doing} ({told(error)}); the process that perceives '
            'must be started again')
    if doing == 'loading':
        return PerceptionUnavailableError(
            f'{name} can not be loaded ({told(error)}); the log has the traceback')
    return PerceptionError(
        f'{name} failed ({told(error)}); the log has the traceback. Try other frames or prompts')
