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

"""Writes a query down: one folder, `trace.jsonl` with an event a line, and its pictures."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from spatialclaw_ros.agent.events import (
    Answered,
    CellRan,
    CellWritten,
    Event,
    Evidence,
    Failed,
    Planned,
    Refused,
)
from spatialclaw_ros.backbone.protocol import Said
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation
from spatialclaw_ros.workspace.question import Question

SCHEMA_VERSION = 1
TRACE_FILE = 'trace.jsonl'
_NOTHING: Mapping[str, Any] = {}


class TraceWriter:
    """One query's folder; closed by `close`.

    Args:
        root: folder of all traces.
        query_id: name of this one's folder.
        keep: how many of the newest traces stay in `root`, this one included.
    """

    def __init__(self, root: Path, query_id: str, keep: int = 50) -> None:
        self.path = root / query_id
        self.path.mkdir(parents=True, exist_ok=True)
        _prune(root, keep)
        # a lone surrogate in a model's text becomes its JSON escape
        self._file: IO[str] = (self.path / TRACE_FILE).open(
            'w', encoding='utf-8', errors='backslashreplace')
        self._start_s = time.monotonic()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

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
        for frame in observation.frames:
            self._picture(f'frame_{frame.index:03d}.jpg', frame.image)
        self._write('started', schema_version=SCHEMA_VERSION, question={
            'text': question.text, 'answer_type': question.answer_type.name,
            'choices': list(question.choices), 'frame_id': question.frame_id,
        }, setup=dict(setup), world_frame=observation.world_frame,
            missing=list(observation.missing), frames=[{
            'index': f.index, 'camera': f.camera, 'stamp_ns': f.stamp_ns, 'frame_id': f.frame_id,
            'has_depth': f.depth_m is not None, 'T_world_camera': _plain(f.T_world_camera),
            'image': f'frame_{f.index:03d}.jpg',
        } for f in observation.frames])

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
        self._write('tool_called', tool=call.tool, args=dict(call.args), error=result.error,
                    values=dict(result.values), duration_s=duration_s, ahead=ahead,
                    arrays={name: list(a.shape) for name, a in result.arrays.items()})

    def exchanged(self, said: Said) -> None:
        """Write what a request to a model took, and what the model thought; nothing without one."""
        if said.exchange is not None:
            self._write('exchanged', thinking=said.thinking, **dataclasses.asdict(said.exchange))

    def ahead(self, used: int, wasted: int, saved_s: float) -> None:
        """Write what came of the tool calls that ran ahead of the model.

        Args:
            used: results that the agent's own calls took.
            wasted: results that nobody asked for.
            saved_s: time that the agent did not wait, seconds.
        """
        self._write('ahead', used=used, wasted=wasted, saved_s=saved_s)

    def broke_off(self, cause: str) -> None:
        """Write that the session ended without a last event, and why."""
        self._write('broke_off', cause=cause)

    def event(self, event: Event) -> None:
        """Write an event of the session."""
        kind, fields = _fields(event)
        if isinstance(event, CellRan) and event.result is not None:
            for number, shown in enumerate(event.result.images, start=1):
                name = f'step_{event.step:02d}_{number}.png'
                self._picture(name, shown.array)
                fields.setdefault('images', []).append({'label': shown.label, 'file': name})
        self._write(kind, **fields)

    def _picture(self, name: str, array: np.ndarray) -> None:
        Image.fromarray(np.ascontiguousarray(array)).save(self.path / name)

    def _write(self, kind: str, **fields: Any) -> None:
        at_s = round(time.monotonic() - self._start_s, 6)
        line = {'event': kind, 'at_s': at_s, **{k: _plain(v) for k, v in fields.items()}}
        self._file.write(json.dumps(line, ensure_ascii=False) + '\n')
        self._file.flush()


@functools.singledispatch
def _fields(event: Event) -> tuple[str, dict[str, Any]]:
    raise TypeError(f'not an event: {event!r}')


@_fields.register
def _(event: Planned) -> tuple[str, dict[str, Any]]:
    return 'planned', {'text': event.text}


@_fields.register
def _(event: CellWritten) -> tuple[str, dict[str, Any]]:
    return 'cell_written', {
        'step': event.step, 'purpose': event.purpose, 'reasoning': event.reasoning,
        'next_goal': event.next_goal, 'code': event.code}


@_fields.register
def _(event: CellRan) -> tuple[str, dict[str, Any]]:
    fields: dict[str, Any] = {'step': event.step, 'feedback': event.feedback}
    result = event.result
    if result is None:
        fields['reply'] = event.reply
    else:
        fields.update(
            stdout=result.stdout, duration_s=result.duration_s, tool_calls=result.tool_calls,
            restarted=result.restarted,
            error=None if result.error is None else {
                'kind': result.error.kind, 'message': result.error.message,
                'line': result.error.line, 'traceback': result.error.traceback},
            variables=[{'name': v.name, 'type': v.type, 'text': v.text, 'nbytes': v.nbytes}
                       for v in result.variables])
    return 'cell_ran', fields


@_fields.register
def _(event: Answered) -> tuple[str, dict[str, Any]]:
    return 'answered', {
        'value': event.value, 'answer_type': event.answer_type.name, 'text': event.text,
        'unit': event.unit, 'sigma': event.sigma, 'frame': event.frame, 'choice': event.choice,
        'steps': event.steps, 'evidence': _evidence(event.evidence)}


@_fields.register
def _(event: Refused) -> tuple[str, dict[str, Any]]:
    return 'refused', {
        'reason': event.reason, 'steps': event.steps, 'evidence': _evidence(event.evidence)}


@_fields.register
def _(event: Failed) -> tuple[str, dict[str, Any]]:
    return 'failed', {'status': event.status.name, 'message': event.message,
                      'stage': event.stage, 'steps': event.steps}


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        'frame_indices': evidence.frame_indices, 'points': evidence.points,
        'scale_source': evidence.scale_source, 'notes': evidence.notes,
        'objects': [{'label': o.label, 'points': len(o.points), 'box_center': o.box_center,
                     'box_size': o.box_size, 'box_rotation': o.box_rotation,
                     'frames': sorted(o.masks)} for o in evidence.objects]}


def _plain(value: Any) -> Any:
    """JSON-able copy; NaN and infinities become None."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _prune(root: Path, keep: int) -> None:
    """Remove the oldest trace folders; a folder without a trace file is left alone."""
    traces = [p for p in root.iterdir() if (p / TRACE_FILE).is_file()]
    traces.sort(key=lambda p: (p / TRACE_FILE).stat().st_mtime, reverse=True)
    for old in traces[max(keep - 1, 0):]:
        shutil.rmtree(old, ignore_errors=True)
