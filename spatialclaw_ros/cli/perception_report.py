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


"""The doctor's part on perception: packages, GPU, weights, a server, a running node."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import spatialclaw_ros.perception.gpu as gpu_room
from spatialclaw_ros.cli.findings import (
    FAILED,
    FOUND,
    IDLE,
    MISSING,
    OPTIONAL,
    WARNS,
    WELL,
    Finding,
)
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import SpatialClawError, WeightsError
from spatialclaw_ros.perception.checks import is_local
from spatialclaw_ros.perception.config import ModelConfig, PerceptionConfig
from spatialclaw_ros.perception.gpu.weights import find_weights
from spatialclaw_ros.perception.registry import files, origin
from spatialclaw_ros.perception.status import ModelStatus

PART = 'perception'
INTERPRETER_TIMEOUT_S = 60.0
SERVER_TIMEOUT_S = 10.0
NODE_TIMEOUT_S = 5.0
INSTALL = "pip install '.[models]' in the repository of spatialclaw_ros"
PACKAGES = {
    'torch': INSTALL, 'torchvision': INSTALL, 'transformers': INSTALL,
    'depth-anything-3': f'{INSTALL}, and then pip install --no-deps depth-anything-3'}
OF_ROLE = {'depth': ('torch', 'depth-anything-3'),
           'masks': ('torch', 'torchvision', 'transformers')}
STATES = {'ready': WELL, 'unloaded': WELL, 'loading': WARNS, 'failed': FAILED}
PART_STATES = {'ok': WELL, 'warn': WARNS, 'error': FAILED, 'stale': IDLE}


@dataclass(frozen=True)
class Asked:
    """What the command line asks about perception.

    Args:
        params_file: the node's parameter file; '' for the defaults.
        url: of a server; '' as the parameter file has it.
        node: name of a node that runs; '' for none.
        has_gpu: whether this machine has one.
    """

    params_file: str = ''
    url: str = ''
    node: str = ''
    has_gpu: bool = False


def examine_perception(asked: Asked) -> Iterator[Finding]:
    """What is configured, what there is for it, and how it does."""
    try:
        config = yield from _configured(asked)
    except SpatialClawError as error:
        yield Finding(PART, 'parameters', MISSING, str(error), 'the node does not start with them')
        config = PerceptionConfig()
    needs = [role for role, needed in (
        ('depth', config.needs_depth), ('masks', config.needs_masks)) if needed]
    named = {'depth': config.depth.model, 'masks': config.masks.model}
    models = ' and '.join(named[role] for role in needs) or 'no model'
    yield Finding(
        PART, 'configured', FOUND, f'reconstruct {config.reconstruct}, segment {config.segment}: '
        f'{models} needed' + (f', from {config.url}' if needs and config.url else ''))
    if config.url:
        yield from _server(config, needs)
    else:
        yield from _machine(config, needs, asked.has_gpu)
    if asked.node:
        yield from examine_node(asked.node)


def _configured(asked: Asked) -> Generator[Finding, None, PerceptionConfig]:
    config = PerceptionConfig()
    if asked.params_file:
        # the table of parameters needs ROS
        from spatialclaw_ros.ros.parameter_file import check_file, perception_of_file, sections_of
        path = Path(asked.params_file)
        found = sections_of(path, asked.node)
        if found.others:
            yield Finding(
                PART, 'sections', FOUND, f'looked at for {", ".join(found.nodes)}; not read by it: '
                f'{", ".join(found.others)}')
        check_file(path, found.nodes)
        config = perception_of_file(path, found.nodes[0])
    return msgspec.structs.replace(config, url=asked.url or config.url)


def _cost(needs: list[str], role: str) -> str:
    if role in needs:
        return 'queries that need it end with PERCEPTION_UNAVAILABLE'
    does = {'depth': 'no depth model', 'masks': 'no SAM 3'}
    return f'{does[role]}; rgbd and classical need none'


def _machine(config: PerceptionConfig, needs: list[str], has_gpu: bool) -> Iterator[Finding]:
    """Packages, GPU and weights of the interpreter that models run in."""
    models: dict[str, ModelConfig] = {'depth': config.depth, 'masks': config.masks}
    hub = {role: model.weights or origin(role, model.model)[0] for role, model in models.items()
           if not is_local(model.weights)}
    python = config.python or sys.executable
    try:
        report = _ask_interpreter(python, {
            'repositories': [name for name in hub.values() if name], 'try_gpu': has_gpu})
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        yield Finding(PART, 'interpreter', MISSING, f'{python}: {error}', _cost(needs, 'masks'))
        return
    if config.python:
        yield Finding(PART, 'interpreter', FOUND, f'{python} (Python {report["python"]})')
    yield from _packages(report, models, needs)
    if has_gpu and report['packages']['torch']:
        seen = ', '.join(report['gpus']['names'])
        yield Finding(PART, 'GPU in torch', FOUND if seen else WARNS,
                      seen or report['gpus']['error'],
                      '' if seen else 'models run on the CPU, which takes minutes for large ones; '
                      'install torch for the CUDA that `nvidia-smi` names')
    for role in needs:
        yield _weights(role, models[role], report['cached'].get(hub.get(role, ''), ''))


def _packages(
    report: Mapping[str, Any], models: Mapping[str, ModelConfig], needs: list[str],
) -> Iterator[Finding]:
    # a model of one's own needs who knows what
    known = [role for role in needs if ':' not in models[role].model]
    for package, install in PACKAGES.items():
        role = 'masks' if package in OF_ROLE['masks'] else 'depth'
        wanted = [each for each in known if package in OF_ROLE[each]]
        version, lacks = report['packages'][package], ''
        if package == 'torch' and version:
            lacks = _lacking_device(report['accelerator'], [models[each] for each in wanted])
            version += f', {report["accelerator"] or "for the CPU alone"}'
        elif package == 'transformers' and version and report['sam3_lacks']:
            lacks = f'it is without {", ".join(report["sam3_lacks"])}: install 5.18 or newer'
        if version and not lacks:
            yield Finding(PART, package, FOUND, version)
        else:
            yield Finding(
                PART, package, MISSING if wanted else OPTIONAL,
                f'{version}: {lacks}' if version else install,
                _cost(wanted, wanted[0] if wanted else role))


def _lacking_device(accelerator: str, models: list[ModelConfig]) -> str:
    asked = [model.device for model in models if model.device.startswith('cuda')]
    return f'device {asked[0]} is asked for' if asked and not accelerator else ''


def _weights(role: str, model: ModelConfig, cached: str) -> Finding:
    """Where a model's weights are, or how to get them."""
    name = f'weights of {model.model}'
    if ':' in model.model:
        return Finding(PART, name, FOUND, model.weights or 'its own loader has them')
    if model.options.get('random'):
        return Finding(PART, name, WARNS, f'none: perception.{role}.options.random is set',
                       'what it tells means nothing; it is there to measure time and memory')
    repository, licence = origin(role, model.model)
    needed = files(role, model.model)
    if is_local(model.weights):
        try:
            return Finding(PART, name, FOUND, str(
                find_weights(model.weights, repository, licence, files=needed)))
        except WeightsError as error:
            return Finding(PART, name, MISSING, str(error), _cost([role], role))
    there = 'not on this machine'
    if cached:
        try:
            find_weights(cached, repository, licence, files=needed)
            return Finding(PART, name, FOUND, f"{cached} (the hub's cache)")
        except WeightsError:  # a download that was cut short
            there = f'{cached} has not all of them'
    asked = model.weights or repository
    return Finding(
        PART, name, WARNS, f'{there}; the first start downloads {asked} ({licence})',
        f'if they are gated, accept the licence on https://huggingface.co/{asked} and `hf auth '
        f'login`; without a network copy the folder of `hf download {asked} --local-dir DIR` here '
        f'and set perception.{role}.weights')


def _ask_interpreter(python: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What another interpreter has, told by itself.

    Raises:
        OSError: it can't be started.
        subprocess.SubprocessError: it failed, or took too long.
        ValueError: it printed something else.
    """
    source = Path(gpu_room.__file__).with_name('installed.py').read_text(encoding='utf-8')
    result = subprocess.run(
        [python, '-', json.dumps(asked)], input=source, capture_output=True, text=True,
        timeout=INTERPRETER_TIMEOUT_S, check=False)
    if result.returncode:
        raise ValueError(result.stderr.strip().rpartition('\n')[2] or 'it failed')
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def _server(config: PerceptionConfig, needs: list[str]) -> Iterator[Finding]:
    """Handshake with each server of `perception.url`."""
    from spatialclaw_ros.perception.served.meeting import meet
    wanted: dict[str, str] = {role: getattr(config, role).model for role in needs}
    try:
        for url, told in meet(config.url, config.token_file, Deadline(SERVER_TIMEOUT_S)):
            if told.problem:
                yield Finding(PART, url, MISSING, told.problem,
                              'queries that need its models end with PERCEPTION_UNAVAILABLE')
                continue
            assert told.status is not None
            serves = {each.role: each.name for each in told.status.serves}
            lacks = [role for role in wanted if role not in serves]
            yield Finding(
                PART, url, MISSING if lacks else WELL,
                f'version {told.status.version}, answers in {told.round_trip_s * 1e3:.0f} ms'
                + (f', serves no {" and no ".join(lacks)} model' if lacks else ''))
            yield from (_model(model) for model in told.status.models)
    except SpatialClawError as error:
        yield Finding(PART, config.url, MISSING, str(error),
                      'queries that need its models end with PERCEPTION_UNAVAILABLE')


def _model(model: ModelStatus) -> Finding:
    facts = [model.name, model.state, model.message]
    if model.state == 'loading':
        facts[1] = f'loading, {model.progress:.0%} done'
    if model.device:
        facts.append(f'{model.precision} on {model.device}, {model.memory_bytes / 1e9:.1f} GB, '
                     f'{model.calls} calls')
    return Finding(PART, f'{model.role} model', STATES.get(model.state, WARNS),
                   ', '.join(filter(None, facts)))


def examine_node(name: str, timeout_s: float = NODE_TIMEOUT_S) -> Iterator[Finding]:
    """What a running node tells of its parts."""
    from spatialclaw_ros.client.watcher import Watcher
    part = f'node {name}'
    try:
        with Watcher(name) as watcher:
            watcher.wait(timeout_s)
            parts = watcher.view().parts
    # ROS does not begin, or nobody spins the watcher
    except SpatialClawError as error:
        yield Finding(part, '/diagnostics', MISSING, str(error))
        return
    if not parts:
        yield Finding(
            part, '/diagnostics', MISSING, f'nothing of it within {timeout_s:g} s',
            'does it run (`ros2 node list`), under this name, with the same ROS_DOMAIN_ID?')
    for each in parts:
        yield Finding(part, each.name, PART_STATES[each.level], each.message)
        if each.name == 'perception':
            yield from models_of(part, each.values)


def models_of(part: str, values: Mapping[str, str]) -> Iterator[Finding]:
    """The models that perception's status tells of."""
    for role in ('depth', 'masks'):
        told = {key.partition(': ')[2]: value for key, value in values.items()
                if key.startswith(f'{role}: ') and value}
        if not told:
            continue
        state = told.get('state', '')
        facts = [told.get('model', ''), state, told.get('message', '')]
        facts += [f'{told[key]} {unit}' for key, unit in (
            ('loaded (%)', '% loaded'), ('memory (MB)', 'MB'), ('calls', 'calls'))
            if key in told]
        facts += [told[key] for key in ('device', 'precision') if key in told]
        # a node of another version may have other states
        yield Finding(part, f'{role} model', STATES.get(state, WARNS),
                      ', '.join(filter(None, facts)))
