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


"""What must be gone when the node was told to end."""

from __future__ import annotations

import subprocess
from contextlib import suppress

import psutil
from soak_census import FAST_DDS_PORT, SHARED_MEMORY, mapped_by_anyone, shared_memory_of
from soak_plant import Plant

GONE_S = 10.0


def end_node(plant: Plant) -> list[str]:
    """End the node with SIGINT; returns what was left of it, in words."""
    node = plant.node
    if not node.running:
        return []
    children = node.children()
    mapped = plant.mapped.union(*(shared_memory_of(one.pid) for one in (node.process, *children)))
    found = []
    try:
        status = node.stop()
    except subprocess.TimeoutExpired as error:
        found.append(f'the node did not end within {error.timeout:g} s of SIGINT, and was killed')
    else:
        if status:
            found.append(f'SIGINT ended the node with status {status}')
    _, alive = psutil.wait_procs(children, GONE_S)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            found.append(f'process {process.pid} ({" ".join(process.cmdline())[:80]})')
    left = {name for name in mapped if (SHARED_MEMORY / name).exists()
            and not FAST_DDS_PORT.match(name)} - mapped_by_anyone()
    if left:
        found.append(f'{len(left)} files in {SHARED_MEMORY} that nobody has mapped: '
                     f'{", ".join(sorted(left)[:8])}')
    files = [path.name for path in plant.temporary.rglob('*')]
    if files:
        found.append(f'{len(files)} temporary files: {", ".join(files[:8])}')
    if (tracebacks := node.log.count('Traceback')):
        found.append(f'{tracebacks} tracebacks in {node.log_path}')
    return found
