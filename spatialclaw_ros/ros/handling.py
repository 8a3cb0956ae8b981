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


"""From a request message to an answer message, while the node is active; any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.ros.advice import advised
from spatialclaw_ros.ros.answers import answer_message, in_asked_frame
from spatialclaw_ros.ros.outcome import Caller, Outcome
from spatialclaw_ros.ros.outputs import Outputs
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.progress import Progress
from spatialclaw_ros.ros.query import QueryRunner
from spatialclaw_ros.ros.requests import request_of
from spatialclaw_ros.ros.tf_topics import PLAIN, TfTopics

ANSWERING_WAIT_S = 2.0


class QueryHandler:
    """Answers requests of the service and of the action alike.

    Args:
        runner: runs queries; closed with this.
        outputs: publishes progress and answers.
        settings: of this moment.
        ended: called with how each query ended, and who asked.
        node: name of the node, for the commands in messages.
        tf: where TF comes from, for those, too.
    """

    def __init__(
        self, runner: QueryRunner, outputs: Outputs, settings: Callable[[], Settings],
        ended: Callable[[Outcome, str], object], node: str, tf: TfTopics = PLAIN,
    ) -> None:
        self.runner = runner
        self._outputs = outputs
        self._settings = settings
        self._ended = ended
        self._node = node
        self._tf = tf
        self._answering = 0
        self._idle = threading.Condition()

    def answer(self, request: Any, caller: Caller) -> SpatialAnswer:
        """Answer one request, whatever happens.

        Args:
            request: `SpatialQuery.Request`, or a goal with the same fields.
            caller: who asks.
        """
        with self._idle:
            self._answering += 1
        try:
            return self._answer(request, caller)
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def close(self, patience: Deadline) -> bool:
        """End all queries and wait until they are answered; whether all of that came in time.

        Args:
            patience: what runs has this time to end by itself.
        """
        ended = self.runner.close(patience)
        with self._idle:
            return self._idle.wait_for(lambda: not self._answering, ANSWERING_WAIT_S) and ended

    def _answer(self, request: Any, caller: Caller) -> SpatialAnswer:
        settings = self._settings()

        def hear(query_id: str, event: Progress) -> None:
            self._outputs.event(query_id, event, settings.max_steps)
            caller.hears(query_id, event)

        outcome = in_asked_frame(self.runner.run(
            request.question, lambda: request_of(request, settings),
            replace(caller, hears=hear)), self._tf)
        told = advised(outcome, self._node)
        answer = answer_message(told, default_frames=(settings.answer_frame, settings.base_frame))
        self._ended(told, caller.client)
        # pictures have no room for commands
        self._outputs.publish(outcome, answer)
        return answer
