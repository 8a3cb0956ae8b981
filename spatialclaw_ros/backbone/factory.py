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

"""Makes the backbone that a parameter names."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
from pathlib import Path

from spatialclaw_ros.backbone.protocol import Backbone
from spatialclaw_ros.errors import DependencyError, InvalidRequestError
from spatialclaw_ros.named import FORM, is_named, named_function

BACKBONES = ('rules', 'vllm', 'recorded')
# posts bytes as they are, names a stream that breaks, and keeps the connection of one that ends
OPENAI_VERSION = (3, 30)


def make_backbone(
    name: str, *, config: str = '', base_url: str = '', model: str = '', script: str = '',
) -> Backbone:
    """Make a backbone; nothing is contacted yet.

    Args:
        name: 'rules', 'vllm' or 'recorded'; or `MODULE:FUNCTION` of one's own, which is called with
            `config` and returns a `Backbone`.
        config: name of a file in `config/backbones`, or path of one ('vllm'); '' for defaults. Any
            text for a backbone of one's own.
        base_url: of an OpenAI-compatible API ('vllm'), instead of the configuration's.
        model: name of the served model ('vllm'), instead of the configuration's.
        script: path of a YAML script of replies, or of a trace's folder ('recorded').

    Raises:
        InvalidRequestError: no such backbone, or its configuration can't be used.
        DependencyError: its package is not installed, or its module can't be imported.
    """
    if is_named(name):
        own: Backbone = named_function(name, 'makes the backbone')(config)
        return own
    if name == 'rules':
        from spatialclaw_ros.backbone.rules import RulesBackbone
        return RulesBackbone()
    if name == 'vllm':
        _require_openai()
        from spatialclaw_ros.backbone.vllm import VllmBackbone, VllmConfig, read_config
        settings = read_config(config) if config else VllmConfig()
        changes = {'endpoints': (base_url,) if base_url else (), 'model': model}
        return VllmBackbone(settings.replaced(
            {field: value for field, value in changes.items() if value}))
    if name == 'recorded':
        from spatialclaw_ros.backbone.recorded import RecordedBackbone
        if not script:
            raise InvalidRequestError(
                "the backbone 'recorded' needs backbone_script: a YAML script of replies, or a "
                "trace's folder")
        return RecordedBackbone.from_path(Path(os.path.expanduser(script)))
    raise InvalidRequestError(
        f'no backbone {name!r}; expected one of {", ".join(BACKBONES)}, or {FORM} of your own')


def _require_openai() -> None:
    """Raise DependencyError unless the openai package is there, and new enough."""
    wanted = '.'.join(map(str, OPENAI_VERSION))
    advice = f"install it with `pip install 'openai>={wanted}'`"
    if importlib.util.find_spec('openai') is None:
        raise DependencyError(f"the backbone 'vllm' needs the package openai; {advice}")
    found = importlib.metadata.version('openai')
    # a part may have letters in it: 4.0rc1
    if tuple(int(part) for part in re.findall('[0-9]+', found)[:2]) < OPENAI_VERSION:
        raise DependencyError(
            f"the backbone 'vllm' needs openai {wanted} or newer, {found} is installed; {advice}")
