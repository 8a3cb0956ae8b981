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

"""The ROS side of a client: sends goals, hears of them, and sees when the node is gone.

All of it happens in callbacks of one mutually exclusive group of the node's executor. rclpy's
ActionClient needs that: a reply that another thread takes while a request is still being noted
down is lost, and its future never ends (rclpy issue 1123). Other threads put what they want done
into a line (`line`) that is worked off there; so do the futures, whose callbacks an executor with
many threads runs on any of them.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from unique_identifier_msgs.msg import UUID

from spatialclaw_ros.action import SpatialQuery
from spatialclaw_ros.client.answer import Answer
from spatialclaw_ros.client.contact import Contact, goal_handle
from spatialclaw_ros.client.errors import (
    NodeGoneError,
    NodeNotFoundError,
    QueryError,
    canceled_here,
    error_of,
)
from spatialclaw_ros.client.group import OneAtATime
from spatialclaw_ros.client.line import Line
from spatialclaw_ros.client.liveness import Liveness
from spatialclaw_ros.client.patience import PatientClock
from spatialclaw_ros.client.progress import Progress
from spatialclaw_ros.client.query import Query
from spatialclaw_ros.msg import SpatialAnswer

PULSE_S = 0.1
RETRY_S = 0.25
GONE_S = 2.0
DEAD_S = 6.0
HANG_S = 60.0
HAIL_S = 0.5
PROBE_S = 1.0
ALIVE_S = 5.0
LOST_S = 1.0
REPLY_S = 5.0
CANCEL_S = 5.0
LONGEST_S = 3600.0
"""No node takes longer for a query."""
ENDED = (
    GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED)
FEEDBACK = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)


@dataclass
class _Open:
    """A query that has not ended; moments are of the client's PatientClock."""

    query: Query
    goal: SpatialQuery.Goal
    timeout_s: float
    wait_s: float
    wait_until_s: float = 0.0
    send_at_s: float = 0.0
    sent_s: float = 0.0
    goal_id: bytes = b''
    hailed_s: float = 0.0
    known_s: float = 0.0
    ended_s: float = 0.0
    handle: Any = None
    gone_s: float = 0.0
    probed_s: float = 0.0
    cancel_s: float = 0.0
    inactive: Exception | None = None

    @property
    def on_its_way(self) -> bool:
        """Whether the node was asked."""
        return self.sent_s > 0.0


class Link:
    """Goals of one client on one node.

    Args:
        node: to live on; who spins it is the caller's affair.
        name: of the node that answers, with its namespace.
        advice: what to do when there is none of that name.
    """

    def __init__(self, node: Node, name: str, advice: Callable[[], str]) -> None:
        self._node = node
        self._name = name
        self._advice = advice
        self._open: dict[Query, _Open] = {}
        self._down = threading.Event()
        self._retiring = threading.Lock()
        self._group = group = OneAtATime()
        self._clock = PatientClock()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._line = Line(node, group, steady)
        # ActionClient drops what comes behind the result, and the last line may. This stands before
        # it: servers learn of readers one after the other, and who can reply knows this one too.
        self._feedback = node.create_subscription(
            SpatialQuery.Impl.FeedbackMessage, f'{name}/query/_action/feedback', self._hear,
            FEEDBACK, callback_group=group)
        self._goals: dict[bytes, Query] = {}
        self._liveness = Liveness(node, f'{name}/query', group, self._hear_goals, self._clock.now_s)
        self._action: Any = ActionClient(
            node, SpatialQuery, f'{name}/query', callback_group=group)
        self._contact = Contact(self._action, self._then, self._step_all)
        group.open()
        self._timer = node.create_timer(PULSE_S, self._pulse, callback_group=group, clock=steady)
        self._timer.cancel()

    @property
    def seen_s(self) -> float:
        """When one of the callbacks ran last, monotonic; 0 for never."""
        return self._line.seen_s

    def ready(self) -> bool:
        """Whether the node answers; any thread."""
        return bool(self._action.server_is_ready())

    def not_found(self, waited_s: float) -> NodeNotFoundError:
        """The error of a node that did not appear."""
        return NodeNotFoundError(
            f'no node answers on {self._name}/query after {waited_s:g} s; {self._advice()}')

    def _went_away(self) -> NodeGoneError:
        return NodeGoneError(f'{self._name} went away before it answered; is it still running?')

    def ask(self, query: Query, goal: SpatialQuery.Goal, timeout_s: float, wait_s: float) -> None:
        """Send a goal as soon as the node is there; any thread.

        Args:
            query: hears of it.
            goal: what is asked.
            timeout_s: the query's own time; 0 for what the node gives.
            wait_s: how long the node may be away, or inactive.
        """
        self._line.put(partial(self._take, _Open(query, goal, timeout_s, wait_s)))

    def cancel(self, query: Query) -> None:
        """Ask for a query's end; any thread."""
        self._line.put(partial(self._cancel, query))

    def retire(self, wait_s: float) -> None:
        """Cancel what is open, and let nothing happen any more. Any thread; once.

        Args:
            wait_s: how long to leave the executor to do it.
        """
        self._line.put(self._retire)
        if not self._down.wait(wait_s):
            self._retire()  # nobody spins, or this is a callback of the only thread that does

    def destroy(self) -> None:
        """Leave the node; after `retire`, and when no executor looks at what it has of the node."""
        if not self._node.context.ok():
            return  # all went with the context
        self._node.destroy_timer(self._timer)
        self._liveness.close()
        self._node.destroy_subscription(self._feedback)
        self._action.destroy()
        self._line.destroy()

    def _take(self, opened: _Open) -> None:
        self._open[opened.query] = opened
        if self._timer.is_canceled():
            self._clock.wait(True)
            self._timer.reset()
        now_s = self._clock.now_s()
        opened.wait_until_s = now_s + opened.wait_s
        self._step(opened, now_s)

    def _then(self, future: Any, take: Callable[[Any], object]) -> None:
        future.add_done_callback(lambda ended: self._line.put(partial(take, ended)))

    def _pulse(self) -> None:
        self._line.work()  # what came while this process was held up counts
        self._step_all()
        self._goals = {
            goal_id: query for goal_id, query in self._goals.items() if not query.all_heard}
        if not (self._open or self._goals or self._down.is_set()):
            self._timer.cancel()
            self._clock.wait(False)

    def _step_all(self) -> None:
        self._line.seen_s = time.monotonic()
        now_s = self._clock.now_s()
        for opened in tuple(self._open.values()):
            self._step(opened, now_s)

    def _step(self, opened: _Open, now_s: float) -> None:
        """Look after one query: send it, wait for it, or give it up."""
        if opened.cancel_s and now_s - opened.cancel_s > CANCEL_S:
            self._end(opened, canceled_here(
                opened.query.question, f'cancelled; {self._name} did not confirm it'))
        elif opened.on_its_way:
            self._watch(opened, now_s)
        elif now_s >= opened.send_at_s and self._meets(opened, now_s):
            self._send(opened)
        elif now_s > max(opened.wait_until_s, opened.hailed_s + (
                GONE_S if self._liveness.none_alive else REPLY_S)):
            self._end(opened, opened.inactive or self._not_met(opened, now_s))

    def _not_met(self, opened: _Open, now_s: float) -> Exception:
        """The error of a query whose node was not there, or is so no more."""
        if opened.goal_id:
            return self._went_away()
        if opened.hailed_s and self.ready() and not self._liveness.none_alive:
            return self._did_not_take(now_s - opened.hailed_s)
        return self.not_found(opened.wait_s)

    def _meets(self, opened: _Open, now_s: float) -> bool:
        """Whether the node is there, works, and knows this client; asks it where that is open."""
        if not self.ready():
            return False
        if (self._contact.made_since(self._liveness.changed_s)
                and self._contact.silent_s < REPLY_S):
            return True
        self._contact.ask(now_s, HAIL_S)
        opened.hailed_s = opened.hailed_s or now_s
        return False

    def _did_not_take(self, waited_s: float) -> NodeGoneError:
        return NodeGoneError(
            f'{self._name} did not take the question in {waited_s:.0f} s; does it hang?')

    def _watch(self, opened: _Open, now_s: float) -> None:
        """See whether the node that has the goal still works on it."""
        lost = self._liveness.lost_since(opened.sent_s)
        self._contact.ask(now_s, PROBE_S if lost else ALIVE_S)
        silent_s, waited_s = self._contact.silent_s, now_s - opened.sent_s
        opened.gone_s = 0.0 if self.ready() else opened.gone_s or now_s
        if (opened.gone_s and now_s - opened.gone_s > GONE_S) or (
                lost and not self._liveness.some_alive and silent_s > DEAD_S):
            self._end(opened, self._went_away())
        elif silent_s > HANG_S:
            self._end(opened, NodeGoneError(
                f'{self._name} took the question and has said nothing for {silent_s:.0f} s; does '
                'it hang?'))
        elif opened.handle is not None:
            self._watch_result(opened, now_s, lost)
        elif opened.known_s and now_s - opened.known_s > LOST_S:
            self._follow(opened)
        elif lost and waited_s > LOST_S:  # the one that died may have got it; its successor hasn't
            opened.sent_s, opened.send_at_s = 0.0, now_s
        elif waited_s > max(REPLY_S, opened.wait_until_s - opened.sent_s):
            self._end(opened, self._did_not_take(waited_s))

    def _watch_result(self, opened: _Open, now_s: float, lost: bool) -> None:
        if (lost and now_s - opened.probed_s > PROBE_S) or (
                opened.ended_s and now_s - opened.ended_s > LOST_S):
            # one that was started anew does not know the goal, and says so
            opened.probed_s = now_s
            opened.ended_s = 0.0
            self._then(opened.handle.get_result_async(), partial(self._came, opened))
        elif now_s - opened.sent_s > (opened.timeout_s or LONGEST_S) + REPLY_S:
            self._end(opened, NodeGoneError(
                f'{self._name} gave no answer {REPLY_S:g} s after the time of the query was up; '
                'does it hang?'))

    def _send(self, opened: _Open) -> None:
        opened.sent_s = self._clock.now_s()
        opened.handle = None
        opened.known_s = 0.0
        opened.goal_id = goal_id = uuid.uuid4().bytes
        self._goals[goal_id] = opened.query
        self._then(
            self._action.send_goal_async(opened.goal, goal_uuid=UUID(uuid=list(goal_id))),
            partial(self._taken, opened, goal_id))

    def _hear_goals(self, message: Any) -> None:
        """Note which goals the node has, and has ended; what it said of them may be lost."""
        states = {bytes(status.goal_info.goal_id.uuid): status.status
                  for status in message.status_list}
        now_s = self._clock.now_s()
        for opened in self._open.values():
            if opened.goal_id in states:
                opened.known_s = opened.known_s or now_s
                if states[opened.goal_id] in ENDED:
                    opened.ended_s = opened.ended_s or now_s

    def _hear(self, message: Any) -> None:
        query = self._goals.get(bytes(message.goal_id.uuid))
        if query is not None:
            query.hear(Progress.of(message.feedback))

    def _taken(self, opened: _Open, goal_id: bytes, future: Any) -> None:
        handle = future.result()
        if goal_id != opened.goal_id or not opened.on_its_way:
            if handle.accepted:  # it is sent again
                handle.cancel_goal_async()
            return
        if opened.handle is not None:
            return  # it was known without this
        if opened.query not in self._open:
            if handle.accepted:  # it was given up meanwhile
                handle.cancel_goal_async()
        elif not handle.accepted:
            self._end(opened, NodeGoneError(
                f'{self._name} rejected the goal without a reason; is it of another version?'))
        else:
            self._follow(opened)

    def _follow(self, opened: _Open) -> None:
        """Ask for the result of a goal that the node has."""
        opened.handle = goal_handle(self._action, opened.goal_id)
        self._then(opened.handle.get_result_async(), partial(self._came, opened))
        if opened.cancel_s:
            opened.handle.cancel_goal_async()

    def _came(self, opened: _Open, future: Any) -> None:
        response = future.result()
        message: SpatialAnswer = response.result.answer
        now_s = self._clock.now_s()
        if opened.query not in self._open:
            return
        if response.status == GoalStatus.STATUS_UNKNOWN:
            self._end(opened, NodeGoneError(
                f'{self._name} was started anew and does not know the query; ask again'))
            return
        if (message.status == SpatialAnswer.STATUS_INACTIVE and now_s < opened.wait_until_s
                and not opened.cancel_s):
            opened.sent_s, opened.send_at_s = 0.0, now_s + RETRY_S
            opened.inactive = error_of(message)
            return
        try:
            self._end(opened, Answer.of(message))
        except QueryError as error:
            self._end(opened, error)

    def _cancel(self, query: Query) -> None:
        opened = self._open.get(query)
        if opened is None or opened.cancel_s:
            return
        opened.cancel_s = self._clock.now_s()
        if not opened.on_its_way:
            self._end(opened, canceled_here(query.question, 'cancelled before the node took it'))
        else:  # the goal may be on its way; the node hears it again when that was taken
            goal_handle(self._action, opened.goal_id).cancel_goal_async()

    def _end(self, opened: _Open, outcome: Answer | Exception) -> None:
        self._open.pop(opened.query, None)
        if isinstance(outcome, NodeGoneError) and opened.on_its_way:
            goal_handle(self._action, opened.goal_id).cancel_goal_async()  # should it come back
        opened.query.end(outcome)

    def _retire(self) -> None:
        with self._retiring:
            if self._down.is_set():
                return
            self._down.set()
        self._line.close()
        self._group.close()
        if not self._node.context.ok():
            return
        for opened in self._open.values():
            if opened.on_its_way:
                goal_handle(self._action, opened.goal_id).cancel_goal_async()
        self._timer.cancel()
        self._line.wake()  # an executor that waits looks again at what it may run
