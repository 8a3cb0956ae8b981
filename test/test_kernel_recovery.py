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


"""A worker that dies takes nothing with it but the cell that it died of."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kernel_fixtures import kill_worker, wait_for

from spatialclaw_ros.errors import KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession
from spatialclaw_ros.kernel.zygote_process import ZygoteProcess

# Everything that a variable can be: tool results, arrays, objects of many kinds, functions and
# classes, generators of random numbers, half-used iterators, clock readings, open figures; made
# by cells that succeed, fail half-way, wait for a moment, and change things in place.
SETUP = (
    'import datetime, hashlib, random, secrets, time, uuid\nfrom dataclasses import dataclass\n'
    'recon = tools.Reconstruct.Reconstruct(InputImages)\n'
    'text = tools.OCR.read(np.full((8, 9, 3), 50, np.uint8))[0].text',
    'a = np.random.rand(40, 50)\nb = random.random()\nc = np.random.default_rng().normal(size=3)\n'
    'd = {"k": [1, 2, {3, "four"}]}\ndef f(x, y=[1]): return x + len(y)\n'
    'view, bits, big = a[::2, 3], np.packbits(a > 0.5), a.astype(np.float32).repeat(40, 0)',
    '@dataclass\nclass Mug:\n    name: str\n    held: list\n'
    '    made_s: float = 0.0\n    def grow(self): self.held.append(len(self.held))\n'
    'mug = Mug("red", [d], time.time())\nmug.grow()\nf.__defaults__[0].append(2)\n'
    'tree = scipy.spatial.KDTree(a)\ncrop = InputImages[1].crop((0, 0, 9, 9))\n'
    'squares = (n * n for n in range(100))\nnext(squares); next(squares)\n'
    'counter = itertools.count()\nnext(counter)\n'
    'add = (lambda n: (lambda m: m + n))(5)',
    'generator, legacy, dice = np.random.default_rng(), np.random.RandomState(), random.Random()\n'
    'draws = generator.random(3), legacy.rand(3), dice.random(), secrets.token_hex(8)\n'
    'names = uuid.uuid4(), uuid.uuid1(), random.SystemRandom().random()',
    'began, day = time.perf_counter(), datetime.datetime.now()\nturns = 0\n'
    'while time.monotonic() < began + 0.02: turns += 1\n'
    'time.sleep(0.03)\ntook = time.perf_counter() - began\nclock = time.ctime(), time.time_ns()',
    'e = 1\nd["new"] = f(e)\na[0] = -1\nraise ValueError("half way")',
    'g = np.random.default_rng().integers(0, 10**9)\nkeys = list(set("abcdefgh"))\n'
    'figure, axes = plt.subplots()\naxes.plot(a[0], label="one")\n'
    'for i in range(3): big[i] += i\ndel c',
)
LOOK = '''
def see(value):
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, (list, tuple)):
        return [see(item) for item in value]
    if isinstance(value, random.Random):
        return value.getstate()
    return repr(value)

print([see(value) for value in (a, b, d, view, bits, big, draws, names, turns, took, clock, day,
                                began, e, g, keys, text, mug, crop.tobytes(), tree.data)])
print(see([generator.bit_generator.state["state"], legacy.get_state()[1], dice]))
print(see([np.random.get_state()[1], random._inst]), counter, add(1))
print(f.__code__.co_code, f.__defaults__, Mug.grow.__code__.co_code, sorted(vars(Mug)))
print(plt.get_fignums(), axes.lines[0].get_label(), see(axes.lines[0].get_ydata()))
print("c" in globals())
print([see(recon.depth[k]) for k in recon.frame_indices], see(recon.points[0]))
'''
# what a cell does to all that before it dies
HARM = ('e = 99\nd["lost"] = 1\na[:] = 0\nmug.grow()\nnext(squares)\nnext(counter)\n'
        'random.random()\nnp.random.rand()\ngenerator.random()\ndel text\nf = None\n'
        'plt.close("all")\n')

DEATHS = {
    'python loop': ('while True: pass', 'Timeout'),
    'loop that swallows interrupts':
        ('while True:\n    try:\n        while True: pass\n    except BaseException: pass',
         'Timeout'),
    'C loop': ('sum(range(10**12))', 'Timeout'),
    'C loop in NumPy':
        ('x = np.ones((1500, 1500))\nwhile True: x = np.linalg.svd(x)[0]', 'Timeout'),
    'C loop that blocks signals':
        ('import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n'
         'sum(range(10**12))', 'Timeout'),
    'sleep': ('import time\ntime.sleep(100)', 'Timeout'),
    'one huge array': ('x = np.ones((10**6, 10**6))', 'OutOfMemory'),
    'memory bit by bit': ('l = []\nwhile True: l.append(np.empty(10**6))', 'OutOfMemory'),
    'memory in Python objects': ('l = [0]\nwhile True: l += l', 'OutOfMemory'),
    'memory in SciPy':
        ('x = np.ones((60_000, 3))\nscipy.spatial.distance.cdist(x, x)', 'OutOfMemory'),
    'memory in C++':
        ('x = np.random.rand(30_000, 3)\nscipy.spatial.cKDTree(x).query_pairs(3.0)',
         'OutOfMemory'),
    'segmentation fault': ('import ctypes\nctypes.string_at(0)', 'Crash'),
    'stack overflow':
        ('import ctypes\nctypes.CDLL(None).regcomp(ctypes.create_string_buffer(999), '
         'b"(" * 10**6, 1)', 'Crash'),
    'exit': ('import os\nos._exit(0)', 'Crash'),
    'abort': ('import os\nos.abort()', 'Crash'),
    'killed': ('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'Crash'),
    'garbage on the wire': ('import os\nos.write(3, b"\\xff" * 100)', 'Crash'),
    'forged message': ('import os\nos.write(3, b"\\x05\\0\\0\\0hello")', 'Crash'),
    'closed wire': ('import os\nos.close(3)', 'Crash'),
}


@pytest.fixture
def doomed(request: pytest.FixtureRequest, name: str) -> KernelSession:
    """A session without the gate; one with little patience where a cell runs for ever."""
    return request.getfixturevalue('hasty' if DEATHS[name][1] == 'Timeout' else 'ungated')


def set_up(session: KernelSession) -> str:
    """Make all variables; what they look like."""
    for code in SETUP:
        error = session.run(code).error
        assert error is None or error.message == 'half way', error
    result = session.run(LOOK)
    assert result.error is None
    return result.stdout


@pytest.mark.parametrize('name', DEATHS)
def test_nothing_but_the_failing_cell_is_lost(
    doomed: KernelSession, host, name: str,
) -> None:
    before = set_up(doomed)
    calls = len(host.calls)
    code, kind = DEATHS[name]
    result = doomed.run(HARM + code)
    assert result.error is not None
    assert (result.error.kind, result.restarted) == (kind, True)
    assert 'as before' in result.error.message
    assert 'recon' in result.error.message
    after = doomed.run(LOOK)
    assert after.error is None
    assert after.stdout == before
    assert not after.restarted
    assert len(host.calls) == calls == len(doomed.tool_log) == 2
    assert doomed.run('print(next(squares))').stdout == '4\n'


@pytest.mark.parametrize(('name', 'words'), [
    ('segmentation fault', 'segmentation fault'),
    ('abort', 'signal 6'),
    ('exit', 'ended during the cell'),
    ('garbage on the wire', 'connection'),
    ('one huge array', '512 MiB'),
    ('sleep', '1 s allowed'),
])
def test_the_model_is_told_what_happened(
    hasty: KernelSession, name: str, words: str,
) -> None:
    error = hasty.run(DEATHS[name][0]).error
    assert error is not None
    assert words in error.message
    assert 'no earlier variables' in error.message


@pytest.mark.parametrize('loop', [
    'while True: pass', 'while True:\n    try: time.sleep(9)\n    except BaseException: pass'])
def test_what_a_stopped_cell_had_printed_is_told(hasty: KernelSession, loop: str) -> None:
    result = hasty.run(f'import time\nfor i in range(3): print("step", i)\n{loop}')
    assert result.error is not None
    assert (result.error.kind, result.stdout) == ('Timeout', 'step 0\nstep 1\nstep 2\n')
    assert hasty.run('print(1)').stdout == '1\n'


def test_kill_between_cells(session: KernelSession, host) -> None:
    before = set_up(session)
    kill_worker(session)
    after = session.run(LOOK)
    assert after.error is None
    assert after.restarted
    assert after.stdout == before
    assert len(host.calls) == 2


def test_kill_during_a_tool_call(session: KernelSession, host) -> None:
    before = set_up(session)
    host.before = lambda call: kill_worker(session)
    result = session.run('a[:] = 0\ntools.OCR.read(InputImages[0])')
    assert result.error is not None
    assert (result.error.kind, result.tool_calls, len(session.tool_log)) == ('Crash', 1, 2)
    assert 'killed from outside' in result.error.message
    host.before = lambda call: None
    assert session.run(LOOK).stdout == before
    assert session.run('tools.OCR.read(InputImages[0])').error is None
    assert len(session.tool_log) == 3


@pytest.mark.parametrize('deaths', [1, 2])
def test_kill_during_replay(session: KernelSession, deaths: int) -> None:
    session.run('j = 1')
    session.run('x = np.ones((300, 300))\nfor _ in range(30): x = np.linalg.svd(x)[0]\nk = 2')
    kill_worker(session)

    def kill_the_next() -> None:
        seen: set[int | None] = {None}
        for _ in range(deaths):
            wait_for(lambda: session.worker_pid not in seen)
            time.sleep(0.1)
            pid = session.worker_pid
            assert pid is not None
            seen.add(pid)
            os.kill(pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as others:
        killing = others.submit(kill_the_next)
        result = session.run('print(j, globals().get("k"))')
        killing.result()
    assert result.restarted
    if deaths == 1:
        assert result.stdout == '1 2\n'
    else:
        assert 'could not be run again: the worker' in result.stdout
        assert result.stdout.endswith('\n1 None\n')


def test_death_after_death(session: KernelSession) -> None:
    session.run('a = 1')
    for number in range(3):
        kill_worker(session)
        result = session.run(f'a += 1\nb{number} = a')
        assert result.error is None
    assert session.run('print(a, b0, b1, b2)').stdout == '4 2 3 4\n'
    assert session.restarts == 3


def test_tool_calls_of_a_lost_cell_are_not_remembered(hasty: KernelSession, host) -> None:
    result = hasty.run('tools.OCR.read(InputImages[0])\nwhile True: pass')
    assert result.error is not None
    assert hasty.tool_log == ()
    assert hasty.run('tools.OCR.read(InputImages[0])').error is None
    assert len(hasty.tool_log) == 1


def test_replay_is_bounded_and_its_failure_told(hasty: KernelSession) -> None:
    hasty.run('import os\na = 1')
    # the time of the process itself, which a replay does not make up
    for _ in range(3):
        assert hasty.run('end = os.times().elapsed + 0.8\nwhile os.times().elapsed < end: pass\n'
                         'del end').error is None
    result = hasty.run('while True: pass')
    assert result.error is not None
    assert result.error.kind == 'Timeout'
    assert 'after cell 2 of 4 (a)' in result.error.message
    assert hasty.run('print(a)').stdout == '1\n'


def test_replay_that_asks_something_else_is_told(ungated: KernelSession, host) -> None:
    ungated.run('import os\nj = 1')
    ungated.run('k = os.getpid()\ntools.OCR.read(np.full((8, 9, 3), k % 251, np.uint8))')
    kill_worker(ungated)
    result = ungated.run('print(j, "k" in globals())')
    assert result.restarted
    assert 'other tool calls' in result.stdout
    assert 'after cell 1 of 2 (j)' in result.stdout
    assert result.stdout.endswith('1 False\n')


def test_variables_that_a_replay_makes_different_are_told(ungated: KernelSession) -> None:
    ungated.run('import os\nj = 1')
    ungated.run('k, m = os.getpid(), 5')
    kill_worker(ungated)
    result = ungated.run('print(j, m)')
    assert 'now read differently than before: k; look' in result.stdout
    assert result.stdout.endswith('\n1 5\n')


def test_zygote_death(observation, host) -> None:
    with Kernel(limits=KernelLimits(cell_timeout_s=5.0)) as kernel:
        session = kernel.open(observation, host)
        before = set_up(session)
        stats = kernel.stats()
        assert stats.zygote_pid is not None
        os.kill(stats.zygote_pid, signal.SIGKILL)
        wait_for(lambda: kernel.stats().zygote_pid is None and session.worker_pid is None)
        after = session.run(LOOK)
        assert after.restarted
        assert after.stdout == before
        assert len(host.calls) == 2
        stats = kernel.stats()
        assert stats.zygote_starts == 2
        assert len(stats.worker_pids) == 1
        session.close()


def test_a_zygote_that_dies_with_the_worker_that_it_makes_is_replaced(
    observation, host, monkeypatch,
) -> None:
    fork, killed = ZygoteProcess.fork, []

    def fork_and_die(zygote, *given):
        child = fork(zygote, *given)
        if not killed:
            killed.append(zygote.pid)
            os.kill(zygote.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(ZygoteProcess, 'fork', fork_and_die)
    with (Kernel(limits=KernelLimits(spare_workers=0)) as kernel,
          kernel.open(observation, host) as session):
        assert session.run('print(1)').stdout == '1\n'
        assert kernel.stats().zygote_starts == 2


@pytest.mark.parametrize('deaths', [1, 2])
def test_a_worker_killed_before_it_is_ready_is_replaced_once(
    observation, host, monkeypatch, deaths: int,
) -> None:
    with Kernel(limits=KernelLimits(cell_timeout_s=5.0)) as kernel:
        take, killed = kernel.nursery.take, []

        def take_and_kill(interrupt, deadline):
            child = take(interrupt, deadline)
            if len(killed) < deaths:
                killed.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
                wait_for(lambda: not child.alive)
            return child

        monkeypatch.setattr(kernel.nursery, 'take', take_and_kill)
        if deaths > 1:
            with pytest.raises(KernelError, match='did not get ready'):
                kernel.open(observation, host)
        else:
            with kernel.open(observation, host) as session:
                assert session.run('print(1)').stdout == '1\n'
        assert len(killed) == deaths
        assert kernel.stats().worker_pids == ()


def test_deleted_variables_are_not_named(hasty: KernelSession) -> None:
    assert [v.name for v in hasty.run('a, c = 1, 2').variables] == ['a', 'c']
    assert hasty.run('del c\nb = 3\nd = 4\ndel d').error is None
    assert hasty.variables == ('a', 'b')
    error = hasty.run('import os\nos._exit(0)').error
    assert error is not None
    assert 'as before (a, b)' in error.message
    assert hasty.run('c = 5').error is None
    kill_worker(hasty)
    assert hasty.run('print(a, c)').stdout == '1 5\n'
    assert hasty.variables == ('a', 'b', 'c')


def test_deleted_variables_do_not_read_differently(ungated: KernelSession) -> None:
    ungated.run('import os\nk = os.getpid()')
    ungated.run('del k\nj = 1')
    kill_worker(ungated)
    assert ungated.run('print(j)').stdout == '1\n'
