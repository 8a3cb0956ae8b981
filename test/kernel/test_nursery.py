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


"""Workers are there when they are needed, and nobody waits for the zygote longer than it must."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from kernel_fixtures import SOON_S, wait_for

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, DeadlineExceededError, KernelError
from spatialclaw_ros.kernel import Kernel, KernelLimits, nursery, zygote_process
from spatialclaw_ros.kernel.child import Child, Interrupt
from spatialclaw_ros.kernel.nursery import Nursery
from spatialclaw_ros.kernel.worker_maker import WorkerMaker

LIMITS = KernelLimits(spare_workers=2)


@pytest.fixture(scope='module')
def warm() -> Iterator[Nursery]:
    """Two spares."""
    made = Nursery(LIMITS)
    made.start()
    yield made
    made.close()


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """A session's."""
    made = Interrupt()
    yield made
    made.close()


def test_a_spare_is_taken_and_replaced(warm: Nursery, interrupt: Interrupt) -> None:
    wait_for(lambda: warm.spares == 2)
    zygote = psutil.Process(warm.pid)
    ready = {process.pid for process in zygote.children()}
    child = warm.take(interrupt, Deadline())
    assert child.pid in ready
    wait_for(lambda: warm.spares == 2)
    assert warm.reap(child) is None
    wait_for(lambda: len(zygote.children()) == 2)
    assert warm.starts == 1


def test_a_dead_spare_is_not_given(warm: Nursery, interrupt: Interrupt) -> None:
    wait_for(lambda: warm.spares == 2)
    for process in psutil.Process(warm.pid).children():
        process.kill()
    wait_for(lambda: all(process.status() == 'zombie'
                         for process in psutil.Process(warm.pid).children()))
    child = warm.take(interrupt, Deadline())
    assert child.alive
    warm.reap(child)
    wait_for(lambda: len(psutil.Process(warm.pid).children()) == 2 == warm.spares)


def test_wait_status_of_a_worker_that_ended_by_itself(
    warm: Nursery, interrupt: Interrupt,
) -> None:
    child = warm.take(interrupt, Deadline())
    os.kill(child.pid, signal.SIGSEGV)
    assert child.wait(SOON_S)
    status = warm.reap(child)
    assert status is not None
    assert status & 0x7f == signal.SIGSEGV


def test_many_take_at_once(warm: Nursery) -> None:
    pids: list[int] = []

    def work() -> None:
        interrupt = Interrupt()
        child = warm.take(interrupt, Deadline())
        pids.append(child.pid)
        warm.reap(child)
        interrupt.close()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    assert len(pids) == len(set(pids)) == 12
    wait_for(lambda: len(psutil.Process(warm.pid).children()) == warm.spares)


def test_a_dead_zygote_is_replaced_while_nobody_asks(
    interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nursery, '_STEADY_S', 0.0)
    with contextlib.closing(Nursery(LIMITS)) as made:
        made.start()
        wait_for(lambda: made.spares == 2)
        held = made.take(interrupt, Deadline())
        first = made.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: made.pid not in (None, first) and made.spares == 2)
        assert made.starts == 2
        wait_for(lambda: not held.alive)
        began_s = time.monotonic()
        assert made.reap(held) is None
        assert time.monotonic() - began_s < 20.0
        assert len(psutil.Process(made.pid).children()) == 2


def test_a_zygote_that_dies_soon_waits_to_be_asked(interrupt: Interrupt) -> None:
    with contextlib.closing(Nursery(LIMITS)) as made:
        made.start()
        wait_for(lambda: made.spares == 2)
        first = made.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: made.pid is None and made.spares == 0)
        time.sleep(0.3)
        assert (made.starts, made.pid) == (1, None)
        made.reap(made.take(interrupt, Deadline()))
        assert made.starts == 2


@pytest.mark.parametrize(('limit', 'error'), [
    (lambda deadline, interrupt: Deadline(0.2), DeadlineExceededError),
    (lambda deadline, interrupt: threading.Timer(0.2, deadline.cancel), CanceledError),
    (lambda deadline, interrupt: threading.Timer(0.2, interrupt.set), CanceledError),
], ids=['deadline', 'cancelled query', 'cancelled session'])
def test_waiting_for_the_zygote_ends_in_time(
    interrupt: Interrupt, limit: Callable, error: type[Exception],
) -> None:
    with contextlib.closing(Nursery(LIMITS)) as made:
        deadline = Deadline()
        what = limit(deadline, interrupt)
        if isinstance(what, Deadline):
            deadline = what
        else:
            what.start()
        began_s = time.monotonic()
        with pytest.raises(error):
            made.take(interrupt, deadline)
        assert time.monotonic() - began_s < 20.0
        if not isinstance(what, Deadline):
            what.join()
        # what was begun is not lost: the next one finds it
        other = Interrupt()
        made.reap(made.take(other, Deadline()))
        other.close()
        assert made.starts == 1


def test_close_does_not_wait_for_imports() -> None:
    made = Nursery(LIMITS)
    errors: list[Exception] = []

    def take() -> None:
        interrupt = Interrupt()
        try:
            made.take(interrupt, Deadline())
        except KernelError as error:
            errors.append(error)
        interrupt.close()

    thread = threading.Thread(target=take)
    thread.start()
    wait_for(lambda: made.starts == 1)
    began_s = time.monotonic()
    made.close()
    assert time.monotonic() - began_s < 20.0
    thread.join(SOON_S)
    assert 'closed' in str(errors[0])
    made.close()
    with pytest.raises(KernelError, match='closed'):
        made.start()


def test_a_failing_start_is_told_with_its_output_and_not_repeated(
    interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zygote_process, '_import_path', lambda: '/nowhere')
    with contextlib.closing(Nursery(LIMITS)) as made:
        for tries in (1, 2):
            with pytest.raises(KernelError, match=r'it printed: Traceback(?s:.*)Error'):
                made.take(interrupt, Deadline())
            time.sleep(0.2)
            assert made.starts == tries
        monkeypatch.undo()
        made.reap(made.take(interrupt, Deadline()))


def test_no_spares() -> None:
    with contextlib.closing(Nursery(KernelLimits(spare_workers=0))) as made:
        made.start()
        for _ in range(3):
            interrupt = Interrupt()
            child = made.take(interrupt, Deadline())
            wait_for(lambda: made.spares == 0)
            made.reap(child)
            interrupt.close()
        wait_for(lambda: psutil.Process(made.pid).children() == [])


def test_an_order_that_a_spare_serves_makes_no_worker(
    interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, made, looked = WorkerMaker.make, [], threading.Event()
    hand_out, patience = Nursery._hand_out, Nursery._patience_s

    def count(maker: WorkerMaker) -> Child:
        made.append(make(maker))
        return made[-1]

    def look(nursery: Nursery) -> float | None:
        looked.set()
        return patience(nursery)

    def hand_out_late(nursery: Nursery) -> None:
        if threading.current_thread() is threading.main_thread():
            # the order stands in the line; whoever looks without the lock sees it there
            looked.clear()
            nursery._wake()
            looked.wait(0.3)
        hand_out(nursery)

    monkeypatch.setattr(WorkerMaker, 'make', count)
    with contextlib.closing(Nursery(KernelLimits(spare_workers=0))) as nursery:
        nursery.start()
        monkeypatch.setattr(Nursery, '_patience_s', look)
        monkeypatch.setattr(Nursery, '_hand_out', hand_out_late)
        child = nursery.take(interrupt, Deadline())
        looked.wait(SOON_S)
        nursery.reap(child)
    assert made == [child]


def test_nothing_is_left() -> None:
    process = psutil.Process()
    before = (process.num_fds(), threading.active_count(), len(process.children(recursive=True)))
    for _ in range(2):
        made = Nursery(LIMITS)
        made.start()
        made.close()
    # made, and never used
    Nursery(LIMITS).close()
    assert before == (
        process.num_fds(), threading.active_count(), len(process.children(recursive=True)))


def test_an_idle_worker_is_small(warm: Nursery) -> None:
    wait_for(lambda: warm.spares == 2)
    sizes = [child.memory_full_info().uss / 1e6
             for child in psutil.Process(warm.pid).children()]
    print(f'spare workers: {sizes} MB of their own')
    assert max(sizes) < 10.0


def test_a_session_in_use_is_small(kernel: Kernel, observation, host) -> None:
    with kernel.open(observation, host) as session:
        session.run('x = 1')
        size_mb = psutil.Process(session.worker_pid).memory_full_info().uss / 1e6
    print(f'worker after a cell: {size_mb:.1f} MB of its own')
    assert size_mb < 10.0


def test_workers_share_nothing_they_can_write(warm: Nursery) -> None:
    wait_for(lambda: warm.spares == 2)
    for child in psutil.Process(warm.pid).children():
        with open(f'/proc/{child.pid}/maps') as file:
            shared = [line for line in file if line.split()[1].startswith('rw') and 's' in
                      line.split()[1]]
        assert shared == []
        kinds = [os.readlink(f'/proc/{child.pid}/fd/{fd}').partition(':')[0]
                 for fd in sorted(os.listdir(f'/proc/{child.pid}/fd'), key=int)]
        assert kinds == ['/dev/null', '/dev/null', '/dev/null', 'socket']
