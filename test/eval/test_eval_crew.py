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


"""Who asks what next, and what becomes of the questions of workers that end."""

from __future__ import annotations

import signal
import sys
import types
from collections.abc import Collection, Sequence

import pytest

from spatialclaw_ros.errors import (
    BackboneError,
    DependencyError,
    PerceptionUnavailableError,
    SpatialClawError,
)
from spatialclaw_ros.eval.config import DataConfig, RunConfig
from spatialclaw_ros.eval.crew import (
    MOST_LOST,
    Began,
    Fault,
    Heard,
    Lost,
    ask_all,
    from_wire,
    to_wire,
)
from spatialclaw_ros.eval.job import Job
from spatialclaw_ros.eval.progress import Tally, duration
from spatialclaw_ros.eval.ray_run import RayCrew, pack, unpack
from spatialclaw_ros.eval.records import Question, Result, Said, Score, Simulated
from spatialclaw_ros.eval.todo import ATTEMPTS, Todo


def questions(count: int, of_a_scene: int = 1) -> list[Question]:
    return [Question(id=f'q{n}', text='?', media=(Simulated(seed=n // of_a_scene),))
            for n in range(count)]


def result(question: Question) -> Result:
    return Result(id=question.id, said=Said(status='OK'), score=Score(points=1.0, right=True))


class Played:
    """A crew that answers at once, the newest question first.

    Args:
        ends: question to how many workers end with it.
        idle_end: a worker that ends while it has nothing to do.
        never: workers that the cluster has no room for.
    """

    def __init__(
        self, ends: dict[str, int] | None = None, idle_end: bool = False,
        never: Collection[int] = (),
    ) -> None:
        self.ends = dict(ends or {})
        self.idle_end = idle_end
        self.never = never
        self.starting: list[int] = []
        self.hired = 0
        self.most = 0
        self.asked: dict[int, Question] = {}

    def hire(self) -> int:
        if self.hired not in self.never:
            self.starting.append(self.hired)
        self.hired += 1
        return self.hired - 1

    def give(self, worker: int, question: Question) -> None:
        assert worker not in (*self.asked, *self.starting, *self.never)
        self.asked[worker] = question
        self.most = max(self.most, len(self.asked))

    def wait(self) -> Sequence[tuple[int, Heard]]:
        if self.starting:
            begun, self.starting = self.starting, []
            return [(worker, Began()) for worker in begun]
        worker, question = self.asked.popitem()
        if self.ends.get(question.id, 0) > 0:
            self.ends[question.id] -= 1
            return [(worker, Lost('with status -9'))]
        if self.idle_end and not self.asked:
            self.idle_end = False
            return [(worker, result(question)), (worker, Lost('while idle'))]
        return [(worker, result(question))]


@pytest.mark.parametrize(('ends', 'hired', 'failed'), [
    ({}, 3, ()),
    ({'q0': 1, 'q4': 2}, 6, ()),
    ({'q3': ATTEMPTS, 'q5': 9}, 8, ('q3', 'q5')),
    ({'q9': ATTEMPTS}, 5, ('q9',)),  # the last one: nobody is hired for nothing
])
def test_each_question_has_one_result(
    ends: dict[str, int], hired: int, failed: tuple[str, ...],
) -> None:
    crew = Played(ends)
    results = list(ask_all(crew, Todo(questions(10)), 3, lambda: False))
    assert sorted(each.id for each in results) == [f'q{n}' for n in range(10)]
    assert tuple(sorted(
        each.id for each in results if each.said.status == 'INTERNAL_ERROR')) == failed
    assert all(each.attempts == min(ATTEMPTS, 1 + ends.get(each.id, 0)) for each in results)
    assert crew.hired == hired
    assert crew.most == 3


def test_no_question_waits_for_a_worker_that_never_begins() -> None:
    crew = Played({'q3': 1}, never=(1, 3))  # one at the beginning, one instead of who ended
    results = list(ask_all(crew, Todo(questions(10)), 3, lambda: False))
    assert sorted(each.id for each in results) == [f'q{n}' for n in range(10)]
    assert (crew.hired, crew.most) == (4, 2)


def test_who_waits_for_workers_can_be_stopped() -> None:
    crew = Played(never=range(9))
    stops = iter([False, False, True])
    crew.wait = lambda: []  # type: ignore[method-assign]
    assert not list(ask_all(crew, Todo(questions(4)), 2, lambda: next(stops)))


def test_a_worker_that_ends_with_nothing_to_do_is_no_loss() -> None:
    crew = Played(idle_end=True)
    assert len(list(ask_all(crew, Todo(questions(4)), 2, lambda: False))) == 4


def test_workers_that_all_end_end_the_run() -> None:
    crew = Played({f'q{n}': 9 for n in range(10)})
    with pytest.raises(SpatialClawError, match='12 workers ended one after the other'):
        list(ask_all(crew, Todo(questions(10)), 2, lambda: False))


def test_what_is_under_way_is_finished_when_it_is_to_stop() -> None:
    crew, done = Played(), list[Result]()
    for each in ask_all(crew, Todo(questions(10)), 3, lambda: bool(done)):
        done.append(each)
    assert len(done) == 3
    assert not crew.asked


def test_what_is_about_one_scene_goes_to_one_worker() -> None:
    todo = Todo(questions(12, of_a_scene=3))
    assert [todo.take(worker).media[0].seed for worker in (0, 1, 0, 1, 0, 1, 0)] == [  # type: ignore
        0, 1, 0, 1, 0, 1, 2]
    assert [todo.take(0).media[0].seed for _ in range(2)] == [2, 2]  # type: ignore
    assert len(todo) == 3
    assert [question.id for question in iter(lambda: todo.take(1), None)] == ['q9', 'q10', 'q11']


@pytest.mark.parametrize(('error', 'kind'), [
    (BackboneError('no script'), BackboneError), (DependencyError('no mujoco'), DependencyError),
    (ModuleNotFoundError("No module named 'pyarrow'"), DependencyError)])
def test_a_fault_reaches_who_runs(error: Exception, kind: type[SpatialClawError]) -> None:
    found = from_wire(to_wire(error))
    assert isinstance(found, Fault)
    assert (type(found.error), str(found.error)) == (kind, str(error))


@pytest.mark.parametrize(('outcome', 'kind'), [
    (Fault('BackboneError', 'no script'), BackboneError),
    (Lost('with status -9'), SpatialClawError)])
def test_what_came_before_the_end_of_a_run_is_kept(
    outcome: Heard, kind: type[SpatialClawError],
) -> None:
    class Failing(Played):
        def wait(self) -> Sequence[tuple[int, Heard]]:
            if self.starting:
                return super().wait()
            return [*[(0, outcome)] * MOST_LOST, (1, result(self.asked[1]))]

    done = list[Result]()
    with pytest.raises(kind):
        done.extend(ask_all(Failing(), Todo(questions(4)), 2, lambda: False))
    assert 'q0' in {each.id for each in done}


def test_a_result_reaches_who_runs() -> None:
    [asked] = questions(1)
    assert from_wire(to_wire(result(asked))) == result(asked)


def test_a_trace_reaches_who_runs(tmp_path) -> None:
    (tmp_path / 'a' / 'raw').mkdir(parents=True)
    (tmp_path / 'a' / 'trace.jsonl').write_text('{}')
    (tmp_path / 'a' / 'raw' / 'x').write_bytes(bytes(9))
    unpack(pack(tmp_path / 'a'), tmp_path / 'b')
    assert (tmp_path / 'b' / 'raw' / 'x').read_bytes() == bytes(9)
    assert (tmp_path / 'b' / 'trace.jsonl').read_text() == '{}'


def test_the_signal_that_ends_a_service_stays_with_who_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def init(address: str, **_: object) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))  # as Ray's own does
        if address == 'nowhere':
            raise ConnectionError('nobody there')

    fake = types.SimpleNamespace(
        init=init, shutdown=lambda: None, remote=lambda **_: lambda actor: actor)
    monkeypatch.setitem(sys.modules, 'ray', fake)
    before = signal.signal(signal.SIGTERM, mine := lambda *_: None)
    try:
        job = Job(DataConfig(set='eval_lab:tiny'), RunConfig(name='a'))
        with RayCrew(job, 'gpu-box:6379', 1):
            assert signal.getsignal(signal.SIGTERM) is mine
        with pytest.raises(PerceptionUnavailableError), RayCrew(job, 'nowhere', 1):
            pass
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_tally() -> None:
    tally = Tally(9)
    assert (tally.score, str(tally)) == (None, '0 wrong, 0 refused')
    for status, points, right in (
            ('OK', 1.0, True), ('OK', 0.5, False), ('REFUSED', 0.0, False), ('REFUSED', 1.0, True),
            ('TIMEOUT', 0.0, False), ('INVALID_REQUEST', 0.0, False), ('OK', None, False)):
        tally.add(Result(id='q', said=Said(status=status), score=Score(points=points, right=right)))
    assert str(tally) == 'score 41.7, 2 right, 2 wrong, 1 refused, 1 failed, 1 unreadable'
    assert (tally.done, tally.scored) == (7, 6)


@pytest.mark.parametrize(('time_s', 'text'), [
    (0.2, '0 s'), (59.7, '1 min 00 s'), (200, '3 min 20 s'), (7500, '2 h 05 min')])
def test_a_duration(time_s: float, text: str) -> None:
    assert duration(time_s) == text
