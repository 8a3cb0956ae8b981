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



"""What tool calls may take of the host: descriptors, memory for arguments and for results."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import numpy as np
import pytest
from kernel_fixtures import MIB, Host, kill_worker, make_observation

from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.kernel.memo import refuse, remember
from spatialclaw_ros.kernel.parts import SECCOMP
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.cell import CellResult

CALLS = 40
MANY = f"""\
parts = [tools.Reconstruct([InputImages[0]]) for _ in range({CALLS})]
values = [float(part.depth[0][-1, -1]) for part in parts]
"""
GIVEN = """\
kinds = []
picture = np.full((1024, 1024, 3), {value}, np.uint8)
for _ in range({count}):
    try:
        kinds.append(tools.OCR.read(picture) and 'read')
    except Exception as error:
        kinds.append(str(error))
"""


class LargeHost(Host):
    """Each of its reconstructions is another one, of 20 bytes per pixel."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def reconstruct(self, frame_indices: list[int]) -> ToolResult:  # type: ignore[override]
        depth = np.full((self.side, self.side), float(len(self.calls)), np.float32)
        arrays = {'extrinsics': np.eye(4)[None], 'intrinsics': np.full((1, 4), 50.0)}
        for index in frame_indices:
            arrays |= {f'depth_{index}': depth, f'points_{index}': np.dstack([depth] * 3),
                       f'confidence_{index}': depth}
        return ToolResult({'metric_scale': 1.0, 'scale_source': 'sensor_depth', 'notes': [],
                           'frame_indices': frame_indices}, arrays)


def descriptors() -> int:
    return len(os.listdir('/proc/self/fd'))


def fine(result: CellResult) -> CellResult:
    assert result.error is None, result.error
    return result


@pytest.fixture
def small(kernel: Kernel, host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelSession]:
    """A session that may give its tools 10 MiB."""
    with monkeypatch.context() as patch:
        patch.setattr(kernel, 'limits', dataclasses.replace(
            kernel.limits, argument_bytes=10 * MIB))
        opened = kernel.open(make_observation(), host)
    with opened:
        yield opened


def test_many_large_results_take_few_descriptors_and_are_replayed(kernel: Kernel) -> None:
    expected = [float(number + 1) for number in range(CALLS)]
    before = descriptors()
    with kernel.open(make_observation(1, 301, 301), LargeHost(301)) as session:
        fine(session.run(MANY))
        assert descriptors() - before < 20
        for _ in range(2):
            kill_worker(session)
            result = fine(session.run('print(values, [float(p.points[0].max()) for p in parts])'))
            assert result.restarted
            assert result.stdout == f'{expected} {expected}\n'
            assert descriptors() - before < 20
        log = session.tool_log
        assert [float(result.arrays['depth_0'][0, 0]) for _, result in log] == expected
    assert descriptors() - before < 20


def test_a_file_that_was_closed_is_sent_as_a_copy() -> None:
    pool = MemoryPool(2**20)
    files = [pool.borrow(8192) for _ in range(20)]
    for number, file in enumerate(files):
        file.buffer[:8192] = bytes([number]) * 8192
        for _ in range(3):
            with pool.sending(file) as fd:
                assert os.pread(fd, 8192, 0) == bytes([number]) * 8192
    open_files = [file for file in files if not file.closed]
    assert len(open_files) == 12
    view = np.frombuffer(files[-1].buffer, np.uint8)
    with pool.sending(files[-1]):
        assert view[0] == files[-1].buffer[0] == 19
    for file in files:
        pool.give_back(file)
    assert pool.free_bytes == 12 * 8192
    pool.close()


def test_arguments_are_bounded_and_what_was_refused_is_refused_again(
    small: KernelSession, host: Host,
) -> None:
    first = fine(small.run(GIVEN.format(value=7, count=5)))
    assert (first.tool_calls, len(host.calls), len(small.tool_log)) == (3, 3, 3)
    fine(small.run('more = tools.OCR.read(InputImages[0])'))
    kill_worker(small)
    result = fine(small.run('print([kind[:40] for kind in kinds], bool(more))'))
    refused = 'this query has given its tools 9 MiB of pictures'[:40]
    assert result.restarted
    assert result.stdout == f"{['read'] * 3 + [refused] * 2} True\n"
    assert len(host.calls) == 4


def test_a_result_that_is_too_large_is_an_error_of_the_cell(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        kernel, 'limits', dataclasses.replace(kernel.limits, tool_bytes=30_000_000))
    with kernel.open(make_observation(1, 1001, 1001), LargeHost(1001)) as session:
        fine(session.run('part = tools.Reconstruct(InputImages)'))
        result = session.run('part = tools.Reconstruct(InputImages)')
        assert result.error is not None
        assert 'takes 19 MiB, and this query has 9 MiB left' in result.error.message
        assert result.tool_calls == 1
        kill_worker(session)
        assert fine(session.run('print(part.depth[0][0, 0])')).stdout == '1.0\n'


@pytest.mark.parametrize('change', [
    ToolCall('ocr'), ToolCall('ocr', {'frame_index': 1}),
    ToolCall('ocr', {'frame_index': None}, {'image': np.ones((2, 6), np.uint8)}),
    ToolCall('ocr', {'frame_index': None}, {'image': np.ones((3, 4), np.int8)}),
    ToolCall('ocr', {'frame_index': None}, {'other': np.ones((3, 4), np.uint8)}),
    ToolCall('ocr', {'frame_index': None}, {'image': np.zeros((3, 4), np.uint8)}),
])
def test_failed_and_refused_calls_hold_no_arguments_but_know_them(change: ToolCall) -> None:
    call = ToolCall('ocr', {'frame_index': None}, {'image': np.ones((3, 4), np.uint8)})
    same = ToolCall('ocr', {'frame_index': None}, {'image': np.ones((3, 4), np.uint8)})
    pool = MemoryPool(0)
    for remembered in (remember(call, ToolResult(error='no'), pool), refuse(call, 'no')):
        assert not remembered.call.arrays
        assert remembered.asked_bytes == remembered.nbytes == 0
        assert remembered.matches(same)
        assert not remembered.matches(change)


def test_without_seccomp_no_memory_goes_from_one_query_to_the_next(host: Host) -> None:
    """A process that a cell started and left behind may still map it."""
    with Kernel(limits=KernelLimits(spare_workers=0), sandbox='best_effort',
                without=[SECCOMP]) as kernel:
        for _ in range(2):
            with kernel.open(make_observation(), host) as session:
                fine(session.run('part = tools.Reconstruct(InputImages)'))
            assert kernel.stats().pool_bytes == 0
