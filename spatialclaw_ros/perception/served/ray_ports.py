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


"""Keeps the ports of Ray Serve's replicas on the address of their node."""

from __future__ import annotations

from typing import Any


def keep_ports_on_node() -> None:
    """Let this process, a replica, open its port on its node's address alone.

    Each replica opens a port to be called by other replicas. Ray Serve 2.60 opens it on all
    interfaces, though only the node's address is ever told to anybody; on a node that is on
    loopback it shall be there, too. Such a port asks for Ray's token in any case.
    Called before the replica is initialised. Where a later Ray has no such function any more,
    nothing is changed.
    """
    import ray
    from ray.serve._private import replica
    given = getattr(replica, 'add_port_to_grpc_server', None)
    if given is None:
        return
    address = ray.util.get_node_ip_address()
    shown = f'[{address}]' if ':' in address else address

    def on_node(server: Any, where: str) -> Any:
        return given(server, where.replace('[::]', shown, 1))

    replica.add_port_to_grpc_server = on_node
