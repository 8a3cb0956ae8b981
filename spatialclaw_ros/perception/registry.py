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



"""Finds by a model's name who loads it, and its weights."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from spatialclaw_ros.errors import PerceptionError
from spatialclaw_ros.named import FORM, is_named, named_function
from spatialclaw_ros.perception.config import ModelConfig
from spatialclaw_ros.perception.models import Progress

Loader = Callable[[ModelConfig, Progress], Any]
Finder = Callable[[ModelConfig, Progress], ModelConfig]

LOADS = 'loads the model'

# Role to modules of families. Each has `VARIANTS`, whose keys are the names and whose values have
# `repository`, `licence` and `files`, `check_options(name, options)`, and the function that loads;
# importing it imports no torch.
_FAMILIES = {
    'depth': (('spatialclaw_ros.perception.depth_anything', 'load_depth_anything'),),
    'masks': (('spatialclaw_ros.perception.sam3', 'load_sam3'),),
}


@dataclass(frozen=True)
class Source:
    """Where a model comes from.

    Args:
        load: loads it.
        find: finds its weights, and downloads them when need be; returns the configuration with
            `weights` the folder that they are in. Raises WeightsError and DependencyError.
    """

    load: Loader
    find: Finder


def names(role: str) -> tuple[str, ...]:
    """All names that a role's families know.

    Args:
        role: 'depth' or 'masks'.
    """
    return tuple(name for module, _ in _FAMILIES[role] for name in _variants(module))


def origin(role: str, name: str) -> tuple[str, str]:
    """Repository of the hub that a model's weights are in, and their licence; '' of one's own.

    Args:
        role: 'depth' or 'masks'.
        name: as in `names`, or `MODULE:FUNCTION`.
    """
    for module, _ in _FAMILIES[role]:
        if name in _variants(module):
            variant = _variants(module)[name]
            return variant.repository, variant.licence
    return '', ''


def files(role: str, name: str) -> tuple[str, ...]:
    """What a folder with a model's weights must have beside them; arguments as of `origin`."""
    for module, _ in _FAMILIES[role]:
        if name in _variants(module):
            return tuple(_variants(module)[name].files)
    return ()


def check_options(role: str, config: ModelConfig) -> None:
    """Check a model's options without loading it; those of one's own are its loader's matter.

    Args:
        role: 'depth' or 'masks'.
        config: of the model.

    Raises:
        PerceptionError: one that the model doesn't have, or out of its range.
    """
    for module, _ in _FAMILIES[role]:
        if config.model in _variants(module):
            importlib.import_module(module).check_options(config.model, config.options)


def source(role: str, name: str) -> Source:
    """Who loads a model, and finds its weights.

    Args:
        role: 'depth' or 'masks'.
        name: a variant of a family, or `MODULE:FUNCTION` of one's own. That module is imported when
            the model is loaded, as it may take long. It may have a function
            `find_weights(config, progress)`, which does `Source.find`.

    Raises:
        PerceptionError: no family knows the name; the message has the nearest one.
    """
    if ':' in name:
        return _own_source(role, name)
    for module, function in _FAMILIES[role]:
        if name in _variants(module):
            return Source(
                named_function(f'{module}:{function}', LOADS), _finder(_variants(module)[name]))
    known = names(role)
    near = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f'did you mean {near[0]!r}? ' if near else ''
    raise PerceptionError(
        f'no {role} model is called {name!r}; {hint}There are {", ".join(known)}, or '
        f'{FORM}, a loader of your own')


def _finder(variant: Any) -> Finder:
    def find(config: ModelConfig, progress: Progress) -> ModelConfig:
        # Random weights are nowhere; without torch loading fails, and nothing is downloaded for it.
        if config.options.get('random') or importlib.util.find_spec('torch') is None:
            return config
        from spatialclaw_ros.perception.gpu.weights import find_weights
        folder = find_weights(
            config.weights, variant.repository, variant.licence, files=variant.files,
            tell=progress)
        return msgspec.structs.replace(config, weights=str(folder))
    return find


def _own_source(role: str, name: str) -> Source:
    if not is_named(name):
        raise PerceptionError(
            f'{role} model {name!r} is not of the form {FORM}, as in my_models:load')

    def load(config: ModelConfig, progress: Progress) -> Any:
        return named_function(name, LOADS)(config, progress)

    def find(config: ModelConfig, progress: Progress) -> ModelConfig:
        named_function(name, LOADS)
        own = getattr(importlib.import_module(name.partition(':')[0]), 'find_weights', None)
        return own(config, progress) if own is not None else config
    return Source(load, find)


def _variants(module: str) -> dict[str, Any]:
    found: dict[str, Any] = importlib.import_module(module).VARIANTS
    return found
