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



"""Finds the function that loads a model from the model's name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spatialclaw_ros.errors import DependencyError, PerceptionError
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.models import DepthLoader, MasksLoader, Progress

_ROOM = 'spatialclaw_ros.perception'


@dataclass(frozen=True)
class Family:
    """Models that one function loads.

    Args:
        module: with the function, and with `VARIANTS`, the names of all models of the family;
            importing it imports no torch.
        function: a `models.DepthLoader` or `models.MasksLoader`.
        title: for people.
    """

    module: str
    function: str
    title: str

    def variants(self) -> tuple[str, ...]:
        """Names of the family's models."""
        return tuple(importlib.import_module(self.module).VARIANTS)


FAMILIES = {
    'depth': (Family(f'{_ROOM}.depth_anything', 'load_depth_anything', 'Depth Anything 3'),),
    'masks': (Family(f'{_ROOM}.sam3', 'load_sam3', 'SAM 3'),),
}
"""Families of each role."""


def depth_loader(name: str) -> DepthLoader:
    """The loader of a depth model.

    Args:
        name: a variant of a family, or `MODULE:FUNCTION` of one's own.

    Raises:
        PerceptionError: no family knows the name; the message has the nearest one.
    """
    return _loader('depth', name)


def masks_loader(name: str) -> MasksLoader:
    """The loader of a segmentation model; as `depth_loader`."""
    return _loader('masks', name)


def names(role: str) -> tuple[str, ...]:
    """All names that a role's families know.

    Args:
        role: 'depth' or 'masks'.
    """
    return tuple(name for family in FAMILIES[role] for name in family.variants())


def _loader(role: str, name: str) -> Callable[[ModelConfig, Progress], Any]:
    if ':' in name:
        return _own_loader(role, name)
    for family in FAMILIES[role]:
        if name in family.variants():
            return _imported(family.module, family.function)
    known = names(role)
    near = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    raise PerceptionError(
        f'no {role} model is called {name!r}; {hint}There are {", ".join(known)}, or '
        'MODULE:FUNCTION, a loader of your own')


def _own_loader(role: str, name: str) -> Callable[[ModelConfig, Progress], Any]:
    module, _, function = name.partition(':')
    if not all(part.isidentifier() for part in module.split('.')) or not function.isidentifier():
        raise PerceptionError(
            f'{role} model {name!r} is not of the form MODULE:FUNCTION, as in my_models:load')

    # Someone's own module may import what takes long: it is imported where its model is loaded.
    def load(config: ModelConfig, progress: Progress) -> Any:
        return _imported(module, function)(config, progress)
    return load


def _imported(module: str, function: str) -> Callable[[ModelConfig, Progress], Any]:
    try:
        loader = getattr(importlib.import_module(module), function, None)
    except ImportError as error:
        raise DependencyError(
            f'{module}, which loads the model, can not be imported: {error}; check its name, its '
            'packages, and that it is on PYTHONPATH') from error
    if not callable(loader):
        raise DependencyError(f'{module} has no function {function}, which was to load the model')
    return loader
