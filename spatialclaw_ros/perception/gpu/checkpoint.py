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



"""Weights in safetensors, looked at without reading them: what they hold, and whether all of it.

The format: 8 bytes length (little-endian), a JSON header of that length with name, dtype, shape and
place of each tensor, then the tensors' bytes
(https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WEIGHTS = ('model.safetensors', 'model.safetensors.index.json')
"""One file, or the list of several."""

_LONGEST_HEADER = 100_000_000


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The files that hold a model's weights.

    Raises:
        ValueError: a list of files that can't be read, or names one that is not there.
    """
    single, index = (folder / name for name in WEIGHTS)
    if single.is_file():
        return (single,)
    try:
        names = sorted(set(json.loads(index.read_text(encoding='utf-8'))['weight_map'].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{index} is no list of weights ({type(error).__name__})') from error
    missing = [str(name) for name in names if not (folder / str(name)).is_file()]
    if missing:
        raise ValueError(f'{folder} lacks {len(missing)} of {len(names)} files of weights, '
                         f'the first is {missing[0]}')
    return tuple(folder / str(name) for name in names)


def check_weights(folder: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor, from headers alone.

    Raises:
        ValueError: a file that is not there, not safetensors, or not as long as its header says.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for path in weight_files(folder):
        end = 0
        for name, entry in _header(path).items():
            if name != '__metadata__':
                shapes[name] = tuple(int(size) for size in entry['shape'])
                end = max(end, int(entry['data_offsets'][1]))
        with path.open('rb') as stream:
            start = 8 + int.from_bytes(stream.read(8), 'little')
        size = path.stat().st_size
        if size != start + end:
            raise ValueError(f'{path} has {size} bytes and should have {start + end}: it was not '
                             'copied in full')
    return shapes


def _header(path: Path) -> dict[str, Any]:
    with path.open('rb') as stream:
        first = stream.read(8)
        if first == b'version ':
            raise ValueError(f'{path} is a pointer of git-lfs, not the file itself')
        length = int.from_bytes(first, 'little')
        if not 0 < length <= min(_LONGEST_HEADER, path.stat().st_size):
            raise ValueError(f'{path} is not in the format safetensors')
        text = stream.read(length)
    try:
        header = json.loads(text)
        if not all(name == '__metadata__' or {'shape', 'data_offsets'} <= entry.keys()
                   for name, entry in header.items()):
            raise ValueError('a tensor without shape or place')
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{path} is not in the format safetensors') from error
    return header
