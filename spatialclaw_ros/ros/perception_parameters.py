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

"""The parameters of perception: which backends, which models, and where those run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spatialclaw_ros.perception.config import (
    COMPRESSION,
    PRECISIONS,
    RUN_IN,
    ModelConfig,
    PerceptionConfig,
)
from spatialclaw_ros.ros.parameter_spec import TYPE_NAMES, ParameterSpec

GROUP = 'perception.'
OPTION = re.compile(r'perception\.(?P<role>depth|masks)\.options\.(?P<name>[\w.]+)')
OPTIONS_HELP = 'What this model has beyond that; docs/perception.md.'
_CONFIG = PerceptionConfig()


def _of_model(role: str, config: ModelConfig, what: str, variants: str) -> tuple[
        ParameterSpec, ...]:
    """Parameters of one model; `role` is its field in `PerceptionConfig`."""
    group = f'{GROUP}{role}.'
    return (
        ParameterSpec(f'{group}model', config.model,
                      f'The {what}: {variants}, or `MODULE:FUNCTION` of your own '
                      '(docs/perception.md).'),
        ParameterSpec(f'{group}weights', config.weights,
                      'Its weights: a local folder, or a repository of the hub as `OWNER/NAME`. '
                      "Empty: the model's own repository."),
        ParameterSpec(f'{group}device', config.device,
                      'Where it runs: `auto` is a GPU where there is one; `cpu`, `cuda`, '
                      '`cuda:1`.'),
        ParameterSpec(f'{group}precision', config.precision,
                      'Of weights and arithmetic. `auto`: bf16 or fp16 on a GPU, fp32 without.',
                      choices=PRECISIONS),
        ParameterSpec(f'{group}batch', config.batch,
                      'Most images that go through at once; halved when memory does not suffice.',
                      1, 256),
        ParameterSpec(f'{group}max_views', config.max_views,
                      'Most images of one call.', 1, 512),
        ParameterSpec(f'{group}compile', config.compile,
                      'Whether torch compiles the model after loading: minutes once, then faster '
                      'calls on a GPU.'),
    )


PERCEPTION_PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec('reconstruct', _CONFIG.reconstruct,
                  'Where 3D comes from: `rgbd` is sensor depth, CameraInfo and TF; `fused` is '
                  'that with its holes filled from a depth model; `depth_anything` is the depth '
                  'model, for cameras without depth.', choices=('rgbd', 'fused', 'depth_anything')),
    ParameterSpec('segment', _CONFIG.segment,
                  'Who finds objects: `classical` uses colour, shape and depth, no learned '
                  'weights; `sam3` is the model SAM 3.', choices=('classical', 'sam3')),
    ParameterSpec(f'{GROUP}url', _CONFIG.url,
                  'Server that has the models (docs/serving.md), e.g. `http://gpu-box:8450`; '
                  'several, separated by commas, are tried in turn. Empty: they run on this '
                  'machine.'),
    ParameterSpec(f'{GROUP}token_file', _CONFIG.token_file,
                  "File with the server's token, readable by its owner alone. Empty: the "
                  'environment variable `SPATIALCLAW_PERCEPTION_TOKEN`, if set.'),
    ParameterSpec(f'{GROUP}run_in', _CONFIG.run_in,
                  'Where perception runs: `process` is one apart from the node, which can be '
                  'killed and is started again; `node` is the node itself, to debug with; `auto` '
                  'is `process` as soon as a model is needed.', choices=RUN_IN),
    ParameterSpec(f'{GROUP}python', _CONFIG.python,
                  'Interpreter of that process, for models whose packages live in another '
                  "environment. Empty: the node's own."),
    ParameterSpec(f'{GROUP}keep_loaded_s', _CONFIG.keep_loaded_s,
                  'A model that nobody used for so many seconds is unloaded; the next call loads '
                  'it again. 0: never.', 0.0, 86400.0),
    ParameterSpec(f'{GROUP}compression', _CONFIG.compression,
                  'Of images on the way to a server: `auto` is `none` to this machine, else '
                  '`jpeg`.', choices=COMPRESSION),
    ParameterSpec(f'{GROUP}preload', _CONFIG.preload,
                  'Whether models are loaded in the background when the node starts, or by the '
                  'first query that needs them.'),
    *_of_model('depth', _CONFIG.depth, 'depth model', 'a variant of Depth Anything 3'),
    *_of_model('masks', _CONFIG.masks, 'segmentation model', '`sam3`'),
)


def option_parameters(given: Mapping[str, Any]) -> tuple[ParameterSpec, ...]:
    """Parameters of the options that were given for models; each one's value is its default.

    Args:
        given: all values of the parameter file and command line, by name.
    """
    return tuple(
        ParameterSpec(name, value, OPTIONS_HELP) for name, value in given.items()
        if OPTION.fullmatch(name) and type(value) in TYPE_NAMES)


def perception_config(values: Mapping[str, Any]) -> PerceptionConfig:
    """The configuration that parameters make.

    Args:
        values: of `PERCEPTION_PARAMETERS` and options, by name, each checked.
    """
    groups: dict[str, dict[str, Any]] = {
        '': {}, 'depth': {'options': {}}, 'masks': {'options': {}}}
    for name, value in values.items():
        if option := OPTION.fullmatch(name):
            groups[option['role']]['options'][option['name']] = value
        else:
            role, _, field = name.removeprefix(GROUP).rpartition('.')
            groups[role][field] = value
    return PerceptionConfig(
        depth=ModelConfig(**groups['depth']), masks=ModelConfig(**groups['masks']), **groups[''])
