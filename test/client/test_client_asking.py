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

"""`SpatialClient` against an action server over DDS: blocking, in asyncio, with a handle."""

from __future__ import annotations

import asyncio
import math
import threading

import numpy as np
import pytest
from query_double import NUMBER, POINT, SLOW, TEXT, YES, QueryDouble, answer_to

from spatialclaw_ros.client import (
    Answer,
    BackboneAwayError,
    BusyError,
    InactiveError,
    InvalidQueryError,
    MissingFramesError,
    NodeFaultError,
    NodeNotFoundError,
    NotSpunError,
    PerceptionAwayError,
    Query,
    QueryCanceledError,
    QueryTimeoutError,
    RefusedError,
    SpatialClient,
    StepLimitError,
)
from spatialclaw_ros.client.link import LONGEST_S
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    InvalidRequestError,
    NoFramesError,
    SpatialClawError,
)
from spatialclaw_ros.ros.requests import MAX_TIMEOUT_S
from spatialclaw_ros.workspace.question import AnswerType, Status

STAGES = ['frames', 'write', 'run', 'answer']
STATUSES = {
    'refused': (RefusedError, SpatialClawError), 'busy': (BusyError, SpatialClawError),
    'no_frames': (MissingFramesError, NoFramesError),
    'invalid_request': (InvalidQueryError, InvalidRequestError),
    'timeout': (QueryTimeoutError, DeadlineExceededError),
    'step_limit': (StepLimitError, SpatialClawError),
    'backbone_unavailable': (BackboneAwayError, SpatialClawError),
    'perception_unavailable': (PerceptionAwayError, SpatialClawError),
    'canceled': (QueryCanceledError, CanceledError),
    'internal_error': (NodeFaultError, SpatialClawError),
    'inactive': (InactiveError, SpatialClawError),
}


def test_a_number_comes_typed_and_with_what_it_rests_on(client):
    answer = client.ask(NUMBER)
    assert (answer.value, answer.answer_type, answer.unit) == (0.412, AnswerType.NUMBER, 'm')
    assert (answer.sigma, answer.text) == (0.003, '0.412 m')
    assert (answer.frame_id, answer.stamp_ns) == ('base_link', 12_000_000_345)
    np.testing.assert_array_equal(answer.points, [[0, 0, 0], [0.412, 0, 0]])
    assert not answer.points.flags.writeable
    assert answer.cameras == ('front',)
    assert answer.frames[0].index == 3
    assert answer.frames[0].frame_id == 'front_optical'
    assert answer.frames[0].has_pose
    assert (answer.scale_source, answer.missing_priors) == ('sensor_depth', ('no IMU',))
    assert (answer.steps, dict(answer.timings)) == (2, {'total': 0.25})
    assert (answer.query_id, answer.trace_path) == ('q-1', '/traces/q-1')
    assert (answer.question, answer.choice) == (NUMBER, -1)


@pytest.mark.parametrize(('question', 'value'), [(YES, True), (TEXT, 'blue box'), (NUMBER, 0.412)])
def test_a_value_has_the_type_of_the_answer(question, value):
    answer = Answer.of(answer_to(question))
    assert answer.value == value
    assert type(answer.value) is type(value)


def test_a_point_is_an_array_and_no_evidence_is_an_empty_one():
    answer = Answer.of(answer_to(POINT))
    np.testing.assert_array_equal(answer.value, [0.5, -0.25, 0.125])
    assert answer.value.dtype == np.float64
    assert Answer.of(answer_to(YES)).points.shape == (0, 3)
    assert math.isnan(Answer.of(answer_to(YES)).sigma)


def test_options_reach_the_node_and_who_asks_is_named(client, double):
    client.ask(
        NUMBER, cameras=['front'], frame_id='odom', answer_type=AnswerType.POINT,
        choices=('a', 'b'), tolerance_m=0.02, timeout_s=2.5, stamp_ns=3_000_000_004, window_s=1.5,
        max_frames=7)
    goal = double.goals[-1]
    assert (list(goal.cameras), goal.frame_id, goal.answer_type) == (['front'], 'odom', 5)
    assert (list(goal.choices), goal.max_frames) == (['a', 'b'], 7)
    assert (goal.stamp.sec, goal.stamp.nanosec) == (3, 4)
    assert goal.tolerance == 0.02
    assert (goal.timeout.sec, goal.timeout.nanosec) == (2, 500_000_000)
    assert (goal.window.sec, goal.window.nanosec) == (1, 500_000_000)
    assert goal.client.startswith('/spatialclaw_client_')
    with SpatialClient('answering') as another:
        another.ask(NUMBER)
    assert double.goals[-1].client != goal.client


@pytest.mark.parametrize(('options', 'words'), [
    ({'cameras': 'front'}, 'lists of texts'), ({'frame_id': 3}, 'must be text'),
    ({'timeout_s': -1.0}, 'timeout_s'), ({'wait_s': math.nan}, 'wait_s'),
    ({'wait_s': -1}, 'wait_s'), ({'window_s': math.nan}, 'window_s'),
    ({'max_frames': -1}, 'max_frames'), ({'stamp_ns': 1 << 63}, 'stamp_ns'),
    ({'answer_type': 17}, 'answer_type'), ({'tolerance_m': -0.1}, 'tolerance_m'),
    ({'tolerance_m': math.inf}, 'tolerance_m'), ({'tolerance_m': math.nan}, 'tolerance_m')])
def test_an_option_that_no_message_holds_is_named(client, options, words):
    with pytest.raises(InvalidRequestError, match=words):
        client.ask(NUMBER, **options)


def test_an_option_that_is_not_known_is_named(client):
    with pytest.raises(TypeError, match="'camera' is no option of a query; there are cameras"):
        client.ask(NUMBER, camera='front')


def test_the_longest_time_of_a_query_is_the_nodes():
    assert LONGEST_S == MAX_TIMEOUT_S


def test_every_status_that_is_no_answer_has_its_error():
    assert {Status[name.upper()] for name in STATUSES} == set(Status) - {Status.OK}


@pytest.mark.parametrize('name', STATUSES)
def test_no_answer_is_a_named_error_with_the_nodes_words(client, name):
    expected, also = STATUSES[name]
    with pytest.raises(expected, match=f'the node says {name}') as caught:
        client.ask(name, wait_s=0.0)
    assert isinstance(caught.value, also)
    assert (caught.value.status, caught.value.query_id) == (Status[name.upper()], 'q-1')
    assert caught.value.answer_message.question == name


def test_an_answer_of_a_kind_that_is_not_known_is_a_fault_of_the_node():
    message = answer_to(NUMBER)
    message.answer_type = 9
    with pytest.raises(NodeFaultError, match=r"'0.412 m' has type 9.*newer version"):
        Answer.of(message)
    assert message.message == ''


def test_progress_is_told_in_order_on_the_thread_that_asks(client):
    heard = []
    client.ask(NUMBER, on_progress=lambda told: heard.append((told, threading.get_ident())))
    assert [told.stage for told, _ in heard] == STAGES
    assert {thread for _, thread in heard} == {threading.get_ident()}
    assert [told.step for told, _ in heard] == [0, 1, 1, 1]
    assert heard[1][0].max_steps == 30
    assert heard[1][0].text == 'write it'
    pictures = [told.image for told, _ in heard]
    assert [picture is None for picture in pictures] == [True, True, False, True]
    np.testing.assert_allclose(pictures[2], np.full((30, 40, 3), (0, 200, 0)), atol=6)


def test_a_handle_gives_progress_from_the_start_as_often_as_asked(client):
    query = client.start(NUMBER)
    assert [told.stage for told in query.progress] == STAGES
    assert query.result().value == 0.412
    assert query.result(0.0).value == 0.412
    assert [told.stage for told in query.progress] == STAGES
    ended = []
    query.add_done_callback(ended.append)
    assert ended == [query]


def test_a_handle_is_cancelled_and_says_so(client, double):
    query = client.start(SLOW, wait_s=0.0)
    ended = threading.Event()
    query.add_done_callback(lambda _: ended.set())
    assert next(query.progress).text == 'thinking'
    with pytest.raises(DeadlineExceededError, match='the query goes on'):
        query.result(0.5)
    assert not query.done()
    query.cancel()
    with pytest.raises(QueryCanceledError, match='the node says canceled'):
        query.result(60.0)
    assert ended.wait(60.0)
    assert double.canceled == [SLOW]
    assert [told.text for told in query.progress] == ['thinking']


def test_what_interrupts_a_blocking_wait_cancels_the_query(client, double):
    def interrupt(_):
        raise KeyboardInterrupt

    before = len(double.canceled)
    with pytest.raises(KeyboardInterrupt):
        client.ask(SLOW, on_progress=interrupt)
    assert double.wait(lambda: len(double.canceled) == before + 1)


def test_asyncio_awaits_several_at_once_with_progress(client):
    heard = []

    async def main():
        return await asyncio.gather(
            client.ask_async(NUMBER, on_progress=lambda told: heard.append(told.stage)),
            client.ask_async(YES), client.ask_async('busy'), return_exceptions=True)

    number, yes, busy = asyncio.run(main())
    assert (number.value, yes.value) == (0.412, True)
    assert isinstance(busy, BusyError)
    assert heard == STAGES


def test_a_cancelled_task_cancels_its_query(client, double):
    before = len(double.canceled)

    async def main():
        heard = asyncio.Event()
        task = asyncio.create_task(client.ask_async(SLOW, on_progress=lambda _: heard.set()))
        await asyncio.wait_for(heard.wait(), 10.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert double.wait(lambda: len(double.canceled) == before + 1)


def test_a_progress_callback_that_fails_is_logged_and_ends_nothing(client, caplog):
    heard = []

    def fail(told):
        heard.append(told.stage)
        raise ValueError(told.stage)

    query = client.start(NUMBER)
    query.add_progress_callback(fail)
    assert [told.stage for told in query.progress] == STAGES
    assert client.ask(NUMBER).value == 0.412
    assert heard == STAGES
    assert caplog.text.count('a progress callback failed') == len(STAGES)


def test_a_progress_callback_may_wait_for_the_thread_that_hears():
    told = []
    query = Query('q', check=list, cancel=list)
    query.hear('first')

    def wait(progress):
        told.append(progress)
        if progress == 'first':
            hears = threading.Thread(target=query.hear, args=('second',))
            hears.start()
            hears.join(60.0)
            assert not hears.is_alive()

    query.add_progress_callback(wait)
    assert told == ['first', 'second']


def test_a_client_whose_own_thread_failed_says_so(double):
    def fail():
        raise ValueError('of a callback')

    with SpatialClient('/answering') as broken:
        broken._own.node.create_timer(0.01, fail)
        with pytest.raises(NotSpunError, match=r'thread of this client failed.*of a callback'):
            broken.ask(SLOW)


def test_many_threads_share_one_client(client, double):
    values = []

    def work():
        for _ in range(5):
            values.append(client.ask(NUMBER).value)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert values == [0.412] * 30
    assert double.wait(lambda: not client._link._goals)  # nothing keeps their pictures


def test_an_inactive_node_is_asked_again_until_it_is_active():
    server = QueryDouble('rising', inactive=2)
    try:
        with SpatialClient('/rising') as client:
            assert client.ask(NUMBER, wait_s=60.0).value == 0.412
            assert len(server.goals) == 3
    finally:
        server.close()


def test_a_node_that_is_not_there_is_named_with_those_that_are(double, client):
    with SpatialClient('/nobody') as lonely:
        for _ in range(100):  # where processors are short, who is there is known late
            with pytest.raises(NodeNotFoundError, match='no node answers on /nobody') as caught:
                lonely.ask(NUMBER, wait_s=0.1)
            if 'there is' in str(caught.value):
                break
        assert 'there is /answering: ask for it by its name' in str(caught.value)
        query = lonely.start(NUMBER, wait_s=60.0)
        query.cancel()
        with pytest.raises(QueryCanceledError, match='before the node took it'):
            query.result(60.0)
