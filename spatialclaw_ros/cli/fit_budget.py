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


"""The sum: what the models of a profile and all that runs beside them take of a machine's memory.

What is not counted or traced is assumed, and named here: contexts, the system, processes' own
memory. docs/hardware.md shows every sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from spatialclaw_ros.backbone.vllm.config_file import read_config
from spatialclaw_ros.backbone.vllm.sizes import CONTEXT_BYTES, BackboneNeed, need_backbone
from spatialclaw_ros.cli.fit_machine import GIB, MIB, Machine
from spatialclaw_ros.cli.fit_profile import Profile
from spatialclaw_ros.errors import InvalidRequestError
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.registry import source
from spatialclaw_ros.perception.sizes import Need, need_depth, need_sam3

MARGIN = 0.05
"""Of the memory that stays free."""
DISPLAY = int(0.8 * GIB)
"""Assumed for driver and desktop on a GPU of its own memory."""
SYSTEM = int(1.5 * GIB)
"""Assumed for the operating system of a robot, without a desktop."""
NODE = int(0.4 * GIB)
"""Assumed for the node without what it buffers, and for the kernel's zygote."""
PERCEPTION_HOST = int(1.2 * GIB)
"""Assumed for the memory of the perception process beside its GPU: torch and CUDA's libraries."""
VLLM_HOST = 2 * GIB
"""The same for vLLM's processes."""
DEFAULTS = {'buffer_mb': 512, 'kernel_memory_mb': 2048, 'kernel_pool_mb': 384, 'max_concurrent': 1}
OWN_MODEL = 'a model of your own: its size is not known here'


@dataclass(frozen=True)
class Row:
    """One line of the sum.

    Args:
        what: takes the memory.
        bytes: how much; 0 for a part that a line above holds already.
        detail: how it comes about.
    """

    what: str
    bytes: int
    detail: str = ''


@dataclass(frozen=True)
class Budget:
    """What a profile takes of a machine.

    Args:
        profile: whose.
        machine: of which.
        gpu: lines of the GPU's memory; where it is shared, of all memory.
        system: lines of the system's memory; empty where it is shared.
        faults: why it doesn't fit; empty when it does.
        path: of the profile's file.
    """

    profile: str
    machine: Machine
    gpu: tuple[Row, ...]
    system: tuple[Row, ...]
    faults: tuple[str, ...]
    path: str

    @property
    def fits(self) -> bool:
        """Whether all of it has room, with the margin."""
        return not self.faults

    @property
    def gpu_bytes(self) -> int:
        """Sum of the lines of the GPU."""
        return sum(row.bytes for row in self.gpu)


def budget(profile: Profile, machine: Machine) -> Budget:
    """Sum up what a profile takes.

    Raises:
        InvalidRequestError: the profile, or the backbone's configuration that it names, can't be
            used.
    """
    perception = profile.perception
    backbone = _backbone(profile)
    gpu = [*_backbone_rows(backbone, machine), *_perception_rows(perception)]
    host = list(_host_rows(profile, perception, backbone is not None))
    faults = list(_backbone_faults(backbone, machine))
    if machine.shared:
        gpu, host = host + gpu, []
    elif gpu:
        gpu.insert(0, Row('driver and desktop', DISPLAY, 'assumed'))
    for rows, size, name in ((gpu, machine.gpu, 'memory' if machine.shared else "GPU's memory"),
                             (host, machine.system, "system's memory")):
        taken = sum(row.bytes for row in rows)
        # the size of a system's memory may not be known; that of a GPU is, or there is none
        if rows is gpu and rows and not size:
            faults.append(f'{taken / GIB:.1f} GiB of a GPU are needed, and there is none')
        elif rows and size and taken > size * (1 - MARGIN):
            faults.append(
                f'{taken / GIB:.1f} GiB of {size / GIB:.1f} GiB of the {name}, of which '
                f'{MARGIN:.0%} should stay free')
    return Budget(
        profile.name, machine, tuple(gpu), tuple(host), tuple(faults), profile.path)


def _backbone(profile: Profile) -> BackboneNeed | None:
    """What its server takes here; None where there is none, or on another machine."""
    content = profile.content
    if content.get('backbone', 'rules') != 'vllm' or content.get('backbone_url'):
        return None
    config = read_config(str(content.get('backbone_config', '')) or 'openai_compatible')
    return need_backbone(config) if config.serve is not None else None


def _backbone_rows(need: BackboneNeed | None, machine: Machine) -> Iterator[Row]:
    if need is None:
        return
    taken = need.taken(machine.gpu)
    yield Row('backbone: vLLM', max(taken, need.least),
              'least that it starts with; in it' if taken < need.least else
              f'gpu-memory-utilization {need.share:g} of {machine.gpu / GIB:.1f} GiB; in it')
    yield Row('  weights', 0, f'{need.weights / GIB:.2f} GiB, {need.precision}')
    yield Row('  working memory', 0, f'{need.working / GIB:.2f} GiB: largest step, logits, graphs, '
                                     'context (reckoned)')
    if need.states:
        yield Row('  states', 0, f'{need.states / GIB:.2f} GiB of linear attention')
    yield Row('  keys and values', 0,
              f'{need.token / 1024:.0f} KiB a token; {need.tokens} tokens take '
              f'{need.token * need.tokens / GIB:.2f} GiB, room for {need.room(machine.gpu)}')


def _backbone_faults(need: BackboneNeed | None, machine: Machine) -> Iterator[str]:
    if need is not None and machine.gpu and need.least > need.taken(machine.gpu):
        yield (f'vLLM would not start: {need.least / GIB:.1f} GiB for weights, a step and '
               f'{need.tokens} tokens, and gpu-memory-utilization gives it '
               f'{need.taken(machine.gpu) / GIB:.1f} GiB')


def _needs(config: PerceptionConfig, *, on_gpu: bool) -> list[tuple[str, str, Need]]:
    """Name, largest call and need of each model here, of those on the GPU or of the others."""
    needs: list[tuple[str, str, Need]] = []
    for role, model, needed in (('masks', config.masks, config.needs_masks),
                                ('depth', config.depth, config.needs_depth)):
        if config.url or not needed or (model.device != 'cpu') != on_gpu:
            continue
        source(role, model.model)  # raises where there is no such model
        if ':' in model.model:
            raise InvalidRequestError(f'{role}: {model.model}: {OWN_MODEL}')
        if not on_gpu and model.precision == 'auto':
            model = msgspec.structs.replace(model, precision='fp32')
        needs.append(('SAM 3', f'batch {model.batch}', need_sam3(model)) if role == 'masks' else (
            model.model, f'{model.max_views} views', need_depth(model)))
    return needs


def _perception_rows(config: PerceptionConfig, *, on_gpu: bool = True) -> Iterator[Row]:
    needs = _needs(config, on_gpu=on_gpu)
    if not needs:
        return
    if on_gpu:
        yield Row('perception: context', CONTEXT_BYTES, 'CUDA context and libraries (assumed)')
    else:
        yield Row('perception on the processor', 0)
    for name, _, need in needs:
        yield Row(f'  {name}: weights', need.weights)
    # one call at a time on a device, and torch hands its memory on
    name, call, need = max(needs, key=lambda each: each[2].call)
    others = ', '.join(f'{other} {each.call / GIB:.2f} GiB' for other, _, each in needs
                       if other != name)
    yield Row('  largest call', need.call,
              f'{name}, {call}' + (f' (not at once: {others})' if others else ''))


def _host_rows(profile: Profile, config: PerceptionConfig, serves: bool) -> Iterator[Row]:
    values = {**DEFAULTS, **profile.content}
    for name in DEFAULTS:
        if not isinstance(values[name], int):
            raise InvalidRequestError(f'{profile.path}: {name} must be an integer, got '
                                      f'{values[name]!r}')
    cells = 2 * values['kernel_memory_mb'] * MIB * values['max_concurrent']
    yield Row('operating system', SYSTEM, 'assumed')
    yield Row('node', NODE + values['buffer_mb'] * MIB,
              f'{values["buffer_mb"]} MiB of it buffered messages')
    yield Row('cells and their tool results', cells + values['kernel_pool_mb'] * MIB,
              f'at most: twice kernel_memory_mb {values["kernel_memory_mb"]}, and '
              f'kernel_pool_mb {values["kernel_pool_mb"]}')
    if config.apart and not config.url:
        yield Row('perception process', PERCEPTION_HOST, 'beside its GPU memory (assumed)')
    yield from _perception_rows(config, on_gpu=False)
    if serves:
        yield Row("vLLM's processes", VLLM_HOST, 'beside its GPU memory (assumed)')


def changes(profile: Profile) -> Iterator[tuple[str, Profile]]:
    """What could be changed in a profile that doesn't fit, in words, and the profile then."""
    content = dict(profile.content)
    perception = dict(content.get('perception', {}))
    masks = dict(perception.get('masks', {}))
    if masks.get('batch', 8) > 1:
        fewer = {**perception, 'masks': {**masks, 'batch': 1}}
        yield 'perception.masks.batch: 1', replace(
            profile, content={**content, 'perception': fewer})
    if content.get('backbone', 'rules') == 'vllm' and not content.get('backbone_url'):
        yield 'the backbone on another machine (backbone_url)', replace(
            profile, content={**content, 'backbone_url': 'http://another:8000/v1'})
    if profile.perception.apart and not profile.perception.url:
        yield 'the models of perception on another machine (perception.url)', replace(
            profile, content={**content, 'perception': {
                **perception, 'url': 'http://another:8400'}})
