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

"""What a client raises: one class for each status that is no answer, and for a node that is away.

Each class of a status is also the class of `spatialclaw_ros.errors` that means the same, where
there is one, so that `except NoFramesError` catches it wherever it comes from.
"""

from __future__ import annotations

from spatialclaw_ros.errors import (
    BackboneError,
    CanceledError,
    DeadlineExceededError,
    InvalidRequestError,
    NoFramesError,
    PerceptionUnavailableError,
    SpatialClawError,
)
from spatialclaw_ros.msg import SpatialAnswer
from spatialclaw_ros.workspace.question import AnswerType


class NodeNotFoundError(SpatialClawError):
    """No spatialclaw node answers under the name asked for."""


class NodeGoneError(SpatialClawError):
    """The node died, hangs, or left the network before it answered; ask again when it is back."""


class NotSpunError(DeadlineExceededError):
    """Nobody spins the node that the client was given, so that nothing can arrive."""


class QueryError(SpatialClawError):
    """A query ended without an answer.

    Args:
        answer_message: what the node sent; its `message` says why there is no answer.
    """

    def __init__(self, answer_message: SpatialAnswer) -> None:
        super().__init__(answer_message.message)
        self.answer_message = answer_message

    @property
    def status(self) -> int:
        """A `STATUS_` constant of `msg/SpatialAnswer`."""
        return int(self.answer_message.status)

    @property
    def query_id(self) -> str:
        """The node's id of the query; '' when it was never taken."""
        return str(self.answer_message.query_id)


class RefusedError(QueryError):
    """The node looked, and can't tell."""


class MissingFramesError(QueryError, NoFramesError):
    """No image came from the cameras asked for."""


class InvalidQueryError(QueryError, InvalidRequestError):
    """The node can't use the question, or an option beside it."""


class BusyError(QueryError):
    """As many queries run and wait as may; ask again later."""


class QueryTimeoutError(QueryError, DeadlineExceededError):
    """The query's time ran out."""


class StepLimitError(QueryError):
    """All steps, or all tokens, were used without an answer."""


class BackboneAwayError(QueryError, BackboneError):
    """Who writes the cells can't be reached."""


class PerceptionAwayError(QueryError, PerceptionUnavailableError):
    """Who reconstructs and segments can't be reached."""


class QueryCanceledError(QueryError, CanceledError):
    """The query was cancelled, here or by the node's shutdown."""


class NodeFaultError(QueryError):
    """A fault of the node; its log has the traceback."""


class InactiveError(QueryError):
    """The node is there and not active; the message names the transition to ask for."""


ERROR_OF: dict[int, type[QueryError]] = {
    SpatialAnswer.STATUS_REFUSED: RefusedError,
    SpatialAnswer.STATUS_NO_FRAMES: MissingFramesError,
    SpatialAnswer.STATUS_INVALID_REQUEST: InvalidQueryError,
    SpatialAnswer.STATUS_BUSY: BusyError,
    SpatialAnswer.STATUS_TIMEOUT: QueryTimeoutError,
    SpatialAnswer.STATUS_STEP_LIMIT: StepLimitError,
    SpatialAnswer.STATUS_BACKBONE_UNAVAILABLE: BackboneAwayError,
    SpatialAnswer.STATUS_PERCEPTION_UNAVAILABLE: PerceptionAwayError,
    SpatialAnswer.STATUS_CANCELED: QueryCanceledError,
    SpatialAnswer.STATUS_INTERNAL_ERROR: NodeFaultError,
    SpatialAnswer.STATUS_INACTIVE: InactiveError,
}


def error_of(message: SpatialAnswer) -> QueryError:
    """The error of a message whose status is not OK; a status of a newer node is a fault."""
    return ERROR_OF.get(message.status, NodeFaultError)(message)


def canceled_here(question: str, why: str) -> QueryCanceledError:
    """The error of a query that this side ended."""
    return QueryCanceledError(SpatialAnswer(
        question=question, status=SpatialAnswer.STATUS_CANCELED, message=why,
        answer_type=int(AnswerType.ANY), choice=-1))
