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

"""The services that set parameters: a request is taken as a whole, or nothing of it is.

rclpy's own `~/set_parameters` sets one after another, so a file that `ros2 param load` sends would
be half taken, and parameters that are only right together could not be changed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters


class Checks(Protocol):
    """What the services need to know of the parameters."""

    def taken(self, parameter: Parameter) -> Parameter:
        """A parameter as it is set."""
        ...

    def unchanged(self, parameter: Parameter) -> bool:
        """Whether it has this value already."""
        ...

    def refusals(self, parameters: Sequence[Parameter]) -> dict[str, str]:
        """Why a change can't be, by the names that are to blame."""
        ...

    def prepare(self, parameters: Sequence[Parameter]) -> None:
        """Declare what a change brings."""
        ...

    def tidy(self) -> None:
        """Take back what the last change left over."""
        ...


def serve_parameters(node: Node, checks: Checks) -> None:
    """Put own services that set parameters in the place of rclpy's, where it has them."""
    def set_all(
        request: SetParameters.Request, response: SetParameters.Response,
    ) -> SetParameters.Response:
        response.results = _set(request.parameters)
        return response

    def set_atomically(
        request: SetParametersAtomically.Request, response: SetParametersAtomically.Response,
    ) -> SetParametersAtomically.Response:
        results = _set(request.parameters)
        reasons = [result.reason for result in results if not result.successful]
        response.result = SetParametersResult(
            successful=not reasons, reason='; '.join(dict.fromkeys(reasons)))
        return response

    def _set(messages: Sequence[ParameterMessage]) -> list[SetParametersResult]:
        parameters: list[Parameter] = []
        refused: dict[str, str] = {}
        for one in messages:
            try:
                parameters.append(checks.taken(Parameter.from_parameter_msg(one)))
            except ValueError:  # an exception in here would count as a fault of this node
                refused[one.name] = (
                    f'{one.name} has a value of type {one.value.type}, which is none of '
                    'rcl_interfaces/msg/ParameterType')
        refused = checks.refusals(parameters) | refused
        changed = [one for one in parameters if not checks.unchanged(one)]
        if not refused and changed:
            try:
                checks.prepare(changed)
                result = node.set_parameters_atomically(changed)
                if not result.successful:  # of ROS' own parameters
                    refused = {one.name: result.reason for one in changed}
            finally:
                checks.tidy()
        others = f'not set, for {", ".join(refused)} of the same request is refused'
        return [
            SetParametersResult(
                successful=not refused, reason=refused.get(one.name, others) if refused else '')
            for one in messages]

    handlers = {'set_parameters': (SetParameters, set_all),
                'set_parameters_atomically': (SetParametersAtomically, set_atomically)}
    for service in list(node.services):
        name = service.srv_name.rpartition('/')[2]
        if name in handlers:
            kind, handler = handlers[name]
            node.destroy_service(service)
            node.create_service(kind, f'~/{name}', handler, qos_profile=qos_profile_parameters)
