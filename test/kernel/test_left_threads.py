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


"""A cell that ends, but leaves threads behind that spoil the next ones, is left out of a replay."""

from __future__ import annotations

import pytest

from spatialclaw_ros.kernel import KernelSession

START = ('import os, threading, time\n'
         'def run(act): threading.Thread(target=act, daemon=True).start()')
LEFT = {
    'steals from the wire':
        'def act():\n    while True: os.read(3, 1 << 16)\nrun(act)',
    'steals a little':
        'def act():\n    while True: os.read(3, 3)\nrun(act)',
    'writes noise':
        'def act():\n    while True:\n        threading.Event().wait(0.2)\n'
        '        os.write(3, b"noise" * 9)\nrun(act)',
    'forges an end':
        'forged = b"".join(bytes(part) for part in parts_of(encode(CellDone(4, "", None, [], '
        'None))))\ndef act():\n    while True:\n        threading.Event().wait(0.05)\n'
        '        os.write(3, forged)\nrun(act)',
    'closes the wire':
        'def act():\n    threading.Event().wait(0.2)\n    os.close(3)\n'
        '    threading.Event().wait()\nrun(act)',
    'ends the process':
        'def act():\n    threading.Event().wait(0.2)\n    os._exit(3)\nrun(act)',
}
# who reads first is the scheduler's choice, and the main thread may win every time
RACES = ('steals a little',)
# the spoiler's own effects are slower than a cell that ends at once
LATER = 'ends = time.monotonic() + 0.4\nwhile time.monotonic() < ends: pass\nlater = kept + 1'


@pytest.mark.parametrize('name', LEFT)
@pytest.mark.parametrize('cells_after', [0, 1])
def test_a_session_gets_over_threads_that_spoil_its_cells(
    hasty: KernelSession, name: str, cells_after: int,
) -> None:
    assert hasty.run(f'{START}\nfrom spatialclaw_ros.kernel.wire import encode, parts_of\n'
                     'from spatialclaw_ros.kernel.messages import CellDone').error is None
    assert hasty.run('kept = 1').error is None
    assert hasty.run(f'spoiled = 2\n{LEFT[name]}').error is None
    told = ''
    for _ in range(cells_after):
        hasty.run('between = 3')
    for _ in range(6):
        result = hasty.run(LATER)
        told += '' if result.error is None else result.error.message
        if 'leaves threads running' in told:
            break
    if name in RACES and 'leaves threads running' not in told:
        return
    assert 'cell 3 leaves threads running, and cells after it fail' in told
    assert 'after cell 2 of' in told
    assert 'kept' in told
    for number in range(3):
        result = hasty.run(f'{LATER}\nprint(later + {number}, "spoiled" in globals())')
        assert result.error is None, result.error
        assert result.stdout == f'{2 + number} False\n'
        assert not result.restarted


def test_threads_that_spoil_nothing_are_kept(hasty: KernelSession) -> None:
    hasty.run(f'{START}\nfrom concurrent.futures import ThreadPoolExecutor\n'
              'pool = ThreadPoolExecutor(2)\nprint(sum(pool.map(abs, range(9))))')
    for _ in range(3):
        error = hasty.run('os._exit(3)').error
        assert error is not None
        assert 'as before (pool)' in error.message
        assert hasty.run('print(sum(pool.map(abs, range(9))))').stdout == '36\n'


def test_cells_that_wait_for_their_threads_are_kept(hasty: KernelSession) -> None:
    hasty.run(f'{START}\nthreads = [threading.Thread(target=time.sleep, args=(0.01,)) '
              'for _ in range(4)]\nfor t in threads: t.start()\nfor t in threads: t.join()')
    for _ in range(4):
        error = hasty.run('while True: pass').error
        assert error is not None
        assert 'as before (threads, t)' in error.message, error
