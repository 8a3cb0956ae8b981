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

"""The command that shows what a query lacked, where the reason that it gives names none."""

from __future__ import annotations

from dataclasses import replace

from spatialclaw_ros.agent.events import Failed, Refused
from spatialclaw_ros.ros.outcome import Outcome
from spatialclaw_ros.workspace.question import Status

COMMANDS = {
    Status.INVALID_REQUEST:
        '`ros2 interface show spatialclaw_ros/srv/SpatialQuery` explains the fields',
    Status.BUSY: '`spatialclaw watch --node {node}` shows them',
    Status.TIMEOUT: '`spatialclaw watch --node {node}` shows what takes the time',
    Status.BACKBONE_UNAVAILABLE: '`spatialclaw doctor --node {node}` tells how the backbone does',
    Status.PERCEPTION_UNAVAILABLE: '`spatialclaw doctor --node {node}` tells how perception does',
    Status.INTERNAL_ERROR: '`spatialclaw doctor --node {node}` tells how its parts do',
}
TRACED = '`spatialclaw view {trace}` shows the steps'
UNTRACED = '`ros2 param set {node} trace_dir ~/traces` keeps the steps of the next ones'
NO_REASON = 'the agent gave no reason'
_OF_STEPS = (Status.STEP_LIMIT, Status.REFUSED)


def advised(outcome: Outcome, node: str) -> Outcome:
    """The same outcome; a failure or refusal whose text has no command gets one that shows more.

    Args:
        outcome: how a query ended.
        node: name of the node, with its namespace.
    """
    end = outcome.end
    if isinstance(end, Failed):
        text = end.message
    elif isinstance(end, Refused):
        text = end.reason or NO_REASON
    else:
        return outcome
    command = COMMANDS.get(outcome.status, '')
    if outcome.status in _OF_STEPS:
        command = TRACED if outcome.trace_path else UNTRACED
    if not command or '`' in text:
        return outcome
    text += f'; {command.format(node=node, trace=outcome.trace_path)}'
    return replace(outcome, end=(
        replace(end, message=text) if isinstance(end, Failed) else replace(end, reason=text)))
