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

"""The client: a question to a running node, from Python, and its answer as plain values."""

from __future__ import annotations

from spatialclaw_ros.client.answer import Answer, AnswerFrame
from spatialclaw_ros.client.client import DEFAULT_NODE, SpatialClient
from spatialclaw_ros.client.errors import (
    BackboneAwayError,
    BusyError,
    InactiveError,
    InvalidQueryError,
    MissingFramesError,
    NodeFaultError,
    NodeGoneError,
    NodeNotFoundError,
    NotSpunError,
    PerceptionAwayError,
    QueryCanceledError,
    QueryError,
    QueryTimeoutError,
    RefusedError,
    StepLimitError,
)
from spatialclaw_ros.client.goals import QueryOptions
from spatialclaw_ros.client.progress import Progress
from spatialclaw_ros.client.query import Query
from spatialclaw_ros.workspace.question import AnswerType

__all__ = [
    'DEFAULT_NODE', 'Answer', 'AnswerFrame', 'AnswerType', 'BackboneAwayError', 'BusyError',
    'InactiveError', 'InvalidQueryError', 'MissingFramesError', 'NodeFaultError',
    'NodeGoneError', 'NodeNotFoundError', 'NotSpunError', 'PerceptionAwayError', 'Progress',
    'Query', 'QueryCanceledError', 'QueryError', 'QueryOptions', 'QueryTimeoutError',
    'RefusedError', 'SpatialClient', 'StepLimitError',
]
