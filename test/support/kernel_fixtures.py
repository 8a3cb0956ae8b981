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


"""A real kernel and a host that counts, shared by all tests and benches of the kernel.

`test/conftest.py` loads the fixtures; helpers are imported by name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from spatialclaw_ros.geometry.camera import PinholeCamera
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

MIB = 1024 * 1024
HEIGHT, WIDTH = 48, 64
SOON_S = 60.0


class Host:
    """The host's tools, played by a few lines; counts what it was asked."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self.before: Callable[[ToolCall], None] = lambda call: None

    def __call__(self, call: ToolCall) -> ToolResult:
        self.calls.append(call)
        self.before(call)
        if call.tool == 'reconstruct':
            return self.reconstruct(call.args['frame_indices'])
        if call.tool == 'ocr':
            mean = float(np.mean(call.arrays['image'])) if 'image' in call.arrays else -1.0
            box = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]
            return ToolResult({'lines': [{'text': f'mean {mean:.3f}', 'box': box, 'score': 0.9}]})
        return ToolResult(error=f'no such tool: {call.tool}; there are reconstruct and ocr')

    @staticmethod
    def reconstruct(frame_indices: list[int]) -> ToolResult:
        arrays: dict[str, np.ndarray] = {}
        for index in frame_indices:
            depth = np.full((HEIGHT, WIDTH), 1.0 + index, np.float32)
            arrays[f'depth_{index}'] = depth
            arrays[f'points_{index}'] = np.dstack([depth, depth * 0, depth * 2])
            arrays[f'confidence_{index}'] = np.ones((HEIGHT, WIDTH), np.float32)
        count = len(frame_indices)
        arrays['extrinsics'] = np.tile(np.eye(4), (count, 1, 1))
        arrays['intrinsics'] = np.tile([50.0, 50.0, 31.5, 23.5], (count, 1))
        values = {'metric_scale': 1.0, 'scale_source': 'sensor_depth', 'notes': [],
                  'frame_indices': list(frame_indices)}
        return ToolResult(values, arrays)


def make_observation(count: int = 3, height: int = HEIGHT, width: int = WIDTH) -> Observation:
    """Frames whose pixels all have the value 10 x index."""
    camera = PinholeCamera(width, height, 50.0, 50.0, (width - 1) / 2, (height - 1) / 2)
    frames = tuple(
        Frame(index, 'front', index * 100_000_000, 'front_optical',
              np.full((height, width, 3), 10 * index % 256, np.uint8),
              np.full((height, width), 1.0 + index, np.float32), camera, np.eye(4))
        for index in range(count))
    return Observation(
        frames, world_frame='odom', base_frame='base_link', missing=('no lidar',),
        transforms={'gripper': np.tile(np.eye(4), (count, 1, 1))})


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is true, not for ever."""
    end_s = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end_s, 'it did not happen'
        time.sleep(0.005)


def kill_worker(session: KernelSession) -> None:
    """Kill a session's worker from outside, if there is one, and wait until it is dead."""
    pid = session.worker_pid
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: session.worker_pid is None)


@pytest.fixture(scope='module')
def kernel() -> Iterator[Kernel]:
    """Much patience, little memory; the next file, which counts descriptors, has another."""
    limits = KernelLimits(cell_timeout_s=20.0, memory_bytes=512 * MIB, tool_calls=40)
    with Kernel(limits=limits) as made:
        yield made


@pytest.fixture
def host() -> Host:
    """Tools that count."""
    return Host()


@pytest.fixture
def session(kernel: Kernel, host: Host) -> Iterator[KernelSession]:
    """A session with the gate on."""
    with kernel.open(make_observation(), host) as opened:
        yield opened


@pytest.fixture
def ungated(kernel: Kernel, host: Host) -> Iterator[KernelSession]:
    """A session without the gate: what a worker itself allows."""
    with kernel.open(make_observation(), host, gated=False) as opened:
        yield opened


@pytest.fixture
def hasty(
    kernel: Kernel, host: Host, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[KernelSession]:
    """A session without the gate whose cells get one second, and their replay half of one more."""
    with monkeypatch.context() as patch:
        patch.setattr(kernel, 'limits', dataclasses.replace(
            kernel.limits, cell_timeout_s=1.0, replay_timeout_s=1.5))
        opened = kernel.open(make_observation(), host, gated=False)
    with opened:
        yield opened


@pytest.fixture(scope='session')
def observation_of() -> Callable[..., Observation]:
    """Makes observations: count, height, width."""
    return make_observation


@pytest.fixture(scope='session')
def observation() -> Observation:
    """Three small frames."""
    return make_observation()
