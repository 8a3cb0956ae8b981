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


"""The gate in front of real workers: what cells bind is remembered, what it says is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_fixtures import Host, make_observation

from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession

# What the gate refuses, tried without it: each fails in a worker too, or reaches nothing.
FAILS_ANYWAY = (
    'open("/etc/hostname")', 'exit()', 'help()', 'input("?")', 'breakpoint()',
    'import sys\nsys.stdin.readline()', 'import socket\nsocket.socket()',
    'import subprocess\nsubprocess.run(["true"])', 'import asyncio\nasyncio.run(f())',
    'import multiprocessing\nmultiprocessing.Pool(1)', 'import torch', 'import rclpy',
    'np.save("a.npy", np.ones(3))', 'np.fromfile("/etc/hostname")', 'np.os.listdir(".")',
    'from pathlib import Path\nPath("a").write_text("b")', 'plt.savefig("a.png")',
    'InputImages[0].save("a.png")', 'import cv2\ncv2.imshow("a", np.zeros((2, 2)))')


def run(session: KernelSession, code: str) -> str:
    """Return what a cell prints."""
    result = session.run(code)
    assert result.error is None, result.error
    return result.stdout.strip()


def test_what_cells_define_may_be_used_by_later_ones(session: KernelSession) -> None:
    assert run(session, 'def help(): return 7\nclass open:\n    size = 8') == ''
    assert run(session, 'from re import compile\ndef save(path): return path') == ''
    assert run(session, 'print(help(), open().size, compile("a").pattern)') == '7 8 a'


def test_it_is_remembered_across_a_worker_that_died(session: KernelSession) -> None:
    run(session, 'def exit(): return 9')
    assert session.run('import ctypes').error.kind == 'GateError'
    assert session.run('np.empty(2**60, np.uint8).sum()').error is not None
    assert session.run('def f(n): return f(n + 1)\nf(0)').error is not None
    assert run(session, 'print(exit())') == '9'


def test_a_refused_cell_leaves_nothing_behind(session: KernelSession) -> None:
    error = session.run('y = 1\ndef help(): return 1\nopen("a")').error
    assert error is not None
    assert error.kind == 'GateError'
    assert session.run('print(y)').error.kind == 'NameError'
    assert session.run('help()').error.kind == 'GateError'
    assert session.variables == ()


def test_usual_imports_keep_the_advice(session: KernelSession) -> None:
    run(session, 'import numpy as np, io\nimport matplotlib.pyplot as plt')
    assert 'stay from cell to cell' in session.run('np.save("a.npy", np.ones(3))').error.message
    assert 'BytesIO' in session.run('io.open("a")').error.message


@pytest.fixture(scope='module')
def ungated_worker() -> Iterator[KernelSession]:
    """A session without the gate."""
    with Kernel(limits=KernelLimits(cell_timeout_s=10.0)) as kernel, kernel.open(
            make_observation(), Host(), gated=False) as opened:
        yield opened


@pytest.mark.parametrize('code', FAILS_ANYWAY)
def test_the_gate_refuses_what_fails_anyway(
    ungated_worker: KernelSession, session: KernelSession, code: str,
) -> None:
    refused = session.run(code).error
    assert refused is not None
    assert refused.kind == 'GateError'
    failed = ungated_worker.run(code).error
    assert failed is not None
