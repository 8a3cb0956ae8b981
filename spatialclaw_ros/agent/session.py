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



"""One query from question to answer, as a generator of events."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from spatialclaw_ros.agent.budget import AgentLimits
from spatialclaw_ros.agent.doing import Doing, Working
from spatialclaw_ros.agent.events import Answered, Event, Failed, Refused
from spatialclaw_ros.agent.interfaces import INTERFACES, ActionInterface
from spatialclaw_ros.agent.recording import Finishing, Recording
from spatialclaw_ros.agent.stages import Stages
from spatialclaw_ros.agent.trace import TraceWriter
from spatialclaw_ros.backbone.protocol import Backbone
from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    BackboneError,
    CanceledError,
    DeadlineExceededError,
    KernelError,
    OutOfScopeError,
    PerceptionUnavailableError,
)
from spatialclaw_ros.kernel import Kernel
from spatialclaw_ros.perception import Perception
from spatialclaw_ros.perception.status import still_loading
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question, Status

log = logging.getLogger(__name__)


class Session:
    """Runs a query: plan, write, run, feed back, answer; one at a time, and again if you like.

    Args:
        backbone: who writes the cells.
        kernel: a started kernel; the session opens a worker of it and closes it again.
        perception: who serves the tool calls.
        limits: budgets.
        trace_dir: folder for traces; None writes none.
        interface: how the backbone acts; None for `code`.
        ahead_of_model: whether likely tool calls run while a model writes.
        finishing: takes the traces over when their queries end, and is closed by who made it; None
            lets `run` wait until its trace is written.
    """

    def __init__(
        self, *, backbone: Backbone, kernel: Kernel, perception: Perception,
        limits: AgentLimits | None = None, trace_dir: Path | None = None,
        interface: ActionInterface | None = None, ahead_of_model: bool = True,
        finishing: Finishing | None = None,
    ) -> None:
        self._backbone = backbone
        self._kernel = kernel
        self._perception = perception
        self._limits = limits or AgentLimits()
        self._interface = interface or INTERFACES['code']
        self._trace_dir = trace_dir
        self._ahead_of_model = ahead_of_model
        self._finishing = finishing
        self._recording: Recording | None = None
        self._timings: dict[str, float] = {}
        self._doing = Doing()

    @property
    def trace_path(self) -> Path | None:
        """Folder of the trace; None when none is written."""
        return self._recording.path if self._recording else None

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds of 'plan', 'kernel', 'write', 'run', 'evidence', 'total'; 'tools' is in 'run'."""
        return self._timings

    @property
    def doing(self) -> Working | None:
        """What it is busy with just now; any thread may look."""
        return self._doing.now

    def run(
        self, observation: Observation, question: Question, deadline: Deadline, query_id: str,
    ) -> Iterator[Event]:
        """Yield events; the last one is `Answered`, `Refused` or `Failed`.

        The trace, the evidence's objects and the kernel's worker are seen to after that: go on
        until the end, or `close` the generator.

        Args:
            observation: what the cameras saw.
            question: what is asked.
            deadline: the query's budget of time; cancelling it ends the query.
            query_id: names the trace's folder.
        """
        start_s = time.monotonic()
        timings = self._timings = {}
        doing = self._doing = Doing()
        finishing = self._finishing or Finishing()
        record = Recording(self._trace_dir, query_id, self._limits, finishing)
        self._recording = record
        ended = False
        try:
            stages = Stages(
                backbone=self._backbone, kernel=self._kernel, perception=self._perception,
                interface=self._interface, limits=self._limits, observation=observation,
                question=question, deadline=deadline, record=record, timings=timings,
                doing=doing, ahead_of_model=self._ahead_of_model)
            record(lambda trace: trace.started(observation, question, stages.setup))
            with closing(stages), closing(_guarded(stages, self._perception)) as events:
                for event in events:
                    if not isinstance(event, (Answered, Refused, Failed)):
                        record(partial(TraceWriter.event, event=event))
                        yield event
                        continue
                    timings['total'] = time.monotonic() - start_s
                    try:
                        yield event
                    finally:
                        _wind_up(stages, record, event)
                        ended = True
        except GeneratorExit:
            if not ended:
                record(lambda trace: trace.broke_off('nobody listened any longer'))
            raise
        except BaseException:
            cause = traceback.format_exc()
            record(lambda trace: trace.broke_off(cause))
            raise
        finally:
            timings.setdefault('total', time.monotonic() - start_s)
            record.close()
            if finishing is not self._finishing:
                finishing.close()


def _wind_up(stages: Stages, record: Recording, event: Answered | Refused | Failed) -> None:
    """What an answer does not wait for, while the worker's memory is still there."""
    stages.close()
    if not isinstance(event, Failed):
        len(event.evidence.objects)  # made now, or the pool would not get that memory back
    record(partial(TraceWriter.event, event=event))


def _guarded(stages: Stages, perception: Perception) -> Generator[Event, None, None]:
    """Events, with every named error turned into the one that ends the query."""
    try:
        yield from stages.run()
    except OutOfScopeError as error:
        yield Refused(str(error), stages.evidence, stages.steps)
    except CanceledError as error:
        yield stages.failed(Status.CANCELED, error)
    except DeadlineExceededError as error:
        loading = still_loading(perception.status())
        waited = f'; perception was still loading {loading}' if loading else ''
        yield stages.failed(Status.TIMEOUT, f'{error}{waited}')
    except BackboneError as error:
        yield stages.failed(Status.BACKBONE_UNAVAILABLE, error)
    except PerceptionUnavailableError as error:
        yield stages.failed(Status.PERCEPTION_UNAVAILABLE, error)
    except KernelError as error:
        log.exception('the kernel failed')
        yield stages.failed(Status.INTERNAL_ERROR, error)
