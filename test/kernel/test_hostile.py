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


"""Cells that attack their own wire: the session goes on, and nobody else notices."""

from __future__ import annotations

import time

import pytest

from spatialclaw_ros.kernel import Kernel, KernelSession

SEND = (
    'import os, msgspec\n'
    'def send(**fields):\n'
    '    data = msgspec.msgpack.encode(fields)\n'
    '    os.write(3, len(data).to_bytes(4, "little") + data)\n')
DONE = ('send(type="cell_done", cell={cell}, stdout="forged", error=None, variables=[],'
        ' answer=None)\n')

ATTACKS = {
    'malformed messages': 'while True: os.write(3, b"\\x01\\0\\0\\0\\xc0" * 1000)',
    'endless announcement': 'os.write(3, b"\\xff\\xff\\xff\\xff")\nwhile True: pass',
    'announced and not sent': 'os.write(3, (2 ** 25).to_bytes(4, "little"))\nwhile True: pass',
    'pictures without end':
        'while True: send(type="shown", label="", height=1, width=1, data=b"123")',
    'end of another cell': DONE.format(cell=7) + 'while True: pass',
    'ready again': 'send(type="ready")\nwhile True: pass',
    'end of the session': 'send(type="start_failed", message="x")\nwhile True: pass',
    'tool calls without end': 'while True: send(type="tool_request", tool="t", args={}, arrays=[])',
    'stop itself': 'os.kill(os.getpid(), 19)',
    'no builtins': 'import builtins\nfor name in ("len", "isinstance", "dict", "Exception"):\n'
                   '    delattr(builtins, name)',
}


@pytest.mark.parametrize('name', ATTACKS)
def test_attacks_cost_only_their_own_cell(
    kernel: Kernel, hasty: KernelSession, observation, host, name: str,
) -> None:
    with kernel.open(observation, host) as neighbour:
        neighbour.run('b = 2')
        hasty.run('a = 5')
        began_s = time.monotonic()
        result = hasty.run(SEND + ATTACKS[name])
        assert time.monotonic() - began_s < 20.0
        assert result.error is not None
        assert result.error.kind in ('Crash', 'Timeout')
        assert result.restarted
        after = hasty.run('print(a)')
        assert (after.error, after.stdout) == (None, '5\n')
        assert neighbour.run('print(b)').stdout == '2\n'
        assert not neighbour.restarts


def test_a_forged_end_is_found_out_by_the_next_cell(ungated: KernelSession) -> None:
    ungated.run('a = 5')
    assert ungated.run(SEND + DONE.format(cell=2) + 'a = 6').stdout == 'forged'
    result = ungated.run('print(a)')
    assert result.error is not None
    assert result.error.kind == 'Crash'
    assert 'cell 2 came while cell 3 ran' in result.error.message


def test_output_returns_after_a_cell_took_it_away(ungated: KernelSession) -> None:
    assert ungated.run('import sys\nsys.stdout = sys.stderr = None\nprint(1)').error is None
    assert ungated.run('print(2)').stdout == '2\n'
