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


"""Memory of large bodies is used again, and never while somebody still looks at it."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from spatialclaw_ros.perception.served import buffers
from spatialclaw_ros.perception.served.buffers import Buffers

SIZE = 3 << 20


def address(array: np.ndarray) -> int:
    return int(array.ctypes.data)


@pytest.mark.parametrize('look', [
    lambda body: body,
    lambda body: body[64:128],
    lambda body: body[:64].view(np.float32).reshape(4, 4)[1:],
    lambda body: body.data,
    lambda body: memoryview(body)[5:],
    lambda body: np.frombuffer(body.data, np.float32),
    lambda body: np.asarray(body[:12].view(np.float32)),
])
def test_a_buffer_is_free_when_the_last_view_of_it_is_gone(look) -> None:
    held = Buffers()
    body = held.take(SIZE)
    first = address(body)
    seen = look(body)
    del body
    assert address(held.take(SIZE)) != first
    del seen
    gc.collect()
    again = [held.take(SIZE), held.take(SIZE)]
    assert first in map(address, again)
    assert address(again[0]) != address(again[1])


def test_few_are_kept_and_none_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Buffers()
    bodies = [held.take(SIZE + number) for number in range(5)]
    assert len({address(each) for each in bodies}) == 5
    assert held.held_bytes == 2 * SIZE + 3 + 4
    held.trim()
    assert held.held_bytes > 0
    monkeypatch.setattr(buffers, '_IDLE_S', -1.0)
    held.trim()
    assert held.held_bytes == 0
    assert bodies[4].size == SIZE + 4


@pytest.mark.parametrize(('size', 'again'), [
    (SIZE, True), (SIZE - 1, True), (SIZE // 2, True), (SIZE // 2 - 1, False), (SIZE + 1, False),
    (100, False), (0, False)])
def test_a_buffer_serves_sizes_that_are_not_much_smaller(size: int, again: bool) -> None:
    held = Buffers()
    first = address(held.take(SIZE))
    taken = held.take(size)
    assert taken.shape == (size,)
    assert (address(taken) == first) is again
