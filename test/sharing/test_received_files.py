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

"""Memory files of another process: which are taken, and when they are given back."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable

import numpy as np
import pytest

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.sharing.memory import MemoryFile, MemoryPool
from spatialclaw_ros.sharing.received import ReceivedFile, places_in

NBYTES = 10_000
_ADD_SEALS, _SHRINK, _GROW = 1033, 2, 4


def sealed(seals: int, size: int = NBYTES) -> int:
    fd = os.memfd_create('x', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, _ADD_SEALS, seals)
    return fd


def plain() -> int:
    with tempfile.TemporaryFile() as file:
        file.truncate(NBYTES)
        return os.dup(file.fileno())


def open_fds() -> int:
    return len(os.listdir('/proc/self/fd'))


@pytest.mark.parametrize(('make', 'nbytes', 'words'), [
    (lambda: sealed(0), NBYTES, 'can neither shrink nor be written'),
    (lambda: sealed(_SHRINK | _GROW), NBYTES, 'can neither shrink nor be written'),
    (lambda: sealed(1 | _SHRINK | _GROW), NBYTES, 'can neither shrink nor be written'),
    (lambda: sealed(1 | _SHRINK | _GROW | 16, 100), NBYTES, 'a memory file of 100 bytes'),
    (lambda: sealed(1 | _SHRINK | _GROW | 16), 0, 'at least 0'),
    (lambda: sealed(1 | _SHRINK | _GROW | 16), 2**50, 'a memory file of 10000 bytes'),
    (plain, NBYTES, 'not a memory file'),
])
def test_what_could_change_its_size_or_be_written_is_refused(
    make: Callable[[], int], nbytes: int, words: str,
) -> None:
    """A file that shrinks under its reader kills it; the descriptor is closed all the same."""
    before = open_fds()
    with pytest.raises(WireError, match=words):
        ReceivedFile(make(), nbytes, lambda again: None)
    assert open_fds() <= before


@pytest.mark.parametrize(('through', 'again'), [
    ('nobody', True), ('a worker', True), ('a worker that was not seen to end', False),
    ('a pool that is closed', False)])
def test_it_is_given_back_when_its_last_view_is_gone(through: str, again: bool) -> None:
    owner = MemoryFile(NBYTES)
    np.frombuffer(owner.buffer, np.uint8)[:] = 7
    given: list[bool] = []
    before = open_fds()
    file = ReceivedFile(os.dup(owner.fd), NBYTES, given.append)
    view = np.frombuffer(file.buffer, np.uint8)[10:20]
    pool = MemoryPool(2**20)
    if through != 'nobody':
        with pool.sending(file):
            pass
        if through == 'a pool that is closed':
            pool.close()
        if through != 'a worker that was not seen to end':
            pool.give_back(file)
            assert file.closed
    pool.close()
    del pool, file
    assert open_fds() == before
    assert given == []
    assert (view == 7).all()
    assert not view.flags.writeable
    del view
    assert given == [again]
    owner.close()


def test_one_without_a_descriptor_is_sent_as_a_copy() -> None:
    """As those of a pool, of which only a few stay open."""
    owner = MemoryFile(NBYTES)
    np.frombuffer(owner.buffer, np.uint8)[:] = 9
    given: list[bool] = []
    pool = MemoryPool(2**20)
    before = open_fds()
    files = [ReceivedFile(os.dup(owner.fd), NBYTES, given.append) for _ in range(20)]
    for file in files:
        with pool.sending(file):
            pass
    assert open_fds() - before <= 12
    assert sum(file.closed for file in files) == 8
    with pool.sending(files[-1]) as fd:
        assert not os.path.sameopenfile(fd, owner.fd)
        assert os.pread(fd, 5, 100) == bytes([9]) * 5
    assert given == [False]  # the worker has the first one mapped
    for file in files:
        pool.give_back(file)
    del file, files
    assert open_fds() == before
    assert given == [False, *[True] * 19]
    pool.close()
    owner.close()


def test_places_of_arrays() -> None:
    file = MemoryFile(NBYTES)
    content = np.frombuffer(file.buffer, np.uint8)
    lying = {'a': content[8:48].view('<f4').reshape(2, 5), 'b': content[64:64], 'c': content[96:]}
    specs = places_in(file, lying)
    assert specs is not None
    assert [(spec.dtype, spec.shape, spec.offset) for spec in specs] == [
        ('<f4', [2, 5], 8), ('|u1', [0], 0), ('|u1', [NBYTES - 96], 96)]
    for wrong in (np.zeros(3), content[::2], content[8:48].view('>f4'), content[1:5].view('V4'),
                  content[8:24].view('<c8')):
        assert places_in(file, {**lying, 'wrong': wrong}) is None
    del content, lying, wrong
    file.close()
