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



"""Memory that goes from one query to the next holds nothing of the last one."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_fixtures import make_observation

from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.kernel.memo import INLINE_BYTES, remember
from spatialclaw_ros.sharing.memory import MemoryFile, MemoryPool, layout, write_arrays
from spatialclaw_ros.sharing.observations import pack_observation
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult

OLD = 0xAA
SECRET = 0x5A
shapes = st.lists(st.tuples(st.sampled_from(['u1', 'b1', '<f4', '<f8', '<i2']),
                            st.lists(st.integers(0, 9), max_size=3)), min_size=1, max_size=6)


def used_file(pool: MemoryPool, nbytes: int) -> MemoryFile:
    """A file that the last query has filled to its last byte."""
    file = pool.borrow(nbytes)
    np.frombuffer(file.buffer, np.uint8)[:] = OLD
    pool.give_back(file)
    return file


def assert_only_zeros(file: MemoryFile) -> None:
    content = np.frombuffer(file.buffer, np.uint8)
    assert not content.any(), f'{np.count_nonzero(content)} bytes are left of the last query'


@settings(max_examples=150, deadline=None)
@given(shapes, st.integers(0, 9000))
def test_no_byte_is_left_between_or_behind_arrays(
    kinds: list[tuple[str, list[int]]], more_bytes: int,
) -> None:
    arrays = {f'a{i}': np.zeros(shape, dtype) for i, (dtype, shape) in enumerate(kinds)}
    specs, nbytes = layout(arrays)
    pool = MemoryPool(2**20)
    old = used_file(pool, min(nbytes + more_bytes, max(2 * nbytes, 4096)))
    file = pool.borrow(nbytes)
    assert file is old
    write_arrays(file.buffer, specs, arrays)
    assert_only_zeros(file)
    pool.give_back(file)
    pool.close()


def test_an_observation_leaves_none_of_another() -> None:
    """Of 7x5 pictures, whose rows fill no cache line."""
    header, arrays = pack_observation(make_observation(3, 5, 7))
    arrays = {name: np.zeros_like(array) for name, array in arrays.items()}
    pool = MemoryPool(2**20)
    old = used_file(pool, header.nbytes + 1000)
    file = pool.borrow(header.nbytes)
    assert file is old
    write_arrays(file.buffer, header.arrays, arrays)
    assert_only_zeros(file)
    pool.give_back(file)
    pool.close()


def test_a_tool_result_leaves_none_of_another() -> None:
    pool = MemoryPool(2**24)
    old = used_file(pool, INLINE_BYTES + 200_000)
    result = ToolResult(arrays={'a': np.zeros(INLINE_BYTES + 3, np.uint8), 'b': np.zeros(5)})
    remembered = remember(ToolCall('t'), result, pool)
    assert remembered.file is old
    assert_only_zeros(old)
    pool.close()


def test_a_result_that_is_still_read_is_not_written_over() -> None:
    """What the host holds of an earlier query, evidence of its answer, stays as it is."""
    pool = MemoryPool(2**24)
    result = ToolResult(arrays={'a': np.full(INLINE_BYTES + 1, 7, np.uint8)})
    remembered = remember(ToolCall('t'), result, pool)
    held = remembered.result.arrays['a'][10:20]
    assert remembered.file is not None
    pool.give_back(remembered.file)
    assert pool.free_bytes == 0
    del remembered
    other = pool.borrow(INLINE_BYTES + 64)
    np.frombuffer(other.buffer, np.uint8)[:] = OLD
    assert (held == 7).all()
    pool.give_back(other)
    pool.close()


def test_a_worker_finds_nothing_of_the_last_query(kernel: Kernel, host) -> None:
    """It looks at all that it has mapped of its own memory file."""
    first = make_observation(4, 41, 43)
    marked = replace(first, frames=tuple(
        replace(frame, image=np.full_like(frame.image, SECRET)) for frame in first.frames))
    kernel.open(marked, host).close()
    assert kernel.pool.free_bytes > 0
    with kernel.open(make_observation(3, 41, 43), host, gated=False) as session:
        result = session.run(
            'import ctypes\n'
            'image = InputImages[0].array\n'
            'start = min(f.array.__array_interface__["data"][0] for f in InputImages)\n'
            'start -= start % 4096\n'
            f'found = ctypes.string_at(start, {first.frames[0].image.nbytes * 3})\n'
            f'print(found.count(bytes([{SECRET}]) * 8))')
        assert result.error is None, result.error
        assert result.stdout == '0\n'


def test_a_pool_holds_few_descriptors() -> None:
    pool = MemoryPool(2**30)
    files = [pool.borrow(4096) for _ in range(40)]
    before = len(os.listdir('/proc/self/fd'))
    for file in files:
        pool.give_back(file)
    assert before - len(os.listdir('/proc/self/fd')) >= 40 - 16
    pool.close()
