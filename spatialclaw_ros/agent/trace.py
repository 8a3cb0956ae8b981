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


"""Writes a query down: one folder, `trace.jsonl` with an event a line, pictures, and a page.

Lines are written where they happen; pictures, arrays and the page by a thread of the writer's own.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from spatialclaw_ros.agent.events import CellRan, CellWritten, Event, Evidence, Planned
from spatialclaw_ros.agent.trace_events import line_of
from spatialclaw_ros.agent.trace_keep import MOST_BYTES, RAW, TRACE_FILE, TraceLimits, hold, prune
from spatialclaw_ros.agent.trace_lines import (
    SCHEMA_VERSION,
    AheadLine,
    AskedLine,
    BrokeOffLine,
    CellRanLine,
    ExchangedLine,
    FrameLine,
    ImageLine,
    Line,
    StartedLine,
    ToleranceLine,
    ToolCalledLine,
)
from spatialclaw_ros.agent.trace_page import write_page
from spatialclaw_ros.agent.trace_pictures import Sample, sample_scene, write_evidence, write_jpeg
from spatialclaw_ros.agent.trace_plain import exact, plain, scrub, secrets_of
from spatialclaw_ros.agent.trace_store import OBSERVATION_HEADER, TraceStore, result_arrays
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.sharing.observations import pack_observation
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question

__all__ = ['SCHEMA_VERSION', 'TRACE_FILE', 'TraceWriter']

log = logging.getLogger(__name__)

_NOTHING: Mapping[str, Any] = {}


class TraceWriter:
    """One query's folder; ended by `finish`, or by `close`, which waits.

    Args:
        root: folder of all traces.
        query_id: name of this one's folder.
        keep: how many of the newest traces stay in `root`, this one included.
        most_bytes: what all of them may take; the oldest lose what only a replay needs, then go.

    Raises:
        OSError: the folder can't be written; so does every method, once something could not be.
    """

    def __init__(
        self, root: Path, query_id: str, keep: int = 50, most_bytes: int = MOST_BYTES,
    ) -> None:
        self.path = root / query_id
        self._limits = TraceLimits(keep, most_bytes)
        self._secrets = secrets_of()
        self._said = ''
        self._images: dict[int, np.ndarray] = {}
        self._scene: Sample | None = None
        self._calls = 0
        self.path.mkdir(parents=True, exist_ok=True)
        # a lone surrogate in a model's text becomes its JSON escape
        self._file: IO[str] = (self.path / TRACE_FILE).open(
            'w', encoding='utf-8', errors='backslashreplace')
        hold(self._file)
        self._start_s = time.monotonic()
        self._store = TraceStore(
            self.path, self._limits.most_bytes, f'trace-{query_id}', self._let_go)

    def finish(self, error: OSError | None = None) -> None:
        """Let what waits be written, then the page, and the oldest traces be removed.

        Never waits; may be called twice. The log tells what went wrong.

        Args:
            error: what could not be written; the trace then ends as it is.
        """
        self._store.finish(self._finish, error)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until all is written, after `finish`; whether it is."""
        return self._store.wait(timeout_s)

    def close(self) -> None:
        """Finish, and wait for it; may be called twice."""
        self.finish()
        self.wait()

    @property
    def waiting_bytes(self) -> int:
        """Memory that what waits to be written holds."""
        return self._store.waiting_bytes

    def started(
        self, observation: Observation, question: Question, setup: Mapping[str, Any] = _NOTHING,
    ) -> None:
        """Write the question, what was set up, and the frames, each with its picture.

        Args:
            observation: what the cameras saw.
            question: what is asked.
            setup: `backbone`, `interface`, `budgets` by name, `system`, `planner_system` and
                `opening` (texts), `key_frames` (indices), `capabilities` (names of tools).
        """
        self._images = {frame.index: frame.image for frame in observation.frames}
        for frame in observation.frames:
            self._put_jpeg(_frame_file(frame.index), frame.image)
        header, arrays = pack_observation(observation)
        self._store.put_raw('observation', arrays)
        self._store.put(functools.partial(_write_header, self.path, msgspec.json.encode(header)))
        self._write(StartedLine(
            schema_version=SCHEMA_VERSION, query_id=self.path.name,
            time=datetime.datetime.now(tz=datetime.timezone.utc).isoformat(timespec='milliseconds'),
            question=AskedLine(
                text=question.text, answer_type=question.answer_type.name,
                choices=list(question.choices), frame_id=question.frame_id,
                tolerance=ToleranceLine(**dataclasses.asdict(question.tolerance))),
            setup=plain(setup), world_frame=observation.world_frame,
            base_frame=observation.base_frame, missing=list(observation.missing),
            frames=[FrameLine(
                index=f.index, camera=f.camera, stamp_ns=int(f.stamp_ns), frame_id=f.frame_id,
                image=_frame_file(f.index), width=f.image.shape[1], height=f.image.shape[0],
                has_depth=f.depth_m is not None, T_world_camera=plain(f.T_world_camera),
                intrinsics=None if f.intrinsics is None else plain(
                    dataclasses.asdict(f.intrinsics)),
            ) for f in observation.frames]))

    def tool_called(
        self, call: ToolCall, result: ToolResult, duration_s: float, *, ahead: bool = False,
    ) -> None:
        """Write a tool call: its arguments and small values, shapes for arrays.

        Args:
            call: what a cell asked.
            result: what it was answered.
            duration_s: how long the cell waited, seconds.
            ahead: whether the result was there, or under way, before the cell asked.
        """
        self._calls += 1
        arrays = result_arrays(call, result)
        file = self._store.put_raw(f'call_{self._calls:03d}', arrays) if arrays else ''
        if call.tool == 'reconstruct' and result.error is None:
            self._store.put(functools.partial(self._sample, result.arrays))
        self._write(ToolCalledLine(
            tool=call.tool, args=exact(call.args), error=result.error, duration_s=duration_s,
            ahead=ahead, values=exact(result.values), file=file,
            asked={name: list(a.shape) for name, a in call.arrays.items()},
            arrays={name: list(a.shape) for name, a in result.arrays.items()}))

    def exchanged(self, said: Said) -> None:
        """Write what a request to a model took, and what the model thought; nothing without one."""
        self._said = said.text
        if said.exchange is not None:
            self._write(ExchangedLine(thinking=said.thinking, **dataclasses.asdict(said.exchange)))

    def ahead(self, used: int, wasted: int, saved_s: float) -> None:
        """Write what came of the tool calls that ran ahead of the model.

        Args:
            used: results that the agent's own calls took.
            wasted: results that nobody asked for.
            saved_s: time that the agent did not wait, seconds.
        """
        self._write(AheadLine(used=used, wasted=wasted, saved_s=saved_s))

    def broke_off(self, cause: str) -> None:
        """Write that the session ended without a last event, and why."""
        self._write(BrokeOffLine(cause=cause))

    def event(self, event: Event) -> None:
        """Write an event of the session."""
        line = line_of(event)
        if isinstance(event, (Planned, CellWritten)):
            if isinstance(event, CellWritten):
                line = msgspec.structs.replace(line, reply=self._said)
            self._said = ''
        elif isinstance(event, CellRan) and isinstance(line, CellRanLine):
            line = msgspec.structs.replace(line, images=self._shown(event))
        evidence = getattr(event, 'evidence', None)
        if isinstance(evidence, Evidence):
            self._store.put(lambda: write_evidence(self.path, evidence, self._scene))
        self._write(line)

    def _shown(self, event: CellRan) -> list[ImageLine]:
        shown = () if event.result is None else event.result.images
        lines = []
        for number, image in enumerate(shown, start=1):
            name = f'step_{event.step:02d}_{number}'
            self._put_jpeg(f'{name}.jpg', image.array)
            lines.append(ImageLine(
                label=image.label, file=f'{name}.jpg',
                pixels=self._store.put_raw(name, {'image': image.array})))
        return lines

    def _put_jpeg(self, name: str, image: np.ndarray) -> None:
        self._store.put(functools.partial(write_jpeg, self.path / name, image), image.nbytes)

    def _sample(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._scene = sample_scene(arrays, self._images)

    def _write(self, line: Line) -> None:
        self._store.check()
        at_s = round(time.monotonic() - self._start_s, 6)
        values = msgspec.to_builtins(msgspec.structs.replace(line, at_s=at_s))
        self._file.write(json.dumps(
            scrub(plain(values), self._secrets), ensure_ascii=False, allow_nan=False) + '\n')
        self._file.flush()

    def _finish(self) -> None:
        if self._images:  # else the query never began
            write_page(self.path)

    def _let_go(self) -> None:
        """Remove the oldest traces, this one being held yet; then let go of it."""
        try:
            prune(self.path.parent, self._limits)
        except OSError as error:
            log.warning('old traces could not be removed: %s', error)
        with suppress(OSError):  # what the disk refuses now it refused before
            self._file.close()


def _frame_file(index: int) -> str:
    return f'frame_{index:03d}.jpg'


def _write_header(folder: Path, header: bytes) -> None:
    path = folder / RAW / OBSERVATION_HEADER
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header)
