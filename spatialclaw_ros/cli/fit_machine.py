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


"""Memory of a machine: what nvidia-smi, /proc/meminfo and a Jetson's device tree say."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

GIB = 2**30
MIB = 2**20
_TIMEOUT_S = 10.0
_TREE = Path('/proc/device-tree/model')
_MEMORY = Path('/proc/meminfo')


@dataclass(frozen=True)
class Machine:
    """Where models are to fit.

    Args:
        name: for people.
        gpu: bytes of the GPU that is looked at; of a Jetson, that the system sees; 0 without.
        shared: whether GPU and processor share one memory, as on a Jetson.
        system: bytes that the processor sees.
        gpus: how many GPUs there are.
    """

    name: str
    gpu: int
    shared: bool = False
    system: int = 0
    gpus: int = 1


def this_machine(*, tree: Path = _TREE, memory: Path = _MEMORY) -> Machine:
    """The machine at hand; of several GPUs the one with most memory.

    Args:
        tree: says on a Jetson which one it is.
        memory: of the system.
    """
    system = _system_bytes(memory)
    model = tree.read_text(errors='replace').strip('\0\n ') if tree.is_file() else ''
    if 'Jetson' in model or 'Orin' in model:
        return Machine(model, system, shared=True, system=system)
    cards = _cards()
    if not cards:
        return Machine('no NVIDIA GPU', 0, system=system, gpus=0)
    name, size = max(cards, key=lambda card: card[1])
    more = f', the largest of {len(cards)}' if len(cards) > 1 else ''
    return Machine(f'{name}{more}', size, system=system, gpus=len(cards))


def _system_bytes(memory: Path) -> int:
    for line in memory.read_text(encoding='ascii').splitlines():
        name, _, value = line.partition(':')
        if name == 'MemTotal':
            return int(value.split()[0]) * 1024
    return 0


def _cards() -> list[tuple[str, int]]:
    """Name and bytes of each GPU; a GPU whose memory is not told is left out."""
    tool = shutil.which('nvidia-smi')
    if tool is None:
        return []
    query = [tool, '--query-gpu=name,memory.total', '--format=csv,noheader,nounits']
    try:
        told = subprocess.run(
            query, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    cards = []
    for line in told.stdout.splitlines() if not told.returncode else ():
        name, _, size = line.rpartition(',')
        if size.strip().isdigit():
            cards.append((name.strip(), int(size) * MIB))
    return cards
