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


"""What a cell reads from clocks and draws from generators is the same when it runs again."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from spatialclaw_ros.kernel import Kernel, KernelSession
from spatialclaw_ros.kernel.clock import Clock
from spatialclaw_ros.kernel.messages import MAX_CLOCK_READINGS

CLOCKS = {
    'seconds': 'v = [time.time(), time.monotonic(), time.perf_counter(), time.process_time(), '
               'time.thread_time(), time.clock_gettime(time.CLOCK_REALTIME)]',
    'nanoseconds': 'v = [time.time_ns(), time.monotonic_ns(), time.perf_counter_ns()]',
    'calendar': 'v = [time.localtime(), time.gmtime(), time.ctime(), time.asctime(), '
                'time.strftime("%H:%M:%S")]',
    'datetime': 'v = [datetime.datetime.now(), datetime.datetime.utcnow(), '
                'datetime.datetime.today(), datetime.date.today(), '
                'datetime.datetime.now(datetime.timezone.utc)]',
    'own datetime': 'class When(datetime.datetime): pass\nv = When.now().isoformat()',
    'imported by name': 'from time import time as now, sleep\nfrom datetime import datetime as dt\n'
                        'v = [now(), dt.now().isoformat()]\nsleep(0.01)\nv.append(now())',
    'in a function': 'def read(): return time.time()\nv = [read() for _ in range(5)]',
    'through map': 'v = list(map(lambda _: time.time_ns(), range(9)))',
    'default factory': 'from dataclasses import dataclass, field\n@dataclass\nclass A:\n'
                       '    t: float = field(default_factory=time.time)\nv = A().t',
    'timeit': 'import timeit\nv = timeit.timeit("1 + 1", number=100)',
    'loop until': 'n, end = 0, time.perf_counter() + 0.05\n'
                  'while time.perf_counter() < end: n += 1\nv = [n, end]',
    'loop with sleeps': 'v = []\nfor _ in range(5):\n    time.sleep(0.004)\n'
                        '    v.append(time.monotonic())',
    'in an exception': 'try: raise ValueError(time.time())\nexcept ValueError as e: v = str(e)',
    'uuid': 'import uuid\nv = [uuid.uuid1().int, uuid.uuid4().int]',
}
CHANCE = {
    'random': 'v = [random.random(), random.gauss(0, 1), random.sample(range(99), 9)]',
    'unseeded': 'v = [random.Random().random(), random.SystemRandom().random()]',
    'seeded anew': 'random.seed()\nv = random.random()',
    'numpy': 'v = [np.random.rand(3).tolist(), np.random.default_rng().random(3).tolist(), '
             'np.random.RandomState().rand(2).tolist(), '
             'int(np.random.Generator(np.random.PCG64()).integers(10**9))]',
    'scipy': 'import scipy.stats\nv = scipy.stats.norm.rvs(size=3).tolist()',
    'system': 'v = [os.urandom(9), os.getrandom(9), secrets.token_hex(9), '
              'secrets.randbelow(10**9)]',
    'hash order': 'v = [list(set("the quick brown fox")), hash("text"), list({b"a", b"b", b"c"})]',
}
IMPORTS = 'import datetime, os, random, secrets, time'


def kill(session: KernelSession) -> None:
    """Kill a session's worker, and wait until it is dead."""
    pid = session.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    end_s = time.monotonic() + 5.0
    while session.worker_pid is not None:
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_what_cells_read_and_draw_is_read_and_drawn_again(ungated: KernelSession) -> None:
    ungated.run(IMPORTS)
    before = {}
    for name, code in {**CLOCKS, **CHANCE}.items():
        result = ungated.run(f'{code}\nprint(repr(v))')
        assert result.error is None, (name, result.error)
        ungated.run(f'kept_{name.replace(" ", "_")} = v')
        before[name] = result.stdout
    kill(ungated)
    for name, text in before.items():
        result = ungated.run(f'print(repr(kept_{name.replace(" ", "_")}))')
        assert result.stdout == text, name


def test_sessions_draw_the_same_and_read_their_own_time(
    kernel: Kernel, observation, host,
) -> None:
    seen = []
    for _ in range(2):
        with kernel.open(observation, host, gated=False) as session:
            session.run(IMPORTS)
            began_s = time.time()
            drawn = session.run('; '.join(CHANCE.values()).replace('\n', '; ') + '\nprint(v)')
            assert drawn.error is None
            read_s = float(session.run('print(time.time())').stdout)
            assert began_s - 0.001 <= read_s <= time.time() + 0.001
            seen.append(drawn.stdout)
    assert seen[0] == seen[1]


def test_libraries_keep_the_live_clock(ungated: KernelSession) -> None:
    result = ungated.run(
        'import logging, time\nrecord = logging.makeLogRecord({})\n'
        'print(abs(record.created - time.time()) < 1.0, time.sleep.__name__, time.time.__name__)\n'
        'import threading\nlock = threading.Lock(); lock.acquire()\n'
        'began = time.perf_counter()\nlock.acquire(timeout=0.05)\n'
        'print(0.04 < time.perf_counter() - began < 5.0)')
    assert result.error is None
    assert result.stdout == 'True sleep time\nTrue\n'
    kill(ungated)
    began_s = time.monotonic()
    assert ungated.run('plt.plot([1, 2]); plt.show()').images
    assert time.monotonic() - began_s < 5.0


def test_a_replay_does_not_sleep(session: KernelSession) -> None:
    session.run('import time\nfor _ in range(10): time.sleep(0.3)\na = 1')
    kill(session)
    began_s = time.monotonic()
    assert session.run('print(a)').stdout == '1\n'
    assert time.monotonic() - began_s < 2.5
    began_s = time.monotonic()
    session.run('time.sleep(0.3)')
    assert time.monotonic() - began_s >= 0.3


@pytest.mark.parametrize('code', ['time.sleep(-1)', 'time.sleep("a")', 'time.time(1)',
                                  'time.strftime(5)', 'datetime.datetime.now(5)'])
def test_wrong_calls_fail_as_usual(session: KernelSession, code: str) -> None:
    result = session.run(f'import datetime, time\n{code}')
    assert result.error is not None
    assert result.error.kind in ('ValueError', 'TypeError')
    kill(session)
    assert session.run('1').error is None


@pytest.mark.parametrize('count', [0, 1, 2048, 2049, 4096, 4097, 10_000])
def test_readings_are_bounded_and_rise_between(count: int) -> None:
    clock = Clock()
    clock.begin(None)
    readings = [1000 * number + number % 7 for number in range(count)]
    for reading in readings:
        assert clock.read(reading) == reading
    kept = clock.end()
    assert len(kept) <= MAX_CLOCK_READINGS + 1
    clock.begin(kept)
    again = [clock.read(-1) for _ in range(count)]
    assert clock.end() == []
    half = MAX_CLOCK_READINGS // 2
    assert again[:half] == readings[:half]
    assert again[-half:] == readings[-half:]
    assert again == sorted(again)
    np.testing.assert_allclose(again, readings, atol=2000)
    assert clock.read(5) == 5  # more than before: live


def test_pictures_of_a_session_are_bounded(
    kernel: Kernel, observation, host, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kernel, 'limits', replace(kernel.limits, shown_bytes=3 * 100 * 100 * 5))
        opened = kernel.open(observation, host)
    with opened as session:
        picture = 'show(np.zeros((100, 100, 3), np.uint8))\n'
        assert len(session.run(picture * 3).images) == 3
        kill(session)
        result = session.run(picture * 3)
        assert len(result.images) == 2
        assert result.error is not None
        assert result.error.kind == 'ValueError'
        assert 'print numbers instead' in result.error.message
        assert session.run(picture).images == ()
        assert session.run('print(1)').stdout == '1\n'
