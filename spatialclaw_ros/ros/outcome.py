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


"""A query as values: who asks, what is asked, how it ended."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from spatialclaw_ros.agent.events import Answered, Failed, Refused
from spatialclaw_ros.ros.parameter_table import Settings
from spatialclaw_ros.ros.progress import Progress
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question, Status

End = Answered | Refused | Failed
"""How a query ends: its last event."""

OnEvent = Callable[[str, Progress], None]
"""Called with the query id and each thing that happens."""


def ignore(_query_id: str, _event: Progress) -> None:
    """Hear nothing."""


def nothing() -> None:
    """Do nothing."""


def never() -> bool:
    """Not cancelled."""
    return False


def new_query_id() -> str:
    """A unique id that sorts by time, UTC."""
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    return f'{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}'


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Args:
        client: waiting queries of different clients take turns; '' for nobody in particular.
        query_id: id of the query.
        hears: called with what happens, from one thread at a time.
        canceled: whether the query was cancelled before it got as far as the runner.
        held_s: how long it waited for the node's start before that.
        placed: called once it runs, waits its turn, or was turned away.
    """

    client: str = ''
    query_id: str = field(default_factory=new_query_id)
    hears: OnEvent = ignore
    canceled: Callable[[], bool] = never
    held_s: float = 0.0
    placed: Callable[[], object] = nothing


@dataclass(frozen=True)
class QueryRequest:
    """A checked request, defaults filled in.

    Args:
        question: what is asked; its `frame_id` is the frame of the answer, '' for the default.
        cameras: names; empty for all.
        stamp_ns: newest image time to look at, ROS clock; None for the newest there is.
        window_s: how far back to look.
        max_frames: at most this many images.
        timeout_s: time for the whole query, waiting for its turn included.
        settings: what the node's parameters said when it came, for all of it; None where nobody
            reads them.
    """

    question: Question
    cameras: tuple[str, ...]
    stamp_ns: int | None
    window_s: float
    max_frames: int
    timeout_s: float
    settings: Settings | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a query ended.

    Args:
        query_id: unique for each query.
        text: the question as it was asked.
        end: the last event.
        request: the checked request; None when it could not be used.
        observation: what the cameras saw; None when it never came to that.
        timings: part to seconds; has 'total', and 'queued' when it had to wait.
        trace_path: folder of the trace, '' without one.
    """

    query_id: str
    text: str
    end: End
    request: QueryRequest | None = None
    observation: Observation | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    trace_path: str = ''

    @property
    def status(self) -> Status:
        """How it ended."""
        if isinstance(self.end, Failed):
            return self.end.status
        return Status.OK if isinstance(self.end, Answered) else Status.REFUSED
