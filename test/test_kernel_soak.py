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


"""2,000 cells in 100 sessions, several at a time, with deaths of every kind: nothing is lost.

Every cell's answer is checked, and at the end of each session every variable; after all of them
there are the processes, descriptors, threads and memory that there were after the first few. What
dies, when and how is drawn from a fixed seed.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
import pytest
from kernel_fixtures import MIB, Host, kill_worker, make_observation, wait_for

from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.workspace.cell import CellError

SESSIONS = 100
CELLS = 20
AT_A_TIME = 3
WARM_UP = 6
SEED = 20_26
FATAL = 0.08
KILLED_BETWEEN = 0.05
ZYGOTE_KILLED_IN = (30, 70)
# what a zygote's death may take along: one running cell of each session
MOST_BYSTANDERS = AT_A_TIME * len(ZYGOTE_KILLED_IN)
# a worker dies of its zygote's death a moment after it
NEXT_TO_S = 1.0
CELL_S = 3.0
HOST_GROWTH_MB, ZYGOTE_GROWTH_MB = 32, 16

START = ('import ctypes, os, random, time\n'
         'total, draws, texts, times = 0, [], [], []\nfield = np.zeros((64, 64))')
DEATHS = {
    'while True: pass': 'Timeout',
    'while True:\n    try:\n        time.sleep(9)\n    except BaseException: pass': 'Timeout',
    'ctypes.string_at(0)': 'Crash',
    'os._exit(3)': 'Crash',
    'os.abort()': 'Crash',
    'os.kill(os.getpid(), 9)': 'Crash',
    'os.write(3, b"nonsense" * 100)': 'Crash',
    'field = np.ones((10**6, 10**6))': 'OutOfMemory',
    'l = []\nwhile True: l.append(bytearray(2**24))': 'OutOfMemory',
}
# one that the clock ends takes as long as a hundred others
WEIGHTS = [0.25 if kind == 'Timeout' else 1.0 for kind in DEATHS.values()]


@dataclass
class Tally:
    """What happened in all sessions."""

    seen: collections.Counter[str] = field(default_factory=collections.Counter)
    zygote_kills: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """One more of a kind."""
        with self.lock:
            self.seen[what] += 1


@dataclass
class Expected:
    """What a session's variables must be."""

    total: int = 0
    draws: int = 0
    texts: int = 0
    rows: dict[int, int] = field(default_factory=dict)


@pytest.fixture(scope='module')
def fragile() -> Iterator[Kernel]:
    """Gives cells so long that an innocent one never takes it."""
    limits = KernelLimits(
        cell_timeout_s=CELL_S, memory_bytes=512 * MIB, tool_calls=100, pool_bytes=16 * MIB)
    with Kernel(limits=limits) as made:
        yield made


def live(kernel: Kernel, number: int, tally: Tally) -> None:
    """One session: cells that count, call tools and die, and a look at what is left."""
    rng = random.Random(SEED + number)
    host = Host()
    expected = Expected()
    asked = 0
    with kernel.open(make_observation(), host, gated=False) as session:
        began_s = time.monotonic()
        result = session.run(START)
        if result.error is not None:
            tally.count('starts lost')
            died_with_a_zygote(result.error, began_s, tally)
            result = session.run(START)
        assert result.error is None, result.error
        tally.count('cells')
        for step in range(1, CELLS):
            if number in ZYGOTE_KILLED_IN and step == CELLS // 2:
                tally.zygote_kills.append(time.monotonic())
                kill_zygote(kernel)
                tally.count('zygotes killed')
            if rng.random() < KILLED_BETWEEN:
                kill_worker(session)
                tally.count('killed between cells')
            amount, calls = rng.randrange(1000), rng.random() < 0.3
            code = (f'total += {amount}\ndraws.append(random.random())\n'
                    f'field[{step}] += {amount}\ntimes.append(time.time())\n')
            if calls:
                code += 'texts.append(tools.OCR.read(InputImages[0])[0].text)\n'
            fatal = rng.choices(list(DEATHS), WEIGHTS)[0] if rng.random() < FATAL else None
            began_s = time.monotonic()
            result = session.run(code + (
                fatal or f'print("cell", {step})\nReturnAnswer({amount})'))
            asked += result.tool_calls
            tally.count('cells')
            if result.error is not None:
                assert result.error.kind in ('Timeout', 'Crash', 'OutOfMemory'), result.error
                assert 'as before' in result.error.message, result.error
                assert result.restarted
                expects = None if fatal is None else DEATHS[fatal]
                if result.error.kind == expects:
                    tally.count(f'died: {expects}')
                    continue
                if fatal is not None and result.error.kind == 'Timeout':
                    # where processors are short the host's clock may come before its death
                    tally.count('died: late')
                    continue
                tally.count('bystanders')
                died_with_a_zygote(result.error, began_s, tally)
                continue
            assert fatal is None
            assert result.stdout == f'cell {step}\n'
            assert result.answer is not None
            assert result.answer.value == amount
            tally.count('answers')
            expected.total += amount
            expected.draws += 1
            expected.texts += calls
            expected.rows[step] = amount
        check(session, expected)
        assert len(host.calls) == asked
        assert len(session.tool_log) == expected.texts
    tally.count('sessions')


def died_with_a_zygote(error: CellError, began_s: float, tally: Tally) -> None:
    """A cell was lost: it may only be to the zygote's death while it ran."""
    assert error.kind == 'Crash', error
    assert any(began_s - NEXT_TO_S < kill_s < time.monotonic()
               for kill_s in tally.zygote_kills), error


def check(session: KernelSession, expected: Expected) -> None:
    """Look at every variable of a session; its worker may be killed while that happens."""
    for _ in range(3):
        result = session.run(
            'rows = {k: int(v) for k, v in enumerate(field[:, 0]) if v}\n'
            'print(total, draws, texts, rows, times == sorted(times), len(times))')
        if result.error is None:
            break
    dice = random.Random(KernelLimits().seed)
    draws = [dice.random() for _ in range(expected.draws)]
    texts = ['mean -1.000'] * expected.texts
    rows = {step: amount for step, amount in expected.rows.items() if amount}
    assert result.stdout == (
        f'{expected.total} {draws} {texts} {rows} True {expected.draws}\n')


def kill_zygote(kernel: Kernel) -> None:
    """Kill the zygote, which takes all workers along."""
    pid = kernel.stats().zygote_pid
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Census:
    """What this process owns."""

    descriptors: int
    memory_files: int
    threads: int
    processes: int
    host_mb: float
    zygote_mb: float


def census(kernel: Kernel) -> Census:
    """Count; waits for the spare worker, which is made beside the sessions."""
    wait_for(lambda: kernel.stats().spare_workers == kernel.limits.spare_workers)
    gc.collect()
    links = []
    for name in os.listdir('/proc/self/fd'):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f'/proc/self/fd/{name}'))
    memory_files = sum('spatialclaw' in link for link in links)
    me = psutil.Process()
    zygote_pid = kernel.stats().zygote_pid
    assert zygote_pid is not None
    return Census(
        descriptors=len(links) - memory_files, memory_files=memory_files,
        threads=threading.active_count(), processes=len(me.children(recursive=True)),
        host_mb=me.memory_info().rss / 1e6,
        zygote_mb=psutil.Process(zygote_pid).memory_info().rss / 1e6)


def test_two_thousand_cells(fragile: Kernel, capsys: pytest.CaptureFixture[str]) -> None:
    warm = Tally()
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        list(threads.map(lambda n: live(fragile, n, warm), range(1000, 1000 + WARM_UP)))
    before = census(fragile)
    tally = Tally()
    began_s = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        list(threads.map(lambda n: live(fragile, n, tally), range(SESSIONS)))
    took_s = time.monotonic() - began_s
    after = census(fragile)
    seen = tally.seen
    with capsys.disabled():
        print(f'\n{dict(sorted(seen.items()))}\n{fragile.stats().restarts} workers replaced, '
              f'{took_s:.1f} s\nbefore {before}\nafter  {after}')
    died = sum(count for what, count in seen.items() if what.startswith('died'))
    assert (seen['sessions'], seen['cells']) == (SESSIONS, SESSIONS * CELLS)
    assert seen['answers'] + died + seen['bystanders'] == SESSIONS * (CELLS - 1)
    assert died > 100
    assert seen['died: late'] <= died // 10
    assert seen['killed between cells'] > 60
    assert seen['zygotes killed'] == len(ZYGOTE_KILLED_IN)
    assert seen['bystanders'] + seen['starts lost'] <= MOST_BYSTANDERS
    stats = fragile.stats()
    assert (stats.sessions, stats.worker_pids) == (0, ())
    assert stats.pool_bytes <= fragile.limits.pool_bytes
    assert after.descriptors == before.descriptors
    assert after.threads == before.threads
    assert after.processes == before.processes
    assert after.memory_files <= before.memory_files + AT_A_TIME
    assert after.host_mb - before.host_mb < HOST_GROWTH_MB
    assert after.zygote_mb - before.zygote_mb < ZYGOTE_GROWTH_MB
