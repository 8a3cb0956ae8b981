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

"""Results of the perception process reach a worker in the memory that the process wrote them to."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from kernel_fixtures import kill_worker, wait_for
from lab_models import lab_config, paint_depth

from spatialclaw_ros.agent.ahead import Ahead
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel, memo
from spatialclaw_ros.kernel.memo import remember
from spatialclaw_ros.perception.process.client import PerceptionProcess
from spatialclaw_ros.sharing.memory import MemoryFile, MemoryPool
from spatialclaw_ros.sharing.received import ReceivedFile
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

HEIGHT, WIDTH = 240, 320
FRAMES = 4
CALL = ToolCall('reconstruct', {'frame_indices': list(range(FRAMES))})
LOOK = 'recon = tools.Reconstruct(InputImages)\n'
TELL = 'print([round(float(np.nansum(recon.points[f])), 1) for f in recon.frame_indices])\n'
WAIT_S = 30.0


def observe() -> Observation:
    """A new one each time: its memory is let go with it."""
    camera = PinholeCamera(WIDTH, HEIGHT, 280.0, 280.0, 159.5, 119.5)
    frames = []
    for index in range(FRAMES):
        depth_m = np.full((HEIGHT, WIDTH), 1.0 + 0.25 * index, np.float32)
        frames.append(Frame(
            index, 'front', index, 'front_optical', paint_depth(depth_m), depth_m, camera,
            np.eye(4)))
    return Observation(tuple(frames), 'odom')


@pytest.fixture(scope='module')
def process() -> Iterator[PerceptionProcess]:
    perception = PerceptionProcess(lab_config(reconstruct='rgbd', segment='none'))
    yield perception
    perception.close()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of what the kernel copies of tool results, here in the host."""
    sizes: list[int] = []

    def counted(buffer: Any, specs: Any, arrays: dict[str, np.ndarray]) -> None:
        sizes.append(sum(array.nbytes for array in arrays.values()))
        original(buffer, specs, arrays)
    original = memo.write_arrays
    monkeypatch.setattr(memo, 'write_arrays', counted)
    return sizes


def lent(process: PerceptionProcess) -> set[int]:
    """Inodes of the process's memory files that this process has mapped or open."""
    with open(f'/proc/{process.status().pid}/maps') as theirs, open('/proc/self/maps') as ours:
        files = [{line.split()[4] for line in maps if '/memfd:spatialclaw' in line}
                 for maps in (theirs, ours)]
    return {int(inode) for inode in files[0] & files[1]}


def test_a_worker_reads_what_the_process_wrote(
    kernel: Kernel, process: PerceptionProcess, written: list[int],
) -> None:
    """And reads it again after it died, and the memory goes back with the session."""
    observation = observe()
    tools = partial(process.handle, observation, deadline=Deadline(WAIT_S))
    with kernel.open(observation, tools, process.capabilities) as session:
        first = session.run(LOOK + TELL)
        assert first.error is None
        expected = [float(np.nansum(array)) for name, array in session.tool_log[0][1].arrays.items()
                    if name.startswith('points_')]
        assert first.stdout == f'{[round(value, 1) for value in expected]}\n'
        held = lent(process)
        assert len(held) == 2  # the observation, and the result
        kill_worker(session)
        again = session.run(TELL)
        assert again.restarted
        assert (again.error, again.stdout) == (None, first.stdout)
        assert held <= lent(process)
    assert written == []
    wait_for(lambda: len(held & lent(process)) == 1)
    del session, tools, observation
    wait_for(lambda: not lent(process))


def test_a_worker_cannot_write_to_it(
    kernel: Kernel, process: PerceptionProcess,
) -> None:
    observation = observe()
    tools = partial(process.handle, observation, deadline=Deadline(WAIT_S))
    with kernel.open(observation, tools, process.capabilities, gated=False) as session:
        result = session.run(
            LOOK + 'try:\n    recon.depth[0][0, 0] = 9\nexcept ValueError as error:\n'
            '    print(error)\n'
            'try:\n    recon.depth[0].flags.writeable = True\nexcept ValueError as error:\n'
            '    print(error)\n')
    assert result.error is None, result.error
    assert result.stdout == (
        'assignment destination is read-only\n'
        'cannot set WRITEABLE flag to True of this array\n')


def test_what_ran_ahead_is_handed_on_likewise(
    kernel: Kernel, process: PerceptionProcess, written: list[int],
) -> None:
    observation = observe()
    with Ahead(lambda: [CALL], partial(process.handle, observation), Deadline(WAIT_S),
               after_s=0.0) as ahead:
        with ahead.writing():
            wait_for(lambda: bool(ahead._held))
        with kernel.open(observation, lambda call: ahead.answer(call, Deadline(WAIT_S))[0],
                         process.capabilities) as session:
            assert session.run(LOOK + TELL).error is None
        assert ahead.stats.used == 1
    assert written == []


def test_memory_is_used_again_when_nobody_reads_it(process: PerceptionProcess) -> None:
    """And not before that, whoever still holds an array of it."""
    observation = observe()
    results = [process.handle(observation, CALL, Deadline(WAIT_S)) for _ in range(2)]
    assert len(lent(process)) >= 2
    kept = results[0].arrays['depth_1']
    content = kept.copy()
    files = set()
    del results
    for _ in range(4):
        files |= lent(process)
        result = process.handle(observation, CALL, Deadline(WAIT_S))
        del result
    np.testing.assert_array_equal(kept, content)
    # the one that is kept, that of the observation, and one or two that are written in turn
    assert len(files | lent(process)) <= 5
    del kept
    gc.collect()
    wait_for(lambda: len(lent(process)) <= 2)


@pytest.mark.parametrize('change', [
    lambda arrays: {**arrays, 'more': np.zeros(3)},
    lambda arrays: {**arrays, 'depth_0': arrays['depth_0'].copy()},
    lambda arrays: {**arrays, 'depth_0': arrays['depth_0'].T},
    lambda arrays: {**arrays, 'depth_0': arrays['depth_0'][:, ::2]}])
def test_arrays_that_lie_elsewhere_are_copied(
    process: PerceptionProcess, written: list[int],
    change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]],
) -> None:
    """A file that is only partly what a result holds is not handed on."""
    result = process.handle(observe(), CALL, Deadline(WAIT_S))
    changed = replace(result, arrays=change(dict(result.arrays)))
    pool = MemoryPool(2**26)
    remembered = remember(CALL, changed, pool)
    assert len(written) == 1
    for name, array in changed.arrays.items():
        np.testing.assert_array_equal(remembered.result.arrays[name], array)
    pool.close()


def test_handing_on_takes_a_fraction_of_copying() -> None:
    """98 MB, as 16 frames of 768x576 have them; the copy is that of a warm pool."""
    arrays = {f'a{index}': np.full((576, 768, 7), index, np.float16) for index in range(16)}
    nbytes = sum(array.nbytes for array in arrays.values())
    theirs = MemoryFile(nbytes)
    pool = MemoryPool(2**30)

    def passed(result: ToolResult) -> float:
        times = []
        for _ in range(3):
            began_s = time.perf_counter()
            remembered = remember(CALL, result, pool)
            times.append(time.perf_counter() - began_s)
            if remembered.file is not None:
                pool.give_back(remembered.file)
            del remembered
        return statistics.median(times)

    copied_s = passed(ToolResult(arrays=arrays))
    given: list[bool] = []
    file = ReceivedFile(os.dup(theirs.fd), nbytes, given.append)
    view = np.frombuffer(file.buffer, np.float16)
    lying = {name: view[at * array.size:(at + 1) * array.size].reshape(array.shape)
             for at, (name, array) in enumerate(arrays.items())}
    handed_s = passed(ToolResult(arrays=lying, file=file))
    print(f'{nbytes / 1e6:.0f} MB: copied in {1e3 * copied_s:.1f} ms, '
          f'handed on in {1e3 * handed_s:.2f} ms')
    assert handed_s < copied_s / 5
    del file, view, lying
    theirs.close()
    pool.close()
