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

"""A leaf of a py_trees behaviour tree that asks a question while the tree goes on ticking.

    python examples/behaviour_tree_leaf.py "Is there a red ball?"

`Ask` starts a query when it is entered and is RUNNING while the node works on it. It writes the
Answer to the blackboard and SUCCEEDs, or FAILs with the reason as its feedback message. When
something of a higher priority interrupts it, or it fails before the query has ended, the query is
cancelled.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import py_trees
from py_trees.common import Access, Status

from spatialclaw_ros.client import Progress, Query, SpatialClient
from spatialclaw_ros.errors import SpatialClawError


class Ask(py_trees.behaviour.Behaviour):
    """Asks a question.

    Args:
        name: of the leaf.
        question: plain language.
        client: asks; None makes one for `node_name` in `setup`, and closes it in `shutdown`.
        key: where the Answer lies on the blackboard.
        node_name: of the spatialclaw node.
        options: of the query, as `SpatialClient.ask` has them.
    """

    def __init__(
        self, name: str, question: str, *, client: SpatialClient | None = None,
        key: str = 'answer', node_name: str = '/spatialclaw', **options: Any,
    ) -> None:
        super().__init__(name)
        self.question = question
        self._client = client
        self._own = client is None
        self._node_name = node_name
        self._key = key
        self._options = options
        self._query: Query | None = None
        self._fault: SpatialClawError | None = None
        self._board = self.attach_blackboard_client(name=name)
        self._board.register_key(key=key, access=Access.WRITE)

    def setup(self, **_: Any) -> None:
        """Join the ROS graph, once, before the first tick."""
        if self._client is None:
            self._client = SpatialClient(self._node_name)

    def initialise(self) -> None:
        """Ask; called each time that the leaf is entered."""
        assert self._client is not None, 'call setup() of the tree before its first tick'
        self._board.unset(self._key)
        self.feedback_message = self.question
        self._query, self._fault = None, None
        try:
            self._query = query = self._client.start(self.question, **self._options)
        except SpatialClawError as error:  # told by the leaf's status, as all else
            self._fault = error
            return
        query.add_progress_callback(lambda progress: self._tell(query, progress))

    def update(self) -> Status:
        """RUNNING until the answer is there."""
        query = self._query
        try:
            if query is None:
                assert self._fault is not None
                raise self._fault
            if not query.done():
                query.check()  # raises where no answer can arrive
                return Status.RUNNING
            answer = query.result()
        except SpatialClawError as error:
            self.feedback_message = str(error)
            return Status.FAILURE
        self._board.set(self._key, answer)
        self.feedback_message = answer.text
        return Status.SUCCESS

    def terminate(self, new_status: Status) -> None:
        """Cancel what has not ended."""
        if self._query is not None:
            self._query.cancel()
        self._query = None

    def shutdown(self) -> None:
        """Leave the ROS graph; called by the tree's own `shutdown`."""
        if self._client is not None and self._own:
            self._client.close()
            self._client = None

    def _tell(self, query: Query, progress: Progress) -> None:
        if self._query is query:  # not of one before, whose last word came late
            self.feedback_message = progress.text


def main() -> int:
    """Tick a small tree: ask; where that fails, say so."""
    parser = argparse.ArgumentParser(description='Ask a question from a behaviour tree.')
    parser.add_argument('question')
    parser.add_argument('--node', default='/spatialclaw', help='name of the spatialclaw node')
    options = parser.parse_args()
    ask = Ask('ask', options.question, node_name=options.node, timeout_s=20.0)
    root = py_trees.composites.Selector('look or give up', memory=False, children=[
        ask, py_trees.behaviours.Failure('give up')])
    tree = py_trees.trees.BehaviourTree(root)
    said: list[str] = []

    def tell(_: py_trees.trees.BehaviourTree) -> None:
        line = f'{ask.status.name}: {ask.feedback_message}'
        if said[-1:] != [line]:
            said.append(line)
            print(line, flush=True)

    tree.setup(timeout=15.0)
    try:
        tree.tick_tock(period_ms=100, stop_on_terminal_state=True, post_tick_handler=tell)
    except KeyboardInterrupt:
        root.stop(Status.INVALID)  # cancels the query
    finally:
        tree.shutdown()
    if ask.status != Status.SUCCESS:
        return 1
    answer = py_trees.blackboard.Blackboard.get('/answer')
    print(f'on the blackboard: {answer.value} {answer.unit}, frame {answer.frame_id}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
