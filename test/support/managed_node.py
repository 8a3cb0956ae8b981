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


"""A node in a process of its own whose parameters tests change; starting one each takes longer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from live_node import Operator, until
from node_process import NodeProcess
from service_client import ServiceClient

from spatialclaw_ros.msg import SpatialAnswer


class ManagedNode:
    """A context manager; the node must stop cleanly at its end.

    Args:
        folder: for the log.
        name: of the node.
        parameters: that it starts with.
    """

    def __init__(self, folder: Path, name: str, parameters: Mapping[str, Any]) -> None:
        self._process = NodeProcess(folder, parameters, ('-r', f'__node:={name}'))
        self._operator = Operator(name, f'operator_of_{name}')
        self._client = ServiceClient(f'/{name}')
        self._given = dict(parameters)
        until(lambda: self._operator.state == 'active')

    def __enter__(self) -> ManagedNode:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._operator.__exit__()
        status, log = self._process.stop(), self._process.log
        assert status == 0, log
        assert 'Traceback' not in log, log

    def ask(self, question: str, changed: Mapping[str, Any], **fields: Any) -> SpatialAnswer:
        """The answer of a node that sees, with these parameters; fields as of `ServiceClient`."""
        if any(self._given.get(name) != value for name, value in changed.items()):
            assert self._operator.change('deactivate', 'cleanup')
            assert self._operator.set(**changed) == ''
            assert self._operator.change('configure', 'activate')
            self._given |= changed
        return self._client.ask_seeing(question, **fields)
