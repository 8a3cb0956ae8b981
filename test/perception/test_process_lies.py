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

"""A perception process that sends what it must not: the node takes none of it and goes on."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import lying_perception
import numpy as np
import pytest
from lying_perception import lying_python, result, spec

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import PerceptionUnavailableError, WireError
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.process.client import PerceptionProcess, _Pending
from spatialclaw_ros.perception.process.messages import MAX_ARRAYS, MAX_REPLY_BYTES
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.perception.process.server import Server
from spatialclaw_ros.perception.process.untrusted import decode
from spatialclaw_ros.sharing.duplex import Duplex
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

SEEN = Observation((Frame(0, 'c', 0, 'c_optical', np.zeros((8, 8, 3), np.uint8)),))
CALL = ToolCall('reconstruct', {'frame_indices': [0]})
HASTY = Patience(first_pause_s=0.01)


def open_fds() -> int:
    return len(os.listdir('/proc/self/fd'))


@pytest.fixture
def node() -> Iterator[PerceptionProcess]:
    """The node's side, no process at the other end, and one call that waits."""
    perception = PerceptionProcess(PerceptionConfig(preload=False, ocr='none'))
    perception._pending[1] = _Pending()
    yield perception
    perception.close()


def took(node: PerceptionProcess, scenario: str) -> ToolResult | Exception | None:
    """What the call is told, once the node has taken that message."""
    near, far = socket.socketpair()
    duplex = Duplex(near, MAX_REPLY_BYTES)
    sending = threading.Thread(target=lying_perception.answer, args=(far, scenario, 1))
    sending.start()
    try:
        while not (payloads := duplex.receive()):
            pass
        node.heard(decode(payloads[0]), duplex.take_fd)
        return node._pending[1].reply
    finally:
        near.close()
        sending.join()
        far.close()
        duplex.close()


@pytest.mark.parametrize('scenario', lying_perception.REPLIES)
def test_a_lie_is_not_taken(scenario: str, node: PerceptionProcess) -> None:
    before = open_fds()
    with pytest.raises(WireError) as caught:
        took(node, scenario)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()
    assert open_fds() <= before


@pytest.mark.parametrize('scenario', [
    'no_type', 'values_are_deep', 'beyond_the_file', *lying_perception.RAW])
def test_a_lie_ends_the_process_and_not_the_node(scenario: str, tmp_path: Path) -> None:
    before = open_fds()
    perception = PerceptionProcess(
        PerceptionConfig(python=lying_python(tmp_path, scenario), preload=False, ocr='none'), HASTY)
    with pytest.raises(PerceptionUnavailableError, match='broke its connection') as caught:
        perception.handle(SEEN, CALL, Deadline(20.0))
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()
    perception.close()
    del perception, caught
    gc.collect()
    assert open_fds() <= before


def test_an_honest_reply_of_that_shape_is_taken(
    node: PerceptionProcess, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So what is refused above is refused for what is wrong with it; texts are made fit to read."""
    monkeypatch.setitem(lying_perception.REPLIES, 'honest', result(
        values={'a': [1, {'b': None}]}, nbytes=64, data=bytes(64), error='red \x1b[31m\nand on',
        arrays=[spec(), spec(name='e', shape=[0, 3])]))
    told = took(node, 'honest')
    assert isinstance(told, ToolResult)
    assert (told.values, told.error) == ({'a': [1, {'b': None}]}, 'red \u241b[31m\nand on')
    np.testing.assert_array_equal(told.arrays['a'], np.zeros(4, np.float32), strict=True)
    assert told.arrays['e'].shape == (0, 3)


@pytest.mark.parametrize('honest', [
    ToolResult(arrays={str(number): np.zeros(1) for number in range(MAX_ARRAYS + 1)}),
    ToolResult({'lines': ['x' * 1000] * 9000}, {'a': np.zeros(2**20)})])
def test_what_would_be_too_much_is_told_instead(honest: ToolResult) -> None:
    """To the cell, by the process: it does not lie by having looked at many frames."""
    near, far = socket.socketpair()
    server = Server(near)
    server._reply(1, honest)
    message, payload, file = server._outgoing.get()
    assert decode(payload) == message
    assert 'too many to be handed on; ask for fewer frames' in message.error  # type: ignore
    assert file is None
    assert server._lent._lent == {}
    near.close()
    far.close()
